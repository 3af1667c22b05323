//! The load generator: sends a workload to an address on schedule, checks every reply, and notes what became of each
//! request.
//!
//! It runs on threads of its own over epoll. Must not know: which model answers, nor that models exist. Read
//! `worker.rs` (the loop), then `connection/` (one connection), then `recorder.rs` (what is noted).

mod alarm;
pub(crate) mod arrivals;
mod asked;
mod connection;
mod disturb;
mod exchange;
mod hold;
mod opening;
mod outcome;
mod page;
pub(crate) mod poll;
mod recorder;
mod slot;
mod socket;
mod tally;
mod tap;
mod template;
mod timers;
mod usage;
mod worker;

use std::io;
use std::net::SocketAddr;
use std::num::NonZeroU64;
use std::ops::Range;
use std::sync::atomic::AtomicBool;
use std::sync::mpsc;
use std::thread;
use std::time::Duration;

pub use crate::clock::now_ns;
pub use arrivals::Arrivals;
pub use disturb::{DisturbError, Disturbed, disturb};
pub use hold::HeldConnections;
pub use outcome::LoadOutcome;
pub use socket::CONNECTIONS_PER_SOURCE;
pub use tally::Tally;
pub use tap::{Look, Tap, run_watched};

use arrivals::Share;
use connection::{Connections, Settings};
use exchange::Exchange;
use recorder::{Loop, Recorder};
use usage::ThreadUsage;
use worker::{Schedule, Timeline, Worker};

use crate::plan::{ArrivalProcess, LoadSpec, Pacing, Shape, nanoseconds};

/// From the moment all workers are ready to the start of the load, so that none starts late.
const HEAD_START_NS: u64 = 2_000_000;

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
}

impl LoadError {
    fn epoll(error: rustix::io::Errno) -> LoadError {
        LoadError::Epoll(error.into())
    }
}

/// How the generator runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Generator {
    /// Worker threads; at least one runs, and never more than there are connections.
    pub threads: u32,
    /// How a worker waits.
    pub pacing: Pacing,
}

/// The moments of a load, on the monotonic clock in nanoseconds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Moments {
    /// Start of the warm-up.
    pub origin_ns: u64,
    /// Start of the measurement window.
    pub window_start_ns: u64,
    /// Its end.
    pub window_end_ns: u64,
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
    attend: impl FnMut(Moments),
) -> Result<LoadOutcome, LoadError> {
    carry_out(Order { spec, target, generator, room_for_events: 0, tap: None, stop }, attend)
}

/// As [`run`], with every request kept by itself too ([`reports::record::Traffic::events`]): what a probe is for. Where
/// the schedule holds more than some thousands of them, or in closed loop, none is kept.
pub fn probe(
    spec: &LoadSpec,
    target: SocketAddr,
    generator: Generator,
    stop: &AtomicBool,
    attend: impl FnMut(Moments),
) -> Result<LoadOutcome, LoadError> {
    carry_out(Order { spec, target, generator, room_for_events: room_for_events(spec), tap: None, stop }, attend)
}

/// The most requests that are kept by themselves, on average.
const MOST_EVENTS: f64 = 5_000.0;

/// Room for every request of the window, with six standard deviations to spare where arrivals are random.
fn room_for_events(spec: &LoadSpec) -> usize {
    let expected = spec.offered_load_rps().unwrap_or(f64::INFINITY) * spec.window.as_secs_f64();
    if expected > MOST_EVENTS { 0 } else { (expected + 6.0 * expected.sqrt()) as usize + 64 }
}

/// All that a worker is told.
#[derive(Clone, Copy)]
struct Order<'a> {
    spec: &'a LoadSpec,
    target: SocketAddr,
    generator: Generator,
    room_for_events: usize,
    tap: Option<&'a Tap>,
    stop: &'a AtomicBool,
}

fn carry_out(order: Order<'_>, mut attend: impl FnMut(Moments)) -> Result<LoadOutcome, LoadError> {
    let Order { spec, generator, .. } = order;
    // A worker without a connection could only drop its share of the schedule.
    let threads = generator.threads.clamp(1, spec.peak_connections().max(1));
    let generator = Generator { threads, ..generator };
    let order = Order { generator, ..order };
    thread::scope(|scope| {
        let (ready, readiness) = mpsc::channel::<Range<u64>>();
        let mut workers = Vec::new();
        for worker in 0..generator.threads {
            let ready = ready.clone();
            let (start, timeline) = mpsc::channel::<Timeline>();
            let thread = thread::Builder::new()
                .name(format!("load-{worker}"))
                .spawn_scoped(scope, move || work(order, worker, ready, timeline))
                .map_err(LoadError::Thread)?;
            workers.push((start, thread));
        }
        drop(ready);
        // A worker that fails drops its end; the others then wait in vain for a start and end when theirs is dropped.
        let openings: Vec<Range<u64>> = (0..generator.threads).map_while(|_| readiness.recv().ok()).collect();
        let all_ready = openings.len() == generator.threads as usize;
        let timeline = timeline(spec);
        let mut threads = Vec::new();
        for (start, thread) in workers {
            if all_ready {
                // A worker that ended since has its reason in its result.
                let _ = start.send(timeline.clone());
            }
            threads.push(thread);
        }
        let moments = timeline.moments();
        while all_ready && threads.iter().any(|thread| !thread.is_finished()) {
            thread::sleep(until_next_look(&moments));
            attend(moments);
        }
        let mut notes = Vec::new();
        for thread in threads {
            let note = thread.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic))?;
            notes.extend(note);
        }
        let ended_ns = now_ns().min(moments.window_end_ns);
        Ok(LoadOutcome {
            opening: opening(spec, &openings),
            measured: Duration::from_nanos(ended_ns.saturating_sub(moments.window_start_ns)),
            ..LoadOutcome::merge(spec, notes)
        })
    })
}

/// From the first connect of any worker to the last connection that was established.
fn opening(spec: &LoadSpec, openings: &[Range<u64>]) -> Option<Duration> {
    let Shape::Connections { .. } = spec.shape else { return None };
    let begun_ns = openings.iter().map(|opening| opening.start).min()?;
    let ended_ns = openings.iter().map(|opening| opening.end).max()?;
    Some(Duration::from_nanos(ended_ns.saturating_sub(begun_ns)))
}

/// A few milliseconds, or less where the window begins or ends before.
fn until_next_look(moments: &Moments) -> Duration {
    const USUAL_NS: u64 = 5_000_000;
    let now = now_ns();
    let marks = [moments.window_start_ns, moments.window_end_ns];
    let next_ns = marks.into_iter().filter(|mark| *mark > now).map(|mark| mark - now).min();
    Duration::from_nanos(next_ns.unwrap_or(USUAL_NS).min(USUAL_NS))
}

fn timeline(spec: &LoadSpec) -> Timeline {
    let origin_ns = now_ns() + HEAD_START_NS;
    let window_start = origin_ns + nanoseconds(spec.warm_up);
    let window_end = window_start + nanoseconds(spec.window);
    Timeline { origin_ns, window: window_start..window_end, give_up_ns: origin_ns + nanoseconds(spec.longest()) }
}

/// One worker's whole life: open connections, report readiness, run. Nothing where the load never began.
fn work(
    order: Order<'_>,
    worker: u32,
    ready: mpsc::Sender<Range<u64>>,
    start: mpsc::Receiver<Timeline>,
) -> Result<Option<(Recorder, ThreadUsage)>, LoadError> {
    // The kernel may wake a thread up to 50 us late to save power, unless it is asked not to. Where it refuses, the
    // schedule lag shows it.
    let _ = rustix::thread::set_current_timer_slack(NonZeroU64::new(1));
    let Order { spec, target, generator, room_for_events, tap, stop } = order;
    let workers = generator.threads;
    let timeout_ns = nanoseconds(spec.timeout);
    let settings = Settings { target, shape: spec.shape, timeout_ns, worker, workers };
    let slots = share_of(spec.peak_connections(), worker, workers);
    let exchange = Exchange::new(&spec.work, target);
    let loop_kind = if spec.arrivals == ArrivalProcess::Closed { Loop::Closed } else { Loop::Open };
    let recorder = Recorder::new(timeout_ns, loop_kind).keeping(room_for_events);
    let mut connections = Connections::new(settings, slots, waiting_room(spec, workers), exchange, recorder)?;
    let begun_ns = now_ns();
    opening::open_ahead(&mut connections, spec.shape, target, stop)?;
    // If the other side is gone, so is the load.
    let _ = ready.send(begun_ns..now_ns());
    drop(ready);
    let Ok(timeline) = start.recv() else { return Ok(None) };
    connections.recorder.set_window(timeline.window.clone());
    if tap.is_some() {
        connections.recorder.count_for_a_tap(timeline.origin_ns);
    }
    let schedule = match arrivals(spec) {
        Some(arrivals) => Schedule::Open(Box::new(Share::new(arrivals, worker, workers))),
        None => Schedule::Closed,
    };
    let tap = tap.map(|tap| (tap, worker));
    let mut worker = Worker::new(connections, generator.pacing, timeline, stop)?.tapped(tap);
    let usage = worker.run(schedule)?;
    Ok(Some((worker.connections.recorder, usage)))
}

/// The arrivals of a workload: of sessions where there are sessions, else of requests; none in closed loop.
fn arrivals(spec: &LoadSpec) -> Option<Arrivals> {
    let requests_per_arrival = match spec.shape {
        Shape::Sessions { requests, .. } => f64::from(requests),
        Shape::Connections { .. } => 1.0,
    };
    match spec.arrivals {
        ArrivalProcess::Poisson { rate_rps } => Some(Arrivals::poisson(rate_rps / requests_per_arrival, spec.seed)),
        ArrivalProcess::Constant { rate_rps } => Some(Arrivals::constant(rate_rps / requests_per_arrival)),
        ArrivalProcess::Closed => None,
    }
}

/// Requests that may wait behind busy connections until they time out, with room to spare. Where that is more than any
/// machine sends, the room grows as it is needed.
fn waiting_room(spec: &LoadSpec, workers: u32) -> usize {
    const MOST_AHEAD: usize = 4_000_000;
    let due_within_timeout = spec.offered_load_rps().unwrap_or(0.0) * spec.timeout.as_secs_f64();
    ((due_within_timeout * 1.5 / f64::from(workers)) as usize).min(MOST_AHEAD) + 64
}

/// How many of `count` things are the `worker`-th worker's.
fn share_of(count: u32, worker: u32, workers: u32) -> u32 {
    count / workers + u32::from(worker < count % workers)
}
