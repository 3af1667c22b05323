//! The generator against servers whose behaviour is known: what it counts must be what happened.

use std::net::{SocketAddr, TcpListener};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, PoisonError};
use std::thread;
use std::time::Duration;

use instruments::load::{self, ArrivalProcess, Generator, HeldConnections, LoadOutcome, LoadSpec, Pacing, Shape, Work};
use servers::protocol::Wire;

use crate::common::own_server::serve;
use crate::common::scripted::{right, scripted};
use crate::common::{LONGEST_WAIT, nobody};

const GENERATOR: Generator = Generator { threads: 1, pacing: Pacing::Precise };

fn spec(arrivals: ArrivalProcess, shape: Shape, work: Work) -> LoadSpec {
    LoadSpec {
        seed: 1,
        warm_up: Duration::from_millis(100),
        window: Duration::from_millis(500),
        // A load ends with its last reply, so that patience costs nothing, and a machine that is busy with other
        // tests decides no test.
        timeout: Duration::from_secs(20),
        ..LoadSpec::new(arrivals, shape, work)
    }
}

fn sessions() -> Shape {
    Shape::Sessions { requests: 10, think_time: Duration::ZERO, concurrent: 1_000 }
}

fn echo() -> Work {
    Work::new("echo", "hi")
}

/// One load at a time: a thousand sessions of one test would make another's time out.
fn run(spec: &LoadSpec, target: SocketAddr) -> LoadOutcome {
    static TURN: Mutex<()> = Mutex::new(());
    let _turn = TURN.lock().unwrap_or_else(PoisonError::into_inner);
    let outcome = load::run(spec, target, GENERATOR, &AtomicBool::new(false), |_| {}).unwrap();
    let ledger = outcome.traffic.ledger;
    assert_eq!(ledger.scheduled, ledger.accounted_for(), "{ledger:?}");
    outcome
}

#[test]
fn every_request_of_a_willing_server_is_ok() {
    for model in ["sequential", "threaded", "thread-pool", "rayon-pool", "async-single", "async-multi"] {
        let server = serve(model, Wire::JsonLines);
        let outcome = run(&spec(ArrivalProcess::Poisson { rate_rps: 1_000.0 }, sessions(), echo()), server.address);
        let traffic = outcome.traffic;
        assert!(traffic.ledger.scheduled > 100, "{model}: {:?}", traffic.ledger);
        assert_eq!(traffic.ledger.ok, traffic.ledger.scheduled, "{model}: {:?}", traffic.ledger);
        assert_eq!(traffic.connections.closed_in_disagreement, 0, "{model}");
        assert_eq!(traffic.connections.closed_in_agreement * 10, traffic.ledger.ok, "{model}");
        assert_eq!(traffic.timestamps_out_of_order, 0, "{model}");
        assert_eq!(traffic.response_time.unwrap().count, traffic.ledger.ok, "{model}");
    }
}

#[test]
fn held_connections_share_a_constant_schedule() {
    let server = serve("async-single", Wire::JsonLines);
    let shape = Shape::Connections { connections: 16 };
    let outcome = run(&spec(ArrivalProcess::Constant { rate_rps: 2_000.0 }, shape, echo()), server.address);
    assert_eq!(outcome.traffic.ledger.scheduled, 1_000);
    assert_eq!(outcome.traffic.ledger.ok, 1_000);
    assert_eq!(outcome.traffic.connections.established, 16);
}

#[test]
fn closed_loop_measures_capacity_and_has_no_response_time() {
    // Few enough that every slot begins a session within the window, however slow the machine is.
    let sessions = Shape::Sessions { requests: 10, think_time: Duration::ZERO, concurrent: 8 };
    for shape in [Shape::Connections { connections: 8 }, sessions] {
        let server = serve("threaded", Wire::JsonLines);
        let outcome = run(&spec(ArrivalProcess::Closed, shape, Work::new("sleep", "5ms")), server.address);
        assert!(outcome.traffic.response_time.is_none());
        assert!(outcome.traffic.ledger.ok > 0, "{:?}", outcome.traffic.ledger);
        assert!(outcome.traffic.service_time.to_histogram().unwrap().min() >= 5_000_000 * 999 / 1000);
    }
}

#[test]
fn a_server_that_never_answers_costs_the_timeout_and_no_more() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    let spec = LoadSpec {
        timeout: Duration::from_millis(200),
        ..spec(ArrivalProcess::Poisson { rate_rps: 500.0 }, sessions(), echo())
    };
    let traffic = run(&spec, address).traffic;
    let sessions = traffic.ledger.timeout;
    assert!(sessions > 5);
    // The rest of each session could not be sent.
    assert_eq!(traffic.ledger.dropped, sessions * 9);
    assert_eq!(traffic.connections.never_answered, sessions);
    let response_time = traffic.response_time.unwrap();
    assert_eq!(response_time.sum_ns, sessions * 200_000_000);
}

#[test]
fn a_dead_address_refuses_every_request() {
    let address = nobody();
    let traffic = run(&spec(ArrivalProcess::Poisson { rate_rps: 500.0 }, sessions(), echo()), address).traffic;
    assert!(traffic.ledger.refused > 5);
    assert_eq!(traffic.ledger.refused + traffic.ledger.dropped, traffic.ledger.scheduled);
    let held = spec(ArrivalProcess::Constant { rate_rps: 100.0 }, Shape::Connections { connections: 2 }, echo());
    let error = load::run(&held, address, GENERATOR, &AtomicBool::new(false), |_| {}).unwrap_err();
    assert!(error.to_string().contains("0 of 2 connections"), "{error}");
}

#[test]
fn unsolicited_and_endless_replies_do_not_pass_for_answers() {
    let twice = scripted(|_, line| Some(right(line).repeat(2)));
    let shape = Shape::Connections { connections: 4 };
    let spec = spec(ArrivalProcess::Constant { rate_rps: 200.0 }, shape, echo());
    let traffic = run(&spec, twice).traffic;
    assert!(traffic.ledger.ok <= traffic.ledger.scheduled);
    let error = scripted(|_, _| Some("{\"Error\":{\"reason\":\"no\"}}\n".to_owned()));
    let traffic = run(&spec, error).traffic;
    assert_eq!(traffic.ledger.error, traffic.ledger.scheduled);
    let nonsense = scripted(|_, _| Some("HTTP/1.1 400 Bad Request\r\n\r\n".to_owned()));
    let traffic = run(&spec, nonsense).traffic;
    assert_eq!(traffic.ledger.malformed, traffic.ledger.scheduled);
}

#[test]
fn a_stopped_load_still_adds_up() {
    let server = serve("async-single", Wire::JsonLines);
    let spec = LoadSpec {
        window: Duration::from_secs(30),
        ..spec(ArrivalProcess::Poisson { rate_rps: 1_000.0 }, sessions(), Work::new("sleep", "20ms"))
    };
    let stop_load = AtomicBool::new(false);
    let outcome = load::run(&spec, server.address, GENERATOR, &stop_load, |moments| {
        while load::now_ns() < moments.window_start_ns + 200_000_000 {
            thread::yield_now();
        }
        stop_load.store(true, Ordering::Relaxed);
    })
    .unwrap();
    let ledger = outcome.traffic.ledger;
    assert_eq!(ledger.scheduled, ledger.accounted_for());
    assert!(ledger.in_flight > 0 && ledger.dropped > 10_000, "{ledger:?}");
    assert!(outcome.generator.kept_pace < 0.1);
}

#[test]
fn several_workers_send_the_schedule_once() {
    let server = serve("async-multi", Wire::JsonLines);
    let generator = Generator { threads: 3, pacing: Pacing::Sleeping };
    let shape = Shape::Connections { connections: 10 };
    let spec = spec(ArrivalProcess::Constant { rate_rps: 3_000.0 }, shape, echo());
    let outcome = load::run(&spec, server.address, generator, &AtomicBool::new(false), |_| {}).unwrap();
    assert_eq!(outcome.traffic.ledger.scheduled, 1_500);
    assert_eq!(outcome.traffic.ledger.ok, 1_500);
    assert_eq!(outcome.generator.threads, 3);
}

#[test]
fn held_connections_are_opened_asked_and_closed() {
    let stop_load = AtomicBool::new(false);
    // Those of a pool that has no thread for them are waited for in vain.
    let in_vain = Duration::from_secs(1);
    for (model, answered, patience) in [("async-single", 300, LONGEST_WAIT), ("thread-pool:workers=3", 3, in_vain)] {
        let server = serve(model, Wire::JsonLines);
        let mut held = HeldConnections::new(server.address, &echo(), &stop_load).unwrap();
        held.grow_to(100, LONGEST_WAIT).unwrap();
        assert_eq!(held.len(), 100);
        held.grow_to(300, LONGEST_WAIT).unwrap();
        assert_eq!(held.len(), 300);
        assert!(held.failure().is_none());
        assert_eq!(held.ask_each(patience).unwrap(), answered, "{model}");
        held.close_all();
        assert!(held.is_empty());
    }
}
