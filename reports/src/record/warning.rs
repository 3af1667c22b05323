//! What a reader must know before believing a number: typed, and saved with the record.
//!
//! Beside it: `workers.rs`, doubts of several machines; `../words/doubts.rs`, what each says and what to do about it.

use serde::{Deserialize, Serialize};

use super::{BusyStart, Throttled, Unobserved, WorkerDoubt};

/// A doubt about a cell or a run.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
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
    /// The generator took the last few requests in a thousand up so late that the p99.9 tells of it and not of the server.
    TailLag {
        /// 99.9th percentile of the schedule lag.
        lag_p99_9_ns: u64,
        /// The most that the reported p99.9 allows.
        allowed_ns: u64,
    },
    /// There were more polling generator threads than CPUs for them, so that they slept instead.
    PollingGaveWay {
        /// Generator threads.
        threads: u32,
        /// CPUs that they may run on.
        cpus: u32,
    },
    /// In closed loop something stood still for long, and the percentiles do not show it: nothing was asked meanwhile.
    StallHidden {
        /// The longest service time.
        longest_ns: u64,
        /// 99th percentile of the service time.
        p99_ns: u64,
    },
    /// Not one request got a right reply.
    NothingRight,
    /// The server sent what nobody had asked for, so that which reply answers which request can't be known.
    SurplusReplies {
        /// How often.
        count: u64,
    },
    /// A generator worker had its CPU too busy to be trusted.
    GeneratorSaturated {
        /// Its share of its CPU, 0 to 1.
        busiest_worker: f64,
    },
    /// The backend answered calls late, compared with what is reported.
    BackendLag {
        /// 99th percentile of its lag.
        lag_p99_ns: u64,
        /// The most that the reported times allow.
        allowed_ns: u64,
    },
    /// The backend answered clients late who ask again when they are answered: they would have asked more.
    BackendSlowedClients {
        /// Mean of its lag.
        mean_lag_ns: u64,
        /// Mean time from a request to its reply, in which that is.
        mean_service_time_ns: u64,
    },
    /// The backend had its CPU too busy to be trusted.
    BackendSaturated {
        /// Its share of one CPU, 0 to 1.
        busy: f64,
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
    /// A thread that was due on the generator's CPUs got its CPU late, so that whatever ran there was held up.
    Hiccup {
        /// The worst of them.
        max_hiccup_ns: u64,
        /// What is still taken for quiet.
        allowed_ns: u64,
    },
    /// A CPU quota stopped the load generator.
    GeneratorThrottled(Throttled),
    /// A CPU quota stopped the server.
    ServerThrottled(Throttled),
    /// The machine was suspended in the middle.
    Suspended {
        /// For how long.
        suspended_ns: u64,
    },
    /// The machine or the server could not be observed: it is not known to have been quiet.
    NotObserved {
        /// What of it.
        what: Unobserved,
        /// Why, as a clause.
        reason: String,
    },
    /// Others used the machine when the run was about to begin.
    BusyStart(BusyStart),
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
    /// A contender takes no part in an experiment that is run, or none could and it is not run.
    LeftOut {
        /// Its label.
        contender: String,
        /// Which experiment.
        experiment: String,
        /// A clause.
        reason: String,
    },
    /// Of a load that other machines sent.
    OfWorkers(WorkerDoubt),
}

/// What a warning does to a cell.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Gravity {
    /// The cell is invalid.
    Invalidates,
    /// The machine was not quiet.
    Machine,
    /// Both.
    MachineInvalidates,
    /// It is said, and nothing else.
    Remark,
}

impl Gravity {
    pub(super) fn invalidates(self) -> bool {
        matches!(self, Gravity::Invalidates | Gravity::MachineInvalidates)
    }
}

impl Warning {
    /// Whether a cell with this warning is invalid: shown hollow and left out of every ranking.
    pub fn invalidates(&self) -> bool {
        self.gravity().invalidates()
    }

    /// Whether it is the machine's doing, whatever ran on it: on a cell with such a warning no claim rests. A limit that
    /// was there all along is none of these.
    pub fn is_of_the_machine(&self) -> bool {
        matches!(self.gravity(), Gravity::Machine | Gravity::MachineInvalidates)
    }

    pub(super) fn gravity(&self) -> Gravity {
        match self {
            Warning::GeneratorFellBehind { .. }
            | Warning::ScheduleLag { .. }
            | Warning::GeneratorSaturated { .. }
            | Warning::BackendLag { .. }
            | Warning::BackendSlowedClients { .. }
            | Warning::BackendSaturated { .. }
            | Warning::NothingRight
            | Warning::SurplusReplies { .. }
            | Warning::ServerDied { .. }
            | Warning::CheckFailed { .. } => Gravity::Invalidates,
            Warning::GeneratorThrottled(_) => Gravity::MachineInvalidates,
            Warning::NoisyMachine { .. }
            | Warning::BusyStart(_)
            | Warning::Hiccup { .. }
            | Warning::ServerThrottled(_)
            | Warning::Suspended { .. } => Gravity::Machine,
            Warning::NotObserved { what, .. } if what.leaves_the_machine_unseen() => Gravity::Machine,
            Warning::OfWorkers(doubt) => doubt.gravity(),
            Warning::TailLag { .. }
            | Warning::PollingGaveWay { .. }
            | Warning::StallHidden { .. }
            | Warning::MachineLimit { .. }
            | Warning::ServerTurnedAway { .. }
            | Warning::NotSettled { .. }
            | Warning::ServerKilled
            | Warning::NotObserved { .. }
            | Warning::LeftOut { .. } => Gravity::Remark,
        }
    }
}
