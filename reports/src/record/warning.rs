//! What a reader must know before believing a number: typed, saved with the record, each with what to do about it.

use serde::{Deserialize, Serialize};

use super::{BusyStart, Throttled, Unobserved, WorkerDoubt};
use crate::format::{self, Unit};

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
enum Gravity {
    /// The cell is invalid.
    Invalidates,
    /// The machine was not quiet.
    Machine,
    /// Both.
    MachineInvalidates,
    /// It is said, and nothing else.
    Remark,
}

impl Warning {
    /// Whether a cell with this warning is invalid: shown hollow and left out of every ranking.
    pub fn invalidates(&self) -> bool {
        matches!(self.gravity(), Gravity::Invalidates | Gravity::MachineInvalidates)
    }

    /// Whether it is the machine's doing, whatever ran on it: on a cell with such a warning no claim rests. A limit that
    /// was there all along is none of these.
    pub fn is_of_the_machine(&self) -> bool {
        matches!(self.gravity(), Gravity::Machine | Gravity::MachineInvalidates)
    }

    fn gravity(&self) -> Gravity {
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
            Warning::OfWorkers(doubt) => match (doubt.invalidates(), doubt.is_of_the_machine()) {
                (true, true) => Gravity::MachineInvalidates,
                (true, false) => Gravity::Invalidates,
                (false, true) => Gravity::Machine,
                (false, false) => Gravity::Remark,
            },
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

    /// What is doubtful, as a sentence without its stop.
    pub fn describe(&self) -> String {
        let time = |ns: &u64| Unit::Nanoseconds.show(*ns as f64);
        match self {
            Warning::GeneratorFellBehind { kept_pace } => {
                format!("the load generator took up only {} of its schedule", format::share(*kept_pace))
            }
            Warning::ScheduleLag { lag_p99_ns, allowed_ns } => {
                format!("the generator sent late: p99 of the lag {}, allowed {}", time(lag_p99_ns), time(allowed_ns))
            }
            Warning::TailLag { lag_p99_9_ns, allowed_ns } => format!(
                "the p99.9 tells more of the generator than of the server: p99.9 of the lag {}, allowed {}",
                time(lag_p99_9_ns),
                time(allowed_ns)
            ),
            Warning::PollingGaveWay { threads, cpus } => format!(
                "{} would poll on {}, so they slept instead and send some 50 us late",
                format::counted(u64::from(*threads), "generator thread"),
                format::counted(u64::from(*cpus), "CPU")
            ),
            Warning::StallHidden { longest_ns, p99_ns } => format!(
                "a reply took {} where the p99 is {}: a closed loop asks nothing while it waits, so percentiles hide a stop",
                time(longest_ns),
                time(p99_ns)
            ),
            Warning::NothingRight => "no request got a right reply".into(),
            Warning::SurplusReplies { count } => {
                format!("the server sent more than it was asked for, {}", format::counted(*count, "time"))
            }
            Warning::GeneratorSaturated { busiest_worker } => {
                format!("the busiest generator thread used {} of its CPU", format::share(*busiest_worker))
            }
            Warning::BackendLag { lag_p99_ns, allowed_ns } => format!(
                "the backend answered calls late: p99 of its lag {}, allowed {}",
                time(lag_p99_ns),
                time(allowed_ns)
            ),
            Warning::BackendSlowedClients { mean_lag_ns, mean_service_time_ns } => format!(
                "the backend answered calls late: by {} of the {} that a request took, both on average",
                time(mean_lag_ns),
                time(mean_service_time_ns)
            ),
            Warning::BackendSaturated { busy } => format!("the backend used {} of a CPU", format::share(*busy)),
            Warning::ServerDied { how } => format!("the server ended in the middle: {how}"),
            Warning::CheckFailed { check, detail } => format!("the check {check:?} did not hold: {detail}"),
            Warning::MachineLimit { limit, consequence, .. } => format!("{limit} of this machine: {consequence}"),
            Warning::NoisyMachine { what } => format!("others used the machine: {what}"),
            Warning::Hiccup { max_hiccup_ns, allowed_ns } => format!(
                "a thread of the harness got its CPU {} late at worst, where {} is allowed",
                time(max_hiccup_ns),
                time(allowed_ns)
            ),
            Warning::GeneratorThrottled(throttled) => throttled_by_quota("the load generator", *throttled),
            Warning::ServerThrottled(throttled) => throttled_by_quota("the server", *throttled),
            Warning::Suspended { suspended_ns } => {
                format!("the machine was suspended for {} in the middle", time(suspended_ns))
            }
            Warning::NotObserved { what, reason } => format!("{} could not be observed: {reason}", what.subject()),
            Warning::BusyStart(busy) => {
                format!("the machine was busy when the run began, and others used {}", busy.words())
            }
            Warning::ServerTurnedAway { accept_errors, spawn_errors } => format!(
                "the server failed to accept {} times and to spawn a thread {} times",
                format::count(*accept_errors),
                format::count(*spawn_errors)
            ),
            Warning::NotSettled { connections } => {
                format!("memory was still changing at {}", format::counted(*connections, "connection"))
            }
            Warning::ServerKilled => "the server did not stop when told to, and was killed".into(),
            Warning::LeftOut { contender, experiment, reason } => {
                format!("in {experiment}, {contender} was not run: {reason}")
            }
            Warning::OfWorkers(doubt) => doubt.describe(),
        }
    }

    /// What the reader can do about it, as a sentence without its stop.
    pub fn remedy(&self) -> String {
        match self {
            Warning::GeneratorFellBehind { .. } | Warning::GeneratorSaturated { .. } => {
                "lower the offered load, give the generator more CPUs, or send from other machines too (--load-from)"
                    .into()
            }
            Warning::BackendSlowedClients { .. } | Warning::BackendSaturated { .. } => {
                "lower the offered load or give the generator more CPUs".into()
            }
            Warning::ScheduleLag { .. }
            | Warning::TailLag { .. }
            | Warning::BackendLag { .. }
            | Warning::NoisyMachine { .. }
            | Warning::Hiccup { .. } => {
                "stop other programs, or use a machine that is not shared, and run again".into()
            }
            Warning::GeneratorThrottled(_) | Warning::ServerThrottled(_) => {
                "raise the quota (cpu.max, or cpu.cfs_quota_us in version 1), or run outside of that control group"
                    .into()
            }
            Warning::Suspended { .. } => "keep the machine awake, and run again".into(),
            Warning::NotObserved { what, .. } => what.remedy().into(),
            Warning::PollingGaveWay { .. } => "give it no more threads than there are CPUs, or let it sleep".into(),
            Warning::StallHidden { .. } => {
                "offer a fixed rate, which goes on through a stop and shows what it costs".into()
            }
            Warning::NothingRight => "see what became of the requests; none of the figures means anything".into(),
            Warning::SurplusReplies { .. } => {
                "mend the server: it writes a reply twice, or one longer than it says".into()
            }
            Warning::ServerDied { .. } => "read the end of its standard error in the file of the measurement".into(),
            Warning::CheckFailed { .. } => "do not use the figures; report the check with all of them".into(),
            Warning::MachineLimit { remedy, .. } => remedy.clone(),
            Warning::BusyStart(busy) => busy.remedy(),
            Warning::ServerTurnedAway { .. } => "raise the limit of open files or of threads".into(),
            Warning::NotSettled { .. } => "read its memory as an estimate, or run again on a quieter machine".into(),
            Warning::ServerKilled => "nothing, if its figures were taken before; they were".into(),
            Warning::LeftOut { .. } => "nothing: no other experiment is touched by it".into(),
            Warning::OfWorkers(doubt) => doubt.remedy(),
        }
    }
}

fn throttled_by_quota(who: &str, throttled: Throttled) -> String {
    format!(
        "a CPU quota stopped {who} in {}, for {} of CPU time in all",
        format::counted(throttled.periods, "period"),
        Unit::Nanoseconds.show(throttled.stopped_ns as f64)
    )
}
