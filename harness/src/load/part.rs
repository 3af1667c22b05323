//! Which part of a load a generator sends: arrivals, connections and requests are dealt out in turn to all threads of all
//! generators, so that neither their number nor their machines change the schedule.
//!
//! Must not know: sockets, clocks. Beside it: `order.rs`, which sends a part; `joined.rs`, which adds parts up.

use serde::{Deserialize, Serialize};

use super::arrivals::{Arrivals, Share};
use super::order::Generator;
use crate::plan::{ArrivalProcess, LoadSpec, Shape, nanoseconds};

/// Which part of a load is sent from here, where several generators share it: arrivals and connections are dealt out to
/// their threads in turn, as they are among the threads of one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct LoadPart {
    /// Which one, from 0.
    pub index: u32,
    /// Of how many.
    pub of: u32,
}

impl LoadPart {
    /// All of it.
    pub const WHOLE: LoadPart = LoadPart { index: 0, of: 1 };

    /// Threads of each generator of a load that holds so many connections: one without a connection could only drop its
    /// share of the schedule.
    pub(super) fn threads(self, asked: u32, connections: u32) -> u32 {
        asked.clamp(1, (connections / self.of).max(1))
    }

    /// The number of a thread of this part, and of how many, among the threads of all parts.
    pub(super) fn among_all(self, thread: u32, threads: u32) -> (u32, u32) {
        (thread * self.of + self.index, threads * self.of)
    }
}

/// Below which number arrivals are, where the load is for so many requests.
pub(super) fn last_arrival(spec: &LoadSpec, requests: u64) -> u64 {
    requests.div_ceil(u64::from(requests_per_arrival(spec)))
}

/// How many requests of the window the schedule holds for one part of a load: what is lost with it. In closed loop, where
/// replies decide how many there are, those that were asked for; none where that is not known.
pub fn scheduled_in(spec: &LoadSpec, generator: Generator, part: LoadPart, most_requests: Option<u64>) -> u64 {
    let threads = part.threads(generator.threads, spec.peak_connections());
    let of_thread = |thread| {
        let (worker, workers) = part.among_all(thread, threads);
        let Some(arrivals) = arrivals(spec) else {
            return most_requests.map_or(0, |requests| share_of(requests, worker, workers));
        };
        let share = Share::new(arrivals, worker, workers);
        let begin_ns = nanoseconds(spec.warm_up);
        let end = most_requests.map_or(u64::MAX, |requests| last_arrival(spec, requests));
        let due = share.count_between(begin_ns..begin_ns.saturating_add(nanoseconds(spec.window)), end);
        due * u64::from(requests_per_arrival(spec))
    };
    (0..threads).map(of_thread).sum()
}

/// Requests of a session, or the one that is due by itself.
fn requests_per_arrival(spec: &LoadSpec) -> u32 {
    match spec.shape {
        Shape::Sessions { requests, .. } => requests,
        Shape::Connections { .. } => 1,
    }
}

/// The arrivals of a workload: of sessions where there are sessions, else of requests; none in closed loop.
pub(super) fn arrivals(spec: &LoadSpec) -> Option<Arrivals> {
    let requests_per_arrival = f64::from(requests_per_arrival(spec));
    match spec.arrivals {
        ArrivalProcess::Poisson { rate_rps } => Some(Arrivals::poisson(rate_rps / requests_per_arrival, spec.seed)),
        ArrivalProcess::Constant { rate_rps } => Some(Arrivals::constant(rate_rps / requests_per_arrival)),
        ArrivalProcess::Closed => None,
    }
}

/// How many of `count` things are the `worker`-th worker's.
pub(super) fn share_of(count: u64, worker: u32, workers: u32) -> u64 {
    let (worker, workers) = (u64::from(worker), u64::from(workers));
    count / workers + u64::from(worker < count % workers)
}
