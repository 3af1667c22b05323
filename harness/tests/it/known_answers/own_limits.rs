//! A generator with more workers than work.

use std::sync::atomic::AtomicBool;
use std::time::Duration;

use instruments::load::{self, ArrivalProcess, Generator, LoadSpec, Pacing, Shape};
use servers::protocol::Wire;

use crate::common::own_server::serve;
use crate::known_answers::subject::spec;

/// A worker without a connection has nothing to send on: the others must send its share.
#[test]
fn more_workers_than_connections_lose_nothing() {
    let server = serve("async-single", Wire::JsonLines);
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
