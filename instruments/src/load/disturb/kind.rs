//! What is done to a server beside the requests that are measured, as plain data. Those requests are then the probe: a
//! few connections at a low rate, the victim.

use std::time::Duration;

use crate::load::{LoadSpec, Work};

/// Something that is done to a server.
#[derive(Debug, Clone, PartialEq)]
pub struct Disturbance {
    /// A phrase for a legend: `idle connections`.
    pub name: &'static str,
    /// What it is.
    pub kind: DisturbanceKind,
    /// When it begins, from the start of the probe's load.
    pub from: Duration,
    /// How long it lasts; everything it holds is let go then.
    pub lasting: Duration,
}

impl Disturbance {
    /// The most connections that it has open at once.
    pub fn peak_connections(&self) -> u32 {
        match &self.kind {
            DisturbanceKind::IdleFlood { at_most, .. } => *at_most,
            DisturbanceKind::HalfRequests { connections, .. }
            | DisturbanceKind::KeepAlive { connections }
            | DisturbanceKind::Burst { connections, .. }
            | DisturbanceKind::SlowReaders { connections, .. } => *connections,
            DisturbanceKind::Load(spec) => spec.peak_connections(),
            DisturbanceKind::Pipelining { .. } => 1,
            DisturbanceKind::Shutdown { idle, half_sent, running, .. } => idle + half_sent + running,
            DisturbanceKind::Nothing | DisturbanceKind::Stall => 0,
        }
    }
}

/// The kinds of disturbance.
#[derive(Debug, Clone, PartialEq)]
pub enum DisturbanceKind {
    /// Nothing: the same probe, left alone, with the same time looked at.
    Nothing,
    /// Clients that connect and never send a byte, more and more of them.
    IdleFlood {
        /// Connections begun per second, on average until there are all: the first ones slowly, so that they are told
        /// apart. Those that the server ends are made up for at this pace.
        per_second: u32,
        /// The most there will be.
        at_most: u32,
    },
    /// Clients that send a request a byte at a time and never end it.
    HalfRequests {
        /// Connections, all begun at once.
        connections: u32,
        /// Time between two bytes of a connection.
        every: Duration,
    },
    /// Clients that connect, are answered once, and stay without a word.
    KeepAlive {
        /// Connections, all begun at once.
        connections: u32,
    },
    /// One client that does not wait for replies: as soon as it has one, it sends the next request behind those that are out.
    Pipelining {
        /// Requests that are out at a time.
        outstanding: u32,
        /// What each asks for.
        work: Work,
    },
    /// New clients who all connect at the same moment. Each asks once and closes, and it is over when the last has done so,
    /// or given up at the end of its time.
    Burst {
        /// How many.
        connections: u32,
        /// What each asks for.
        work: Work,
    },
    /// Clients who send many requests at once, and read the replies slowly or not at all.
    SlowReaders {
        /// Connections, all begun at once.
        connections: u32,
        /// Of each, one behind the other.
        requests: u32,
        /// What each request asks for.
        work: Work,
        /// What each client reads; 0 for nothing at all.
        bytes_per_second: u32,
    },
    /// Requests of another kind, on connections of their own. Its warm-up and window are cut to the disturbance.
    Load(LoadSpec),
    /// The server is told to stop (TERM), while some connections are idle, some have sent half a request, and some wait for
    /// the reply to a whole one.
    Shutdown {
        /// Connections that say nothing.
        idle: u32,
        /// Connections with half a request.
        half_sent: u32,
        /// Connections that asked once.
        running: u32,
        /// What those asked for.
        work: Work,
        /// From the beginning, when all of them connect, to the signal.
        after: Duration,
    },
    /// The server process is stopped, and continued at the end.
    Stall,
}

impl DisturbanceKind {
    /// What its own requests ask for; absent where it sends none, or none that is whole and chosen.
    pub fn work(&self) -> Option<&Work> {
        match self {
            DisturbanceKind::Load(spec) => Some(&spec.work),
            DisturbanceKind::Burst { work, .. }
            | DisturbanceKind::SlowReaders { work, .. }
            | DisturbanceKind::Pipelining { work, .. }
            | DisturbanceKind::Shutdown { work, .. } => Some(work),
            DisturbanceKind::Nothing
            | DisturbanceKind::IdleFlood { .. }
            | DisturbanceKind::HalfRequests { .. }
            | DisturbanceKind::KeepAlive { .. }
            | DisturbanceKind::Stall => None,
        }
    }
}
