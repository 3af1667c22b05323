//! The load generator: sends a workload to an address on schedule, checks every reply, and notes what became of each
//! request.
//!
//! It runs on threads of its own over epoll. Must not know: which model answers, nor that models exist. Read
//! `worker.rs` (the loop), then `connection.rs` (what a connection does, without sockets and clocks), then `recorder.rs`
//! (what is noted). `order.rs` is where a load is asked for, `spec.rs` and `work.rs` what it is, as data; `disturb.rs` is
//! what is done to a server beside it.

pub mod arrivals;
mod connection;
mod disturb;
mod exchange;
mod hold;
mod order;
mod outcome;
mod part;
mod recorder;
mod sockets;
mod spec;
mod tally;
mod tap;
mod usage;
mod work;
mod worker;

use std::io;
use std::net::SocketAddr;

pub use crate::clock::now_ns;
pub use arrivals::Arrivals;
pub use disturb::{DisturbError, Disturbance, DisturbanceKind, Disturbed, disturb};
#[cfg(any(test, fuzzing))]
pub(crate) use exchange::fuzzed;
pub use hold::HeldConnections;
pub use order::{Generator, Order, StartMoment, look_on, run};
pub use outcome::{LoadOutcome, Second};
pub use part::{LoadPart, adds_up, scheduled_in};
pub use sockets::CONNECTIONS_PER_SOURCE;
pub use spec::{ArrivalProcess, LoadSpec, Pacing, Shape};
pub use tally::Tally;
pub use tap::{LoadMoments, Signs, Tap, TapReading};
pub use work::{PageRequest, Work};

/// The longest sleep of a thread that has something to do by the clock, so that a stop is noticed, in nanoseconds.
pub const LONGEST_SLEEP_NS: u64 = 20_000_000;

/// Why a load could not be run. What a server does wrong under load is data, and never one of these.
#[derive(Debug, thiserror::Error)]
pub enum LoadError {
    /// The kernel refused an epoll instance or a wait on it.
    #[error("epoll failed: {0}")]
    Epoll(#[source] io::Error),
    /// A generator thread could not be started.
    #[error("a generator thread could not be started: {0}")]
    Thread(#[source] io::Error),
    /// The connections that are held through the load could not be opened.
    #[error("only {established} of {wanted} connections to {target} were established; is the server accepting?")]
    NotConnected {
        /// Where to.
        target: SocketAddr,
        /// How many there were at the deadline.
        established: usize,
        /// How many there were to be.
        wanted: usize,
    },
    /// A connection failed on this side, before the server had a part in it.
    #[error(
        "only {established} of {wanted} connections could be made on this side: {source}; raise the limit of open files \
         (ulimit -n) or of local ports (net.ipv4.ip_local_port_range)"
    )]
    NoSocket {
        /// How many there were when it failed.
        established: usize,
        /// How many there were to be.
        wanted: usize,
        /// What the kernel said.
        source: io::Error,
    },
}

impl LoadError {
    fn epoll(error: rustix::io::Errno) -> LoadError {
        LoadError::Epoll(error.into())
    }
}
