//! What is measured: one protocol, one service and one connection loop, the same for threads and for tasks. An event loop has
//! it turned inside out (`connection/stepwise.rs`), and axum brings a loop of its own.
//!
//! A model differs from the next one only in *who runs a connection*, so that whatever separates two
//! models in a report comes from threads and tasks and from nothing else. Nothing here knows how the servers are
//! driven, measured or reported.
//!
//! It begins in `harness serve`: [`bind`], [`Server::new`], and the model's `run`. From there to a reply read
//! `models/threaded.rs`, `accept.rs`, `connection/blocking.rs`, `connection/actions.rs`, `service.rs`, `work.rs`; then
//! `protocol/`. For tasks, read `tasks.rs` and `connection/nonblocking.rs` in place of the first and the third.

#![forbid(unsafe_code)]
#![cfg_attr(not(test), warn(clippy::disallowed_methods))]

mod accept;
mod admission;
pub mod backend;
mod built_with;
mod clock;
mod connection;
mod containment;
mod contender;
mod counters;
mod drain;
#[cfg(any(test, fuzzing))]
#[doc(hidden)]
pub mod fuzzing;
mod histograms;
mod models;
mod nearest;
mod options;
pub mod protocol;
mod server;
pub mod service;
mod snapshot;
mod stop;
mod tasks;
#[cfg(test)]
mod testing;
mod thread_names;
mod trace;
#[cfg(test)]
mod twins;
mod work;

pub use accept::bind;
pub use built_with::{built_with, version_of};
pub use clock::monotonic_ns;
pub use contender::{Contender, ContenderError};
pub use counters::Counters;
pub use histograms::{HistogramBucket, UnstableMetrics};
pub use models::{Concurrency, LEFT_OUT, MODELS, Model, default_models};
pub use nearest::{did_you_mean, nearest, no_such};
pub use options::{
    Accepting, LockKind, OptionKey, ServerOptions, Spawning, WorkPlacement, are_cpus_assumed, assume_cpus,
};
pub use server::Server;
pub use snapshot::{RuntimeSnapshot, ServerMonitor, ServerSnapshot, WorkerSnapshot};
pub use stop::StopHandle;
pub use trace::{Moment, Trace, TraceEvent, TraceRecord};
pub use work::spin::calibrate_spin;
