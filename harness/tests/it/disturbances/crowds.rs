//! Many at once, slow ones, and those who wait when the server is told to stop: whole cells, and what clients do against
//! servers of known behaviour.

use std::thread;
use std::time::Duration;

use harness::plan::{Bounds, TaskKind};
use harness::run::RunEnd;
use instruments::load::{DisturbanceKind, Work};
use reports::metrics::{Reading, metric};
use reports::record::{Cell, Fate, Outcome, Warning};
use reports::study::During;
use reports::study::Pool;

use crate::common::assert_checks_held;
use crate::disturbances::trial::{run, task};

const UNBOUNDED: Bounds = Bounds { threads: None, open_files: None, memory_bytes: None };

fn value(cell: &Cell, name: &str) -> Option<f64> {
    metric(name).unwrap().of_pool(&Pool::of(vec![cell])).value()
}

#[test]
fn a_burst_comes_once_and_is_over_when_the_last_was_answered() {
    let (cell, _) = run("async-multi", || {
        task(DisturbanceKind::Burst { connections: 300, work: Work::new("echo", "all at once") }, UNBOUNDED)
    });
    assert_checks_held(&cell);
    let traffic = cell.disturbance.as_ref().unwrap().traffic.as_ref().unwrap();
    assert_eq!((traffic.ledger.scheduled, traffic.ledger.ok), (300, 300), "{traffic:?}");
    assert_eq!(traffic.connections.established, 300);
    assert_eq!(value(&cell, "disturbance_success"), Some(1.0));
    // Of 300 a p99 is too little, and who was connected is known all the same.
    assert_eq!(traffic.connect_time.as_ref().unwrap().count, 300);
    assert!(value(&cell, "time_to_drain").is_some());
    assert!(cell.server.listen_overflows.is_some(), "the kernel tells");
}

#[test]
fn a_burst_that_a_short_queue_does_not_hold_overflows() {
    // One that serves one at a time, and is held by the first: two fit the queue.
    let (cell, _) = run("sequential:backlog=1", || {
        task(DisturbanceKind::Burst { connections: 60, work: Work::new("sleep", "50ms") }, UNBOUNDED)
    });
    assert_checks_held(&cell);
    assert!(cell.server.listen_overflows.unwrap() > 10, "{:?}", cell.server);
    assert!(matches!(metric("time_to_drain").unwrap().of_pool(&Pool::of(vec![&cell])), Reading::Beyond(_)));
}

#[test]
fn who_does_not_read_keeps_a_pool_and_no_task() {
    let slow = || {
        let kind = DisturbanceKind::SlowReaders {
            connections: 6,
            requests: 20,
            work: Work::new("reply", "1048576"),
            bytes_per_second: 1 << 20,
        };
        let mut task = task(kind, UNBOUNDED);
        if let TaskKind::Disturbed(spec) = &mut task.kind {
            spec.probe.timeout = Duration::from_millis(150);
        }
        task
    };
    let (pool, _) = run("thread-pool:workers=1", slow);
    assert_checks_held(&pool);
    let disturbance = pool.disturbance.as_ref().unwrap();
    assert_eq!(disturbance.course.iter().map(|progress| progress.held).max(), Some(6));
    let [.., let_go] = &disturbance.course[..] else { panic!("{disturbance:?}") };
    assert_eq!((let_go.held, let_go.refused, let_go.ended_by_server), (0, 0, 0));
    let ledger = disturbance.traffic.as_ref().unwrap().ledger;
    assert_eq!((ledger.scheduled, ledger.in_flight), (120, 120), "nobody looks at the replies");
    let locked_out = pool.probed(During::Disturbance).filter(|event| event.fate == Fate::NeverAnswered).count();
    assert!(locked_out > 10, "{:?}", pool.traffic);
    let probe = pool.traffic.as_ref().unwrap();
    let replies = pool.server.counters.unwrap().requests_served.saturating_sub(probe.ok_in_all + probe.given_up_in_all);
    assert!(replies < 60, "{replies} of 120 replies of a MiB were made, and nobody read them");
}

/// Eight of each sort, and the signal in the middle of what lasts 400 ms. There is time for a busy machine.
fn term() -> harness::plan::Task {
    let kind = DisturbanceKind::Shutdown {
        idle: 8,
        half_sent: 8,
        running: 8,
        work: Work::new("sleep", "400ms"),
        after: Duration::from_millis(200),
    };
    let mut task = task(kind, UNBOUNDED);
    if let TaskKind::Disturbed(spec) = &mut task.kind {
        (spec.disturbance.lasting, spec.probe.window) = (Duration::from_millis(1_200), Duration::from_millis(1_500));
    }
    task
}

/// Two of them at a time, since most of a cell is waiting.
fn told_to_stop(contenders: &[&str], check: impl Fn(&str, Cell, RunEnd) + Sync) {
    let one = |contender: &str| {
        let (cell, end) = run(contender, term);
        assert_checks_held(&cell);
        assert_eq!(cell.outcome, Outcome::Completed, "{contender}: it did what it was told");
        assert!(value(&cell, "time_to_stop").is_some(), "{contender}: {:?}", cell.server.died_at_ns);
        check(contender, cell, end);
    };
    for pair in contenders.chunks(2) {
        thread::scope(|scope| {
            for contender in pair {
                let one = &one;
                scope.spawn(move || one(contender));
            }
        });
    }
}

#[test]
fn a_server_that_is_told_to_stop_loses_what_it_began() {
    told_to_stop(&["threaded", "thread-pool:workers=32", "async-single", "async-multi"], |contender, cell, end| {
        assert_eq!(end.failed, 0, "{contender}");
        let died = |warning: &&Warning| matches!(warning, Warning::ServerDied { .. } | Warning::NotObserved { .. });
        assert_eq!(cell.warnings.iter().find(died), None, "{contender}");
        assert_eq!(value(&cell, "replies_lost"), Some(8.0), "{contender}: {:?}", cell.disturbance);
        assert!(cell.server.counters.is_some(), "{contender}");
        let fates: Vec<Fate> = cell.traffic.unwrap().events.iter().map(|event| event.fate).collect();
        assert!(fates.ends_with(&[Fate::Refused; 20]) && fates.contains(&Fate::Ok), "{contender}: {fates:?}");
    });
}

#[test]
fn a_server_that_drains_answers_what_it_began_and_waits_for_nobody_else() {
    let drain = ["threaded:drain=30s", "thread-pool:drain=30s,workers=32", "async-single:drain=30s"];
    told_to_stop(&drain, |contender, cell, _| {
        assert_eq!(value(&cell, "replies_lost"), Some(0.0), "{contender}: {:?}", cell.disturbance);
    });
}
