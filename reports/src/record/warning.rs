//! What a reader must know before believing a number: typed, saved with the record, each with what to do about it.

use serde::{Deserialize, Serialize};

/// A doubt about a cell or a run.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Warning {
    /// The generator did not keep to its schedule.
    GeneratorFellBehind {
        /// Arrivals taken up by the end of the window, over all, 0 to 1.
        kept_pace: f64,
    },
    /// The generator took requests up late, compared with what is reported.
    ScheduleLag {
        /// 99th percentile of the schedule lag.
        lag_p99_ns: u64,
        /// The most that the reported response times allow.
        allowed_ns: u64,
    },
    /// A generator worker had its CPU too busy to be trusted.
    GeneratorSaturated {
        /// Its share of its CPU, 0 to 1.
        busiest_worker: f64,
    },
    /// Too few samples for a percentile.
    TooFewSamples {
        /// `p99`.
        percentile: String,
        /// Samples there are.
        samples: u64,
        /// Samples it takes.
        needed: u64,
    },
    /// The server ended in the middle.
    ServerDied {
        /// Signal or exit status.
        how: String,
    },
    /// An algebraic check did not hold.
    CheckFailed {
        /// Which.
        check: String,
        /// What it says.
        detail: String,
    },
    /// A limit of the machine, not of the model, bounded the cell or the plan.
    MachineLimit {
        /// Which.
        limit: String,
        /// What was done about it.
        consequence: String,
        /// The command that raises it.
        remedy: String,
    },
    /// Others used the machine.
    NoisyMachine {
        /// Which measure of noise, in words with its value.
        what: String,
    },
    /// The server could not accept or could not spawn.
    ServerTurnedAway {
        /// Failed accepts.
        accept_errors: u64,
        /// Threads that could not be spawned.
        spawn_errors: u64,
    },
    /// The server had not come to rest when memory was read.
    NotSettled {
        /// Connections held at that stage.
        connections: u64,
    },
    /// The server did not end when it was told to, and was killed.
    ServerKilled,
}

impl Warning {
    /// Whether a cell with this warning is invalid: shown hollow and left out of every ranking.
    pub fn invalidates(&self) -> bool {
        match self {
            Warning::GeneratorFellBehind { .. }
            | Warning::ScheduleLag { .. }
            | Warning::GeneratorSaturated { .. }
            | Warning::ServerDied { .. }
            | Warning::CheckFailed { .. } => true,
            Warning::TooFewSamples { .. }
            | Warning::MachineLimit { .. }
            | Warning::NoisyMachine { .. }
            | Warning::ServerTurnedAway { .. }
            | Warning::NotSettled { .. }
            | Warning::ServerKilled => false,
        }
    }
}
