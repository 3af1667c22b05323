//! Clients that send a request a byte at a time and never end it, against a timeout on each read and a deadline on the
//! whole request.

use super::declare::*;

pub(super) static EXPERIMENT: Experiment = Experiment {
    name: "slowloris",
    story: Story {
        title: "A byte every now and then",
        claim: "Async is immune to slow clients.",
        claimed_in: "comparisons of async servers with those that have a thread per connection, since 2009",
        question: "Many clients send a byte now and then, and never a whole request. Which server still serves a new \
                   client?",
        finds_out: "do clients that send slowly hold up the others?",
        possible_answers: &[
            "The async one: a slow client costs it next to nothing.",
            "Every server that closes a connection on which nothing comes for a while.",
            "Only one that gives a request a time until it must be whole.",
        ],
        look_at: "Compare the three pictures of a model: without a limit, with a timeout that each byte begins anew, \
                  and with a deadline on the whole request. A server that is rescued serves new clients again while \
                  the attack goes on.",
        conditions: &[
            "The limits of threads and of open files are set low on purpose. More of either makes the attack larger, \
             and no more difficult.",
            "The attackers come again as soon as they are thrown out, as they would. A pool's queue stays full of \
             them: a deadline frees a worker for the next of the attackers, and not for the client behind them.",
            "A deadline must allow for honest clients with slow lines, and is seconds rather than a quarter of one.",
        ],
        pictures: || vec![probe_over_time()],
    },
    workloads: Cow::Borrowed(&[Workload::new(
        "newcomers",
        "a new client every 10 ms",
        "Each connects, asks for one echo and closes. Beside them others send a byte of a request every 100 \
         ms, and connect again when they are thrown out.",
        ("echo", "hi"),
    )]),
    recipe: Recipe {
        contenders: Contenders::Own(&[
            "thread-pool",
            "thread-pool:idle-timeout=250ms",
            "thread-pool:frame-deadline=250ms",
            THREADS,
            "threaded:idle-timeout=250ms",
            "threaded:frame-deadline=250ms",
            MULTI,
            "async-multi:idle-timeout=250ms",
            "async-multi:frame-deadline=250ms",
        ]),
        decision,
        tasks,
        ..Recipe::PLAIN
    },
};

/// What the server may take: less than the attackers want, and more than they get hold of within a deadline.
const BOUNDS: Bounds = Bounds { threads: Some(200), open_files: Some(300), memory_bytes: None };

/// Attackers, who come again at this rate per second.
const ATTACKERS: u32 = 400;

/// Between two bytes: well within the timeout.
const EVERY: Duration = Duration::from_millis(100);

/// Less than half of the attack, or most who come during it would be answered after it.
const LONGEST_TIMEOUT: Duration = Duration::from_millis(500);

/// New clients per second, and how many may wait at once.
const NEWCOMERS_RPS: f64 = 100.0;
const MOST_WAITING: u32 = 250;

fn tasks(sizes: &Sizes, _: &Capacities, _: &str) -> Vec<Task> {
    let probe = echo_probe(NEWCOMERS_RPS, newcomers(MOST_WAITING), sizes.timeout.min(LONGEST_TIMEOUT));
    let attack = DisturbanceKind::HalfRequests { connections: ATTACKERS, every: EVERY };
    let trial = DisturbedSpec { bounds: BOUNDS, ..disturbed(probe, "half requests", attack, sizes.disturbance / 2) };
    vec![EXPERIMENT.workloads[0].task("attack", TaskKind::Disturbed(trial))]
}

/// Of the new clients, so many must be served for a server to have been rescued.
const SERVED: BoundValue = BoundValue::Number(0.8);

fn decision() -> Option<Decision> {
    let serves = |holds_for, contender| at_least(holds_for, value("probe_success", contender), SERVED);
    by([
        serves("async without a limit", MULTI),
        serves("async with a timeout on each read", "async-multi:idle-timeout=250ms"),
        serves("async with a deadline on the whole request", "async-multi:frame-deadline=250ms"),
    ])
}
