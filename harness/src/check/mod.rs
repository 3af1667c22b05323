//! Whether a server keeps to the JSON protocol, found out by talking to it.
//!
//! Read `transcripts.rs` (what is said and what must come, as data), then `dialogue.rs` (who says it). Must not know:
//! processes, how findings are shown. Beside it: `part.rs`, what follows for experiments.

mod dialogue;
mod part;
mod transcripts;

use std::net::SocketAddr;
use std::time::Duration;

pub use dialogue::{Broken, Came};
pub use part::{Part, parts};
pub use transcripts::{Item, Transcript, Weight, transcripts};

/// What came of one transcript.
#[derive(Debug)]
pub struct Finding {
    /// What was checked.
    pub transcript: Transcript,
    /// What does not hold, where something does not.
    pub broken: Option<Broken>,
}

/// Goes through all transcripts, each on connections of its own, and hands on each finding as it comes. Nothing is waited
/// for longer than `patience`.
pub fn check(target: SocketAddr, patience: Duration, mut found: impl FnMut(&Finding)) -> Vec<Finding> {
    let one = |transcript: Transcript| {
        let broken = dialogue::hold(&transcript, target, patience).err();
        let finding = Finding { transcript, broken };
        found(&finding);
        finding
    };
    transcripts().into_iter().map(one).collect()
}
