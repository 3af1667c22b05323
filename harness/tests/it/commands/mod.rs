//! Programs of another hand: how they are started and ended, whether they keep to the protocol, and how they are compared. And
//! what `doctor` says of the machine. And how commands get on with a shell.
//!
//! What python3 and node are needed for is skipped by name where they are not there; with `CI` in the environment it fails
//! instead.

mod compared;
mod doctor;
mod examples;
mod faulty;
mod launching;
mod orphans;
mod shell;
mod transcripts;

use crate::common::home::{Ended, Home};
use crate::common::root;

/// The harness with these arguments, at home in a folder but at the root of the repository, where the examples are.
fn at_root(home: &Home, arguments: &[&str]) -> Ended {
    Ended::of(home.command(arguments).current_dir(root()))
}
