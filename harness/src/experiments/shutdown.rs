//! A server that is told to stop while clients are idle, in the middle of a request, and waiting for a reply.

use super::declare::*;

pub(super) static EXPERIMENT: Experiment = Experiment {
    name: "shutdown",
    story: Story {
        title: "A server that is told to stop",
        claim: "A server that gets TERM finishes what it began.",
        claimed_in: "those who deploy a new version by day, and tutorials that end with \"graceful shutdown is left \
                     to the reader\"",
        question: "Eight requests have the server wait for 200 ms. After 100 ms it gets TERM. How many are answered?",
        finds_out: "does a server finish what it began?",
        possible_answers: &[
            "All of them: the program ends when its threads or tasks have ended.",
            "With threads all of them, with tasks none: a runtime drops its tasks.",
            "None in either world, unless somebody wrote the code that waits for them.",
        ],
        look_at: "The replies lost, and beside them the time to stop. A server that stops at once loses what it has begun.",
        conditions: &[
            "These servers stop accepting at TERM and return from main. A program without a handler ends at the \
             signal itself.",
            "Eight requests that wait on a timer, beside eight idle connections and eight with half a request.",
            "With drain the server waits for requests that it has read whole, and for no idle client.",
            "New connections are refused from the signal on: elsewhere another server would have to take them.",
        ],
        pictures: || vec![bars(&["replies_lost", "time_to_stop"]), probe_over_time()],
    },
    workloads: Cow::Borrowed(&[Workload::new(
        "running",
        "TERM in the middle of eight requests",
        "Eight clients each ask once for a sleep of 200 ms, eight have sent half a request, eight say \
         nothing. Beside them a new client comes every 10 ms and asks for an echo.",
        ("sleep", "200ms"),
    )]),
    recipe: Recipe {
        contenders: Contenders::Own(&[THREADS, POOL, SINGLE, MULTI, THREADS_DRAIN, MULTI_DRAIN]),
        own_options: Some("what it does at TERM is an option of our models"),
        decision,
        tasks,
        ..Recipe::PLAIN
    },
};

const POOL: &str = "thread-pool:workers=32";
const THREADS_DRAIN: &str = "threaded:drain=1s";
const MULTI_DRAIN: &str = "async-multi:drain=1s";

/// Of each sort; all of them together, and the probe, are fewer than the pool has workers.
const CLIENTS: u32 = 8;

/// The signal comes when a request has run for half of its time.
const AFTER: Duration = Duration::from_millis(100);

const LASTING: Duration = Duration::from_millis(450);

fn tasks(sizes: &Sizes, _: &Capacities, _: &str) -> Vec<Task> {
    let workload = &EXPERIMENT.workloads[0];
    let shutdown = DisturbanceKind::Shutdown {
        idle: CLIENTS,
        half_sent: CLIENTS,
        running: CLIENTS,
        work: workload.work(),
        after: AFTER,
    };
    let probe = echo_probe(100.0, newcomers(CLIENTS), sizes.timeout.min(LASTING));
    vec![workload.task("term", TaskKind::Disturbed(disturbed(probe, "a shutdown", shutdown, LASTING)))]
}

const NONE: BoundValue = BoundValue::Number(0.0);

fn decision() -> Option<Decision> {
    let finishes = |holds_for, contender| at_most(holds_for, value("replies_lost", contender), NONE);
    by([
        finishes("a thread for each client", THREADS),
        finishes("a pool of threads", POOL),
        finishes("tasks on one thread", SINGLE),
        finishes("tasks on several threads", MULTI),
        finishes("threads that are waited for", THREADS_DRAIN),
        finishes("tasks that are waited for", MULTI_DRAIN),
    ])
}
