//! What the generators are asked to do, and of whom.

use std::fmt;
use std::net::SocketAddr;

/// One run of one generator.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Task {
    pub(crate) load: Load,
    pub(crate) server: Kind,
    pub(crate) address: SocketAddr,
    pub(crate) seconds: u64,
}

/// Who answers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub(crate) enum Kind {
    /// `harness serve async-single --wire http`
    Serve,
    /// nginx with one worker
    Nginx,
}

/// One load, the same for all who carry it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum Load {
    /// The next request when the last is answered.
    Closed { connections: u32 },
    /// Requests at equal distances, whether or not the server keeps up.
    Open { rate_rps: u32, pace: Pace },
}

/// How a generator waits for the next request; the other tools have no choice.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum Pace {
    Sleeping,
    Spinning,
    /// Once a millisecond, as wrk2 does.
    Ticking,
}

impl Load {
    /// Connections, of which open loop has as many as divide all its rates: hey takes a rate per connection.
    pub(crate) fn connections(self) -> u32 {
        match self {
            Load::Closed { connections } => connections,
            Load::Open { .. } => 50,
        }
    }
}

impl fmt::Display for Load {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Load::Closed { connections } => write!(f, "closed loop, {connections} connections"),
            Load::Open { rate_rps, pace: Pace::Sleeping } => write!(f, "open loop, {rate_rps}/s"),
            Load::Open { rate_rps, pace: Pace::Spinning } => write!(f, "open loop, {rate_rps}/s, spinning"),
            Load::Open { rate_rps, pace: Pace::Ticking } => write!(f, "open loop, {rate_rps}/s, ticking"),
        }
    }
}
