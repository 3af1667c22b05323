//! Whole cells: a server of ours, a probe, a disturbance, and what is written down of them.

use std::time::Duration;

use harness::plan::{Bounds, CpuNeed, Task, TaskKind, place};
use instruments::load::{ArrivalProcess, DisturbanceKind, LoadSpec, Shape, Work};
use instruments::observe::allowed_cpus;
use reports::record::{Cell, Fate, Outcome, PlacementKind, PlacementRecord as Placed};

use crate::common::{assert_checks_held, assert_no_groups_of};
use crate::disturbances::trial::{MS, run, task};

const UNBOUNDED: Bounds = Bounds { threads: None, open_files: None, memory_bytes: None };

/// What holds for every disturbed cell.
fn checked(cell: Cell) -> Cell {
    let traffic = cell.traffic.as_ref().unwrap();
    assert_eq!(traffic.ledger.scheduled, traffic.ledger.accounted_for());
    assert_eq!(traffic.events.len() as u64, traffic.ledger.scheduled);
    assert_eq!(cell.variation, Some(1.5));
    assert_checks_held(&cell);
    cell
}

#[test]
fn a_server_left_alone_answers_all_and_the_same_time_is_looked_at() {
    let (cell, end) = run("async-single", || task(DisturbanceKind::Nothing, UNBOUNDED));
    let cell = checked(cell);
    assert_eq!((end.failed, &cell.outcome), (0, &Outcome::Completed));
    let disturbance = cell.disturbance.unwrap();
    assert!(disturbance.from_ns < disturbance.until_ns, "{disturbance:?}");
    assert!(disturbance.course.is_empty() && disturbance.traffic.is_none(), "{disturbance:?}");
    assert!(cell.traffic.unwrap().events.iter().all(|event| event.fate == Fate::Ok));
    assert!(cell.bounds.is_empty() && cell.server.died_at_ns.is_none());
}

#[test]
fn one_idle_connection_locks_out_a_server_that_serves_one_at_a_time() {
    let (cell, _) = run("sequential", || {
        let mut task = task(DisturbanceKind::IdleFlood { per_second: 1_000, at_most: 1 }, UNBOUNDED);
        if let TaskKind::Disturbed(spec) = &mut task.kind {
            // Shorter than the flood, so that those who come in its middle are not answered.
            spec.probe.timeout = Duration::from_millis(100);
        }
        task
    });
    let cell = checked(cell);
    let disturbance = cell.disturbance.as_ref().unwrap();
    assert_eq!(disturbance.name, "test");
    assert!(disturbance.from_ns >= 200 * MS && disturbance.until_ns >= 800 * MS, "{disturbance:?}");
    assert_eq!(disturbance.course.iter().map(|progress| progress.held).max(), Some(1));
    let events = cell.traffic.unwrap().events;
    let held = disturbance.course.iter().filter(|progress| progress.held == 1).map(|progress| progress.at_ns);
    let (from_ns, until_ns) = (held.clone().min().unwrap(), held.max().unwrap());
    let fates = |due: std::ops::Range<u64>| -> Vec<Fate> {
        events.iter().filter(|event| due.contains(&event.at_ns)).map(|event| event.fate).collect()
    };
    // Those who came while it was there, and reached their timeout before it had gone.
    let locked_out = fates(from_ns + 1..until_ns.saturating_sub(101 * MS));
    assert!(locked_out.iter().all(|fate| *fate == Fate::NeverAnswered), "{events:?}");
    assert!(!locked_out.is_empty() && fates(0..90 * MS).contains(&Fate::Ok), "{events:?}");
    assert!(fates(disturbance.until_ns..u64::MAX).contains(&Fate::Ok), "{events:?}");
}

#[test]
fn a_stalled_server_answers_afterwards_and_is_not_left_stopped() {
    let (cell, end) = run("threaded", || task(DisturbanceKind::Stall, UNBOUNDED));
    let cell = checked(cell);
    assert_eq!((end.failed, &cell.outcome), (0, &Outcome::Completed));
    let events = cell.traffic.unwrap().events;
    assert!(events.iter().all(|event| event.fate == Fate::Ok), "{events:?}");
    // Those that were due in its middle waited until its end.
    let in_the_middle = events.iter().filter(|event| (400 * MS..500 * MS).contains(&event.at_ns));
    assert!(in_the_middle.clone().count() >= 9);
    assert!(in_the_middle.clone().all(|event| event.at_ns + event.took_ns >= 800 * MS), "{events:?}");
    // It said what it had counted, which a stopped process can't.
    assert!(cell.server.counters.is_some());
}

#[test]
fn the_requests_of_a_neighbour_are_its_own_and_the_server_counts_both() {
    let (cell, _) = run("async-multi", || {
        let arrivals = ArrivalProcess::Constant { rate_rps: 200.0 };
        let shape = Shape::Connections { connections: 4 };
        let neighbour = LoadSpec {
            window: Duration::from_secs(60),
            timeout: Duration::from_secs(2),
            ..LoadSpec::new(arrivals, shape, Work::new("echo", "neighbour"))
        };
        task(DisturbanceKind::Load(neighbour), UNBOUNDED)
    });
    let cell = checked(cell);
    let (probe, disturbance) = (cell.traffic.unwrap(), cell.disturbance.unwrap());
    let neighbour = disturbance.traffic.unwrap();
    assert_eq!((probe.ledger.ok, neighbour.ledger.scheduled), (probe.ledger.scheduled, 120));
    assert!(disturbance.course.is_empty() && neighbour.events.is_empty());
    assert_eq!(cell.server.counters.unwrap().requests_served, probe.ok_in_all + neighbour.ok_in_all);
}

#[test]
fn a_greedy_client_is_counted_with_the_probe() {
    let (cell, _) = run("threaded", || {
        task(DisturbanceKind::Pipelining { outstanding: 50, work: Work::new("spin", "20us") }, UNBOUNDED)
    });
    let cell = checked(cell);
    let (probe, greedy) = (cell.traffic.unwrap(), cell.disturbance.unwrap().traffic.unwrap());
    assert!(greedy.ok_in_all > 0 && greedy.given_up_in_all <= 50, "{:?}", greedy.ledger);
    let served = cell.server.counters.unwrap().requests_served - probe.ok_in_all;
    assert!((greedy.ok_in_all..=greedy.ok_in_all + greedy.given_up_in_all).contains(&served), "{served}");
}

#[test]
fn those_who_stay_are_counted_with_the_probe() {
    let (cell, _) = run("threaded", || task(DisturbanceKind::KeepAlive { connections: 50 }, UNBOUNDED));
    let cell = checked(cell);
    let stayed = cell.disturbance.unwrap().traffic.unwrap();
    assert_eq!(stayed.ledger.ok, 50);
    assert_eq!(cell.server.counters.unwrap().requests_served, 50 + cell.traffic.unwrap().ok_in_all);
}

#[test]
fn half_requests_are_never_served() {
    let (cell, _) = run("async-single", || {
        task(DisturbanceKind::HalfRequests { connections: 50, every: Duration::from_millis(20) }, UNBOUNDED)
    });
    let cell = checked(cell);
    let most = cell.disturbance.unwrap().course.iter().map(|progress| progress.held).max();
    let counters = cell.server.counters.unwrap();
    assert_eq!((most, counters.requests_refused), (Some(50), 0));
    assert_eq!(counters.requests_served, cell.traffic.unwrap().ok_in_all);
}

#[test]
fn bounds_are_met_named_and_written_down() {
    const FLOOD: DisturbanceKind = DisturbanceKind::IdleFlood { per_second: 1_000, at_most: 100 };
    let (cell, end) = run("async-single", || task(FLOOD, Bounds { open_files: Some(40), ..UNBOUNDED }));
    let cell = checked(cell);
    assert_eq!(cell.bounds.len(), 1);
    let bound = &cell.bounds[0];
    assert_eq!((bound.resource.as_str(), bound.value), ("open files", 40));
    assert_eq!(bound.enforced_by, "rlimit (RLIMIT_NOFILE)");
    assert!(cell.server.counters.unwrap().accept_errors > 0);
    assert_eq!(end.failed, 0);

    let (cell, end) = run("threaded", || task(FLOOD, Bounds { threads: Some(30), ..UNBOUNDED }));
    let bound = &cell.bounds[0];
    assert_eq!((bound.resource.as_str(), bound.value), ("threads", 30));
    if bound.enforced_by == "watchdog" {
        // Where no control group can be made it was killed, which is a result.
        let Outcome::Failed { reason, .. } = &cell.outcome else { panic!("{:?}", cell.outcome) };
        assert!(reason.contains("watchdog") && cell.server.died_at_ns.is_some(), "{reason}");
    } else {
        assert!(bound.enforced_by.contains("pids.max"), "{bound:?}");
        assert!(cell.server.peak_threads.unwrap() <= 30 && cell.server.counters.unwrap().spawn_errors > 0);
    }
    assert_eq!(end.failed, 0);
    assert_no_groups_of(std::process::id());
}

fn on_all_cpus() -> Task {
    let all = allowed_cpus().unwrap().len() as u32;
    Task { server_cpus: CpuNeed::Just(all), ..task(DisturbanceKind::Nothing, UNBOUNDED) }
}

#[test]
fn a_server_runs_on_as_many_cpus_as_its_task_says() {
    let all = allowed_cpus().unwrap();
    let usual = place(PlacementKind::Isolated, &all);
    let (as_placed, _) = run("async-multi", || task(DisturbanceKind::Nothing, UNBOUNDED));
    let (on_all, end) = run("async-multi", on_all_cpus);
    assert_eq!((end.failed, as_placed.placement.as_ref()), (0, None));
    let placement = on_all.placement.as_ref().unwrap_or(&usual);
    let Placed { kind, server_cpus, generator_cpus } = placement;
    assert_eq!((*kind, server_cpus, generator_cpus), (PlacementKind::Shared, &all, &all));
    // A worker for each CPU that it sees.
    let more = (all.len() - usual.server_cpus.len()) as u64;
    assert_eq!(on_all.server.peak_threads, as_placed.server.peak_threads.map(|threads| threads + more));
    assert!(on_all.noise.other_cpu_share.is_some(), "{:?}", on_all.warnings);
    checked(on_all);
    assert_eq!(allowed_cpus().unwrap(), all, "and is moved back");
}
