//! Idle clients against a server that may take so much memory and no more: a thread and a task for each of them.
//!
//! Beside it: `idle_flood.rs`, where threads and descriptors are what is bounded, and deadlines are put to the test.

use super::declare::*;

pub(super) static EXPERIMENT: Experiment = Experiment {
    name: "same-memory",
    story: Story {
        title: "Idle clients in the same memory",
        claim: "Clients that connect and never respond bring down a server with threads, and none with tasks.",
        claimed_in: "answers to \"what is the benefit of using tokio instead of OS threads?\"",
        question: "Two servers have 64 MiB each and all the threads and descriptors that the machine gives. How many \
                   idle clients does each hold until a new one gets no answer?",
        finds_out: "how many idle clients fit in 64 MiB?",
        possible_answers: &[
            "The same: an idle client costs nothing.",
            "Tokio twice as many.",
            "Tokio more than five times as many.",
        ],
        look_at: "The moment at which the dots leave the bottom line, and how many connections were held then.",
        conditions: &[
            "What a server takes is its resident size, page tables and kernel stacks. Buffers of sockets are the \
             kernel's and the same for both.",
            "The flood ends at a number. A server that holds all of them may hold more.",
            "A deadline on idle connections helps either; see idle-flood.",
        ],
        pictures: || vec![probe_over_time()],
    },
    workloads: Cow::Borrowed(&[Workload::new(
        "newcomers",
        "a new client every 10 ms",
        "Each connects, asks for one echo and closes. Beside them ever more others connect and say nothing.",
        ("echo", "hi"),
    )]),
    recipe: Recipe { contenders: Contenders::Own(&[THREADS, MULTI]), decision, tasks, ..Recipe::PLAIN },
};

/// Small enough to be met in a second, by threads.
const BOUNDS: Bounds = Bounds { threads: None, open_files: None, memory_bytes: Some(64 << 20) };

fn tasks(sizes: &Sizes, _: &Capacities, _: &str) -> Vec<Task> {
    let flood = IdleFlood {
        lasting: sizes.disturbance * 5 / 12,
        // Seven times as many as threads have room for, and as many as the usual limits of descriptors and of memory
        // mappings allow, beside the probe.
        most: 15_900,
        most_per_second: 16_000.0,
        growing: 0.7,
        timeout: sizes.timeout.min(Duration::from_millis(300)),
        bounds: BOUNDS,
    };
    vec![flood.task(&EXPERIMENT.workloads[0])]
}

fn decision() -> Option<Decision> {
    let served = |contender| value("probe_success", contender);
    by([
        at_most("a thread per connection", served(THREADS), WITHSTOOD),
        at_least("tasks, which stay up", served(MULTI), WITHSTOOD),
    ])
}
