//! The load on one server: the generator, with a tap to look through.
//!
//! Beside it: `flood.rs`, what may be done to the server besides.

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use super::background::Background;
use super::frame::Asked;
use crate::load::{Generator, LoadError, LoadOutcome, Look, Order, Tap};
use crate::plan::{ArrivalProcess, LoadSpec, Pacing, PageRequest, Shape, Work};

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
pub(super) fn spec(asked: &Asked, page: Option<&PageRequest>, seed: u64, lasting: Duration) -> Option<LoadSpec> {
    let (request_message, parameter) = asked.work.split_once(' ').unwrap_or((&asked.work, ""));
    (!asked.is_paused).then(|| LoadSpec {
        arrivals: asked.rate_rps.map_or(ArrivalProcess::Closed, |rate_rps| ArrivalProcess::Poisson { rate_rps }),
        shape: Shape::Connections { connections: u32::try_from(asked.connections).unwrap_or(u32::MAX) },
        work: page.cloned().map_or_else(|| Work::new(request_message, parameter), Work::Page),
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
            Order::new(&spec, target, GENERATOR, stop).watched(&tapped).run(|_| {})
        })?;
        Ok(Driver { tap, thread })
    }

    /// What happened since the last look; nothing while connections are being opened.
    pub(super) fn look(&self) -> Option<Look> {
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
