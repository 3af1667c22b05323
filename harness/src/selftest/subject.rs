//! Processes of known properties, to be observed from outside: this very program again, told what to hold or to use.
//!
//! They are launched and supervised as servers are, and run in no other way. Beside it: `rows/`, which launches them.

use std::hint::black_box;
use std::io;
use std::net::{SocketAddr, TcpListener};
use std::sync::atomic::AtomicBool;
use std::thread;
use std::time::Duration;

use anyhow::Context;
use instruments::clock::{now_ns, sleep_until, thread_cpu_ns};
use reports::record::{ServerCounters, Warning};
use serde::{Deserialize, Serialize};
use socket2::{Domain, Socket, Type};

use super::bench::{Bench, echo};
use super::cells::response_percentile;
use super::synthetic::{Script, ScriptedReply, serve};
use crate::process::message::{Farewell, Ready, say};
use crate::process::supervised::{StopRequests, Supervision};

/// What a subject is to be. It is told in JSON.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum SelftestSubject {
    /// A server that writes to so many bytes for each connection.
    Touching(usize),
    /// A process with so many threads more than it needs, which only wait.
    Threads(usize),
    /// A process that uses so many hundredths of one CPU.
    Busy(u64),
    /// A process whose threads waited so often, all together, and have ended.
    Switching(usize),
    /// A server that reads nothing, with a receive buffer of so many bytes for each connection.
    Unread(usize),
    /// A load generator, which asks this server and says what it makes of its own load.
    Generator(SocketAddr),
}

/// Requests per second of [`SelftestSubject::Generator`], and for how long.
pub(crate) const GENERATED: (f64, Duration) = (1_000.0, Duration::from_secs(2));

/// What [`SelftestSubject::Generator`] says at the end of its load.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct Report {
    /// Nothing where the load has no such percentile.
    pub(crate) response_p99_ns: Option<f64>,
    pub(crate) warnings: Vec<Warning>,
}

/// Is what it is told to be until it is asked to stop. The parent has been checked before.
///
/// # Errors
/// Where the process can't get what it needs.
pub fn run(subject: SelftestSubject, nonce: String) -> anyhow::Result<()> {
    let requests = StopRequests::listen(Supervision::Supervised)?;
    let mut address = SocketAddr::from(([127, 0, 0, 1], 0));
    match subject {
        SelftestSubject::Touching(bytes) => address = serve_touching(bytes)?,
        SelftestSubject::Threads(count) => keep_threads(count)?,
        SelftestSubject::Busy(percent) => drop(thread::Builder::new().spawn(move || use_cpu(percent))?),
        SelftestSubject::Switching(count) => wait_often(count)?,
        SelftestSubject::Unread(buffer_bytes) => address = serve_unread(buffer_bytes)?,
        SelftestSubject::Generator(target) => address = target,
    }
    let ready = Ready { address, pid: std::process::id(), nonce, model: serde_json::to_string(&subject)? };
    say(&ready).context("the parent does not listen")?;
    if let SelftestSubject::Generator(target) = subject {
        say(&generate(target)?)?;
    }
    requests.wait();
    // Whoever read stdout may be gone; that is no reason not to stop in order.
    let _ = say(&Farewell { stopped: ServerCounters::default(), driver: None });
    Ok(())
}

fn serve_touching(bytes: usize) -> io::Result<SocketAddr> {
    let listener = TcpListener::bind("127.0.0.1:0")?;
    let address = listener.local_addr()?;
    thread::Builder::new().spawn(move || {
        let script: Script = Box::new(|_| ScriptedReply::Answer(Duration::ZERO));
        // Its end is the end of the process, or a failure that the observer sees as connections that are refused.
        let _ = serve(listener, &script, bytes, &AtomicBool::new(false));
    })?;
    Ok(address)
}

fn keep_threads(count: usize) -> io::Result<()> {
    for _ in 0..count {
        thread::Builder::new().spawn(|| {
            loop {
                thread::park();
            }
        })?;
    }
    Ok(())
}

/// Catches up with its share of the time that has passed, every ten milliseconds by the clock.
fn use_cpu(percent: u64) {
    let begun_ns = now_ns();
    for period in 1_u64.. {
        let wanted_ns = (now_ns() - begun_ns) * percent / 100;
        while thread_cpu_ns() < wanted_ns {
            black_box(0);
        }
        // Waking early, as a signal may have it, does no harm: no more CPU is wanted then.
        sleep_until(begun_ns + period * 10_000_000);
    }
}

/// Returns when all the threads have ended.
fn wait_often(count: usize) -> io::Result<()> {
    const THREADS: usize = 10;
    let waits = move || (0..count / THREADS).for_each(|_| thread::sleep(Duration::from_micros(50)));
    let threads = (0..THREADS).map(|_| thread::Builder::new().spawn(waits));
    for thread in threads.collect::<io::Result<Vec<_>>>()? {
        thread.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic));
    }
    Ok(())
}

fn serve_unread(buffer_bytes: usize) -> io::Result<SocketAddr> {
    let socket = Socket::new(Domain::IPV4, Type::STREAM, None)?;
    // Connections inherit it from the listener, if it is set before they are made.
    socket.set_recv_buffer_size(buffer_bytes)?;
    socket.bind(&SocketAddr::from(([127, 0, 0, 1], 0)).into())?;
    socket.listen(128)?;
    let listener = TcpListener::from(socket);
    let address = listener.local_addr()?;
    thread::Builder::new().spawn(move || {
        let mut kept = Vec::new();
        while let Ok((stream, _)) = listener.accept() {
            kept.push(stream);
        }
    })?;
    Ok(address)
}

fn generate(target: SocketAddr) -> anyhow::Result<Report> {
    let (rate_rps, window) = GENERATED;
    let cell = Bench::new()?.load(&echo(rate_rps, 64, window), target, |_| {})?;
    Ok(Report { response_p99_ns: response_percentile(&cell, 0.99), warnings: cell.warnings })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_subject_is_read_as_it_is_written() {
        let subjects = [
            SelftestSubject::Touching(7),
            SelftestSubject::Threads(3),
            SelftestSubject::Busy(30),
            SelftestSubject::Switching(9),
            SelftestSubject::Unread(5),
            SelftestSubject::Generator("127.0.0.1:80".parse().unwrap()),
        ];
        for subject in subjects {
            let text = serde_json::to_string(&subject).unwrap();
            assert_eq!(serde_json::from_str::<SelftestSubject>(&text).unwrap(), subject);
        }
        for wrong in [r#""threads""#, r#"{"threads":"many"}"#, r#"{"nothing":1}"#, r#"{"generator":"here"}"#] {
            assert!(serde_json::from_str::<SelftestSubject>(wrong).is_err(), "{wrong}");
        }
    }
}
