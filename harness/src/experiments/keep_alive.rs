//! Clients that are answered once and stay, up to as many as a pool has workers, and then one more.

use super::declare::*;

pub(super) static EXPERIMENT: Experiment = Experiment {
    name: "keep-alive",
    story: Story {
        title: "Clients that stay",
        claim: "A thread pool fixes what is wrong with threads.",
        claimed_in: "the last chapter of many a book, and most answers to \"too many threads\"",
        question: "A pool has four workers. Four clients were answered and stay connected, as browsers do. How long \
                   does the fifth wait?",
        finds_out: "how long does a client wait for a worker?",
        possible_answers: &[
            "Not at all: the workers have nothing to do.",
            "As long as one request takes.",
            "Until one of the four leaves.",
        ],
        look_at: "With as many clients as workers the dots fall along a line down to the end of the shaded time: \
                  whoever comes waits until somebody leaves, and not a moment less. One client fewer, and nobody \
                  waits.",
        conditions: &[
            "Four workers, so that a few clients show it. With more it takes more clients, and no more work.",
            "A pool that hands out requests instead of connections does not have this; it is a small runtime.",
        ],
        pictures: || vec![probe_over_time(), curve_over("clients that stay", &["probe_longest_wait"])],
    },
    workloads: Cow::Borrowed(&[Workload::new(
        "newcomers",
        "a new client every 20 ms",
        "Each connects, asks for one echo and closes. Others were answered once and stay, without a word.",
        ("echo", "hi"),
    )]),
    recipe: Recipe {
        contenders: Contenders::Own(&[POOL, "rayon-pool:workers=4", THREADS, SINGLE]),
        decision,
        tasks,
        ..Recipe::PLAIN
    },
};

const POOL: &str = "thread-pool:workers=4";

/// Clients that stay: none, one fewer than there are workers, as many as there are.
const STAYING: [u32; 3] = [0, 3, 4];

/// All of the new clients that come while the others stay may have to wait.
const MOST_WAITING: u32 = 500;

fn tasks(sizes: &Sizes, _: &Capacities, _: &str) -> Vec<Task> {
    let lasting = sizes.disturbance / 4;
    let workload = &EXPERIMENT.workloads[0];
    STAYING.map(|clients| staying(workload, clients, MOST_WAITING, lasting)).to_vec()
}

/// A new client that waits longer than this waits for something else than its answer, in nanoseconds.
const SOON: BoundValue = BoundValue::Number(200e6);

fn decision() -> Option<Decision> {
    let longest_wait = |staying| at(staying, value("probe_longest_wait", POOL));
    by([
        at_most("fewer clients that stay than workers", longest_wait(3.0), SOON),
        at_most("as many clients that stay as workers", longest_wait(4.0), SOON),
    ])
}
