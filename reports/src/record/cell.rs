//! One cell: one contender at one load point, once, on a fresh server process.
//!
//! All times are on the machine's monotonic clock, in nanoseconds. `_ns` fields named `at_ns` count from the start
//! of the cell's load, which is the start of its warm-up. What was not measured is absent, never zero.

use serde::{Deserialize, Serialize};

use super::{HistogramRecord, Warning};

/// A file under `cells/`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Cell {
    /// See [`super::SCHEMA_VERSION`].
    pub schema_version: u32,
    /// Unique within the run; the file's name without its ending. Letters, digits, `-`, `_` and `.` only.
    pub id: String,
    /// Name of its experiment.
    pub experiment: String,
    /// Key of its workload.
    pub workload: String,
    /// Label of its contender.
    pub contender: String,
    /// Which repetition, from 0.
    pub block: u32,
    /// Position in the order of the run, from 0.
    pub order: u32,
    /// How often it was run: again while others used the machine, a few times at most, whatever the result. The last
    /// one is kept.
    #[serde(default = "one")]
    pub attempts: u32,
    /// Why the cell was run.
    pub purpose: Purpose,
    /// What was asked of the generator.
    pub load: Load,
    /// Start of the cell, since the start of the run.
    pub started_at_ns: u64,
    /// Start of the cell to its server's end.
    pub elapsed_ns: u64,
    /// How it ended.
    pub outcome: Outcome,
    /// What a reader must know before believing it.
    #[serde(default)]
    pub warnings: Vec<Warning>,
    /// What the generator sent and got; absent where no load was run.
    #[serde(default)]
    pub traffic: Option<Traffic>,
    /// What the generator itself used.
    #[serde(default)]
    pub generator: Option<GeneratorUsage>,
    /// What the server used.
    #[serde(default)]
    pub server: ServerUsage,
    /// The server over time.
    #[serde(default)]
    pub samples: Vec<Sample>,
    /// The server at each stage of a cell that holds connections.
    #[serde(default)]
    pub stages: Vec<Stage>,
    /// What else went on on the machine.
    #[serde(default)]
    pub noise: Noise,
}

fn one() -> u32 {
    1
}

/// Why a cell was run.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Purpose {
    /// A point of a picture.
    Measure,
    /// A closed-loop probe from which the offered loads were chosen. It has no response time.
    CapacityProbe,
}

/// What was asked of the generator.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Load {
    /// When requests or sessions are due.
    pub arrivals: Arrivals,
    /// What one connection does.
    pub shape: Shape,
    /// Requests per second that the schedule holds on average; absent in closed loop and where connections are
    /// only held.
    pub offered_load_rps: Option<f64>,
    /// `request_message` and `parameter` of the requests, `sleep 5ms`.
    pub work: String,
    /// Seed of the arrivals, the same for every contender.
    pub seed: u64,
    /// Scheduled during this time, and not recorded.
    pub warm_up_ns: u64,
    /// The measurement window: what is scheduled in it is recorded.
    pub window_ns: u64,
    /// A request without a reply this long after its intended start has timed out.
    pub timeout_ns: u64,
}

/// An arrival process.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Arrivals {
    /// Exponential gaps.
    Poisson,
    /// Equal gaps.
    Constant,
    /// The next as soon as the last has ended: capacity only.
    Closed,
    /// Connections that are opened and held, with no schedule of requests.
    Held,
}

/// What one connection does.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Shape {
    /// Connections stay open; `connections` of them.
    Connections {
        /// How many.
        connections: u32,
    },
    /// Connect, send `requests` one after another, then CloseConnection.
    Sessions {
        /// Requests of one session.
        requests: u32,
        /// Pause between a reply and the next request.
        think_time_ns: u64,
        /// Simultaneous sessions; in open load the most that may be under way at once.
        concurrent: u32,
    },
}

/// How a cell ended.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Outcome {
    /// As planned.
    Completed,
    /// The server could not be started, or died.
    Failed {
        /// One sentence, with the signal or exit status.
        reason: String,
        /// The end of what the server wrote to its standard error.
        stderr: String,
    },
    /// Stopped by a signal to the harness.
    Interrupted,
}

/// What the generator sent and got in the measurement window.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Traffic {
    /// What became of every request that was scheduled in the window.
    pub ledger: Ledger,
    /// Correct replies that arrived within the window, whenever they were scheduled: the achieved throughput is
    /// this over the window.
    pub ok_within_window: u64,
    /// What became of connections and sessions in the window.
    #[serde(default)]
    pub connections: ConnectionLedger,
    /// Correct replies over the whole life of the server, warm-up included.
    pub ok_in_all: u64,
    /// Intended start to last byte of the reply; timed-out requests count as the timeout. Absent in closed loop.
    pub response_time: Option<HistogramRecord>,
    /// Send to last byte of the reply, of correct replies.
    pub service_time: HistogramRecord,
    /// Intended start to the moment the generator took the request up. Absent in closed loop.
    pub schedule_lag: Option<HistogramRecord>,
    /// Start of connect to established, of sessions.
    pub connect_time: Option<HistogramRecord>,
    /// Where the response time of correct replies went; absent where the server sends no timestamps.
    pub split: Option<TimeSplit>,
    /// Requests in the system on average, integrated over the window by counting, not from the histograms.
    pub mean_in_system: Option<f64>,
    /// Replies whose timestamps did not nest (intended, sent, server received, server sent, received).
    pub timestamps_out_of_order: u64,
    /// Response times over the window, in equal intervals.
    #[serde(default)]
    pub intervals: Vec<Interval>,
}

/// What became of every request scheduled in the window. `scheduled` equals the sum of the others, exactly.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Ledger {
    /// Requests that the schedule held in the window.
    pub scheduled: u64,
    /// Correct replies in time.
    pub ok: u64,
    /// The server answered with an error.
    pub error: u64,
    /// No reply within the timeout.
    pub timeout: u64,
    /// A reply that does not answer its request, or is none.
    pub malformed: u64,
    /// The connection was refused or reset.
    pub refused: u64,
    /// Never sent: no connection could be had for it, or its session had failed before.
    pub dropped: u64,
    /// Still without a reply when the cell ended early.
    pub in_flight: u64,
}

impl Ledger {
    /// Requests that have an end, plus those in flight; equals `scheduled` in a true ledger.
    pub fn accounted_for(&self) -> u64 {
        self.ok + self.error + self.timeout + self.malformed + self.refused + self.dropped + self.in_flight
    }

    /// Requests that did not get a correct reply in time.
    pub fn failed(&self) -> u64 {
        self.accounted_for() - self.ok
    }
}

/// What became of connections.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct ConnectionLedger {
    /// Connections that were begun.
    pub attempted: u64,
    /// Established, as seen by the client: the kernel may have done so before the server accepted.
    pub established: u64,
    /// Refused, reset, or without a local port.
    pub failed: u64,
    /// Sessions whose CloseConnection was confirmed with the right number of requests served.
    pub closed_in_agreement: u64,
    /// Sessions whose CloseConnection was not confirmed, or with another number.
    pub closed_in_disagreement: u64,
    /// Established connections that never got a single answer.
    pub never_answered: u64,
}

/// Where the response time of correct replies went; the means add up to the mean response time of correct replies.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct TimeSplit {
    /// Intended start to send: schedule lag, connecting, and waiting behind earlier requests of the connection.
    pub before_send: HistogramRecord,
    /// Send to the server's receipt: the network, the accept queue, the socket buffer, the scheduler.
    pub waiting: HistogramRecord,
    /// The server's receipt to its reply.
    pub service: HistogramRecord,
    /// The server's reply to its receipt by the generator.
    pub returning: HistogramRecord,
}

/// One interval of a window.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Interval {
    /// Its start.
    pub at_ns: u64,
    /// Correct replies whose intended start lies in it.
    pub ok: u64,
    /// Everything else that was scheduled in it.
    pub failed: u64,
    /// Their median response time; absent where there was none.
    pub p50_ns: Option<u64>,
    /// Their greatest response time.
    pub max_ns: Option<u64>,
}

/// What the generator itself used, window only.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct GeneratorUsage {
    /// Worker threads.
    pub threads: u32,
    /// User CPU time of the whole generator.
    pub user_cpu_ns: u64,
    /// System CPU time of the whole generator.
    pub system_cpu_ns: u64,
    /// Of that, time spent polling for something to do.
    pub polling_ns: u64,
    /// Busiest worker's share of its CPU, polling left out, 0 to 1.
    pub busiest_worker: f64,
    /// Scheduled arrivals that were taken up by the end of the window, over all; 1 where it kept pace.
    pub kept_pace: f64,
}

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

/// What else went on on the machine during the cell.
#[derive(Debug, Clone, Copy, PartialEq, Default, Serialize, Deserialize)]
pub struct Noise {
    /// CPU time of processes other than server and harness, as a share of all CPUs, 0 to 1.
    pub other_cpu_share: Option<f64>,
    /// CPU time that the hypervisor gave to others, as a share of all CPUs, 0 to 1.
    pub steal_share: Option<f64>,
    /// Time in which some task waited for a CPU (PSI), as a share of the time, 0 to 1.
    pub cpu_pressure_share: Option<f64>,
    /// Greatest oversleep of a thread that wakes every few milliseconds.
    pub max_hiccup_ns: Option<u64>,
    /// CPU time of the sampler itself, as a share of one CPU, 0 to 1.
    pub sampler_cpu_share: Option<f64>,
}
