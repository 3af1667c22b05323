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

/// Oversleep of a thread on the generator's CPU beyond which that CPU was taken away.
const LONG_HICCUP: Duration = Duration::from_millis(20);

/// Whether others used the machine so much that the cell should be run again. Looks at the machine alone, never at what
/// was measured: a cell is not to be run again for its result.
pub(super) fn is_disturbed(cell: &Cell) -> bool {
    let hiccup = cell.noise.max_hiccup_ns.is_some_and(|hiccup_ns| hiccup_ns > LONG_HICCUP.as_nanos() as u64);
    cell.outcome == Outcome::Completed && (hiccup || !noise(cell).is_empty())
}

/// All that speaks against believing a cell.
pub(super) fn warnings(cell: &Cell) -> Vec<Warning> {
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
        // What the client gave up may have been served all the same, and nothing else.
        let holds = (client..=client + traffic.given_up_in_all).contains(&server);
        check("server and client count alike", holds, format!("{server} served, {client} received"));
    }
    failed
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

#[cfg(test)]
mod tests {
    use hdrhistogram::Histogram;
    use reports::record::{
        Arrivals, ConnectionLedger, GeneratorUsage, HistogramRecord, Ledger, Load, Noise, SCHEMA_VERSION,
        ServerCounters, ServerUsage, Shape,
    };

    use super::*;

    const MS: u64 = 1_000_000;

    fn histogram(values_ns: &[u64]) -> HistogramRecord {
        let mut histogram = Histogram::new_with_bounds(1, 3_600_000 * MS, 3).unwrap();
        values_ns.iter().for_each(|value| histogram.record(*value).unwrap());
        HistogramRecord::from_histogram(&histogram, values_ns.iter().sum())
    }

    /// A thousand requests of 10 ms each in a window of a second, of which the server and all checks approve.
    fn clean() -> Cell {
        let traffic = Traffic {
            ledger: Ledger { scheduled: 1_000, ok: 1_000, ..Ledger::default() },
            ok_within_window: 1_000,
            connections: ConnectionLedger::default(),
            ok_in_all: 1_100,
            given_up_in_all: 0,
            response_time: Some(histogram(&[10 * MS; 1_000])),
            service_time: histogram(&[10 * MS; 1_000]),
            schedule_lag: Some(histogram(&[MS / 2; 1_000])),
            connect_time: None,
            split: None,
            mean_in_system: Some(10.0),
            timestamps_out_of_order: 0,
            intervals: Vec::new(),
            events: Vec::new(),
        };
        Cell {
            schema_version: SCHEMA_VERSION,
            id: "a".to_owned(),
            experiment: "latency-curve".to_owned(),
            workload: "echo".to_owned(),
            contender: "threaded".to_owned(),
            block: 0,
            order: 0,
            attempts: 1,
            purpose: Purpose::Measure,
            variation: None,
            disturbance: None,
            bounds: Vec::new(),
            load: Load {
                arrivals: Arrivals::Constant,
                shape: Shape::Connections { connections: 64 },
                offered_load_rps: Some(1_000.0),
                work: "sleep 10ms".to_owned(),
                seed: 1,
                warm_up_ns: 0,
                window_ns: 1_000 * MS,
                timeout_ns: 1_000 * MS,
            },
            started_at_ns: 0,
            elapsed_ns: 1_100 * MS,
            outcome: Outcome::Completed,
            warnings: Vec::new(),
            traffic: Some(traffic),
            generator: Some(GeneratorUsage {
                threads: 1,
                user_cpu_ns: 0,
                system_cpu_ns: 0,
                polling_ns: 0,
                busiest_worker: 0.8,
                kept_pace: 0.99,
            }),
            server: ServerUsage {
                counters: Some(ServerCounters { requests_served: 1_100, ..ServerCounters::default() }),
                ..ServerUsage::default()
            },
            samples: Vec::new(),
            stages: Vec::new(),
            noise: Noise { other_cpu_share: Some(0.05), steal_share: Some(0.05), ..Noise::default() },
        }
    }

    fn changed(change: impl FnOnce(&mut Cell)) -> Vec<Warning> {
        let mut cell = clean();
        change(&mut cell);
        warnings(&cell)
    }

    fn traffic(change: impl FnOnce(&mut Traffic)) -> Vec<Warning> {
        changed(|cell| change(cell.traffic.as_mut().unwrap()))
    }

    fn generator(change: impl FnOnce(&mut GeneratorUsage)) -> Vec<Warning> {
        changed(|cell| change(cell.generator.as_mut().unwrap()))
    }

    /// The name of the only check that failed, which invalidates.
    fn failed(warnings: &[Warning]) -> &str {
        let [warning @ Warning::CheckFailed { check, .. }] = warnings else { panic!("{warnings:?}") };
        assert!(warning.invalidates());
        check
    }

    #[test]
    fn a_clean_cell_at_the_edge_of_every_limit_passes() {
        assert_eq!(warnings(&clean()), []);
    }

    #[test]
    fn a_generator_that_fell_behind_invalidates() {
        let warnings = generator(|usage| usage.kept_pace = 0.989);
        assert_eq!(warnings, [Warning::GeneratorFellBehind { kept_pace: 0.989 }]);
        assert!(warnings[0].invalidates());
    }

    #[test]
    fn a_generator_without_cpu_to_spare_invalidates() {
        let warnings = generator(|usage| usage.busiest_worker = 0.81);
        assert_eq!(warnings, [Warning::GeneratorSaturated { busiest_worker: 0.81 }]);
        assert!(warnings[0].invalidates());
    }

    #[test]
    fn a_late_schedule_invalidates_only_beyond_a_tenth_of_what_is_reported() {
        let lag = |response_ms: u64, lag_us: u64| {
            traffic(|traffic| {
                traffic.response_time = Some(histogram(&vec![response_ms * MS; 1_000]));
                traffic.mean_in_system = Some(response_ms as f64);
                traffic.schedule_lag = Some(histogram(&vec![lag_us * 1_000; 1_000]));
            })
        };
        // Up to a millisecond it never matters, however fast the server.
        assert_eq!(lag(1, 999), []);
        assert!(matches!(lag(1, 1_010)[..], [Warning::ScheduleLag { allowed_ns: 1_000_000, .. }]));
        assert_eq!(lag(100, 9_900), []);
        let late = lag(100, 10_200);
        assert!(matches!(late[..], [Warning::ScheduleLag { .. }]) && late[0].invalidates(), "{late:?}");
    }

    #[test]
    fn only_the_slowest_hundredth_of_the_lag_counts() {
        let lags = |late: usize| {
            traffic(|traffic| {
                let lags: Vec<u64> = (0..1_000).map(|index| if index < late { 50 * MS } else { 1_000 }).collect();
                traffic.schedule_lag = Some(histogram(&lags));
            })
        };
        assert_eq!(lags(10), []);
        assert_eq!(lags(11).len(), 1);
    }

    #[test]
    fn a_request_without_an_end_or_with_two_invalidates() {
        for ok in [999, 1_001] {
            let found = traffic(|traffic| {
                traffic.ledger.ok = ok;
                // Where not every request has a response time, the other checks have nothing to say.
                traffic.response_time = None;
            });
            assert_eq!(failed(&found), "every request has one end", "{found:?}");
        }
    }

    #[test]
    fn times_out_of_order_invalidate() {
        assert_eq!(failed(&traffic(|traffic| traffic.timestamps_out_of_order = 1)), "timestamps nest");
    }

    #[test]
    fn requests_in_the_system_must_agree_with_their_response_times() {
        for mean in [9.4, 10.6, 0.0, f64::NAN] {
            let found = traffic(|traffic| traffic.mean_in_system = Some(mean));
            assert_eq!(failed(&found), "Little's law", "{mean}");
        }
        for mean in [9.6, 10.4] {
            assert_eq!(traffic(|traffic| traffic.mean_in_system = Some(mean)), [], "{mean}");
        }
    }

    #[test]
    fn little_says_nothing_where_requests_have_no_response_time() {
        let found = traffic(|traffic| {
            traffic.ledger.ok = 500;
            traffic.ledger.refused = 500;
            traffic.mean_in_system = Some(1.0);
        });
        assert_eq!(found, []);
    }

    #[test]
    fn a_reply_that_the_server_did_not_send_invalidates() {
        let served = |requests_served: u64, change: fn(&mut Cell)| {
            changed(|cell| {
                cell.server.counters.as_mut().unwrap().requests_served = requests_served;
                change(cell);
            })
        };
        assert_eq!(failed(&served(1_099, |_| {})), "server and client count alike");
        assert_eq!(failed(&served(1_101, |_| {})), "server and client count alike", "one was lost on the way");
        // One that the client gave up on may have been served, and still none can be received that was not sent.
        let with_one_given_up: fn(&mut Cell) = |cell| cell.traffic.as_mut().unwrap().given_up_in_all = 1;
        assert_eq!(served(1_100, with_one_given_up), []);
        assert_eq!(served(1_101, with_one_given_up), []);
        for impossible in [1_099, 1_102] {
            assert_eq!(failed(&served(impossible, with_one_given_up)), "server and client count alike");
        }
    }

    #[test]
    fn a_server_that_said_nothing_is_not_held_to_its_count() {
        assert_eq!(changed(|cell| cell.server.counters = None), []);
    }

    #[test]
    fn noise_is_told_and_does_not_invalidate() {
        let others = changed(|cell| cell.noise.other_cpu_share = Some(0.06));
        let stolen = changed(|cell| cell.noise.steal_share = Some(0.5));
        for (found, word) in [(&others, "other processes used 6%"), (&stolen, "hypervisor took 50%")] {
            let [warning @ Warning::NoisyMachine { what }] = &found[..] else { panic!("{found:?}") };
            assert!(what.contains(word) && !warning.invalidates(), "{what}");
        }
    }

    #[test]
    fn a_capacity_probe_is_meant_to_saturate_and_its_algebra_still_holds() {
        let probe = |change: fn(&mut Cell)| {
            changed(|cell| {
                cell.purpose = Purpose::CapacityProbe;
                cell.generator.as_mut().unwrap().busiest_worker = 1.0;
                change(cell);
            })
        };
        assert_eq!(probe(|_| {}), []);
        assert_eq!(
            failed(&probe(|cell| cell.traffic.as_mut().unwrap().timestamps_out_of_order = 3)),
            "timestamps nest"
        );
    }
}
