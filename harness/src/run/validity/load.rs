//! What any load is held to, whoever serves it: the generator to its schedule, the notes to their own algebra.
//!
//! Pure functions of what was sent and what that took. Must not know: cells, servers. Beside it: `../validity.rs`, what
//! a cell is held to besides.

use std::time::Duration;

use instruments::clock::nanoseconds;
use reports::record::{BackendUsage, GeneratorUsage, HistogramRecord, Malformed, MalformedReason, Traffic, Warning};
use reports::stats::samples_needed;

/// The least share of the schedule that must have been taken up in time.
const LEAST_PACE: f64 = 0.99;

/// The most that a generator worker may use of its CPU.
const MOST_BUSY: f64 = 0.8;

/// Schedule lag that never matters.
const LAG_ALWAYS_ALLOWED: Duration = Duration::from_millis(1);

/// From this part of a window on a stop changes the throughput as much as what is compared.
const PART_OF_A_WINDOW: u64 = 10;

/// A stop that is hidden is at least so many times as long as the p99.
const TIMES_THE_P99: u64 = 10;

/// The part of what is reported that lag may be.
const MOST_LAG: f64 = 0.1;

/// How far two figures that must agree may be apart.
const TOLERANCE: f64 = 0.05;

/// What makes the generator doubtful: it fell behind, had no CPU to spare, or sent late.
pub fn generator_doubts(usage: &GeneratorUsage, traffic: &Traffic) -> Vec<Warning> {
    let mut doubts = Vec::new();
    if usage.kept_pace < LEAST_PACE {
        doubts.push(Warning::GeneratorFellBehind { kept_pace: usage.kept_pace });
    }
    if usage.busiest_worker > MOST_BUSY {
        doubts.push(Warning::GeneratorSaturated { busiest_worker: usage.busiest_worker });
    }
    doubts.extend(lag(traffic).or_else(|| tail_lag(traffic)));
    doubts
}

/// What makes the backend doubtful: it had no CPU to spare, or answered late.
pub(super) fn backend_doubts(usage: &BackendUsage, traffic: &Traffic) -> Vec<Warning> {
    let mut doubts = Vec::new();
    if usage.busy > MOST_BUSY {
        doubts.push(Warning::BackendSaturated { busy: usage.busy });
    }
    let Some(response_time) = &traffic.response_time else {
        doubts.extend(slowed_clients(&usage.lag, &traffic.service_time));
        return doubts;
    };
    let allowed_ns = allowed(percentile(response_time, 0.99).unwrap_or(0));
    let lag_p99_ns = percentile(&usage.lag, 0.99).filter(|lag_p99_ns| *lag_p99_ns > allowed_ns);
    doubts.extend(lag_p99_ns.map(|lag_p99_ns| Warning::BackendLag { lag_p99_ns, allowed_ns }));
    doubts
}

/// In closed loop the rate is the result: so many clients over the mean time from one request of a client to its next, which
/// lag of the backend makes longer by its own mean.
fn slowed_clients(lag: &HistogramRecord, service_time: &HistogramRecord) -> Option<Warning> {
    let (lag_ns, service_ns) = (lag.mean_ns()?, service_time.mean_ns()?);
    let warning = Warning::BackendSlowedClients { mean_lag_ns: lag_ns as u64, mean_service_time_ns: service_ns as u64 };
    (lag_ns > MOST_LAG * service_ns).then_some(warning)
}

fn lag(traffic: &Traffic) -> Option<Warning> {
    let lag_p99_ns = percentile(traffic.schedule_lag.as_ref()?, 0.99)?;
    let reported_ns = traffic.response_time.as_ref().and_then(|record| percentile(record, 0.99)).unwrap_or(0);
    let allowed_ns = allowed(reported_ns);
    (lag_p99_ns > allowed_ns).then_some(Warning::ScheduleLag { lag_p99_ns, allowed_ns })
}

/// The same of the p99.9, where there are requests enough for one. Only that percentile is doubtful then.
fn tail_lag(traffic: &Traffic) -> Option<Warning> {
    let (lag, reported) = (traffic.schedule_lag.as_ref()?, traffic.response_time.as_ref()?);
    if lag.count.min(reported.count) < samples_needed(0.999) {
        return None;
    }
    let lag_p99_9_ns = percentile(lag, 0.999)?;
    let allowed_ns = allowed(percentile(reported, 0.999)?);
    (lag_p99_9_ns > allowed_ns).then_some(Warning::TailLag { lag_p99_9_ns, allowed_ns })
}

/// A lag that is a tenth of what is reported leaves nine tenths to the server.
fn allowed(reported_ns: u64) -> u64 {
    (reported_ns / 10).max(nanoseconds(LAG_ALWAYS_ALLOWED))
}

fn percentile(histogram: &HistogramRecord, quantile: f64) -> Option<u64> {
    let histogram = histogram.to_histogram().ok()?;
    (!histogram.is_empty()).then(|| histogram.value_at_quantile(quantile))
}

/// What speaks against what was noted down in a window: that no request was served, that a server sent more than it was
/// asked for, and the checks that the notes do not stand up to.
pub fn traffic_doubts(traffic: &Traffic, window: Duration) -> Vec<Warning> {
    let mut doubts: Vec<Warning> = nothing_right(traffic).into_iter().collect();
    doubts.extend(traffic.malformed.iter().filter_map(surplus));
    doubts.extend(hidden_stall(traffic, window));
    doubts.extend(failed_checks(traffic, window));
    doubts
}

/// In closed loop each connection notes a stop once however long it lasts.
fn hidden_stall(traffic: &Traffic, window: Duration) -> Option<Warning> {
    if !is_closed_loop(traffic) {
        return None;
    }
    let (p99_ns, longest_ns) = (percentile(&traffic.service_time, 0.99)?, percentile(&traffic.service_time, 1.0)?);
    let is_long = longest_ns >= nanoseconds(window) / PART_OF_A_WINDOW && longest_ns >= p99_ns * TIMES_THE_P99;
    is_long.then_some(Warning::StallHidden { longest_ns, p99_ns })
}

/// In closed loop a reply within the window counts too, to what was begun before it: a session may be longer than the window.
fn nothing_right(traffic: &Traffic) -> Option<Warning> {
    let is_silent = traffic.ledger.ok == 0 && !(is_closed_loop(traffic) && traffic.ok_within_window > 0);
    is_silent.then_some(Warning::NothingRight)
}

/// There alone nothing is due, so that there is no response time.
fn is_closed_loop(traffic: &Traffic) -> bool {
    traffic.response_time.is_none()
}

fn surplus(malformed: &Malformed) -> Option<Warning> {
    let is_surplus = malformed.reason == MalformedReason::Surplus && malformed.count > 0;
    is_surplus.then_some(Warning::SurplusReplies { count: malformed.count })
}

fn failed_checks(traffic: &Traffic, window: Duration) -> Vec<Warning> {
    let mut failed = Vec::new();
    let mut check = |name: &str, holds: bool, detail: String| {
        if !holds {
            failed.push(Warning::CheckFailed { check: name.to_owned(), detail });
        }
    };
    let ledger = &traffic.ledger;
    let accounted_for = ledger.accounted_for();
    let detail = format!("{} scheduled, {accounted_for} accounted for", ledger.scheduled);
    check("every request has one end", ledger.scheduled == accounted_for, detail);
    let out_of_order = traffic.timestamps_out_of_order;
    check("timestamps nest", out_of_order == 0, format!("{out_of_order} replies with times out of order"));
    if let Some((counted, summed)) = in_system(traffic, window) {
        let detail = format!("{counted:.3} requests in the system by counting, {summed:.3} by response times");
        check("Little's law", agree(counted, summed), detail);
    }
    failed
}

/// Requests in the system on average, counted and from the response times. Only where every request has a response
/// time can the two agree.
fn in_system(traffic: &Traffic, window: Duration) -> Option<(f64, f64)> {
    let ledger = &traffic.ledger;
    if ledger.ok + ledger.timeout != ledger.scheduled || ledger.ok == 0 {
        return None;
    }
    let summed_ns = traffic.response_time.as_ref()?.sum_ns;
    Some((traffic.mean_in_system?, summed_ns as f64 / nanoseconds(window) as f64))
}

fn agree(a: f64, b: f64) -> bool {
    (a - b).abs() <= TOLERANCE * a.max(b)
}
