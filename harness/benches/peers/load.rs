//! What the generators are asked to do, and of whom.

use std::fmt;
use std::net::SocketAddr;

/// One run of one generator.
#[derive(Debug, Clone, Copy)]
pub(crate) struct PeerTask {
    pub(crate) load: PeerLoad,
    pub(crate) server: Responder,
    pub(crate) address: SocketAddr,
    pub(crate) seconds: u64,
}

/// Who answers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub(crate) enum Responder {
    /// `harness serve async-single --wire http`
    Serve,
    /// nginx with one worker
    Nginx,
}

/// One load, the same for all who carry it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum PeerLoad {
    /// The next request when the last is answered.
    Closed { connections: u32 },
    /// Requests at equal distances, whether or not the server keeps up.
    Open { rate_rps: u32, pace: PeerPacing },
}

/// How a generator waits for the next request; the other tools have no choice.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum PeerPacing {
    Sleeping,
    Spinning,
    /// Once a millisecond, as wrk2 does.
    Ticking,
}

impl PeerLoad {
    /// Connections, of which open loop has as many as divide all its rates: hey takes a rate per connection.
    pub(crate) fn connections(self) -> u32 {
        match self {
            PeerLoad::Closed { connections } => connections,
            PeerLoad::Open { .. } => 50,
        }
    }
}

impl fmt::Display for PeerLoad {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            PeerLoad::Closed { connections } => write!(f, "closed loop, {connections} connections"),
            PeerLoad::Open { rate_rps, pace: PeerPacing::Sleeping } => write!(f, "open loop, {rate_rps}/s"),
            PeerLoad::Open { rate_rps, pace: PeerPacing::Spinning } => write!(f, "open loop, {rate_rps}/s, spinning"),
            PeerLoad::Open { rate_rps, pace: PeerPacing::Ticking } => write!(f, "open loop, {rate_rps}/s, ticking"),
        }
    }
}
