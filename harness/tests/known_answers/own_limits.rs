//! A generator that is asked for more than it can do, and one with more workers than work.

use std::sync::atomic::AtomicBool;
use std::time::Duration;

use harness::load::{self, Generator};
use harness::plan::{ArrivalProcess, LoadSpec, Pacing, Shape};

use crate::subject::{Served, run, spec, turn};

/// What makes a cell invalid is read off these figures, and `run/validity.rs` has the limits: 99% of the schedule in
/// time, 80% of a CPU.
#[test]
fn a_generator_asked_for_ten_times_what_it_can_send_says_so() {
    let _turn = turn();
    let server = Served::start("async-single");
    let shape = Shape::Connections { connections: 64 };
    let at_most = LoadSpec { arrivals: ArrivalProcess::Closed, shape, ..spec(1.0, 64, Duration::from_millis(500)) };
    let most_rps = run(&at_most, server.address, |_| {}).traffic.ok_within_window as f64 / 0.5;
    assert!(most_rps > 100.0, "{most_rps}");
    // The closed loop may have been bounded by the server, so this may be less than ten times what the generator can.
    let window = Duration::from_millis(500);
    let excessive = LoadSpec { timeout: Duration::from_millis(100), ..spec(20.0 * most_rps, 64, window) };
    let outcome = run(&excessive, server.address, |_| {});
    let generator = outcome.generator;
    assert!(generator.kept_pace < 0.99 || generator.busiest_worker > 0.8, "{generator:?}");
    let asked = 20.0 * most_rps * 0.5;
    let scheduled = outcome.traffic.ledger.scheduled as f64;
    assert!((scheduled - asked).abs() <= 2.0, "{scheduled} of {asked}: what could not be sent has disappeared");
}

/// A worker without a connection has nothing to send on: the others must send its share.
#[test]
fn more_workers_than_connections_lose_nothing() {
    let _turn = turn();
    let server = Served::start("async-single");
    let generator = Generator { threads: 3, pacing: Pacing::Sleeping };
    let spec = spec(500.0, 1, Duration::from_millis(200));
    let sessions = Shape::Sessions { requests: 1, think_time: Duration::ZERO, concurrent: 1 };
    for shape in [spec.shape, sessions] {
        let spec = LoadSpec { shape, arrivals: ArrivalProcess::Constant { rate_rps: 50.0 }, ..spec.clone() };
        let outcome = load::run(&spec, server.address, generator, &AtomicBool::new(false), |_| {}).unwrap();
        let ledger = outcome.traffic.ledger;
        assert_eq!((ledger.scheduled, ledger.ok), (10, 10), "{shape:?}: {ledger:?}");
        assert_eq!(outcome.generator.threads, 1);
    }
}
