//! One load from several machines: a worker on each sends its part, and whoever started them adds up what they say. And the
//! server on another one: a worker there starts it and watches it.
//!
//! A worker is this program, started by a command that was typed (`ssh a`, `kubectl exec -i gen-0 --`) and spoken to over
//! stdin and stdout. Must not know: models, runs, how findings are shown, and a time of one machine as one of another. Read
//! `hello.rs` and `message.rs` (what they say to each other), `worker.rs` (the far side), then `hand.rs` (one worker as this
//! side sees it), `conduct.rs` (one through one load) and `fleet.rs` (all of them). `server_host.rs` is this side of a server
//! elsewhere. `instruments/src/load/part.rs` adds figures up.

mod clocks;
mod conduct;
mod fleet;
mod found;
#[cfg(any(test, fuzzing))]
pub(crate) mod fuzzed;
mod hand;
mod hello;
mod lines;
mod message;
mod plan_message;
mod problem;
mod serve_message;
mod server_host;
mod way;
mod worker;

pub use clocks::{ClockOffset, Drift, MOST_PPM, ToldClock};
pub use fleet::{Fleet, MachinesError};
pub use found::{FleetOutcome, WorkerOutcome, WorkerPart, allowed_skew_ns};
pub use hand::WorkerCommand;
pub use hello::Hello;
pub use message::Trouble;
pub use plan_message::FleetLoad;
pub use serve_message::{ServeOrder, ServedMessage};
pub use server_host::{FarServer, ServerHost};
pub use worker::{HostedServer, ServerStarter, WorkerSetup, work_for};
