//! Idle clients against a server that may take so much memory and no more: a thread and a task for each of them.
//!
//! Beside it: `idle_flood.rs`, where threads and descriptors are what is bounded, and deadlines are put to the test.

use std::time::Duration;

use reports::record::{BoundValue, Decision};

use super::declare::{DisturbedProbe, at_least, at_most, by, echo_probe, newcomers, probe_over_time, value};
use crate::plan::{Bounds, Capacities, Contenders, DisturbanceKind, Experiment, Sizes, Task, Workload};

pub(super) const EXPERIMENT: Experiment = Experiment {
    name: "same-memory",
    title: "Idle clients in the same memory",
    claim: "Clients that connect and never respond bring down a server with threads, and none with tasks.",
    claimed_in: "answers to \"what is the benefit of using tokio instead of OS threads?\"",
    question: "Two servers have 64 MiB each and all the threads and descriptors that the machine gives. How many idle \
               clients does each hold until a new one gets no answer?",
    possible_answers: &[
        "The same: an idle client costs nothing.",
        "Tokio twice as many.",
        "Tokio more than five times as many.",
    ],
    look_at: "The moment at which dots leave the bottom line, and how many connections were held then.",
    conditions: &[
        "What a server takes is its resident size, page tables and kernel stacks. Buffers of sockets are the kernel's and \
         the same for both.",
        "The flood ends at a number. A server that holds all of them may hold more.",
        "A deadline on idle connections helps either; see idle-flood.",
    ],
    workloads: &[Workload {
        key: "newcomers",
        label: "a new client every 10 ms",
        description: "Each connects, asks for one echo and closes. Beside them ever more others connect and say nothing.",
        work: ("echo", "hi"),
    }],
    contenders: Contenders::Own(&[THREADS, TASKS]),
    own_options: None,
    pictures: || vec![probe_over_time()],
    decision,
    probes: |_| Vec::new(),
    tasks,
};

const THREADS: &str = "threaded";
const TASKS: &str = "async-multi";

/// Small enough to be met in a second, by threads.
const BOUNDS: Bounds = Bounds { threads: None, open_files: None, memory_bytes: Some(64 << 20) };

/// Idle connections at the end, where the flood lasts as long as in any preset but smoke: five times as many as threads have
/// room for, and as many as a usual limit of descriptors allows on both sides.
const MOST_IDLE: u32 = 12_000;
const MOST_IDLE_PER_SECOND: f64 = 14_000.0;

/// The part of its time that the flood grows; then it holds what it has, so that clients who wait reach their timeout.
const GROWING: f64 = 0.7;

/// New clients per second, and how many may wait at once: more than come within the timeout.
const NEWCOMERS_RPS: f64 = 100.0;
const MOST_WAITING: u32 = 250;
const LONGEST_TIMEOUT: Duration = Duration::from_millis(300);

fn tasks(sizes: &Sizes, _: &Capacities, _: &str) -> Vec<Task> {
    let lasting = sizes.disturbance * 3 / 8;
    let trial = DisturbedProbe {
        probe: echo_probe(NEWCOMERS_RPS, newcomers(MOST_WAITING), sizes.timeout.min(LONGEST_TIMEOUT)),
        name: "idle connections",
        kind: flood(lasting),
        lasting,
        bounds: BOUNDS,
    };
    let workload = EXPERIMENT.workloads[0].key;
    vec![Task { workload, point: "flood".to_owned(), variation: None, kind: trial.task() }]
}

fn flood(lasting: Duration) -> DisturbanceKind {
    let seconds = lasting.as_secs_f64();
    let at_most = MOST_IDLE.min((MOST_IDLE_PER_SECOND * seconds) as u32);
    DisturbanceKind::IdleFlood { per_second: (f64::from(at_most) / (seconds * GROWING)).ceil() as u32, at_most }
}

/// A server that turns fewer new clients away than one in twenty withstood the flood.
const WITHSTOOD: BoundValue = BoundValue::Number(0.95);

fn decision() -> Option<Decision> {
    let served = |contender| value("probe_success", contender);
    by([
        at_most("a thread per connection", served(THREADS), WITHSTOOD),
        at_least("threads and not for tasks", served(TASKS), WITHSTOOD),
    ])
}
