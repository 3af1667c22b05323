//! What becomes of a program of another hand, and of what it started, when the harness itself is killed.

use std::sync::atomic::AtomicBool;

use harness::process::{CommandLaunch, launch_command};
use instruments::observe::descendants;

use crate::common::home::{HARNESS, Home};
use crate::common::{LONGEST_WAIT, be_the_parent_of, has, is_alive, is_parent, parent_with_child, within};

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
    let launch = CommandLaunch { readiness_deadline: LONGEST_WAIT, harness, ..CommandLaunch::new("it", &words, &stop) };
    let server = launch_command(&launch).unwrap();
    be_the_parent_of(server.pid());
}

#[test]
fn nothing_outlives_a_killed_harness() {
    if is_parent() {
        return be_the_parent();
    }
    if !has("python3", "--version") {
        return;
    }
    let home = Home::new();
    let (mut parent, server) = parent_with_child("commands::orphans::nothing_outlives_a_killed_harness", home.path());
    let [child] = descendants(server)[..] else { panic!("no child, or more than one") };
    parent.kill().unwrap();
    parent.wait().unwrap();
    assert!(within(LONGEST_WAIT, || !is_alive(server)), "the program");
    assert!(within(LONGEST_WAIT, || !is_alive(child)), "what it started");
}
