//! Watching servers under load: the session by itself, and the command on a terminal.

#![allow(clippy::unwrap_used, reason = "a panic in a test's helper is the test's failure")]

#[path = "../common/mod.rs"]
mod common;
mod screen;
mod session;
mod terminal;

use common::{LONGEST_WAIT, turn, within};
