//! The known answers as a command, and the generator against servers that do anything at all.

#![allow(clippy::unwrap_used, reason = "a panic in a test's helper is the test's failure")]

mod command;
#[path = "../common/mod.rs"]
mod common;
mod misbehaving;
mod own_limits;
mod subject;

use common::{text, turn};
