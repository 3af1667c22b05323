//! A server that does anything at all: whatever it does, every request has one end.

use std::io::{BufRead, BufReader, Write};
use std::net::{SocketAddr, TcpStream};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::thread;
use std::time::Duration;

use instruments::load::{self, ArrivalProcess, Generator, LoadSpec, Pacing, Shape, now_ns};
use proptest::prelude::*;

use crate::common::scripted::right;
use crate::common::{LONGEST_WAIT, listen};
use crate::known_answers::subject::spec;

/// What a server may do to one request.
#[derive(Debug, Clone, Copy)]
enum Behaviour {
    Answer,
    AnswerInPieces,
    AnswerTwice,
    AnswerAnother,
    Refuse,
    SayNothing,
    SayNonsense,
    HangUp,
    HangUpInTheMiddle,
}

fn behaviours() -> impl Strategy<Value = Vec<Behaviour>> {
    let behaviour = prop_oneof![
        6 => Just(Behaviour::Answer),
        1 => Just(Behaviour::AnswerInPieces),
        1 => Just(Behaviour::AnswerTwice),
        1 => Just(Behaviour::AnswerAnother),
        1 => Just(Behaviour::Refuse),
        1 => Just(Behaviour::SayNothing),
        1 => Just(Behaviour::SayNonsense),
        1 => Just(Behaviour::HangUp),
        1 => Just(Behaviour::HangUpInTheMiddle),
    ];
    prop::collection::vec(behaviour, 1..12)
}

/// Does one behaviour after another, over all connections.
fn misbehaving(behaviours: Vec<Behaviour>) -> SocketAddr {
    let next = AtomicUsize::new(0);
    listen(move |stream| misbehave(stream, &behaviours, &next))
}

fn misbehave(mut stream: TcpStream, behaviours: &[Behaviour], next: &AtomicUsize) {
    let mut lines = BufReader::new(stream.try_clone().unwrap()).lines();
    while let Some(Ok(line)) = lines.next() {
        let answer = if line.contains("RequestWork") { right(&line) } else { GOODBYE.to_owned() };
        let (front, back) = answer.split_at(answer.len() / 2);
        let behaviour = behaviours[next.fetch_add(1, Ordering::Relaxed) % behaviours.len()];
        let said = match behaviour {
            Behaviour::Answer => stream.write_all(answer.as_bytes()),
            Behaviour::AnswerInPieces => stream.write_all(front.as_bytes()).and_then(|()| {
                thread::yield_now();
                stream.write_all(back.as_bytes())
            }),
            Behaviour::AnswerTwice => stream.write_all(answer.repeat(2).as_bytes()),
            Behaviour::AnswerAnother => stream.write_all(answer.replace("hi", "ho").as_bytes()),
            Behaviour::Refuse => stream.write_all(b"{\"Error\":{\"reason\":\"no\"}}\n"),
            Behaviour::SayNothing => Ok(()),
            Behaviour::SayNonsense => stream.write_all(b"\0\xff\n{}\n"),
            Behaviour::HangUp => return,
            Behaviour::HangUpInTheMiddle => {
                let _ = stream.write_all(front.as_bytes());
                return;
            }
        };
        if said.is_err() {
            return;
        }
    }
}

/// Agrees about the number of requests only by chance, which is one more thing to cope with.
const GOODBYE: &str =
    "{\"ConnectionClosed\":{\"initial_timestamp\":\"0\",\"final_timestamp\":\"0\",\"requests_served\":3}}\n";

fn shapes() -> impl Strategy<Value = Shape> {
    prop_oneof![
        (1..20_u32).prop_map(|connections| Shape::Connections { connections }),
        (1..5_u32, 0..3_u64, 1..20_u32).prop_map(|(requests, think_ms, concurrent)| Shape::Sessions {
            requests,
            think_time: Duration::from_millis(think_ms),
            concurrent,
        }),
    ]
}

fn processes() -> impl Strategy<Value = ArrivalProcess> {
    prop_oneof![
        Just(ArrivalProcess::Poisson { rate_rps: 2_000.0 }),
        Just(ArrivalProcess::Constant { rate_rps: 2_000.0 }),
        Just(ArrivalProcess::Closed),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 40, failure_persistence: None, ..ProptestConfig::default() })]

    /// Whatever the server does, every request has one end, the load ends in time, and the histograms hold those
    /// requests that they should.
    #[test]
    fn nothing_disappears_whatever_the_server_does(
        behaviours in behaviours(), shape in shapes(), arrivals in processes(), threads in 1..3_u32,
    ) {
        let address = misbehaving(behaviours);
        let spec = LoadSpec {
            arrivals,
            shape,
            warm_up: Duration::from_millis(10),
            timeout: Duration::from_millis(40),
            ..spec(1.0, 1, Duration::from_millis(50))
        };
        let begun_ns = now_ns();
        let generator = Generator { threads, pacing: Pacing::Sleeping };
        let outcome = load::run(&spec, address, generator, &AtomicBool::new(false), |_| {});
        let elapsed = Duration::from_nanos(now_ns() - begun_ns);
        let traffic = outcome.unwrap().traffic;
        prop_assert_eq!(traffic.ledger.scheduled, traffic.ledger.accounted_for(), "{:?}", traffic.ledger);
        prop_assert_eq!(traffic.service_time.count, traffic.ledger.ok);
        if let Some(response_time) = &traffic.response_time {
            prop_assert_eq!(response_time.count, traffic.ledger.ok + traffic.ledger.timeout);
            prop_assert!(traffic.ledger.scheduled > 0);
        }
        prop_assert!(traffic.ok_in_all >= traffic.ledger.ok);
        let connections = traffic.connections;
        prop_assert!(connections.established + connections.failed <= connections.attempted, "{:?}", connections);
        prop_assert!(connections.never_answered <= connections.established, "{:?}", connections);
        // On a busy machine the generator gets its CPU late, and a load that waits for ever is seen all the same.
        let limit = spec.longest() + LONGEST_WAIT;
        prop_assert!(elapsed < limit, "{:?}", elapsed);
    }
}
