//! A load that workers on other machines send: what was typed of them, what each says, and what speaks against that.
//!
//! Times of two machines are never subtracted here. What a worker says of its start is on this machine's clock already,
//! within the bound that stands beside it. Beside it: `machines/fleet.rs`, which runs them.

use std::time::Duration;

use reports::format::{self, Unit};
use reports::record::{Ledger, Noise, WorkerDoubt};
use serde::Serialize;

use super::args::LoadArgs;
use super::times::{Bounded, LoadTimes, Percentiles};
use crate::cli::output::usage;
use crate::load::LoadPart;
use crate::machines::{FleetOutcome, WorkerCommand, WorkerOutcome};
use crate::plan::{LoadSpec, PlanError};
use crate::run::{WorkerMedian, worker_doubts};

/// The commands that were typed, each with our program as it is found over there.
///
/// # Errors
/// Where one can't be read or found, and where there are more of them than connections.
pub(super) fn commands(args: &LoadArgs, spec: &LoadSpec) -> Result<Vec<WorkerCommand>, PlanError> {
    if args.from.commands.len() > spec.peak_connections() as usize {
        return usage("there are more --load-from than connections, and each needs one; give more --connections");
    }
    args.from.workers()
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
        let drift = found.and_then(|found| found.drift.as_ref().ok());
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
            clock_drift_ppm: drift.map(|drift| drift.ppm),
            clock_drift_bound_ppm: drift.map(|drift| drift.bound_ppm),
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
}

/// All that speaks against the figures because several machines sent them.
pub(super) fn doubts_of_workers(
    fleet: &FleetOutcome,
    findings: &[WorkerFindings],
    spec: &LoadSpec,
) -> Vec<WorkerDoubt> {
    let median = |finding: &WorkerFindings| {
        let Bounded { value, low, high, .. } = finding.p50_ns?;
        Some(WorkerMedian { p50_ns: value?, low_ns: low?, high_ns: high? })
    };
    worker_doubts(fleet, &findings.iter().map(median).collect::<Vec<_>>(), spec)
}
