//! What a load came to, in figures: the JSON object, and all that the table shows.

use std::net::SocketAddr;

use reports::record::{ConnectionLedger, GeneratorUsage, Ledger, RecordError, Traffic, Warning};
use serde::Serialize;

use super::parts::Parts;
use super::percentiles::Percentiles;
use crate::load::LoadOutcome;
use crate::plan::{ArrivalProcess, LoadSpec, Shape, nanoseconds};
use crate::run::{generator_doubts, traffic_doubts};

/// What a load came to. All that has a place in time was counted in the window alone.
#[derive(Debug, Serialize)]
pub(super) struct Findings {
    pub(super) target: SocketAddr,
    pub(super) wire: String,
    pub(super) arrivals: &'static str,
    pub(super) connections: u32,
    pub(super) threads: u32,
    pub(super) seed: u64,
    /// How long was measured: less than planned where the load was stopped.
    pub(super) duration_ns: u64,
    pub(super) offered_rps: Option<f64>,
    /// What the generator took up of what it was to offer.
    pub(super) scheduled_rps: Option<f64>,
    pub(super) achieved_rps: f64,
    pub(super) ledger: Ledger,
    pub(super) connections_ledger: ConnectionLedger,
    pub(super) response_time_ns: Option<Percentiles>,
    pub(super) service_time_ns: Option<Percentiles>,
    pub(super) schedule_lag_ns: Option<Percentiles>,
    pub(super) where_the_time_went_ns: Option<Parts>,
    pub(super) generator: GeneratorFindings,
    pub(super) opening_ns: Option<u64>,
    /// Whether the figures may be believed.
    pub(super) valid: bool,
    /// What speaks against them, or must be known besides; each with what to do.
    pub(super) warnings: Vec<String>,
}

/// What the generator used itself.
#[derive(Debug, Serialize)]
pub(super) struct GeneratorFindings {
    pub(super) threads: u32,
    pub(super) user_cpu_ns: u64,
    pub(super) system_cpu_ns: u64,
    /// Of both, what went into looking for something to do.
    pub(super) polling_ns: u64,
    /// Polling left out; absent where no reply was right.
    pub(super) cpu_ns_per_request: Option<f64>,
    pub(super) busiest_worker: f64,
    pub(super) kept_pace: f64,
}

impl Findings {
    pub(super) fn new(spec: &LoadSpec, target: SocketAddr, outcome: LoadOutcome) -> Result<Findings, RecordError> {
        let was_stopped = outcome.measured < spec.window;
        let outcome = if was_stopped { outcome.cut_short() } else { outcome };
        let LoadOutcome { ref traffic, generator, opening, measured, .. } = outcome;
        let seconds = measured.as_secs_f64();
        let per_second = |count: f64| if seconds > 0.0 { count / seconds } else { 0.0 };
        let ledger = traffic.ledger;
        let response_time = traffic.response_time.as_ref();
        let doubts = doubts(spec, traffic, &generator);
        let valid = !doubts.iter().any(Warning::invalidates) && seconds > 0.0;
        let mut findings = Findings {
            target,
            wire: spec.work.wire().to_string(),
            arrivals: name(spec),
            connections: spec.peak_connections(),
            threads: generator.threads,
            seed: spec.seed,
            duration_ns: nanoseconds(measured),
            offered_rps: spec.offered_load_rps(),
            scheduled_rps: spec.offered_load_rps().map(|_| per_second(ledger.scheduled as f64 * generator.kept_pace)),
            achieved_rps: per_second(traffic.ok_within_window as f64),
            ledger,
            connections_ledger: traffic.connections,
            response_time_ns: response_time
                .map(|record| Percentiles::of_requests(record, &ledger, nanoseconds(spec.timeout)))
                .transpose()?
                .flatten(),
            service_time_ns: Percentiles::of_recordings(&traffic.service_time)?,
            schedule_lag_ns: traffic.schedule_lag.as_ref().map(Percentiles::of_recordings).transpose()?.flatten(),
            where_the_time_went_ns: Parts::of(traffic.split.as_ref()),
            generator: GeneratorFindings::new(&generator, traffic.ok_within_window),
            opening_ns: opening.map(nanoseconds),
            valid,
            warnings: doubts.iter().map(|doubt| format!("{}; {}", doubt.describe(), doubt.remedy())).collect(),
        };
        findings.warnings.extend(was_stopped.then(|| stopped(&findings, spec)));
        findings.warnings.extend(capacity_of_the_generator(spec, &generator));
        Ok(findings)
    }
}

impl GeneratorFindings {
    fn new(usage: &GeneratorUsage, requests: u64) -> GeneratorFindings {
        let GeneratorUsage { threads, user_cpu_ns, system_cpu_ns, polling_ns, busiest_worker, kept_pace } = *usage;
        let worked_ns = (user_cpu_ns + system_cpu_ns).saturating_sub(polling_ns);
        GeneratorFindings {
            threads,
            user_cpu_ns,
            system_cpu_ns,
            polling_ns,
            cpu_ns_per_request: (requests > 0).then(|| worked_ns as f64 / requests as f64),
            busiest_worker,
            kept_pace,
        }
    }
}

fn name(spec: &LoadSpec) -> &'static str {
    match (spec.shape, spec.arrivals) {
        (_, ArrivalProcess::Closed) => "closed",
        (Shape::Sessions { .. }, _) => "sessions",
        (_, ArrivalProcess::Poisson { .. }) => "poisson",
        (_, ArrivalProcess::Constant { .. }) => "constant",
    }
}

/// In closed loop one side is saturated, and it may be the generator: that bounds what was found and makes it no less
/// true.
fn doubts(spec: &LoadSpec, traffic: &Traffic, usage: &GeneratorUsage) -> Vec<Warning> {
    let mut doubts = match spec.arrivals {
        ArrivalProcess::Closed => Vec::new(),
        _ => generator_doubts(usage, traffic),
    };
    doubts.extend(traffic_doubts(traffic, spec.window));
    doubts
}

fn capacity_of_the_generator(spec: &LoadSpec, usage: &GeneratorUsage) -> Option<String> {
    let share = usage.busiest_worker;
    (spec.arrivals == ArrivalProcess::Closed && share > 0.9).then(|| {
        format!(
            "the busiest generator thread used {} of its CPU, so that the achieved rate may be the generator's limit \
             and not the server's; give it more with --threads, where there are CPUs for it",
            reports::format::share(share)
        )
    })
}

fn stopped(findings: &Findings, spec: &LoadSpec) -> String {
    let second = |ns: u64| reports::format::Unit::Nanoseconds.show(ns as f64);
    let (measured, planned) = (second(findings.duration_ns), second(nanoseconds(spec.window)));
    format!("stopped after {measured} of {planned}, and all figures are of that time; let it run to its end for all")
}
