//! What is done to one server: the load, which is the generator with a tap to look through, and a flood of idle connections
//! beside it. Each goes on in a thread of its own until it is told to stop, and never outlives who began it.

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use instruments::load::{
    self, ArrivalProcess, DisturbError, Disturbance, DisturbanceKind, Disturbed, Generator, LoadError, LoadOutcome,
    LoadSpec, Order, Pacing, PageRequest, Shape, Tap, TapReading, Work, now_ns,
};

use super::frame::LiveLoad;
use crate::background::Background;

/// Generators of several models share a CPU, so that none may poll.
const GENERATOR: Generator = Generator { threads: 1, pacing: Pacing::Sleeping };

/// Twice what the kernel waits before it tries to connect again.
const TIMEOUT: Duration = Duration::from_secs(2);

/// Shown in the frames, and left out of what is saved.
const WARM_UP: Duration = Duration::from_millis(500);

/// A load under way.
#[derive(Debug)]
pub(super) struct Driver {
    tap: Arc<Tap>,
    thread: Background<Result<LoadOutcome, LoadError>>,
}

/// The load that is asked for, to go on for so long unless it is stopped before; nothing where none is. A page is asked for
/// whatever work is.
pub(super) fn spec(asked: &LiveLoad, page: Option<&PageRequest>, seed: u64, lasting: Duration) -> Option<LoadSpec> {
    (!asked.is_paused).then(|| LoadSpec {
        arrivals: asked.rate_rps.map_or(ArrivalProcess::Closed, |rate_rps| ArrivalProcess::Poisson { rate_rps }),
        shape: Shape::Connections { connections: u32::try_from(asked.connections).unwrap_or(u32::MAX) },
        work: page.cloned().map_or_else(|| Work::typed(&asked.work), Work::Page),
        seed,
        warm_up: WARM_UP,
        window: lasting,
        timeout: TIMEOUT,
    })
}

impl Driver {
    /// Puts a load on a server.
    pub(super) fn start(spec: LoadSpec, target: SocketAddr) -> io::Result<Driver> {
        let tap = Arc::new(Tap::new(GENERATOR.threads));
        let tapped = Arc::clone(&tap);
        let thread = Background::start("load", move |stop| {
            Order { tap: Some(&tapped), ..Order::new(&spec, target, GENERATOR, stop) }.run(|_| {})
        })?;
        Ok(Driver { tap, thread })
    }

    /// What happened since the last look; nothing while connections are being opened.
    pub(super) fn look(&self) -> Option<TapReading> {
        self.tap.look()
    }

    /// Whether it ended by itself: its time was over, or its connections could not be had.
    pub(super) fn has_ended(&self) -> bool {
        self.thread.has_ended()
    }

    pub(super) fn tell_to_stop(&self) {
        self.thread.tell_to_stop();
    }

    /// What it came to.
    pub(super) fn end(self) -> Result<LoadOutcome, LoadError> {
        self.thread.end().map(LoadOutcome::cut_short)
    }
}

/// Connections begun per second, on average.
const PER_SECOND: u32 = 250;

/// A flood under way. Dropping it lets its connections go.
pub(super) type Flood = Background<Result<Disturbed, DisturbError>>;

/// Begins to open so many connections, to be held for so long unless they are let go before.
pub(super) fn flood(connections: u64, target: SocketAddr, lasting: Duration) -> io::Result<Flood> {
    let at_most = u32::try_from(connections).unwrap_or(u32::MAX);
    let kind = DisturbanceKind::IdleFlood { per_second: PER_SECOND, at_most };
    let disturbance = Disturbance { name: "idle connections", kind, from: Duration::ZERO, lasting };
    Background::start("flood", move |stop| load::disturb(&disturbance, target, now_ns(), stop))
}
