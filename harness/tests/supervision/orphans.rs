//! What becomes of servers when the harness itself is killed.

use std::env;
use std::io::{BufRead, BufReader};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use rustix::process::Signal;

use crate::{is_alive, launch, signal, within};

/// Set in the process that plays the harness.
const PARENT: &str = "SUPERVISION_TEST_PARENT";

/// Runs the named test of this binary in a process of its own, which launches a server; returns both.
fn parent_with_server(test: &str) -> (Child, u32) {
    let mut parent = Command::new(env::current_exe().unwrap())
        .args(["--exact", test, "--nocapture", "--test-threads=1"])
        .env(PARENT, "1")
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut lines = BufReader::new(parent.stderr.take().unwrap()).lines().map(Result::unwrap);
    let server = lines.find_map(|line| line.strip_prefix("server ")?.parse().ok()).unwrap();
    (parent, server)
}

/// Plays the harness until it is killed.
fn be_the_parent() {
    let server = launch("threaded").unwrap();
    eprintln!("server {}", server.pid());
    std::thread::sleep(Duration::from_secs(60));
}

#[test]
fn no_server_outlives_a_killed_harness() {
    if env::var_os(PARENT).is_some() {
        return be_the_parent();
    }
    let (mut parent, server) = parent_with_server("orphans::no_server_outlives_a_killed_harness");
    assert!(is_alive(server));
    parent.kill().unwrap();
    parent.wait().unwrap();
    assert!(within(Duration::from_secs(1), || !is_alive(server)));
}

/// A stopped process reads no pipe and handles no signal: only the kernel's death signal can end it.
#[test]
fn not_even_one_that_hangs() {
    if env::var_os(PARENT).is_some() {
        return be_the_parent();
    }
    let (mut parent, server) = parent_with_server("orphans::not_even_one_that_hangs");
    signal(server, Signal::STOP);
    parent.kill().unwrap();
    parent.wait().unwrap();
    assert!(within(Duration::from_secs(1), || !is_alive(server)));
}
