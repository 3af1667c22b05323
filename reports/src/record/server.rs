//! What the server of a cell used: over its life, over time and at each stage of held connections.
//!
//! Times are in nanoseconds; `at_ns` counts from the start of the cell's load. Beside it: `cell.rs`, which holds these.

use serde::{Deserialize, Serialize};

/// What the server used. Totals are of its whole life.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
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
    /// When it was found dead in the middle; absent where it lived until it was stopped.
    #[serde(default)]
    pub died_at_ns: Option<u64>,
    /// What the server counted itself and said when it stopped.
    pub counters: Option<ServerCounters>,
}

/// What a server counted itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
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
#[serde(rename_all = "kebab-case")]
pub enum Phase {
    /// Opened, not a byte sent.
    Idle,
    /// One request each.
    AfterRequest,
    /// All closed again.
    Closed,
}
