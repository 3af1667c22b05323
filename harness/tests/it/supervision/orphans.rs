//! What becomes of servers, and of the tests' browsers, when whoever started them is killed.

use std::process::Child;

use rustix::process::Signal;

use crate::common::home::Home;
use crate::common::{LONGEST_WAIT, be_the_parent_of, is_alive, is_parent, parent_with_child, send, within};
use crate::devtools::Chromium;
use crate::supervision::launch;

fn be_the_parent() {
    let server = launch("threaded").unwrap();
    be_the_parent_of(server.pid());
}

/// Kills the parent, and sees the child end.
fn assert_ends_with(mut parent: Child, child: u32) {
    parent.kill().unwrap();
    parent.wait().unwrap();
    assert!(within(LONGEST_WAIT, || !is_alive(child)));
}

#[test]
fn no_server_outlives_a_killed_harness() {
    if is_parent() {
        return be_the_parent();
    }
    let home = Home::new();
    let (parent, server) = parent_with_child("supervision::orphans::no_server_outlives_a_killed_harness", home.path());
    assert!(is_alive(server));
    assert_ends_with(parent, server);
}

/// A stopped process reads no pipe and handles no signal: only the kernel's death signal can end it.
#[test]
fn not_even_one_that_hangs() {
    if is_parent() {
        return be_the_parent();
    }
    let home = Home::new();
    let (parent, server) = parent_with_child("supervision::orphans::not_even_one_that_hangs", home.path());
    send(server, Signal::STOP);
    assert_ends_with(parent, server);
}

#[test]
fn a_browser_ends_with_whoever_started_it() {
    if is_parent() {
        let chromium = Chromium::start().unwrap();
        return be_the_parent_of(chromium.id());
    }
    if Chromium::program().is_none() {
        return;
    }
    let home = Home::new();
    let (parent, browser) =
        parent_with_child("supervision::orphans::a_browser_ends_with_whoever_started_it", home.path());
    assert!(is_alive(browser));
    assert_ends_with(parent, browser);
}
