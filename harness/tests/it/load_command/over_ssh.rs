//! Workers at the other end of a real ssh: a server of it on loopback, with keys that are made for the test. Skipped by name
//! where there is none.

use std::fs;
use std::net::TcpListener;
use std::path::Path;
use std::process::{Command, Stdio};
use std::thread;

use rustix::process::Signal;
use servers::protocol::Wire;
use tempfile::TempDir;

use crate::common::home::AS_WORKER;
use crate::common::own_server::serve;
use crate::common::started::{Killed, Started};
use crate::common::{LONGEST_WAIT, is_alive, send, within, write_executable};
use crate::load_command::workers::{arrivals, noted};
use crate::load_command::{Findings, load, wait_for_requests};
use crate::skipped::skipped;

const SSHD: &str = "/usr/sbin/sshd";

fn start_sshd(folder: &Path, port: u16) -> Killed {
    for key in ["host", "user"] {
        let made =
            Command::new("ssh-keygen").args(["-q", "-t", "ed25519", "-N", "", "-f"]).arg(folder.join(key)).status();
        assert!(made.unwrap().success());
    }
    fs::copy(folder.join("user.pub"), folder.join("authorized")).unwrap();
    let at = |name: &str| folder.join(name).display().to_string();
    let config = format!(
        "Port {port}\nListenAddress 127.0.0.1\nHostKey {}\nAuthorizedKeysFile {}\nStrictModes no\nPidFile none\n\
         PasswordAuthentication no\nPermitRootLogin prohibit-password\nUsePAM no\n",
        at("host"),
        at("authorized")
    );
    fs::write(folder.join("config"), config).unwrap();
    // Where root runs it, it wants a folder that its service would have made.
    let _ = fs::create_dir_all("/run/sshd");
    let mut command = Command::new(SSHD);
    command.args(["-D", "-f"]).arg(folder.join("config")).stdin(Stdio::null()).stderr(Stdio::null());
    Killed(command.spawn().unwrap())
}

/// A way to this machine: the command, with the server at its other end.
struct Way {
    folder: TempDir,
    command: String,
    _sshd: Killed,
}

impl Way {
    /// Nothing, which is said, where there is no server of ssh.
    fn open() -> Option<Way> {
        if !Path::new(SSHD).exists() {
            skipped(format_args!("no {SSHD}"));
            return None;
        }
        let folder = tempfile::tempdir().unwrap();
        let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        let sshd = start_sshd(folder.path(), port);
        let command = format!(
            "ssh -F none -o BatchMode=yes -o StrictHostKeyChecking=no -o UserKnownHostsFile=/dev/null -i {} -p {port} \
             127.0.0.1",
            folder.path().join("user").display()
        );
        let works = || {
            let mut words = command.split(' ');
            let mut command = Command::new(words.next().unwrap());
            command.args(words).arg("true").stdin(Stdio::null()).stderr(Stdio::null());
            command.status().is_ok_and(|status| status.success())
        };
        assert!(within(LONGEST_WAIT, works), "there is no way in");
        Some(Way { folder, command, _sshd: sshd })
    }

    /// A program that notes its process in a file of this name, and becomes what it is told to.
    fn noting(&self, name: &str, becomes: &str) -> String {
        let (script, noted) = (self.folder.path().join(format!("{name}.sh")), self.folder.path().join(name));
        write_executable(&script, &format!("#!/bin/sh\necho $$ > {}\nexec {becomes} \"$@\"\n", noted.display()));
        script.display().to_string()
    }
}

#[test]
fn workers_at_the_other_end_of_ssh_send_the_load() {
    let Some(way) = Way::open() else { return };
    let server = serve("async-single", Wire::JsonLines);
    let asked = ["--rate", "500", "--duration", "1s", "--load-from", &way.command, "--load-from", &way.command];
    let found = Findings::of(server.address, &[&asked[..], &AS_WORKER].concat());
    assert!(found.ledger("scheduled") > 350 && found.ledger("ok") == found.ledger("scheduled"), "{}", found.json);
    assert_eq!(found.json["workers"].as_array().unwrap().len(), 2);
}

/// The process above it that serves a connection of ssh.
fn session_of(worker: u32) -> u32 {
    let stat = |pid: u32| fs::read_to_string(format!("/proc/{pid}/stat")).unwrap();
    let mut pid = worker;
    while !stat(pid).contains("(sshd") {
        // Behind the name, which may hold anything: the state, and the parent.
        pid = stat(pid).rsplit_once(") ").unwrap().1.split(' ').nth(1).unwrap().parse().unwrap();
        assert!(pid > 1, "no server of ssh is above process {worker}");
    }
    pid
}

#[test]
fn an_ssh_that_breaks_in_the_middle_is_a_worker_that_is_lost_and_none_is_left_behind() {
    let Some(way) = Way::open() else { return };
    thread::scope(|scope| {
        for breaks_here in [true, false] {
            let way = &way;
            scope.spawn(move || a_worker_is_lost(way, breaks_here));
        }
    });
}

fn a_worker_is_lost(way: &Way, breaks_here: bool) {
    let server = serve("async-single", Wire::JsonLines);
    let target = server.address.to_string();
    let (near, far) = (format!("near-{breaks_here}"), format!("far-{breaks_here}"));
    let command = way.noting(&near, &format!("{} {}", way.command, way.noting(&far, "")));
    let asked = [&target, "--rate", "500", "--duration", "6s", "--warm-up", "0s", "--format", "json"];
    let from = ["--load-from", "env", "--load-from", &command];
    let load = Started::of(&mut load(&[&asked[..], &from, &AS_WORKER].concat()));
    let [near, far] = [near, far].map(|name| noted(&way.folder.path().join(name)));
    wait_for_requests(&server, 200);
    send(if breaks_here { near } else { session_of(far) }, Signal::KILL);
    assert!(within(LONGEST_WAIT, || !is_alive(far)), "the worker goes on at the other end");
    // That was before the load was over, which goes on without it.
    wait_for_requests(&server, 50);
    let found = Findings::read(load.ended());
    let planned = arrivals(500.0, 1, 6_000_000_000).len() as u64;
    let ends = ["scheduled", "dropped", "ok"].map(|end| found.ledger(end));
    assert_eq!(ends, [planned, planned / 2, planned - planned / 2], "{}", found.json["warnings"]);
    assert_eq!((found.code, found.json["valid"].as_bool()), (4, Some(false)), "{}", found.stderr);
    assert!(found.warns_of("worker 2") && found.warns_of("count as never sent"), "{}", found.json["warnings"]);
}
