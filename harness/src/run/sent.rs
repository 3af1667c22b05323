//! A load that workers on other machines sent: what of it is put down in a cell, and what speaks against figures that
//! several machines made.
//!
//! Must not know: how workers are spoken to. Beside it: `elsewhere.rs`, which has them send; `validity.rs`, what a cell is held to
//! besides.

use instruments::clock::nanoseconds;
use instruments::load::LoadSpec;
use reports::record::{PlacementKind, Warning, WorkerDoubt, WorkerRecord};
use reports::stats::{Distribution, Quantile};

use super::validity::machine_doubts;
use crate::machines::{Drift, FleetOutcome, MOST_PPM, WorkerOutcome, WorkerPart, allowed_skew_ns};

/// The median that one worker saw, with its 95% interval.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct WorkerMedian {
    p50_ns: u64,
    low_ns: u64,
    high_ns: u64,
}

/// What each says, in the order in which they were typed.
pub(super) fn worker_records(fleet: &FleetOutcome, spec: &LoadSpec) -> Vec<WorkerRecord> {
    let record = |worker: &WorkerOutcome| {
        let WorkerOutcome { hello, part, clock, end, .. } = worker;
        let found = end.as_ref().ok();
        let outcome = found.map(|found| &found.outcome);
        let value = |quantile| match quantile {
            Quantile::Measured { value, .. } => Some(value),
            Quantile::BeyondTimeout(_) | Quantile::TooFewSamples { .. } => None,
        };
        let [p50_ns, p99_ns] = worker_percentiles(worker, spec).map_or([None; 2], |both| both.map(value));
        WorkerRecord {
            number: part.index + 1,
            host: hello.host.clone(),
            clock_offset_ns: clock.offset_ns,
            clock_bound_ns: clock.bound_ns,
            start_late_ns: found.map(|found| found.start_late_ns),
            ledger: outcome.map(|outcome| outcome.traffic.ledger),
            p50_ns,
            p99_ns,
            cpu_ns: outcome.map(|outcome| outcome.generator.user_cpu_ns + outcome.generator.system_cpu_ns),
            way: found.map(|found| found.way).unwrap_or_default(),
            noise: found.map(|found| found.machine.noise).unwrap_or_default(),
            never_sent: end.as_ref().err().map_or(0, |(_, requests)| *requests),
        }
    };
    fleet.workers.iter().map(record).collect()
}

/// The p50 and p99 of all requests of a worker that was not lost: of their response times or, in closed loop, where there are
/// none, of their service times.
pub fn worker_percentiles(worker: &WorkerOutcome, spec: &LoadSpec) -> Option<[Quantile; 2]> {
    let traffic = &worker.end.as_ref().ok()?.outcome.traffic;
    let times = traffic.response_time.as_ref().unwrap_or(&traffic.service_time);
    // What can't be read was refused when it came.
    let histogram = times.to_histogram().ok()?;
    let ledger = &traffic.ledger;
    let distribution = Distribution::of([&histogram]);
    let quantile = |p| Quantile::of_requests(&distribution, ledger.ok, ledger.scheduled, nanoseconds(spec.timeout), p);
    Some([0.5, 0.99].map(quantile))
}

/// All that speaks against figures because several machines made them.
pub fn worker_doubts(fleet: &FleetOutcome, spec: &LoadSpec) -> Vec<WorkerDoubt> {
    let names: Vec<String> = fleet.workers.iter().map(name).collect();
    let mut doubts = Vec::new();
    for (worker, who) in fleet.workers.iter().zip(&names) {
        match &worker.end {
            Ok(part) => doubts.extend(of_part(part, who)),
            Err((reason, requests)) => {
                doubts.push(WorkerDoubt::Lost { who: who.clone(), reason: reason.clone(), requests: *requests });
            }
        }
        let builds = (crate::process::sha256_of_own_image().ok(), &worker.hello.build);
        if matches!(builds, (Some(ours), Some(theirs)) if ours != theirs) {
            doubts.push(WorkerDoubt::OtherBuild { who: who.clone() });
        }
    }
    let (skew_ns, allowed_ns) = (fleet.start_skew_ns, allowed_skew_ns(spec));
    if skew_ns > allowed_ns {
        doubts.push(WorkerDoubt::StartSkew { skew_ns, allowed_ns });
    }
    let medians: Vec<(&str, WorkerMedian)> = fleet
        .workers
        .iter()
        .zip(&names)
        .filter_map(|(worker, who)| Some((who.as_str(), median(worker, spec)?)))
        .collect();
    doubts.extend(apart(&medians));
    doubts
}

/// Absent where its interval has an open end.
fn median(worker: &WorkerOutcome, spec: &LoadSpec) -> Option<WorkerMedian> {
    match worker_percentiles(worker, spec)? {
        [Quantile::Measured { value: p50_ns, lo: low_ns, hi: Some(high_ns) }, _] => {
            Some(WorkerMedian { p50_ns, low_ns, high_ns })
        }
        _ => None,
    }
}

fn name(worker: &WorkerOutcome) -> String {
    worker_name(worker.part.index as usize, &worker.hello.host)
}

/// What a worker is called, by its place among those that were typed.
pub(super) fn worker_name(place: usize, host: &str) -> String {
    format!("worker {} on {host}", place + 1)
}

fn of_part(part: &WorkerPart, who: &str) -> Vec<WorkerDoubt> {
    let drift = drift_doubt(&part.drift, who);
    let machine = machine_doubts(&part.machine.noise, PlacementKind::Isolated);
    let machine = machine.into_iter().chain(part.machine.unobserved.iter().cloned());
    let gave_way = part.outcome.polling_gave_way;
    let threads = part.outcome.generator.threads;
    let machine = machine.chain(gave_way.map(|cpus| Warning::PollingGaveWay { threads, cpus }));
    let machine = machine.map(|warning| WorkerDoubt::OfMachine { who: who.to_owned(), warning: Box::new(warning) });
    drift.into_iter().chain(machine).collect()
}

fn drift_doubt(drift: &Result<Drift, String>, who: &str) -> Option<WorkerDoubt> {
    let who = who.to_owned();
    match drift {
        Ok(drift) if drift.is_too_much() => Some(WorkerDoubt::Drift { who, ppm: drift.ppm, most_ppm: MOST_PPM }),
        Ok(_) => None,
        Err(reason) => Some(WorkerDoubt::DriftUnknown { who, reason: reason.clone() }),
    }
}

/// From this ratio on, beyond what the intervals allow, a median is another one. Machines that are equally good and equally
/// far away differ by less.
const APART: f64 = 1.25;

/// Whoever's median lies outside of what all others say, intervals included, by more than a quarter.
fn apart(medians: &[(&str, WorkerMedian)]) -> Vec<WorkerDoubt> {
    let named = medians.iter().enumerate().filter_map(|(place, (who, WorkerMedian { p50_ns, low_ns, high_ns }))| {
        let others = || medians.iter().enumerate().filter(move |(other, _)| *other != place).map(|(_, (_, it))| it);
        let least_ns = others().map(|other| other.low_ns).min()?;
        let most_ns = others().map(|other| other.high_ns).max()?;
        let is_apart = *low_ns as f64 > APART * most_ns as f64 || APART * (*high_ns as f64) < least_ns as f64;
        let (who, p50_ns) = ((*who).to_owned(), *p50_ns);
        is_apart.then_some(WorkerDoubt::Apart { who, p50_ns, others_ns: (least_ns, most_ns) })
    });
    named.collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn named(medians: &[(u64, u64)]) -> Vec<String> {
        let names: Vec<String> = (0..medians.len()).map(|place| worker_name(place, "gen")).collect();
        let median =
            |(low_ns, high_ns): &(u64, u64)| WorkerMedian { p50_ns: *low_ns, low_ns: *low_ns, high_ns: *high_ns };
        let medians: Vec<(&str, WorkerMedian)> =
            names.iter().map(String::as_str).zip(medians.iter().map(median)).collect();
        apart(&medians).iter().map(WorkerDoubt::describe).collect()
    }

    #[test]
    fn whoever_says_something_else_than_all_others_is_named() {
        let said = named(&[(100, 110), (95, 120), (300, 320)]);
        assert_eq!(said.len(), 1, "{said:?}");
        assert!(
            said[0].starts_with("the p50 of worker 3 on gen is 300 ns, and the others say 95 to 120 ns"),
            "{said:?}"
        );
        assert_eq!(named(&[(100, 110), (95, 120), (140, 160)]), [""; 0], "a quarter is no other median");
        assert_eq!(named(&[(100, 110), (95, 120), (100, 900)]), [""; 0], "that it is another can't be told");
        assert_eq!(named(&[(100, 110)]), [""; 0], "one alone differs from nobody");
    }

    #[test]
    fn what_makes_figures_useless_is_told_from_what_is_only_said() {
        let who = || "worker 1 on gen".to_owned();
        let lost = WorkerDoubt::Lost { who: who(), reason: "it ended".to_owned(), requests: 1_234 };
        assert!(
            lost.invalidates() && lost.describe().contains("1,234 requests of its part count as never sent"),
            "{lost:?}"
        );
        assert!(WorkerDoubt::StartSkew { skew_ns: 2, allowed_ns: 1 }.invalidates());
        let drift = WorkerDoubt::Drift { who: who(), ppm: 900.0, most_ppm: MOST_PPM };
        assert!(drift.invalidates() && drift.describe().contains("900 parts per million"));
        let of_machine = |warning| WorkerDoubt::OfMachine { who: who(), warning: Box::new(warning) };
        let suspended = Warning::OfWorkers(of_machine(Warning::Suspended { suspended_ns: 5 }));
        assert!(!suspended.invalidates() && suspended.is_of_the_machine());
        assert!(of_machine(Warning::NothingRight).invalidates());
        assert!(!WorkerDoubt::OtherBuild { who: who() }.invalidates());
    }

    #[test]
    fn a_clock_that_was_not_read_again_is_as_bad_as_one_that_runs_wrong() {
        let drift = |ppm| Ok(Drift { ppm, bound_ppm: 10.0 });
        assert_eq!(drift_doubt(&drift(500.0), "gen"), None, "it may still be kept in time");
        assert!(matches!(drift_doubt(&drift(-600.0), "gen"), Some(WorkerDoubt::Drift { .. })));
        let doubt = drift_doubt(&Err("it said nothing for 10s".to_owned()), "gen").unwrap();
        assert!(doubt.invalidates() && doubt.describe().ends_with("it said nothing for 10s"), "{doubt:?}");
    }
}
