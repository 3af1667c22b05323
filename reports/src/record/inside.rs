//! The server of a cell from inside: what it answered when it was asked, and what the system keeps of its threads.
//!
//! The two are asked by one thread and read at moments of their own, so each has its time. `at_ns` counts from the start
//! of the cell's load, like all samples; the totals count from the start of the server. Beside it: `server.rs`.

use serde::{Deserialize, Serialize};

/// What was seen of a server's inside.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Inside {
    /// Its answers, in the order of their times.
    pub answers: Vec<InsideAnswer>,
    /// How often a question had no answer yet when the next one was due: the server was stopped, or its CPU was taken.
    pub unanswered: u64,
    /// Its threads, as the system sees them. None where the system does not tell, or there were too many to read.
    pub threads: Vec<ThreadTimes>,
}

/// What a server says of itself.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct InsideAnswer {
    /// When, by the server's own reading of the clock.
    pub at_ns: u64,
    /// Connections accepted and not closed yet.
    pub open_connections: u64,
    /// Of these, the ones that no thread and no task has begun to serve.
    pub waiting_connections: u64,
    /// Requests read and understood since the start.
    pub requests_begun: u64,
    /// Requests whose reply was put together since the start, refusals included.
    pub requests_ended: u64,
    /// Calls of accept that failed since the start.
    pub accept_errors: u64,
    /// The runtime; absent where tasks have no part in it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub runtime: Option<RuntimeAnswer>,
    /// CPU time of the thread that answers, which serves nobody.
    pub own_cpu_ns: u64,
}

/// What a runtime says of itself.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct RuntimeAnswer {
    /// Tasks that have not ended.
    pub alive_tasks: u64,
    /// Tasks ready to run in the queue that all workers share.
    pub global_queue_depth: u64,
    /// Its workers.
    pub workers: Vec<WorkerAnswer>,
    /// What only a runtime tells that was built with `--cfg tokio_unstable`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub unstable: Option<UnstableAnswer>,
}

/// What an unstable runtime tells, since its start and of all workers together.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct UnstableAnswer {
    /// Tasks that a worker took from another's queue.
    pub stolen_tasks: u64,
    /// For how long tasks were polled: of each part of a histogram that is not empty, its upper end and its count.
    pub poll_times: Vec<(u64, u64)>,
    /// For how long tasks that were ready waited to be polled, likewise.
    pub schedule_latencies: Vec<(u64, u64)>,
}

/// What a runtime says of a worker.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct WorkerAnswer {
    /// Time spent on tasks since the start. It stands still while a task blocks or computes.
    pub busy_ns: u64,
    /// Times it has parked since the start.
    pub parks: u64,
    /// Whether it is parked, with nothing to do.
    pub is_parked: bool,
    /// For how long at least it has neither parked nor brought its busy time up to date; zero while parked.
    pub still_ns: u64,
}

/// The threads of a server since their starts. One that has ended counts as it was last seen, and one that came and went
/// between two readings not at all.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct ThreadTimes {
    /// When.
    pub at_ns: u64,
    /// How many there are.
    pub threads: u64,
    /// Time in which they ran.
    pub ran_ns: u64,
    /// Time in which they could have run and waited for a CPU.
    pub waited_ns: u64,
    /// Times that one of them was given a CPU.
    pub times_run: u64,
    /// CPU time of the whole process, by its own clock: threads that were never seen are in it.
    pub process_cpu_ns: u64,
}
