//! The threads of a load: started, told the moment at which all of them begin, looked at until they are done, and what they
//! come to together.
//!
//! Beside it: `../worker.rs`, what one of the threads does.

use std::ops::Range;
use std::sync::atomic::Ordering;
use std::sync::mpsc;
use std::thread::{self, Scope, ScopedJoinHandle};
use std::time::Duration;

use super::Order;
use crate::clock::{nanoseconds, now_ns, wake_promptly};
use crate::load::connection::{ConnectionSettings, Connections};
use crate::load::part::{arrivals, last_arrival, share_of};
use crate::load::recorder::{Loop, Recorder};
use crate::load::sockets::{Sockets, Sources};
use crate::load::tap::{LoadMoments, Signs};
use crate::load::usage::{ThreadUsage, WindowUsage};
use crate::load::worker::{EVENTS_AT_ONCE, LoadTimeline, Schedule, Worker};
use crate::load::{
    ArrivalProcess, LoadError, LoadSpec, Shape, arrivals::Share, exchange::Exchange, hold, outcome::LoadOutcome,
};

/// From the moment all workers are ready to the start of the load, so that none starts late.
const HEAD_START_NS: u64 = 2_000_000;

pub(super) fn carry_out(order: Order<'_>, mut attend: impl FnMut(LoadMoments)) -> Result<LoadOutcome, LoadError> {
    let Order { spec, generator, .. } = order;
    thread::scope(|scope| {
        let (workers, openings) = start_workers(scope, order)?;
        let are_open = openings.len() == generator.threads as usize;
        let start_ns = match order.start {
            Some(start) if are_open => start(),
            _ => Some(now_ns() + HEAD_START_NS),
        };
        let all_ready = are_open && start_ns.is_some();
        let timeline = timeline(spec, start_ns.unwrap_or(0));
        let mut threads = Vec::new();
        for (start, thread) in workers {
            if all_ready {
                // A worker that ended since has its reason in its result.
                let _ = start.send(timeline.clone());
            }
            threads.push(thread);
        }
        let moments = timeline.moments();
        if all_ready {
            look_on(&threads, || until_next_look(&moments), || attend(moments));
        }
        let mut notes = Vec::new();
        let mut done_ns = 0;
        for thread in threads {
            if let Some(done) = thread.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic))? {
                done_ns = done_ns.max(done.at_ns);
                notes.push((done.recorder, done.usage));
            }
        }
        let ended_ns = done_ns.min(moments.window_end_ns);
        let measured = Duration::from_nanos(ended_ns.saturating_sub(moments.window_start_ns));
        let was_stopped = order.stop.load(Ordering::Relaxed) && done_ns < moments.window_end_ns;
        // Where others send parts of the load too, these are what medians over all of them need.
        let keeps_interval_times = order.start.is_some();
        let merged = LoadOutcome::merge(spec, measured, notes, keeps_interval_times);
        Ok(LoadOutcome { opening: opening(spec, &openings), was_stopped, ..merged })
    })
}

/// What tells a worker when it begins, and its thread.
type StartedWorker<'scope> =
    (mpsc::Sender<LoadTimeline>, ScopedJoinHandle<'scope, Result<Option<WorkerResult>, LoadError>>);

/// Starts the workers, and waits until each is ready or has failed. Gives all of them, and from when to when those that are
/// ready opened their connections.
fn start_workers<'scope>(
    scope: &'scope Scope<'scope, '_>,
    order: Order<'scope>,
) -> Result<(Vec<StartedWorker<'scope>>, Vec<Range<u64>>), LoadError> {
    let Order { generator, .. } = order;
    let (ready, readiness) = mpsc::channel::<Range<u64>>();
    let mut workers = Vec::new();
    for worker in 0..generator.threads {
        let ready = ready.clone();
        let (start, timeline) = mpsc::channel::<LoadTimeline>();
        let thread = thread::Builder::new()
            .name(format!("load-{worker}"))
            .spawn_scoped(scope, move || work(order, worker, ready, timeline))
            .map_err(LoadError::Thread)?;
        workers.push((start, thread));
    }
    drop(ready);
    // A worker that fails drops its end; the others then wait in vain for a start and end when theirs is dropped.
    let openings: Vec<Range<u64>> = (0..generator.threads).map_while(|_| readiness.recv().ok()).collect();
    Ok((workers, openings))
}

/// Looks again and again while threads are at work, and once when all are done: what is to be seen at the end is seen, however late
/// the looks before came.
pub fn look_on<T>(threads: &[ScopedJoinHandle<'_, T>], pause: impl Fn() -> Duration, mut look: impl FnMut()) {
    loop {
        let are_done = threads.iter().all(ScopedJoinHandle::is_finished);
        look();
        if are_done {
            return;
        }
        thread::sleep(pause());
    }
}

/// From the first connect of any worker to the last connection that was established.
fn opening(spec: &LoadSpec, openings: &[Range<u64>]) -> Option<Duration> {
    let Shape::Connections { .. } = spec.shape else { return None };
    let begun_ns = openings.iter().map(|opening| opening.start).min()?;
    let ended_ns = openings.iter().map(|opening| opening.end).max()?;
    Some(Duration::from_nanos(ended_ns.saturating_sub(begun_ns)))
}

/// A few milliseconds, or less where the window begins or ends before.
fn until_next_look(moments: &LoadMoments) -> Duration {
    const USUAL_NS: u64 = 5_000_000;
    let now = now_ns();
    let marks = [moments.window_start_ns, moments.window_end_ns];
    let next_ns = marks.into_iter().filter(|mark| *mark > now).map(|mark| mark - now).min();
    Duration::from_nanos(next_ns.unwrap_or(USUAL_NS).min(USUAL_NS))
}

fn timeline(spec: &LoadSpec, origin_ns: u64) -> LoadTimeline {
    let window_start = origin_ns + nanoseconds(spec.warm_up);
    let window_end = window_start + nanoseconds(spec.window);
    LoadTimeline { origin_ns, window: window_start..window_end, give_up_ns: origin_ns + nanoseconds(spec.longest()) }
}

/// What a worker leaves.
struct WorkerResult {
    recorder: Recorder,
    usage: ThreadUsage,
    /// When it had nothing left to do.
    at_ns: u64,
}

/// One worker's whole life: open connections, report readiness, run. Nothing where the load never began.
fn work(
    order: Order<'_>,
    worker: u32,
    ready: mpsc::Sender<Range<u64>>,
    start: mpsc::Receiver<LoadTimeline>,
) -> Result<Option<WorkerResult>, LoadError> {
    wake_promptly();
    let Order { spec, target, generator, stop, .. } = order;
    let mut connections = connections(&order, worker)?;
    let begun_ns = now_ns();
    hold::open_ahead(&mut connections, spec.shape, target, stop)?;
    // If the other side is gone, so is the load.
    let _ = ready.send(begun_ns..now_ns());
    drop(ready);
    let Ok(timeline) = start.recv() else { return Ok(None) };
    connections.recorder.set_window(timeline.window.clone());
    if order.tap.is_some() {
        connections.recorder.count_for_a_tap(timeline.origin_ns);
    }
    let unseen = Signs::default();
    let mut thread = Worker {
        connections,
        pacing: generator.pacing,
        timeline,
        stop,
        tap: order.tap.map(|tap| (tap, worker)),
        signs: order.signs.unwrap_or(&unseen),
        polling_ns: 0,
        usage: WindowUsage::default(),
    };
    let (usage, at_ns) = thread.run(schedule(&order, worker))?;
    Ok(Some(WorkerResult { recorder: thread.connections.recorder, usage, at_ns }))
}

/// The connections of one worker, none of them open.
fn connections(order: &Order<'_>, worker: u32) -> Result<Connections<Sockets>, LoadError> {
    let Order { spec, target, generator, part, .. } = *order;
    let (worker, workers) = part.among_all(worker, generator.threads);
    let timeout_ns = nanoseconds(spec.timeout);
    let settings = ConnectionSettings { shape: spec.shape, timeout_ns, worker, workers };
    let slots = share_of(spec.peak_connections().into(), worker, workers) as u32;
    let loop_kind = if spec.arrivals == ArrivalProcess::Closed { Loop::Closed } else { Loop::Open };
    let recorder = Recorder::new(timeout_ns, loop_kind).keeping(room_for_events(order)).by_second(order.by_second);
    let network = Sockets::new(target, Sources::InTurn { worker, workers }, EVENTS_AT_ONCE)?;
    let exchange = Exchange::new(&spec.work, target);
    Ok(Connections::new(network, settings, slots, waiting_room(spec, workers), exchange, recorder))
}

/// The most requests that are kept by themselves, on average.
const MOST_EVENTS: f64 = 20_000.0;

/// Room for every request of the window, with six standard deviations to spare where arrivals are random.
fn room_for_events(order: &Order<'_>) -> usize {
    let spec = order.spec;
    let expected = spec.offered_load_rps().unwrap_or(f64::INFINITY) * spec.window.as_secs_f64();
    if !order.keeps_each || expected > MOST_EVENTS { 0 } else { (expected + 6.0 * expected.sqrt()) as usize + 64 }
}

/// When one worker begins its requests.
fn schedule(order: &Order<'_>, worker: u32) -> Schedule {
    let Order { spec, generator, most_requests, part, .. } = *order;
    let (worker, workers) = part.among_all(worker, generator.threads);
    match arrivals(spec) {
        Some(arrivals) => Schedule::Open {
            share: Box::new(Share::new(arrivals, worker, workers)),
            end: most_requests.map(|requests| last_arrival(spec, requests)),
        },
        None => Schedule::Closed { most: most_requests.map(|requests| share_of(requests, worker, workers)) },
    }
}

/// Requests that may wait behind busy connections until they time out, with room to spare. Where that is more than any
/// machine sends, the room grows as it is needed.
fn waiting_room(spec: &LoadSpec, workers: u32) -> usize {
    const MOST_AHEAD: usize = 4_000_000;
    let due_within_timeout = spec.offered_load_rps().unwrap_or(0.0) * spec.timeout.as_secs_f64();
    ((due_within_timeout * 1.5 / f64::from(workers)) as usize).min(MOST_AHEAD) + 64
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::AtomicBool;

    use super::*;

    #[test]
    fn the_last_look_is_after_the_end_however_soon_that_comes() {
        for pause in [Duration::ZERO, Duration::from_millis(20)] {
            let is_over = AtomicBool::new(false);
            let mut seen = Vec::new();
            thread::scope(|scope| {
                let threads = [scope.spawn(|| is_over.store(true, Ordering::Relaxed))];
                look_on(&threads, || pause, || seen.push(is_over.load(Ordering::Relaxed)));
            });
            assert_eq!(seen.last(), Some(&true), "{seen:?}");
        }
    }
}
