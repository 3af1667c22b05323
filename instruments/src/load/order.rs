//! What is asked of the generator: a load, and what is wanted of it besides.
//!
//! Within: `order/threads.rs`, which carries it out.

mod threads;

use std::net::SocketAddr;
use std::sync::atomic::AtomicBool;

use threads::carry_out;
pub use threads::look_on;

use super::LoadError;
use super::outcome::LoadOutcome;
use super::part::LoadPart;
use super::tap::{LoadMoments, Signs, Tap};
use crate::load::{LoadSpec, Pacing};

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

/// A load to be run, with all that is asked of it besides.
#[derive(Clone, Copy)]
pub struct Order<'a> {
    /// The load.
    pub spec: &'a LoadSpec,
    /// Where it is sent.
    pub target: SocketAddr,
    /// How it is sent.
    pub generator: Generator,
    /// Ends it early where it is set; what is outstanding then counts as in flight.
    pub stop: &'a AtomicBool,
    /// Where it shows how it goes.
    pub signs: Option<&'a Signs>,
    /// For a number of requests: the window ends with the last of them, and the one in the specification is the longest that
    /// it may be. Of sessions, as many are begun as make this number.
    pub most_requests: Option<u64>,
    /// Whether the window is kept second by second too: [`LoadOutcome::seconds`].
    pub by_second: bool,
    /// Whether every request is kept by itself too ([`reports::record::Traffic::events`]): what a probe is for. Where the
    /// schedule holds more than some thousands of them, or in closed loop, none is kept.
    pub keeps_each: bool,
    /// Where someone looks on, with a place for each of the generator's threads.
    pub tap: Option<&'a Tap>,
    /// Which part of it is sent from here; what others send of it is added with [`LoadOutcome::join`].
    pub part: LoadPart,
    /// When it begins, where others send parts of it too.
    pub start: Option<&'a StartMoment<'a>>,
}

/// Asked once all connections are open: when the load begins, on the monotonic clock, or nothing where it is not to begin.
pub type StartMoment<'a> = dyn Fn() -> Option<u64> + Sync + 'a;

impl<'a> Order<'a> {
    /// The load itself, and nothing besides.
    pub fn new(spec: &'a LoadSpec, target: SocketAddr, generator: Generator, stop: &'a AtomicBool) -> Order<'a> {
        Order {
            spec,
            target,
            generator,
            stop,
            signs: None,
            most_requests: None,
            by_second: false,
            keeps_each: false,
            tap: None,
            part: LoadPart::WHOLE,
            start: None,
        }
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
