//! `harness compare` as a person meets it: the real program, its folder, its exit codes, and what is left of its
//! servers when things go wrong.
//!
//! Its tests take turns, because each keeps the machine busy. Each has a folder for temporary files of its own, in
//! which the lock lies, so that a benchmark elsewhere on the machine does not refuse them.

#![allow(clippy::unwrap_used, reason = "a panic in a test's helper is the test's failure")]

mod against;
#[path = "../common/bed.rs"]
mod bed;
mod builds;
mod busy;
#[path = "../common/mod.rs"]
mod common;
#[path = "../common/confined.rs"]
mod confined;
#[path = "../../../reports/tests/it/devtools.rs"]
#[allow(dead_code, reason = "the report's tests open pages of their own with it, and here one is served")]
mod devtools;
mod diff;
mod disks;
mod elsewhere;
mod faults;
mod killed;
mod lifetimes;
mod live;
mod live_page;
mod namespaces;
mod refusals;
mod resume;
mod subject;
mod unquiet;
mod whole;

use std::process::Command;

use common::{LONGEST_WAIT, is_alive, send, text, turn, within};

/// The program under test.
fn program() -> Command {
    Command::new(env!("CARGO_BIN_EXE_harness"))
}
