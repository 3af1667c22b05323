//! A generator with more workers than work.

use std::net::TcpListener;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::thread;
use std::time::Duration;

use harness::load::{self, Generator};
use harness::plan::{ArrivalProcess, LoadSpec, Pacing, Shape};
use servers::{Contender, Server};

use crate::known_answers::subject::spec;

/// A worker without a connection has nothing to send on: the others must send its share.
#[test]
fn more_workers_than_connections_lose_nothing() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    let contender = Contender::parse("async-single").unwrap();
    let server = Arc::new(Server::new(contender.options.clone(), servers::protocol::Wire::JsonLines, Some(1)));
    let stop = server.stop_handle();
    thread::spawn(move || (contender.model.run)(listener, &server).unwrap());
    let generator = Generator { threads: 3, pacing: Pacing::Sleeping };
    let spec = spec(500.0, 1, Duration::from_millis(200));
    let sessions = Shape::Sessions { requests: 1, think_time: Duration::ZERO, concurrent: 1 };
    for shape in [spec.shape, sessions] {
        let spec = LoadSpec { shape, arrivals: ArrivalProcess::Constant { rate_rps: 50.0 }, ..spec.clone() };
        let outcome = load::run(&spec, address, generator, &AtomicBool::new(false), |_| {}).unwrap();
        let ledger = outcome.traffic.ledger;
        assert_eq!((ledger.scheduled, ledger.ok), (10, 10), "{shape:?}: {ledger:?}");
        assert_eq!(outcome.generator.threads, 1);
    }
    stop.stop();
}
