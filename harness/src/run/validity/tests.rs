//! Each check is made to fail. Within: `tests/load.rs`, what any load is held to.

mod load;

use hdrhistogram::Histogram;
use reports::record::{
    ArrivalsRecord, BackendUsage, DisturbanceRecord, FailedPart, GeneratorUsage, HistogramRecord, Ledger, Load, Noise,
    ServerCounters, ServerUsage, ShapeRecord,
};

use super::*;

const MS: u64 = 1_000_000;

fn histogram(values_ns: &[u64]) -> HistogramRecord {
    let mut histogram = Histogram::new_with_bounds(1, 3_600_000 * MS, 3).unwrap();
    values_ns.iter().for_each(|value| histogram.record(*value).unwrap());
    HistogramRecord::from_histogram(&histogram, values_ns.iter().sum())
}

fn disturbance(traffic: Option<Traffic>) -> DisturbanceRecord {
    DisturbanceRecord { name: "others".to_owned(), until_ns: MS, traffic, ..DisturbanceRecord::default() }
}

/// A thousand requests of 10 ms each in a window of a second, of which the server and all checks approve.
pub(in crate::run) fn clean() -> Cell {
    let traffic = Traffic {
        ledger: Ledger { scheduled: 1_000, ok: 1_000, ..Ledger::default() },
        ok_within_window: 1_000,
        ok_in_all: 1_100,
        response_time: Some(histogram(&[10 * MS; 1_000])),
        schedule_lag: Some(histogram(&[MS / 2; 1_000])),
        mean_in_system: Some(10.0),
        ..Traffic::new(histogram(&[10 * MS; 1_000]))
    };
    let load = Load {
        arrivals: ArrivalsRecord::Constant,
        shape: ShapeRecord::Connections { connections: 64 },
        offered_load_rps: Some(1_000.0),
        work: "sleep 10ms".to_owned(),
        seed: 1,
        warm_up_ns: 0,
        window_ns: 1_000 * MS,
        timeout_ns: 1_000 * MS,
    };
    Cell {
        id: "a".to_owned(),
        experiment: "latency-curve".to_owned(),
        workload: "echo".to_owned(),
        contender: "threaded".to_owned(),
        elapsed_ns: 1_100 * MS,
        traffic: Some(traffic),
        generator: Some(GeneratorUsage {
            threads: 1,
            user_cpu_ns: 0,
            system_cpu_ns: 0,
            polling_ns: 0,
            busiest_worker: 0.8,
            kept_pace: 0.99,
        }),
        backend: Some(BackendUsage { calls: 1_000, lag: histogram(&[MS / 40; 1_000]), cpu_ns: 0, busy: 0.8 }),
        server: ServerUsage {
            counters: Some(ServerCounters { requests_served: 1_100, ..ServerCounters::default() }),
            ..ServerUsage::default()
        },
        noise: Noise {
            other_cpu_share: Some(0.05),
            steal_share: Some(0.05),
            max_hiccup_ns: Some(20 * MS),
            generator_throttled: Some(Throttled::default()),
            server_throttled: Some(Throttled::default()),
            suspended_ns: Some(MS),
            ..Noise::default()
        },
        ..Cell::new(load)
    }
}

fn changed(change: impl FnOnce(&mut Cell)) -> Vec<Warning> {
    let mut cell = clean();
    change(&mut cell);
    warnings(&cell, PlacementKind::Isolated)
}

fn traffic(change: impl FnOnce(&mut Traffic)) -> Vec<Warning> {
    changed(|cell| change(cell.traffic.as_mut().unwrap()))
}

#[test]
fn a_backend_with_cpu_to_spare_that_was_late_was_held_up_by_the_machine() {
    let late = Warning::BackendLag { lag_p99_ns: 3 * MS, allowed_ns: MS };
    let busy = Warning::BackendSaturated { busy: 0.9 };
    let with = |warnings: Vec<Warning>| is_disturbed(&Cell { warnings, ..clean() });
    assert!(with(vec![late.clone()]));
    assert!(!with(vec![late, busy]));
}

/// The name of the only check that failed, which invalidates.
fn failed(warnings: &[Warning]) -> &str {
    let [warning @ Warning::CheckFailed { check, .. }] = warnings else { panic!("{warnings:?}") };
    assert!(warning.invalidates());
    check
}

#[test]
fn a_clean_cell_at_the_edge_of_every_limit_passes() {
    assert_eq!(warnings(&clean(), PlacementKind::Isolated), []);
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
fn requests_of_a_disturbance_are_counted_with_the_probes() {
    let with_disturbance = |ok_in_all: u64, given_up_in_all: u64| {
        changed(|cell| {
            let of_its_own = Traffic { ok_in_all, given_up_in_all, ..cell.traffic.clone().unwrap() };
            cell.disturbance = Some(disturbance(Some(of_its_own)));
            cell.server.counters.as_mut().unwrap().requests_served = 1_600;
        })
    };
    assert_eq!(with_disturbance(500, 0), []);
    assert_eq!(with_disturbance(490, 10), []);
    assert_eq!(failed(&with_disturbance(490, 9)), "server and client count alike");
    assert_eq!(failed(&with_disturbance(501, 0)), "server and client count alike");
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
    let throttled = Throttled { periods: 3, stopped_ns: 90 * MS };
    let hiccup = changed(|cell| cell.noise.max_hiccup_ns = Some(21 * MS));
    assert_eq!(hiccup, [Warning::Hiccup { max_hiccup_ns: 21 * MS, allowed_ns: 20 * MS }]);
    let suspended = changed(|cell| cell.noise.suspended_ns = Some(5_000 * MS));
    assert_eq!(suspended, [Warning::Suspended { suspended_ns: 5_000 * MS }]);
    let server = changed(|cell| cell.noise.server_throttled = Some(throttled));
    assert_eq!(server, [Warning::ServerThrottled(throttled)]);
    assert!([hiccup, suspended, server].concat().iter().all(|warning| !warning.invalidates()));
}

#[test]
fn a_generator_that_a_quota_stopped_is_believed_in_no_loop() {
    let throttled = Throttled { periods: 1, stopped_ns: MS };
    for arrivals in [ArrivalsRecord::Constant, ArrivalsRecord::Closed] {
        let found = changed(|cell| {
            cell.load.arrivals = arrivals;
            cell.noise.generator_throttled = Some(throttled);
        });
        assert_eq!(found, [Warning::GeneratorThrottled(throttled)]);
        assert!(found[0].invalidates());
    }
}

#[test]
fn what_nobody_has_seen_is_not_quiet() {
    type TakeAway = fn(&mut Noise);
    let absent: [(TakeAway, Unobserved); 6] = [
        (|noise| noise.other_cpu_share = None, Unobserved::OtherPrograms),
        (|noise| noise.steal_share = None, Unobserved::OtherPrograms),
        (|noise| noise.max_hiccup_ns = None, Unobserved::Hiccups),
        (|noise| noise.generator_throttled = None, Unobserved::GeneratorQuota),
        (|noise| noise.server_throttled = None, Unobserved::ServerQuota),
        (|noise| noise.suspended_ns = None, Unobserved::Suspension),
    ];
    for (take_away, unobserved) in absent {
        let mut cell = clean();
        take_away(&mut cell.noise);
        let [warning @ Warning::NotObserved { what, .. }] = &warnings(&cell, PlacementKind::Isolated)[..] else {
            panic!("{unobserved:?}")
        };
        assert_eq!(*what, unobserved);
        assert!(!warning.invalidates());
        // A quota that stops a thread is seen by the thread that watches for hiccups, too.
        let is_seen_otherwise = matches!(unobserved, Unobserved::GeneratorQuota | Unobserved::ServerQuota);
        assert_eq!(warning.is_of_the_machine(), !is_seen_otherwise, "{unobserved:?}");
        // Where the observer has said why, nothing is said twice.
        let reason = "its thread could not be started".to_owned();
        let said = Warning::NotObserved { what: unobserved, reason };
        assert_eq!(warnings(&Cell { warnings: vec![said], ..cell.clone() }, PlacementKind::Isolated), []);
        // A server that died of what was done to it is a result, and so is looked at all the same.
        cell.outcome =
            Outcome::Failed { part: FailedPart::Server, reason: "it died".to_owned(), stderr: String::new() };
        assert_eq!(warnings(&cell, PlacementKind::Isolated), []);
        (cell.disturbance, cell.server.died_at_ns) = (Some(disturbance(None)), Some(MS));
        assert_eq!(warnings(&cell, PlacementKind::Isolated).len(), 1);
    }
}

#[test]
fn a_machine_that_nobody_watched_is_one_doubt() {
    let found = changed(|cell| cell.noise = Noise::default());
    assert!(matches!(found[..], [Warning::NotObserved { what: Unobserved::Machine, .. }]), "{found:?}");
}

#[test]
fn a_cell_is_run_again_for_what_passes_and_not_for_what_lasts() {
    let with = |warning: Warning| is_disturbed(&Cell { warnings: vec![warning], ..clean() });
    assert!(with(Warning::Hiccup { max_hiccup_ns: 21 * MS, allowed_ns: 20 * MS }));
    assert!(with(Warning::Suspended { suspended_ns: 5_000 * MS }));
    assert!(!with(Warning::NotObserved { what: Unobserved::Hiccups, reason: String::new() }));
    assert!(!with(Warning::GeneratorThrottled(Throttled::default())));
    assert!(!with(Warning::ServerThrottled(Throttled::default())));
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
    assert_eq!(failed(&probe(|cell| cell.traffic.as_mut().unwrap().timestamps_out_of_order = 3)), "timestamps nest");
}

#[test]
fn new_clients_beside_a_disturbance_may_come_late_by_a_twentieth_of_their_timeout() {
    let late = |shape: ShapeRecord, disturbance: Option<DisturbanceRecord>, lag_ns: u64| {
        changed(|cell| {
            cell.load.shape = shape;
            cell.disturbance = disturbance;
            cell.traffic.as_mut().unwrap().schedule_lag = Some(histogram(&[lag_ns; 1_000]));
        })
    };
    let is_late = |warnings: Vec<Warning>| matches!(warnings[..], [Warning::ScheduleLag { .. }]);
    let newcomers = ShapeRecord::Sessions { requests: 1, think_time_ns: 0, concurrent: 10 };
    let connected = ShapeRecord::Connections { connections: 10 };
    assert_eq!(late(newcomers, Some(disturbance(None)), 49 * MS), []);
    assert!(is_late(late(newcomers, Some(disturbance(None)), 51 * MS)));
    assert!(is_late(late(newcomers, None, 49 * MS)));
    assert!(is_late(late(connected, Some(disturbance(None)), 49 * MS)));
}

#[test]
fn a_late_generator_is_tried_again_unless_it_was_at_its_end() {
    let with = |warnings: &[Warning]| is_disturbed(&Cell { warnings: warnings.to_vec(), ..clean() });
    let late = Warning::ScheduleLag { lag_p99_ns: 2 * MS, allowed_ns: MS };
    assert!(!with(&[]));
    assert!(with(std::slice::from_ref(&late)));
    assert!(!with(&[late.clone(), Warning::GeneratorSaturated { busiest_worker: 0.9 }]));
    assert!(!with(&[late, Warning::GeneratorFellBehind { kept_pace: 0.5 }]));
}
