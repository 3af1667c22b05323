//! `harness lesson` and `harness workshop` as people meet them: the real program, asked by a pipe and in a browser.
//!
//! Nothing is said of what is measured. The tests take turns, because each keeps the machine busy, and each has a folder for
//! temporary files of its own, in which the lock lies.

#![allow(clippy::unwrap_used, reason = "a panic in a test's helper is the test's failure")]

#[path = "../common/mod.rs"]
mod common;
#[path = "../../../reports/tests/it/devtools.rs"]
#[allow(dead_code, reason = "the report's tests open pages of their own with it, and here one is served")]
mod devtools;
mod page;
mod pipe;
mod records;
mod room;
#[path = "../compare/subject.rs"]
#[allow(dead_code, reason = "comparisons use all of it")]
mod subject;

use std::process::Command;

use common::{LONGEST_WAIT, is_alive, send, text, turn, within};

/// The program under test.
fn program() -> Command {
    Command::new(env!("CARGO_BIN_EXE_harness"))
}
