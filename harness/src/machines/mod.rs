//! One load from several machines: a worker on each sends its part, and whoever started them adds up what they say.
//!
//! A worker is this program, started by a command that was typed (`ssh a`, `kubectl exec -i gen-0 --`) and spoken to over
//! stdin and stdout. Must not know: models, runs, how findings are shown, and a time of one machine as one of another. Read
//! `message.rs` (what they say to each other), `worker.rs` (the far side), then `hand.rs` (one worker as this side sees it)
//! and `fleet.rs` (all of them). `load/joined.rs` adds their figures up.

mod clocks;
mod fleet;
mod found;
#[cfg(any(test, fuzzing))]
pub(crate) mod fuzzed;
mod hand;
mod lines;
mod message;
mod plan_message;
mod worker;

pub use clocks::{ClockOffset, Drift, MOST_PPM, ToldClock};
pub use fleet::{Fleet, FleetLoad, MachinesError};
pub use found::{FleetOutcome, WorkerOutcome, WorkerPart, allowed_skew_ns};
pub use hand::WorkerCommand;
pub use message::{Hello, Trouble};
pub use worker::{WorkerSetup, work_for};
