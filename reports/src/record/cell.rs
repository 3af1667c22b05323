//! One cell: one contender at one load point, once, on a fresh server process; and what else went on on the machine.
//!
//! All times are on the machine's monotonic clock, in nanoseconds. `_ns` fields named `at_ns` count from the start
//! of the cell's load, which is the start of its warm-up. What was not measured is absent, never zero.
//! Beside it: `traffic.rs` (the generator's side) and `server.rs` (the server's).

use serde::{Deserialize, Serialize};

use super::{
    BackendUsage, Bound, DisturbanceRecord, GeneratorUsage, InsideRecord, PlacementRecord, SCHEMA_VERSION, Sample,
    ServerUsage, Stage, Traffic, Warning, WorkerRecord,
};

/// A file under `cells/`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Cell {
    /// Version of the schema that it keeps to.
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
    /// The value of the variable that the experiment sweeps, where that is not the offered load.
    #[serde(default)]
    pub variation: Option<f64>,
    /// Which CPUs were whose, where its task asked for others than the run's.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub placement: Option<PlacementRecord>,
    /// What was done to the server beside this load, which is then the probe.
    #[serde(default)]
    pub disturbance: Option<DisturbanceRecord>,
    /// What bounded the server.
    #[serde(default)]
    pub bounds: Vec<Bound>,
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
    /// Who sent the load, where other machines did; empty where it was sent from where the run was typed.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub workers: Vec<WorkerRecord>,
    /// The most by which the starts of the workers lie apart; absent where none were.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub start_skew_ns: Option<u64>,
    /// What the backend did that the server called; absent where it called none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub backend: Option<BackendUsage>,
    /// What the server used.
    #[serde(default)]
    pub server: ServerUsage,
    /// The server over time.
    #[serde(default)]
    pub samples: Vec<Sample>,
    /// The server from inside over time; absent where nobody looked.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub inside: Option<InsideRecord>,
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

impl Cell {
    /// A cell under this load that ended as planned, without names and of which nothing was seen yet.
    pub fn new(load: Load) -> Cell {
        Cell {
            schema_version: SCHEMA_VERSION,
            id: String::new(),
            experiment: String::new(),
            workload: String::new(),
            contender: String::new(),
            block: 0,
            order: 0,
            attempts: one(),
            purpose: Purpose::Measure,
            load,
            variation: None,
            placement: None,
            disturbance: None,
            bounds: Vec::new(),
            started_at_ns: 0,
            elapsed_ns: 0,
            outcome: Outcome::Completed,
            warnings: Vec::new(),
            traffic: None,
            generator: None,
            workers: Vec::new(),
            start_skew_ns: None,
            backend: None,
            server: ServerUsage::default(),
            samples: Vec::new(),
            inside: None,
            stages: Vec::new(),
            noise: Noise::default(),
        }
    }
}

/// Why a cell was run.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case")]
pub enum Purpose {
    /// A point of a picture.
    Measure,
    /// A closed-loop probe from which the offered loads were chosen. It has no response time.
    CapacityProbe,
}

/// What was asked of the generator.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Load {
    /// When requests or sessions are due.
    pub arrivals: ArrivalsRecord,
    /// What one connection does.
    pub shape: ShapeRecord,
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
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case")]
pub enum ArrivalsRecord {
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
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case")]
pub enum ShapeRecord {
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
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case")]
pub enum Outcome {
    /// As planned.
    Completed,
    /// The server could not be started, or died, or what measures it failed.
    Failed {
        /// Which of the two.
        #[serde(default)]
        part: FailedPart,
        /// One sentence, with the signal or exit status.
        reason: String,
        /// The end of what the server wrote to its standard error.
        stderr: String,
    },
}

/// Who is to blame for a cell that failed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case")]
pub enum FailedPart {
    /// The server: it did not start, died, or took no connections. Files that were written before this was noted say so of
    /// all failures.
    #[default]
    Server,
    /// The harness: its load generator, its backend or its supervision lacked what it needs, such as descriptors.
    Harness,
}

/// What else went on on the machine during a cell. What could not be observed is absent, and a warning of the cell says why.
#[derive(Debug, Clone, Copy, PartialEq, Default, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Noise {
    /// CPU time of processes other than server and harness, as a share of the CPUs that these may use, 0 to 1.
    pub other_cpu_share: Option<f64>,
    /// CPU time that the hypervisor gave to others, as a share of the same CPUs, 0 to 1.
    pub steal_share: Option<f64>,
    /// Time in which some task waited for a CPU (PSI), as a share of the time, 0 to 1.
    pub cpu_pressure_share: Option<f64>,
    /// Greatest oversleep of a thread that wakes every few milliseconds.
    pub max_hiccup_ns: Option<u64>,
    /// What CPU quotas stopped of the harness and its load generator.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub generator_throttled: Option<Throttled>,
    /// What CPU quotas stopped of the server.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub server_throttled: Option<Throttled>,
    /// For how long the machine was suspended: the monotonic clock stood still meanwhile.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub suspended_ns: Option<u64>,
    /// TCP segments that the kernel sent again, on any connection of the machine or container that sent the load. No verdict
    /// rests on it, and not every kernel tells.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub segments_sent_again: Option<u64>,
    /// CPU time of the sampler itself, as a share of one CPU, 0 to 1. Asking the server about its inside is in it.
    pub sampler_cpu_share: Option<f64>,
    /// CPU time of the server's thread that answers, as a share of one CPU, 0 to 1; absent where it was not asked.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub channel_cpu_share: Option<f64>,
}

/// What CPU quotas of control groups did to a process: `nr_throttled` and the time of `cpu.stat`, all groups around it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Throttled {
    /// Periods in which the quota was used up.
    pub periods: u64,
    /// For how long it stood still, each CPU for itself, in nanoseconds.
    pub stopped_ns: u64,
}

impl Throttled {
    /// What has happened since an earlier reading.
    #[must_use]
    pub fn since(self, before: Throttled) -> Throttled {
        Throttled {
            periods: self.periods.saturating_sub(before.periods),
            stopped_ns: self.stopped_ns.saturating_sub(before.stopped_ns),
        }
    }
}

/// What of the machine could not be observed, each with the field of [`Noise`] that is absent then.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case")]
pub enum Unobserved {
    /// How much CPU other programs used: `other_cpu_share`, and `steal_share`.
    OtherPrograms,
    /// Whether a thread that was due got its CPU: `max_hiccup_ns`.
    Hiccups,
    /// Whether a CPU quota stopped the generator: `generator_throttled`.
    GeneratorQuota,
    /// Whether a CPU quota stopped the server: `server_throttled`.
    ServerQuota,
    /// Whether the machine was suspended: `suspended_ns`.
    Suspension,
    /// The server itself, over time: it has no samples.
    Server,
    /// All of the machine: nobody watched it.
    Machine,
}

impl Unobserved {
    /// As the subject of a sentence that ends with "could not be observed".
    pub fn subject(self) -> &'static str {
        match self {
            Unobserved::OtherPrograms => "how much CPU other programs used",
            Unobserved::Hiccups => "whether threads got their CPU in time",
            Unobserved::GeneratorQuota => "whether a CPU quota stopped the load generator",
            Unobserved::ServerQuota => "whether a CPU quota stopped the server",
            Unobserved::Suspension => "whether the machine was suspended",
            Unobserved::Server => "the server's memory and threads over time",
            Unobserved::Machine => "what else went on on the machine",
        }
    }

    /// What the reader can do about it, as a sentence without its stop.
    pub(crate) fn remedy(self) -> &'static str {
        match self {
            Unobserved::OtherPrograms => "measure for 200 ms or longer, where /proc/stat can be read",
            Unobserved::Hiccups => "allow the harness more threads, and its CPUs",
            Unobserved::GeneratorQuota | Unobserved::ServerQuota => {
                "mount the control groups where the harness runs (/sys/fs/cgroup), or run it outside of the container"
            }
            Unobserved::Suspension => "look at the machine's log for a suspend",
            Unobserved::Server => "allow the harness more threads, and to read /proc of the server",
            Unobserved::Machine => "see with another program whether the machine was quiet",
        }
    }

    /// Whether anything may have happened to the machine that is seen nowhere else. A quota that stops a thread is also seen
    /// as a thread that gets its CPU late.
    pub(crate) fn leaves_the_machine_unseen(self) -> bool {
        match self {
            Unobserved::OtherPrograms | Unobserved::Hiccups | Unobserved::Suspension | Unobserved::Machine => true,
            Unobserved::GeneratorQuota | Unobserved::ServerQuota | Unobserved::Server => false,
        }
    }
}
