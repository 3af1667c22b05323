//! What becomes of a program of another hand, and of what it started, when the harness itself is killed.

use std::env;
use std::io::{BufRead, BufReader};
use std::process::{Command, Stdio};
use std::sync::atomic::AtomicBool;

use harness::observe::descendants;
use harness::process::{CommandLaunch, launch_command};

use crate::{HARNESS, PATIENT, has, is_alive, within};

/// Set in the process that plays the harness.
const PARENT: &str = "COMMANDS_TEST_PARENT";

/// A server whose child does not care what becomes of it.
const FORKING: &str = "
import os, signal, socket, time
if os.fork() == 0:
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    while True: time.sleep(60)
listener = socket.create_server(('127.0.0.1', int(os.environ['PORT'])))
while True: listener.accept()
";

fn be_the_parent() {
    let words = ["python3", "-c", FORKING].map(str::to_owned);
    let (stop, harness) = (AtomicBool::new(false), Some(HARNESS.as_ref()));
    let launch =
        CommandLaunch { name: "it", words: &words, cpus: &[], readiness_deadline: PATIENT, stop: &stop, harness };
    let server = launch_command(&launch).unwrap();
    eprintln!("server {}", server.pid());
    std::thread::sleep(2 * PATIENT);
}

#[test]
fn nothing_outlives_a_killed_harness() {
    if env::var_os(PARENT).is_some() {
        return be_the_parent();
    }
    if !has("python3") {
        return;
    }
    let mut parent = Command::new(env::current_exe().unwrap())
        .args(["--exact", "orphans::nothing_outlives_a_killed_harness", "--nocapture", "--test-threads=1"])
        .env(PARENT, "1")
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut lines = BufReader::new(parent.stderr.take().unwrap()).lines().map(Result::unwrap);
    let server: u32 = lines.find_map(|line| line.strip_prefix("server ")?.parse().ok()).unwrap();
    let [child] = descendants(server)[..] else { panic!("no child, or more than one") };
    parent.kill().unwrap();
    parent.wait().unwrap();
    assert!(within(PATIENT, || !is_alive(server)), "the program");
    assert!(within(PATIENT, || !is_alive(child)), "what it started");
}
