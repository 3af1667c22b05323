//! What is asked of the generator: a load, and what is wanted of it besides.
//!
//! Within: `order/threads.rs`, which carries it out.

mod threads;

use std::net::SocketAddr;
use std::sync::atomic::AtomicBool;

use threads::carry_out;

use super::LoadError;
use super::outcome::LoadOutcome;
use super::part::LoadPart;
use super::tap::{LoadMoments, Signs, Tap};
use crate::plan::{LoadSpec, Pacing};

/// How the generator runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Generator {
    /// Worker threads; at least one runs, and never more than there are connections.
    pub threads: u32,
    /// How a worker waits.
    pub pacing: Pacing,
}

/// Runs a load against `target` and returns what became of it, at the latest [`LoadSpec::longest`] after it began.
///
/// While the load runs, `attend` is called again and again, on the calling thread, with the moments of the load: every
/// few milliseconds, and when the window begins and ends. It may watch the server, and set `stop` to end the load
/// early; what is outstanding then is counted as in flight.
pub fn run(
    spec: &LoadSpec,
    target: SocketAddr,
    generator: Generator,
    stop: &AtomicBool,
    attend: impl FnMut(LoadMoments),
) -> Result<LoadOutcome, LoadError> {
    Order::new(spec, target, generator, stop).run(attend)
}

/// The most requests that are kept by themselves, on average.
const MOST_EVENTS: f64 = 20_000.0;

/// Room for every request of the window, with six standard deviations to spare where arrivals are random.
fn room_for_events(spec: &LoadSpec) -> usize {
    let expected = spec.offered_load_rps().unwrap_or(f64::INFINITY) * spec.window.as_secs_f64();
    if expected > MOST_EVENTS { 0 } else { (expected + 6.0 * expected.sqrt()) as usize + 64 }
}

/// A load to be run, with all that is asked of it besides.
#[derive(Clone, Copy)]
pub struct Order<'a> {
    spec: &'a LoadSpec,
    target: SocketAddr,
    generator: Generator,
    stop: &'a AtomicBool,
    signs: Option<&'a Signs>,
    most_requests: Option<u64>,
    by_second: bool,
    room_for_events: usize,
    tap: Option<&'a Tap>,
    part: LoadPart,
    start: Option<&'a StartMoment<'a>>,
}

/// Asked once all connections are open: when the load begins, on the monotonic clock, or nothing where it is not to begin.
pub type StartMoment<'a> = dyn Fn() -> Option<u64> + Sync + 'a;

impl<'a> Order<'a> {
    /// The load itself. It ends early, and counts what is outstanding as in flight, where `stop` is set.
    pub fn new(spec: &'a LoadSpec, target: SocketAddr, generator: Generator, stop: &'a AtomicBool) -> Order<'a> {
        Order {
            spec,
            target,
            generator,
            stop,
            signs: None,
            most_requests: None,
            by_second: false,
            room_for_events: 0,
            tap: None,
            part: LoadPart::WHOLE,
            start: None,
        }
    }

    /// For a number of requests: the window ends with the last of them, and the one in the specification is the longest
    /// that it may be. Of sessions, as many are begun as make this number.
    #[must_use]
    pub fn at_most(self, requests: u64) -> Order<'a> {
        Order { most_requests: Some(requests), ..self }
    }

    /// Keeps the window second by second too: [`LoadOutcome::seconds`].
    #[must_use]
    pub fn by_second(self) -> Order<'a> {
        Order { by_second: true, ..self }
    }

    /// Keeps every request by itself too ([`reports::record::Traffic::events`]). Where the schedule holds more than some
    /// thousands of them, or in closed loop, none is kept.
    #[must_use]
    pub fn keeping_each(self) -> Order<'a> {
        Order { room_for_events: room_for_events(self.spec), ..self }
    }

    /// Shows signs of how it goes.
    #[must_use]
    pub fn showing(self, signs: &'a Signs) -> Order<'a> {
        Order { signs: Some(signs), ..self }
    }

    /// Has someone look on through `tap`, which has a place for each of the generator's threads.
    #[must_use]
    pub fn watched(self, tap: &'a Tap) -> Order<'a> {
        Order { tap: Some(tap), ..self }
    }

    /// Sends a part of it, beginning when `start` says: what others send of it is added with [`LoadOutcome::join`].
    #[must_use]
    pub fn in_part(self, part: LoadPart, start: &'a StartMoment<'a>) -> Order<'a> {
        Order { part, start: Some(start), ..self }
    }

    /// Runs it; see [`run`] for `attend`.
    ///
    /// # Errors
    /// Where the generator can't have what it needs of the kernel, or the connections that are held can't be opened.
    pub fn run(self, attend: impl FnMut(LoadMoments)) -> Result<LoadOutcome, LoadError> {
        let mut order = self;
        order.generator.threads = self.part.threads(self.generator.threads, self.spec.peak_connections());
        let cpus = allowed_cpus();
        let gives_way = order.generator.pacing.polls() && order.generator.threads > cpus;
        if gives_way {
            // Threads that poll for one CPU take it from each other, and from the server.
            order.generator.pacing = Pacing::Sleeping;
        }
        let outcome = carry_out(order, attend)?;
        Ok(LoadOutcome { polling_gave_way: gives_way.then_some(cpus), ..outcome })
    }
}

/// CPUs that this thread may run on.
fn allowed_cpus() -> u32 {
    // Where the kernel does not say, as many as there can be, and nothing gives way.
    rustix::thread::sched_getaffinity(None).map_or(u32::MAX, |set| set.count())
}
