//! The server that all generators are put to: this project's over HTTP, or nginx where it is installed.

use std::io::{BufRead, BufReader};
use std::net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream};
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context, bail};
use harness::process::message::Ready;
use instruments::observe::restrict_this_thread;
use tempfile::TempDir;

use crate::load::Responder;
use crate::tools::{PATH, REPLY};

/// A server that listens; killed when dropped.
#[derive(Debug)]
pub(crate) struct PeerServer {
    child: Child,
    address: SocketAddr,
    /// What nginx was told, which must outlive it.
    _folder: Option<TempDir>,
}

impl PeerServer {
    /// Starts one on that CPU.
    pub(crate) fn start(kind: Responder, cpu: u32) -> anyhow::Result<PeerServer> {
        match kind {
            Responder::Serve => serve(cpu),
            Responder::Nginx => nginx(cpu),
        }
    }

    pub(crate) fn address(&self) -> SocketAddr {
        self.address
    }
}

impl Drop for PeerServer {
    fn drop(&mut self) {
        // It may have ended by itself, which the generators have noticed.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn serve(cpu: u32) -> anyhow::Result<PeerServer> {
    let mut child = Command::new(env!("CARGO_BIN_EXE_harness"))
        .args(["serve", "async-single", "--wire", "http", "--spin-rate", "1", "--cpus", &cpu.to_string()])
        .args(["--supervised", "--parent", &std::process::id().to_string()])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .context("harness serve can't be started")?;
    let mut line = String::new();
    let stdout = child.stdout.take().context("its stdout was to be a pipe")?;
    let mut served = PeerServer { child, address: (Ipv4Addr::LOCALHOST, 0).into(), _folder: None };
    BufReader::new(stdout).read_line(&mut line)?;
    let ready: Ready = serde_json::from_str(&line).context("harness serve did not say where it listens")?;
    served.address = ready.address;
    Ok(served)
}

fn nginx(cpu: u32) -> anyhow::Result<PeerServer> {
    // Free a moment ago; should another take it meanwhile, nginx does not start and says so.
    let address = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?.local_addr()?;
    let folder = tempfile::tempdir()?;
    let configuration = folder.path().join("nginx.conf");
    let body = String::from_utf8_lossy(REPLY);
    std::fs::write(
        &configuration,
        format!(
            "daemon off; master_process off; pid pid; error_log stderr;\n\
             events {{ worker_connections 30000; }}\n\
             http {{ access_log off; keepalive_requests 1000000000;\n\
             server {{ listen {address} backlog=4096; location = {PATH} {{ return 200 \"{body}\"; }} }} }}\n"
        ),
    )?;
    let spawn = || {
        restrict_this_thread(&[cpu])?;
        Command::new("nginx").arg("-p").arg(folder.path()).arg("-c").arg(&configuration).spawn()
    };
    let child = thread::scope(|scope| scope.spawn(spawn).join()).expect("spawning does not panic");
    let child = child.context("nginx can't be started; to have it: apt-get install nginx-light")?;
    let mut served = PeerServer { child, address, _folder: Some(folder) };
    let deadline = Instant::now() + Duration::from_secs(5);
    while TcpStream::connect(address).is_err() {
        if Instant::now() > deadline || served.child.try_wait()?.is_some() {
            bail!("nginx does not listen on {address}");
        }
        thread::sleep(Duration::from_millis(5));
    }
    Ok(served)
}
