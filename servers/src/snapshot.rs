//! A server at one moment: what is open, what waits, what is under way, and what a runtime says of itself.
//!
//! Taken by a thread that serves nobody and is no task, so that it sees a runtime whose workers all block. Taking it
//! needs no lock and stops nobody. The numbers are read one after the other, so a difference is never taken below zero.
//! Must not know: who looks, or how often. Beside it: `server.rs`, whose counters are read here.

use std::sync::Arc;

use tokio::runtime::RuntimeMetrics;

use crate::clock::monotonic_ns;
use crate::histograms::{self, UnstableMetrics};
use crate::server::Server;

/// A server at one moment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ServerSnapshot {
    /// When, in nanoseconds of the monotonic clock.
    pub at_ns: u64,
    /// Connections accepted and not closed yet.
    pub open_connections: u64,
    /// Of these, the ones that no thread and no task has begun to serve: the queue of a pool, or of a scheduler.
    pub waiting_connections: u64,
    /// Requests whose work has begun since the start, and those that were refused. One whose work panicked, or was given up
    /// because its client was gone, has begun and never ends.
    pub requests_begun: u64,
    /// Requests whose reply was put together since the start, refusals and failures included.
    pub requests_ended: u64,
    /// Calls of accept that failed since the start.
    pub accept_errors: u64,
    /// The runtime, or all runtimes together; absent where there is none.
    pub runtime: Option<RuntimeSnapshot>,
}

/// A tokio runtime at one moment; of several runtimes, all of them together. An accept loop is no task of its own and in
/// none of these, unless there are several on one runtime.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RuntimeSnapshot {
    /// Tasks that have not ended.
    pub alive_tasks: u64,
    /// Tasks ready to run that no worker has taken yet. Those in the workers' own queues are not among them.
    pub global_queue_depth: u64,
    /// Its workers; one where all tasks share a thread.
    pub workers: Vec<WorkerSnapshot>,
    /// What only an unstable runtime tells; absent of any other.
    pub unstable: Option<UnstableMetrics>,
}

/// A worker of a runtime at one moment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct WorkerSnapshot {
    /// Time it has spent on tasks since the start. It is brought up to date when the worker parks or has polled a number
    /// of tasks, so it stands still while one of them blocks or computes.
    pub busy_ns: u64,
    /// Times it has parked since the start.
    pub parks: u64,
    /// Whether it is parked, with nothing to do.
    pub is_parked: bool,
    /// For how long at least it has neither parked nor brought its busy time up to date: since the first look that found
    /// it so. A worker of which this grows is blocked or computing, or has no CPU. Zero while it is parked.
    pub still_ns: u64,
}

/// Looks at one server again and again, and remembers what stood still.
#[derive(Debug)]
pub struct ServerMonitor {
    server: Arc<Server>,
    workers: Vec<LastChange>,
}

impl ServerMonitor {
    /// Looks at this server, which need not run yet.
    pub fn new(server: Arc<Server>) -> ServerMonitor {
        ServerMonitor { server, workers: Vec::new() }
    }

    /// The server now. Some microseconds: a read for each number, and no system call but for the clock.
    pub fn snapshot(&mut self) -> ServerSnapshot {
        let counters = &self.server.counters;
        // What ends is read before what begins, so that nothing ends that has not begun.
        let connections_ended = counters.connections_ended.get();
        let connections_begun = counters.connections_begun.get();
        let accepted = counters.accepted.get();
        let turned_away = counters.spawn_errors.get();
        let requests_refused = counters.requests_refused.get();
        let requests_done = counters.requests_served.get() + counters.backend_errors.get();
        let requests_ended = requests_done + requests_refused;
        let requests_begun = counters.requests_begun.get() + requests_refused;
        let at_ns = monotonic_ns();
        let kept = accepted.saturating_sub(turned_away);
        ServerSnapshot {
            at_ns,
            open_connections: kept.saturating_sub(connections_ended),
            waiting_connections: kept.saturating_sub(connections_begun),
            requests_begun,
            requests_ended,
            accept_errors: counters.accept_errors.get(),
            runtime: self.server.runtimes.get().map(|runtimes| runtime_snapshot(runtimes, &mut self.workers, at_ns)),
        }
    }
}

fn runtime_snapshot(runtimes: &[RuntimeMetrics], seen: &mut Vec<LastChange>, at_ns: u64) -> RuntimeSnapshot {
    let workers: Vec<(&RuntimeMetrics, usize)> =
        runtimes.iter().flat_map(|runtime| (0..runtime.num_workers()).map(move |number| (runtime, number))).collect();
    seen.resize_with(workers.len(), LastChange::default);
    let workers = workers.into_iter().zip(seen).map(|((runtime, number), last_change)| {
        let busy_ns = u64::try_from(runtime.worker_total_busy_duration(number).as_nanos()).unwrap_or(u64::MAX);
        let parks_and_unparks = runtime.worker_park_unpark_count(number);
        WorkerSnapshot {
            busy_ns,
            parks: runtime.worker_park_count(number),
            is_parked: is_parked(parks_and_unparks),
            still_ns: last_change.since(busy_ns, parks_and_unparks, at_ns),
        }
    });
    RuntimeSnapshot {
        workers: workers.collect(),
        alive_tasks: runtimes.iter().map(|runtime| runtime.num_alive_tasks() as u64).sum(),
        global_queue_depth: runtimes.iter().map(|runtime| runtime.global_queue_depth() as u64).sum(),
        unstable: histograms::unstable_metrics(runtimes),
    }
}

/// Parking and unparking take turns, and parking comes first.
fn is_parked(parks_and_unparks: u64) -> bool {
    parks_and_unparks % 2 == 1
}

/// How a worker was when it was last seen to change, and when that was.
#[derive(Debug, Default)]
struct LastChange {
    busy_ns: u64,
    parks_and_unparks: u64,
    since_ns: Option<u64>,
}

impl LastChange {
    /// How long the worker has been as it is now, which is not at all where it is parked.
    fn since(&mut self, busy_ns: u64, parks_and_unparks: u64, at_ns: u64) -> u64 {
        let is_same = (self.busy_ns, self.parks_and_unparks) == (busy_ns, parks_and_unparks);
        let since_ns = self.since_ns.filter(|_| is_same && !is_parked(parks_and_unparks)).unwrap_or(at_ns);
        *self = LastChange { busy_ns, parks_and_unparks, since_ns: Some(since_ns) };
        at_ns - since_ns
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_worker_that_is_not_parked_and_does_not_change_stands_still() {
        let mut worker = LastChange::default();
        assert_eq!(worker.since(0, 2, 1_000), 0, "the first look knows nothing of before");
        assert_eq!([worker.since(0, 2, 1_100), worker.since(0, 2, 1_250)], [100, 250]);
        assert_eq!(worker.since(40, 2, 1_300), 0, "its busy time was brought up to date");
        assert_eq!(worker.since(40, 2, 1_400), 100);
        assert_eq!([worker.since(40, 3, 1_500), worker.since(40, 3, 1_600)], [0, 0], "it is parked");
        assert_eq!([worker.since(40, 4, 1_700), worker.since(40, 4, 1_800)], [0, 100]);
    }
}
