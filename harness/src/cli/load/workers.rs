//! A load that workers on other machines send: what was typed of them, what each says, and what speaks against that.
//!
//! Times of two machines are never subtracted here. What a worker says of its start is on this machine's clock already,
//! within the bound that stands beside it. Beside it: `machines/fleet.rs`, which runs them.

use std::time::Duration;

use reports::format::{self, Unit};
use reports::record::{Ledger, Noise, PlacementKind, Warning};
use serde::Serialize;

use super::args::LoadArgs;
use super::times::{Bounded, LoadTimes, Percentiles};
use crate::cli::output::usage;
use crate::cli::servers::{find_program, split_words};
use crate::load::LoadPart;
use crate::machines::{Drift, FleetOutcome, MOST_PPM, WorkerCommand, WorkerOutcome, WorkerPart, allowed_skew_ns};
use crate::plan::{LoadSpec, PlanError};
use crate::run::machine_doubts;

/// The commands that were typed, each with our program as it is found over there.
///
/// # Errors
/// Where one can't be read or found, and where there are more of them than connections.
pub(super) fn commands(args: &LoadArgs, spec: &LoadSpec) -> Result<Vec<WorkerCommand>, PlanError> {
    if args.load_from.len() > spec.peak_connections() as usize {
        return usage("there are more --load-from than connections, and each needs one; give more --connections");
    }
    let command = |text: &String| {
        let mut words = split_words(text).map_err(|error| PlanError::Usage(format!("--load-from: {error}")))?;
        find_program("--load-from", &words)?;
        words.extend([args.worker_program.clone(), "worker".to_owned()]);
        Ok(WorkerCommand { text: text.clone(), words })
    };
    args.load_from.iter().map(command).collect()
}

/// What one worker says.
#[derive(Debug, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(super) struct WorkerFindings {
    /// From 1, in the order in which they were typed.
    pub(super) number: usize,
    command: String,
    host: String,
    version: String,
    build: Option<String>,
    cpus: u32,
    part: LoadPart,
    /// By how much its clock is ahead of this machine's.
    clock_offset_ns: i64,
    /// The truth is no further away than this.
    clock_bound_ns: u64,
    /// How much faster its clock runs.
    clock_drift_ppm: Option<f64>,
    /// The truth is no further away than this.
    clock_drift_bound_ppm: Option<f64>,
    /// By how much it began later than it was told to, within the bound of its clock.
    start_late_ns: Option<i64>,
    ledger: Option<Ledger>,
    p50_ns: Option<Bounded>,
    p99_ns: Option<Bounded>,
    cpu_ns: Option<u64>,
    busiest_thread: Option<f64>,
    noise: Option<Noise>,
    /// How it was lost, if it was.
    lost: Option<String>,
    /// What was lost with it.
    never_sent: u64,
}

/// What each says, in the order in which they were typed.
pub(super) fn findings_of_each(fleet: &FleetOutcome, timeout: Duration) -> Vec<WorkerFindings> {
    fleet.workers.iter().map(|worker| WorkerFindings::new(worker, timeout)).collect()
}

impl WorkerFindings {
    fn new(worker: &WorkerOutcome, timeout: Duration) -> WorkerFindings {
        let WorkerOutcome { command, hello, part, clock, end } = worker;
        let found = end.as_ref().ok();
        let outcome = found.map(|found| &found.outcome);
        // What can't be ranked was refused when it came.
        let times = outcome.and_then(|outcome| LoadTimes::of(outcome, timeout).ok());
        let percentiles = times.and_then(|times| Percentiles::of(times.headline()));
        let percentile = |name: &str| {
            let (_, found) = percentiles.as_ref()?.each().find(|(known, _)| *known == name)?;
            found
        };
        let lost = end.as_ref().err();
        WorkerFindings {
            number: part.index as usize + 1,
            command: command.clone(),
            host: hello.host.clone(),
            version: hello.version.clone(),
            build: hello.build.clone(),
            cpus: hello.cpus,
            part: *part,
            clock_offset_ns: clock.offset_ns,
            clock_bound_ns: clock.bound_ns,
            clock_drift_ppm: found.and_then(|found| Some(found.drift?.ppm)),
            clock_drift_bound_ppm: found.and_then(|found| Some(found.drift?.bound_ppm)),
            start_late_ns: found.map(|found| found.start_late_ns),
            ledger: outcome.map(|outcome| outcome.traffic.ledger),
            p50_ns: percentile("p50"),
            p99_ns: percentile("p99"),
            cpu_ns: outcome.map(|outcome| outcome.generator.user_cpu_ns + outcome.generator.system_cpu_ns),
            busiest_thread: outcome.map(|outcome| outcome.generator.busiest_worker),
            noise: found.map(|found| found.machine.noise),
            lost: lost.map(|(reason, _)| reason.clone()),
            never_sent: lost.map_or(0, |(_, requests)| *requests),
        }
    }

    /// For the table.
    pub(super) fn line(&self) -> String {
        let WorkerFindings { host, command, clock_bound_ns, never_sent, .. } = self;
        let who = format!("{host} ({command})");
        let (Some(ledger), Some(busy)) = (&self.ledger, self.busiest_thread) else {
            return format!("{who}: LOST, {} never sent", format::counted(*never_sent, "request"));
        };
        let time = |bounded: Option<Bounded>| {
            bounded
                .and_then(|bounded| bounded.value)
                .map_or_else(|| "-".to_owned(), |ns| Unit::Nanoseconds.show(ns as f64))
        };
        format!(
            "{who}: {} scheduled, {} ok; p50 {}, p99 {}; busiest thread {} of its CPU; clock known to {}",
            format::count(ledger.scheduled),
            format::count(ledger.ok),
            time(self.p50_ns),
            time(self.p99_ns),
            format::share(busy),
            Unit::Nanoseconds.show(*clock_bound_ns as f64),
        )
    }

    fn name(&self) -> String {
        format!("worker {} on {}", self.number, self.host)
    }
}

/// What speaks against the figures because several machines sent them.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum WorkerDoubt {
    /// A worker did not come to its end.
    Lost { who: String, reason: String, requests: u64 },
    /// They did not begin together.
    StartSkew { skew_ns: u64, allowed_ns: u64 },
    /// A clock runs at another speed than any that is kept in time.
    Drift { who: String, ppm: f64 },
    /// Its median is not what the others say.
    Apart { who: String, p50_ns: u64, others_ns: (u64, u64) },
    /// It runs another build than this.
    OtherBuild { who: String },
    /// Something on its machine.
    OfMachine { who: String, warning: Warning },
}

impl WorkerDoubt {
    /// Whether the figures are not to be used.
    pub(super) fn invalidates(&self) -> bool {
        match self {
            WorkerDoubt::Lost { .. } | WorkerDoubt::StartSkew { .. } | WorkerDoubt::Drift { .. } => true,
            WorkerDoubt::Apart { .. } | WorkerDoubt::OtherBuild { .. } => false,
            WorkerDoubt::OfMachine { warning, .. } => warning.invalidates(),
        }
    }

    /// Whether a part of the load is missing.
    pub(super) fn is_a_loss(&self) -> bool {
        matches!(self, WorkerDoubt::Lost { .. })
    }

    /// The doubt and what to do, without its stop.
    pub(super) fn sentence(&self) -> String {
        let time = |ns: u64| Unit::Nanoseconds.show(ns as f64);
        match self {
            WorkerDoubt::Lost { who, reason, requests } => format!(
                "{who} was lost: {reason}; the {} of its part count as never sent; see what happened there, and run again",
                format::counted(*requests, "request")
            ),
            WorkerDoubt::StartSkew { skew_ns, allowed_ns } => format!(
                "the workers may have begun {} apart, where {} is allowed; use machines with a shorter way to this one, or \
                 start it from a machine next to them",
                time(*skew_ns),
                time(*allowed_ns)
            ),
            WorkerDoubt::Drift { who, ppm } => format!(
                "the clock of {who} differs from this machine's by {ppm:.0} parts per million, where clocks that are kept in \
                 time differ by {MOST_PPM:.0} at most; its times and its rate are off by as much; leave that machine out"
            ),
            WorkerDoubt::Apart { who, p50_ns, others_ns: (least_ns, most_ns) } => format!(
                "the p50 of {who} is {}, and the others say {}; see whether that machine is busier or further away, or leave \
                 it out",
                time(*p50_ns),
                Unit::Nanoseconds.range(*least_ns as f64, *most_ns as f64)
            ),
            WorkerDoubt::OtherBuild { who } => {
                format!("{who} runs another build of harness than this; put the same on all machines")
            }
            WorkerDoubt::OfMachine { who, warning } => format!("{who}: {}; {}", warning.describe(), warning.remedy()),
        }
    }
}

/// All of them.
pub(super) fn doubts_of_workers(
    fleet: &FleetOutcome,
    findings: &[WorkerFindings],
    spec: &LoadSpec,
) -> Vec<WorkerDoubt> {
    let allowed_ns = allowed_skew_ns(spec);
    let skew_ns = fleet.start_skew_ns;
    let mut doubts = Vec::new();
    for (worker, finding) in fleet.workers.iter().zip(findings) {
        let who = finding.name();
        match &worker.end {
            Ok(part) => doubts.extend(of_part(part, &who)),
            Err((reason, requests)) => {
                doubts.push(WorkerDoubt::Lost { who: who.clone(), reason: reason.clone(), requests: *requests });
            }
        }
        let builds = (crate::process::sha256_of_own_image().ok(), &worker.hello.build);
        if matches!(builds, (Some(ours), Some(theirs)) if ours != theirs) {
            doubts.push(WorkerDoubt::OtherBuild { who });
        }
    }
    if skew_ns > allowed_ns {
        doubts.push(WorkerDoubt::StartSkew { skew_ns, allowed_ns });
    }
    doubts.extend(apart(findings));
    doubts
}

fn of_part(part: &WorkerPart, who: &str) -> Vec<WorkerDoubt> {
    let drift =
        part.drift.filter(Drift::is_too_much).map(|drift| WorkerDoubt::Drift { who: who.to_owned(), ppm: drift.ppm });
    let machine = machine_doubts(&part.machine.noise, PlacementKind::Isolated);
    let machine = machine.into_iter().chain(part.machine.unobserved.iter().cloned());
    let gave_way = part.outcome.polling_gave_way;
    let threads = part.outcome.generator.threads;
    let machine = machine.chain(gave_way.map(|cpus| Warning::PollingGaveWay { threads, cpus }));
    let machine = machine.map(|warning| WorkerDoubt::OfMachine { who: who.to_owned(), warning });
    drift.into_iter().chain(machine).collect()
}

/// From this ratio on, beyond what the intervals allow, a median is another one. Machines that are equally good and equally
/// far away differ by less.
const APART: f64 = 1.25;

/// Whoever's median lies outside of what all others say, intervals included, by more than a quarter.
fn apart(findings: &[WorkerFindings]) -> Vec<WorkerDoubt> {
    let medians = || {
        let bounded = findings.iter().filter_map(|finding| {
            let Bounded { value, low, high, .. } = finding.p50_ns?;
            Some((finding, value?, low?, high?))
        });
        bounded.enumerate()
    };
    let named = medians().filter_map(|(place, (finding, p50_ns, low_ns, high_ns))| {
        let others = || medians().filter(move |(other, _)| *other != place).map(|(_, (_, _, low, high))| (low, high));
        let least_ns = others().map(|(low, _)| low).min()?;
        let most_ns = others().map(|(_, high)| high).max()?;
        let is_apart = low_ns as f64 > APART * most_ns as f64 || APART * (high_ns as f64) < least_ns as f64;
        is_apart.then(|| WorkerDoubt::Apart { who: finding.name(), p50_ns, others_ns: (least_ns, most_ns) })
    });
    named.collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn finding(number: usize, low_ns: u64, high_ns: u64) -> WorkerFindings {
        let p50 = Bounded { value: Some(low_ns), low: Some(low_ns), high: Some(high_ns), ..Bounded::default() };
        WorkerFindings {
            number,
            command: "env".to_owned(),
            host: "gen".to_owned(),
            version: String::new(),
            build: None,
            cpus: 1,
            part: LoadPart::WHOLE,
            clock_offset_ns: 0,
            clock_bound_ns: 0,
            clock_drift_ppm: None,
            clock_drift_bound_ppm: None,
            start_late_ns: None,
            ledger: None,
            p50_ns: Some(p50),
            p99_ns: None,
            cpu_ns: None,
            busiest_thread: None,
            noise: None,
            lost: None,
            never_sent: 0,
        }
    }

    fn named(findings: &[WorkerFindings]) -> Vec<String> {
        apart(findings).iter().map(WorkerDoubt::sentence).collect()
    }

    #[test]
    fn whoever_says_something_else_than_all_others_is_named() {
        let mut findings = vec![finding(1, 100, 110), finding(2, 95, 120), finding(3, 300, 320)];
        let said = named(&findings);
        assert_eq!(said.len(), 1, "{said:?}");
        assert!(
            said[0].starts_with("the p50 of worker 3 on gen is 300 ns, and the others say 95 to 120 ns"),
            "{said:?}"
        );
        findings[2] = finding(3, 140, 160);
        assert_eq!(named(&findings), [""; 0], "a quarter is no other median");
        findings[2] = finding(3, 100, 900);
        assert_eq!(named(&findings), [""; 0], "that it is another can't be told");
        findings[2].p50_ns = None;
        assert_eq!(named(&findings), [""; 0]);
        assert_eq!(named(&findings[..1]), [""; 0], "one alone differs from nobody");
    }

    #[test]
    fn what_makes_figures_useless_is_told_from_what_is_only_said() {
        let who = || "worker 1 on gen".to_owned();
        let lost = WorkerDoubt::Lost { who: who(), reason: "it ended".to_owned(), requests: 1_234 };
        assert!(
            lost.invalidates() && lost.sentence().contains("1,234 requests of its part count as never sent"),
            "{lost:?}"
        );
        assert!(WorkerDoubt::StartSkew { skew_ns: 2, allowed_ns: 1 }.invalidates());
        assert!(WorkerDoubt::Drift { who: who(), ppm: 900.0 }.sentence().contains("900 parts per million"));
        let suspended = Warning::Suspended { suspended_ns: 5 };
        assert!(!WorkerDoubt::OfMachine { who: who(), warning: suspended }.invalidates());
        assert!(WorkerDoubt::OfMachine { who: who(), warning: Warning::NothingRight }.invalidates());
        assert!(!WorkerDoubt::OtherBuild { who: who() }.invalidates());
    }
}
