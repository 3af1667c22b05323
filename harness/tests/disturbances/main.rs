//! What is done to a server beside the requests that are measured: over the network against servers of known behaviour,
//! as whole cells against our own, and what is left of it all when things go wrong.
//!
//! Everything stays on loopback and is bounded by a few hundred connections and a second or two. Nothing in here
//! depends on how fast anything is.

#![allow(clippy::unwrap_used, reason = "a panic in a test's helper is the test's failure")]

mod bounds;
mod cells;
#[path = "../common/mod.rs"]
mod common;
mod crowds;
mod fakes;
mod left_behind;
mod over_the_network;
mod trial;

use std::path::Path;

use common::{LONGEST_WAIT, groups_of, is_alive, send, state, turn, within};

/// The program under test.
fn program() -> &'static Path {
    Path::new(env!("CARGO_BIN_EXE_harness"))
}
