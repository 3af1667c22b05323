//! What is doubtful in a run or a cell, and what a reader can do about it.
//!
//! Must not know: who asks. Beside it: `../record/warning.rs` and `../record/workers.rs`, which have the kinds.

use crate::format::{self, Unit};
use crate::record::{Throttled, Warning, WorkerDoubt};

impl Warning {
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

impl WorkerDoubt {
    /// What is doubtful, as a sentence without its stop.
    pub fn describe(&self) -> String {
        let time = |ns: u64| Unit::Nanoseconds.show(ns as f64);
        match self {
            WorkerDoubt::Lost { who, reason, requests } => format!(
                "{who} was lost: {reason}; the {} of its part count as never sent",
                format::counted(*requests, "request")
            ),
            WorkerDoubt::StartSkew { skew_ns, allowed_ns } => {
                format!("the workers may have begun {} apart, where {} is allowed", time(*skew_ns), time(*allowed_ns))
            }
            WorkerDoubt::Drift { who, ppm, most_ppm } => format!(
                "the clock of {who} differs from this machine's by {ppm:.0} parts per million, where clocks that are kept in \
                 time differ by {most_ppm:.0} at most; its times and its rate are off by as much"
            ),
            WorkerDoubt::DriftUnknown { who, reason } => format!(
                "the clock of {who} could not be read after the load, so that nobody knows how fast it runs: {reason}"
            ),
            WorkerDoubt::Apart { who, p50_ns, others_ns: (least_ns, most_ns) } => format!(
                "the p50 of {who} is {}, and the others say {}",
                time(*p50_ns),
                Unit::Nanoseconds.range(*least_ns as f64, *most_ns as f64)
            ),
            WorkerDoubt::OtherBuild { who } => format!("{who} runs another build of harness than this"),
            WorkerDoubt::OfMachine { who, warning } => format!("{who}: {}", warning.describe()),
        }
    }

    /// What the reader can do about it, as a sentence without its stop.
    pub fn remedy(&self) -> String {
        match self {
            WorkerDoubt::StartSkew { .. } => {
                "use machines with a shorter way to this one, or start it from a machine next to them".into()
            }
            WorkerDoubt::Lost { .. } | WorkerDoubt::DriftUnknown { .. } => {
                "see what happened there, and run again".into()
            }
            WorkerDoubt::Drift { .. } => "leave that machine out".into(),
            WorkerDoubt::Apart { .. } => "see whether that machine is busier or further away, or leave it out".into(),
            WorkerDoubt::OtherBuild { .. } => "put the same on all machines".into(),
            WorkerDoubt::OfMachine { warning, .. } => warning.remedy(),
        }
    }
}
