//! What is done to one server: the load, which is the generator with a tap to look through, and a flood of idle connections
//! beside it. Each goes on in a thread of its own until it is told to stop, and never outlives who began it.

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use instruments::load::{
    self, ArrivalProcess, DisturbError, Disturbance, DisturbanceKind, Disturbed, Generator, LoadError, LoadOutcome,
    LoadSpec, Order, Pacing, PageRequest, Shape, Tap, TapReading, Work, now_ns,
};

use super::frame::LiveLoad;

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

/// A thread with a flag that ends it. Dropping it ends it too, and waits for that.
#[derive(Debug)]
pub(super) struct Background<T> {
    stop: Arc<AtomicBool>,
    thread: Option<JoinHandle<T>>,
}

impl<T: Send + 'static> Background<T> {
    /// Begins `work`, which is to look at the flag several times a second.
    ///
    /// # Errors
    /// Where there is no thread to be had.
    pub(super) fn start(name: &str, work: impl FnOnce(&AtomicBool) -> T + Send + 'static) -> io::Result<Self> {
        let stop = Arc::new(AtomicBool::new(false));
        let told = Arc::clone(&stop);
        let thread = thread::Builder::new().name(name.to_owned()).spawn(move || work(&told))?;
        Ok(Background { stop, thread: Some(thread) })
    }

    /// Whether it has come to its end by itself.
    pub(super) fn has_ended(&self) -> bool {
        self.thread.as_ref().is_some_and(JoinHandle::is_finished)
    }

    /// Waits for its end, and says what came of it.
    pub(super) fn end(mut self) -> T {
        self.tell_to_stop();
        let thread = self.thread.take().expect("only this and the drop take it, and both consume");
        thread.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic))
    }
}

impl<T> Background<T> {
    /// Tells it to stop, and does not wait: several that are told first end together.
    pub(super) fn tell_to_stop(&self) {
        self.stop.store(true, Ordering::Relaxed);
    }
}

impl<T> Drop for Background<T> {
    fn drop(&mut self) {
        self.tell_to_stop();
        if let Some(thread) = self.thread.take() {
            // A panic in it has been told by the hook, and this may be unwinding from another.
            let _ = thread.join();
        }
    }
}
