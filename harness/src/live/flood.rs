//! Idle connections beside the load: clients that connect and never send a byte.

use std::io;
use std::net::SocketAddr;
use std::time::Duration;

use super::background::Background;
use crate::load::{self, DisturbError, Disturbed, now_ns};
use crate::plan::{Disturbance, DisturbanceKind};

/// Connections begun per second, on average.
const PER_SECOND: u32 = 250;

/// A flood under way. Dropping it lets its connections go.
#[derive(Debug)]
pub(super) struct Flood {
    thread: Background<Result<Disturbed, DisturbError>>,
}

impl Flood {
    /// Begins to open so many connections, to be held for so long unless they are let go before.
    pub(super) fn start(connections: u64, target: SocketAddr, lasting: Duration) -> io::Result<Flood> {
        let disturbance = Disturbance {
            name: "idle connections",
            kind: DisturbanceKind::IdleFlood {
                per_second: PER_SECOND,
                at_most: u32::try_from(connections).unwrap_or(u32::MAX),
            },
            from: Duration::ZERO,
            lasting,
        };
        let thread = Background::start("flood", move |stop| load::disturb(&disturbance, target, now_ns(), stop))?;
        Ok(Flood { thread })
    }

    pub(super) fn tell_to_stop(&self) {
        self.thread.tell_to_stop();
    }
}
