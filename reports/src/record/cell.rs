//! One cell: one contender at one load point, once, on a fresh server process.
//!
//! All times are on the machine's monotonic clock, in nanoseconds. `_ns` fields named `at_ns` count from the start
//! of the cell's load, which is the start of its warm-up. What was not measured is absent, never zero.
//! Beside it: `traffic.rs` (the generator's side), `server.rs` (the server's) and `noise.rs` (the machine's).

use serde::{Deserialize, Serialize};

use super::{
    Bound, DisturbanceRecord, GeneratorUsage, HistogramRecord, InsideRecord, Noise, PlacementRecord, SCHEMA_VERSION,
    Sample, ServerUsage, Stage, Traffic, Warning, WorkerRecord,
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
    /// How often it was run: again while others used the machine, a few times at most, whatever the result; a probe also
    /// where it had no reply. The last one is kept.
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

impl Load {
    /// The end of the window, since the start of the load.
    pub fn end_ns(&self) -> u64 {
        self.warm_up_ns.saturating_add(self.window_ns)
    }
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

/// The backend within the window, whoever called it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct BackendUsage {
    /// Calls answered.
    pub calls: u64,
    /// How late answers were: from when each was due until it had been handed to the system.
    pub lag: HistogramRecord,
    /// CPU time of its thread, in nanoseconds.
    pub cpu_ns: u64,
    /// Its share of one CPU, polling left out, 0 to 1.
    pub busy: f64,
}
