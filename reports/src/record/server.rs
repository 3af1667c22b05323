//! What the server of a cell used, over its life, over time and at each stage of held connections; and what was seen of it
//! from inside: its own answers, and what the system keeps of its threads.
//!
//! Times are in nanoseconds; `at_ns` counts from the start of the cell's load, totals from the start of the server. The
//! server and the system are asked by one thread and read at moments of their own, so each has its time. Beside it:
//! `cell.rs`, which holds these.

use serde::{Deserialize, Serialize};

/// What the server used. Totals are of its whole life.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct ServerUsage {
    /// Its process id.
    pub pid: Option<u32>,
    /// CPU time of all its threads within the window, by the process's own CPU clock.
    pub window_cpu_ns: Option<u64>,
    /// User CPU time of its life, from the reaped process.
    pub user_cpu_ns: Option<u64>,
    /// System CPU time of its life, from the reaped process.
    pub system_cpu_ns: Option<u64>,
    /// Voluntary context switches of its life, all threads, from the reaped process.
    pub voluntary_switches: Option<u64>,
    /// Involuntary context switches of its life, all threads, from the reaped process.
    pub involuntary_switches: Option<u64>,
    /// Greatest resident size (VmHWM).
    pub peak_resident_bytes: Option<u64>,
    /// Most threads seen in a sample.
    pub peak_threads: Option<u64>,
    /// When it was found dead in the middle, or gone after it was told to stop there; absent where it lived to the end of the
    /// load.
    #[serde(default)]
    pub died_at_ns: Option<u64>,
    /// Times that a connect met a full accept queue while it ran, of any server in its network namespace (ListenOverflows).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub listen_overflows: Option<u64>,
    /// What the server counted itself and said when it stopped.
    pub counters: Option<ServerCounters>,
    /// How its runtime asked the kernel for I/O, where that depends on what the kernel allows: `io_uring` or `epoll`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub driver: Option<String>,
}

/// What a server counted itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct ServerCounters {
    /// Connections accepted.
    pub accepted: u64,
    /// Failed accepts, such as for want of a descriptor.
    pub accept_errors: u64,
    /// Connections lost because no thread could be spawned for them.
    pub spawn_errors: u64,
    /// Requests whose reply was written.
    pub requests_served: u64,
    /// Requests that were refused with an Error reply.
    pub requests_refused: u64,
    /// Requests answered with an Error reply since the backend that they call did not answer.
    #[serde(default)]
    pub backend_errors: u64,
    /// Connections that the server closed since no byte came for as long as it was told to wait.
    #[serde(default)]
    pub idle_timeouts: u64,
    /// Connections that the server closed since a request was not whole in the time it was told to give.
    #[serde(default)]
    pub frame_deadlines: u64,
    /// Times that the server stopped accepting since as many connections as allowed were open.
    #[serde(default)]
    pub limit_waits: u64,
}

/// The server at one moment.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Sample {
    /// When.
    pub at_ns: u64,
    /// Pages in memory (VmRSS).
    pub resident_bytes: u64,
    /// Page tables (VmPTE).
    pub page_table_bytes: u64,
    /// Kernel stacks: threads times the stack of one.
    pub kernel_stack_bytes: u64,
    /// Address space (VmSize): never memory in use.
    pub virtual_bytes: u64,
    /// Threads.
    pub threads: u64,
    /// CPU time of all threads since the process began.
    pub cpu_ns: u64,
}

/// The server at one stage of a cell that holds connections, once it had come to rest.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Stage {
    /// What the connections were doing.
    pub phase: Phase,
    /// Connections held open by the generator.
    pub connections: u64,
    /// Of these, how many got an answer to the one request they sent; absent where none was sent.
    pub answered: Option<u64>,
    /// Memory and threads.
    pub sample: Sample,
    /// Bytes in the server's socket buffers; absent where the kernel does not tell.
    pub socket_buffer_bytes: Option<u64>,
    /// Whether memory and threads had stopped changing when the sample was taken.
    pub settled: bool,
}

/// What held connections were doing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case")]
pub enum Phase {
    /// Opened, not a byte sent.
    Idle,
    /// One request each.
    AfterRequest,
    /// All closed again.
    Closed,
}

/// What was seen of a server's inside.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct InsideRecord {
    /// Its answers, in the order of their times.
    pub answers: Vec<InsideAnswer>,
    /// How often a question had no answer yet when the next one was due: the server was stopped, or its CPU was taken.
    pub unanswered: u64,
    /// Its threads, as the system sees them. None where the system does not tell, or there were too many to read.
    pub threads: Vec<ThreadTimes>,
}

/// What a server says of itself.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
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
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
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
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
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
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
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
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
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
