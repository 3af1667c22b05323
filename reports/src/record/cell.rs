//! One cell: one contender at one load point, once, on a fresh server process.
//!
//! All times are on the machine's monotonic clock, in nanoseconds. `_ns` fields named `at_ns` count from the start
//! of the cell's load, which is the start of its warm-up. What was not measured is absent, never zero.
//! Beside it: `traffic.rs` (the generator's side) and `server.rs` (the server's).

use serde::{Deserialize, Serialize};

use super::{Bound, Disturbance, GeneratorUsage, Inside, Noise, Sample, ServerUsage, Stage, Traffic, Warning};

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
    /// The value of the variable that the experiment sweeps, where that is not the offered load.
    #[serde(default)]
    pub variation: Option<f64>,
    /// What was done to the server beside this load, which is then the probe.
    #[serde(default)]
    pub disturbance: Option<Disturbance>,
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
    /// What the server used.
    #[serde(default)]
    pub server: ServerUsage,
    /// The server over time.
    #[serde(default)]
    pub samples: Vec<Sample>,
    /// The server from inside over time; absent where nobody looked.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub inside: Option<Inside>,
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
}
