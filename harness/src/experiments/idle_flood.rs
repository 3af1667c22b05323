//! Clients that connect and never send a byte, more and more of them, and what a new client sees meanwhile.

use super::declare::*;

pub(super) static EXPERIMENT: Experiment = Experiment {
    name: "idle-flood",
    story: Story {
        title: "Idle clients at 1,000 threads and 2,000 descriptors",
        claim: "A thread per connection is open to denial of service by clients that connect and never respond.",
        claimed_in: "questions about thread pools and async servers, and most advice against a thread per connection",
        question: "How many idle connections does it take until a new client is no longer served, and how does that \
                   end?",
        finds_out: "what do idle clients do to a new one?",
        possible_answers: &[
            "Threads run out after a few thousand connections; tasks never do.",
            "Every model has its number: a connection, a pool's size, a limit of threads, a limit of open files.",
            "Idle connections cost nothing, so none of them fails.",
        ],
        look_at: "The moment at which the dots leave the bottom line, and how many connections were held then. After the \
                  shaded time all of them are closed: see who serves again at once, and who has died.",
        conditions: &[
            "This experiment sets low limits of threads and descriptors on purpose, so that they are met in seconds. \
             They do not say who holds more; same-memory does.",
            "No model sets a deadline for a client that says nothing, unless its label says so.",
            "A new client is one that connects; those that are connected already may go on being served.",
        ],
        pictures: || vec![probe_over_time()],
    },
    workloads: Cow::Borrowed(&[Workload::new(
        "newcomers",
        "a new client every 10 ms; at most 1,000 threads and 2,000 descriptors",
        "Each connects, asks for one echo and closes. Beside them others connect and say nothing, slowly at \
         first, so that the first few can be told apart.",
        ("echo", "hi"),
    )]),
    recipe: Recipe {
        contenders: Contenders::Own(&[
            "sequential",
            "thread-pool",
            THREADS,
            "threaded:spawn=panicking",
            "threaded:idle-timeout=100ms",
            MULTI,
            "async-multi:idle-timeout=100ms",
        ]),
        decision,
        tasks,
        ..Recipe::PLAIN
    },
};

/// What the server may take. Reached within the flood, and far below what any machine allows.
const BOUNDS: Bounds = Bounds { threads: Some(1_000), open_files: Some(2_000), memory_bytes: None };

fn tasks(sizes: &Sizes, _: &Capacities, _: &str) -> Vec<Task> {
    let flood = IdleFlood {
        // Long enough to grow beyond the bounds and to hold what it has for longer than anybody waits.
        lasting: sizes.disturbance * 2 / 5,
        most: 2_400,
        most_per_second: 2_500.0,
        growing: 0.55,
        // Half of the flood's time at most, or nobody would reach it between the limits and the end.
        timeout: sizes.timeout.min(Duration::from_millis(500)),
        bounds: BOUNDS,
    };
    vec![flood.task(&EXPERIMENT.workloads[0])]
}

fn decision() -> Option<Decision> {
    let served = |contender| value("probe_success", contender);
    by([
        at_most("a thread per connection without a timeout", served(THREADS), WITHSTOOD),
        at_most("one that closes idle connections", served("threaded:idle-timeout=100ms"), WITHSTOOD),
        at_least("tasks, which stay up", served(MULTI), WITHSTOOD),
    ])
}
