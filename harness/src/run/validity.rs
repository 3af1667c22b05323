//! What makes a cell invalid, or doubtful: the generator is held to its schedule, the records to their own algebra.
//!
//! Pure functions of a cell. Each check can fail, and a test makes it.

use std::time::Duration;

use reports::record::{Cell, Outcome, Purpose, Traffic, Warning};

/// The least share of the schedule that must have been taken up in time.
const LEAST_PACE: f64 = 0.99;

/// The most that a generator worker may use of its CPU.
const MOST_BUSY: f64 = 0.8;

/// Schedule lag that never matters.
const LAG_ALWAYS_ALLOWED: Duration = Duration::from_millis(1);

/// How far two figures that must agree may be apart.
const TOLERANCE: f64 = 0.05;

/// Shares of all CPUs beyond which the machine was not quiet.
const NOISE: f64 = 0.05;

/// All that speaks against believing a cell.
pub(super) fn warnings(cell: &Cell) -> Vec<Warning> {
    if cell.outcome == Outcome::Interrupted {
        // It is shown as interrupted, and its figures are not used.
        return Vec::new();
    }
    let mut warnings = noise(cell);
    if cell.purpose == Purpose::Measure {
        warnings.extend(generator(cell));
    }
    if let Some(traffic) = &cell.traffic {
        warnings.extend(algebra(cell, traffic));
    }
    warnings
}

fn generator(cell: &Cell) -> Vec<Warning> {
    let mut warnings = Vec::new();
    if let Some(usage) = &cell.generator {
        if usage.kept_pace < LEAST_PACE {
            warnings.push(Warning::GeneratorFellBehind { kept_pace: usage.kept_pace });
        }
        if usage.busiest_worker > MOST_BUSY {
            warnings.push(Warning::GeneratorSaturated { busiest_worker: usage.busiest_worker });
        }
    }
    warnings.extend(cell.traffic.as_ref().and_then(lag));
    warnings
}

/// A lag that is a tenth of what is reported leaves nine tenths to the server.
fn lag(traffic: &Traffic) -> Option<Warning> {
    let lag_p99_ns = p99(traffic.schedule_lag.as_ref()?)?;
    let reported_ns = traffic.response_time.as_ref().and_then(p99).unwrap_or(0);
    let allowed_ns = (reported_ns / 10).max(LAG_ALWAYS_ALLOWED.as_nanos() as u64);
    (lag_p99_ns > allowed_ns).then_some(Warning::ScheduleLag { lag_p99_ns, allowed_ns })
}

fn p99(histogram: &reports::record::HistogramRecord) -> Option<u64> {
    let histogram = histogram.to_histogram().ok()?;
    (!histogram.is_empty()).then(|| histogram.value_at_quantile(0.99))
}

fn algebra(cell: &Cell, traffic: &Traffic) -> Vec<Warning> {
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
    if let Some((counted, summed)) = in_system(cell, traffic) {
        let detail = format!("{counted:.3} requests in the system by counting, {summed:.3} by response times");
        check("Little's law", agree(counted, summed), detail);
    }
    if let Some(counters) = cell.server.counters {
        let (server, client) = (counters.requests_served, traffic.ok_in_all);
        // Replies on their way to a client that had given up are served and not received.
        let given_up = ledger.timeout + ledger.in_flight + ledger.refused + ledger.malformed;
        let holds = server >= client && (given_up > 0 || has_loose_ends(cell) || server == client);
        check("server and client count alike", holds, format!("{server} served, {client} received"));
    }
    failed
}

/// Whether requests may have been under way when the load ended that are in no ledger: in closed loop, and of the
/// warm-up.
fn has_loose_ends(cell: &Cell) -> bool {
    cell.purpose == Purpose::CapacityProbe || cell.load.warm_up_ns > 0
}

/// Requests in the system on average, counted and from the response times. Only where every request has a response
/// time can the two agree.
fn in_system(cell: &Cell, traffic: &Traffic) -> Option<(f64, f64)> {
    let ledger = &traffic.ledger;
    if ledger.ok + ledger.timeout != ledger.scheduled || ledger.ok == 0 {
        return None;
    }
    let summed_ns = traffic.response_time.as_ref()?.sum_ns;
    Some((traffic.mean_in_system?, summed_ns as f64 / cell.load.window_ns as f64))
}

fn agree(a: f64, b: f64) -> bool {
    (a - b).abs() <= TOLERANCE * a.max(b)
}

fn noise(cell: &Cell) -> Vec<Warning> {
    let percent = |share: f64| format!("{:.0}%", share * 100.0);
    let share = |share: Option<f64>| share.filter(|share| *share > NOISE).map(percent);
    let others = share(cell.noise.other_cpu_share).map(|share| format!("other processes used {share} of all CPUs"));
    let stolen = share(cell.noise.steal_share).map(|share| format!("the hypervisor took {share} of all CPUs away"));
    [others, stolen].into_iter().flatten().map(|what| Warning::NoisyMachine { what }).collect()
}
