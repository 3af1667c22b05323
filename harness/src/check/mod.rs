//! Whether a server keeps to the JSON protocol, found out by talking to it.
//!
//! Read `transcript.rs` and `transcripts.rs` (what is said and what must come, as data), then `dialogue.rs` (who says it). Must
//! not know: processes, how findings are shown. Beside it: `part.rs`, what follows for experiments.

mod dialogue;
mod part;
mod transcript;
mod transcripts;

use std::net::SocketAddr;
use std::time::Duration;

pub use dialogue::{Broken, Came};
pub use part::{Part, parts};
pub use transcript::{CheckItem, Transcript, Weight};
pub use transcripts::transcripts;

/// What came of one transcript.
#[derive(Debug)]
pub struct CheckFinding {
    /// What was checked.
    pub transcript: Transcript,
    /// What does not hold, where something does not.
    pub broken: Option<Broken>,
}

/// Goes through all transcripts, each on connections of its own, and hands on each finding as it comes. Nothing is waited
/// for longer than `patience`.
pub fn check(target: SocketAddr, patience: Duration, mut found: impl FnMut(&CheckFinding)) -> Vec<CheckFinding> {
    let one = |transcript: Transcript| {
        let broken = dialogue::hold(&transcript, target, patience).err();
        let finding = CheckFinding { transcript, broken };
        found(&finding);
        finding
    };
    transcripts().into_iter().map(one).collect()
}
