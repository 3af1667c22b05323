//! What becomes of servers when the harness itself is killed.

use rustix::process::Signal;

use crate::common::{LONGEST_WAIT, be_the_parent_of, is_alive, is_parent, parent_with_server, send, within};
use crate::supervision::launch;

fn be_the_parent() {
    let server = launch("threaded").unwrap();
    be_the_parent_of(server.pid());
}

#[test]
fn no_server_outlives_a_killed_harness() {
    if is_parent() {
        return be_the_parent();
    }
    let (mut parent, server) = parent_with_server("supervision::orphans::no_server_outlives_a_killed_harness");
    assert!(is_alive(server));
    parent.kill().unwrap();
    parent.wait().unwrap();
    assert!(within(LONGEST_WAIT, || !is_alive(server)));
}

/// A stopped process reads no pipe and handles no signal: only the kernel's death signal can end it.
#[test]
fn not_even_one_that_hangs() {
    if is_parent() {
        return be_the_parent();
    }
    let (mut parent, server) = parent_with_server("supervision::orphans::not_even_one_that_hangs");
    send(server, Signal::STOP);
    parent.kill().unwrap();
    parent.wait().unwrap();
    assert!(within(LONGEST_WAIT, || !is_alive(server)));
}
