//! What each worker says of a load that workers on other machines send.
//!
//! Times of two machines are never subtracted here. What a worker says of its start is on this machine's clock already,
//! within the bound that stands beside it. Beside it: `machines/fleet.rs`, which runs them.

use instruments::load::{LoadPart, LoadSpec};
use reports::record::{Ledger, Noise};
use serde::Serialize;

use super::percentiles::Bounded;
use crate::machines::{FleetOutcome, WorkerOutcome};
use crate::run::worker_percentiles;

/// What one worker says.
#[derive(Debug, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(in crate::cli::load) struct WorkerFindings {
    /// From 1, in the order in which they were typed.
    pub(in crate::cli::load) number: usize,
    pub(in crate::cli::load) command: String,
    pub(in crate::cli::load) host: String,
    version: String,
    build: Option<String>,
    cpus: u32,
    part: LoadPart,
    /// By how much its clock is ahead of this machine's.
    clock_offset_ns: i64,
    /// The truth is no further away than this.
    pub(in crate::cli::load) clock_bound_ns: u64,
    /// How much faster its clock runs.
    clock_drift_ppm: Option<f64>,
    /// The truth is no further away than this.
    clock_drift_bound_ppm: Option<f64>,
    /// By how much it began later than it was told to, within the bound of its clock.
    start_late_ns: Option<i64>,
    pub(in crate::cli::load) ledger: Option<Ledger>,
    pub(in crate::cli::load) p50_ns: Option<Bounded>,
    pub(in crate::cli::load) p99_ns: Option<Bounded>,
    cpu_ns: Option<u64>,
    pub(in crate::cli::load) busiest_thread: Option<f64>,
    noise: Option<Noise>,
    /// How it was lost, if it was.
    lost: Option<String>,
    /// What was lost with it.
    pub(in crate::cli::load) never_sent: u64,
}

/// What each says, in the order in which they were typed.
pub(in crate::cli::load) fn findings_of_each(fleet: &FleetOutcome, spec: &LoadSpec) -> Vec<WorkerFindings> {
    fleet.workers.iter().map(|worker| WorkerFindings::new(worker, spec)).collect()
}

impl WorkerFindings {
    fn new(worker: &WorkerOutcome, spec: &LoadSpec) -> WorkerFindings {
        let WorkerOutcome { command, hello, part, clock, end } = worker;
        let found = end.as_ref().ok();
        let outcome = found.map(|found| &found.outcome);
        let [p50_ns, p99_ns] = worker_percentiles(worker, spec).map_or([None; 2], |both| both.map(Bounded::of));
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
            p50_ns,
            p99_ns,
            cpu_ns: outcome.map(|outcome| outcome.generator.user_cpu_ns + outcome.generator.system_cpu_ns),
            busiest_thread: outcome.map(|outcome| outcome.generator.busiest_worker),
            noise: found.map(|found| found.machine.noise),
            lost: lost.map(|(reason, _)| reason.clone()),
            never_sent: lost.map_or(0, |(_, requests)| *requests),
        }
    }
}
