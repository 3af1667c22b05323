//! What is said of literal facts. Beside it: `../why.rs`.

use super::*;
use crate::metrics::{TIME_PARTS, memory_parts};
use crate::record::{SpanState, Timeline};
use crate::words::scorecard::tests::{CPU, HELD_UP, better, row};

const SHORTS: [&str; 2] = ["threads", "tokio"];

fn said(mechanism: &Mechanism<'_, '_>, row: &ScorecardRow) -> [String; 3] {
    let [first, second] = sentences(mechanism, row, SHORTS);
    let title = title(mechanism, row, SHORTS);
    assert!(title.split(' ').count() <= 12, "{title}");
    [title, first, second]
}

#[test]
fn a_connection_is_said_by_its_parts_and_its_thread() {
    let row = row(Topic::MemoryPerConnection, better(1, 15.0));
    let side = |bytes: [f64; 4], threads| ConnectionParts { bytes: bytes.map(Some).into(), threads: Some(threads) };
    let of = |first, second| Mechanism::Connection { parts: memory_parts(), sides: [first, second] };
    let thread = side([10_300.0, 4_100.0, 16_384.0, 0.0], 1.0);
    assert_eq!(
        said(&of(thread.clone(), side([2_000.0, 0.0, 0.0, 0.0], 0.0)), &row),
        [
            "With threads one more connection is one more thread",
            "With threads a connection brings a thread of its own: 16 KiB of kernel stacks, 10.1 KiB in its own memory and \
             4.00 KiB of page tables.",
            "With tokio it brings no thread: 1.95 KiB in its own memory.",
        ]
    );
    let [title, ..] = said(&of(thread.clone(), thread), &row);
    assert!(title.starts_with("A connection costs threads "), "{title}");
}

#[test]
fn what_a_request_costs_is_said_with_its_switches() {
    let cost = |cpu, switches, threads| ServingCost {
        cpu_ns: Some(cpu),
        switches: Some(switches),
        threads: Some(threads),
        ..ServingCost::default()
    };
    let costs = [cost(22_040.0, 1.774, 1_002.0), cost(19_300.0, 1.21, 3.0)];
    assert_eq!(
        said(&Mechanism::Request(costs), &row(CPU, better(1, 1.14))),
        [
            "With threads a request takes 1.5 times the context switches",
            "With threads a request took 22.0 µs of CPU time and 1.77 context switches, on up to 1,002 threads.",
            "With tokio a request took 19.3 µs of CPU time and 1.21 context switches, on up to 3 threads.",
        ]
    );
    let alike = [cost(22_040.0, 1.2, 4.0), cost(19_300.0, 1.2, 4.0)];
    let [title, ..] = said(&Mechanism::Request(alike), &row(CPU, better(1, 1.14)));
    assert_eq!(title, "A request costs threads 22.0 µs of CPU time, tokio 19.3 µs");
}

#[test]
fn only_a_full_cpu_is_waited_for() {
    let waiting = Topic::Waiting { for_ns: 5_000_000, at_backend: true, offered: None };
    let of = |busy| {
        let cost = ServingCost {
            cpu_ns: Some(25_200.0),
            switches: Some(2.15),
            threads: Some(514.0),
            busy: Some(busy),
            clients: Some(512),
        };
        said(&Mechanism::Request([cost; 2]), &row(waiting.clone(), better(1, 1.9)))
    };
    let [title, first, _] = of(0.997);
    assert_eq!(title, "Full CPU: a request costs threads 25.2 µs, tokio 25.2 µs");
    assert_eq!(
        first,
        "With threads 512 clients waited for a CPU that was busy all the time: a request took 25.2 µs of CPU time and 2.15 \
         context switches, on up to 514 threads."
    );
    let [title, first, _] = of(0.4);
    assert!(!title.contains("Full") && !first.contains("waited"), "{title} {first}");
}

#[test]
fn the_largest_part_of_a_reply_is_named() {
    let parts: Vec<_> = TIME_PARTS.iter().filter(|part| ["waiting", "service"].contains(&part.name)).collect();
    let of = |first: [f64; 2], second: [f64; 2]| {
        let sides = [first, second].map(|side| side.map(Some).into());
        let time = TimeOfEither { of: RepliesApart::Slowest, parts: parts.clone(), sides };
        said(&Mechanism::Time(time), &row(Topic::TailUnderLoad { load: Some(6e4) }, better(1, 60.0)))
    };
    assert_eq!(
        of([8e6, 1e6], [1e4, 1.4e5]),
        [
            "Mostly waiting to be read with threads, service with tokio",
            "With threads the slowest hundredth of the replies took 9 ms, 8 ms of it waiting to be read.",
            "With tokio the slowest hundredth of the replies took 150 µs, 140 µs of it service.",
        ]
    );
    assert_eq!(of([8e6, 1e6], [1.4e5, 1e4])[0], "With both, most of the time is waiting to be read");
}

fn window(connections: u32, lanes: &[&[(SpanState, u32, u64, u64)]]) -> Timeline {
    Timeline { work: "block 5ms".into(), ..Timeline::of_lanes(connections, lanes) }
}

#[test]
fn lanes_say_who_kept_a_thread_and_who_left_it() {
    use SpanState::{Parked, Suspended};
    let each = window(2, &[&[(Parked, 1, 0, 90)], &[(Parked, 2, 0, 90)]]);
    let in_turn = window(2, &[&[(Parked, 1, 0, 50), (Parked, 2, 50, 100)]]);
    let left = window(2, &[&[(Suspended, 1, 0, 90), (Suspended, 2, 1, 90)]]);
    let of = |first, second| Mechanism::Lanes { timelines: [first, second], costs: [ServingCost::default(); 2] };
    assert_eq!(
        said(&of(&each, &in_turn), &row(HELD_UP, better(0, 464.0))),
        [
            "With tokio one blocked request keeps the only thread",
            "With tokio a request that blocks keeps the only thread: 1 at a time, while the other 1 waited.",
            "With threads a request that blocks keeps a thread, and no other request needs it: 2 at once on 2 threads.",
        ]
    );
    let waiting = Topic::Waiting { for_ns: 5_000_000, at_backend: true, offered: None };
    assert_eq!(
        said(&of(&each, &left), &row(waiting, better(1, 1.9))),
        [
            "2 requests wait on 2 threads; with tokio on 1",
            "With threads a request that waits keeps a thread, and no other request needs it: 2 at once on 2 threads.",
            "With tokio a request that waits leaves its thread to the others: 2 at once on 1 thread.",
        ]
    );
}
