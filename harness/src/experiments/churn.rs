//! The same requests on connections that stay, and on a new connection each.

use super::declare::*;

pub(super) static EXPERIMENT: Experiment = Experiment {
    name: "churn",
    story: Story {
        title: "A new connection for every request",
        claim: "Spawning a thread for each connection is expensive.",
        claimed_in: "arguments for pools, and for tasks",
        question: "A server makes a thread for every connection, and each connection asks once. How much more CPU \
                   time does a request take than in a server that makes a task?",
        finds_out: "what does a new connection cost?",
        possible_answers: &[
            "Ten times as much.",
            "About twice as much.",
            "Next to nothing more: connecting itself costs far more than either.",
        ],
        look_at: "The bars of each model side by side: what a request costs on a connection that stays, and what it \
                  costs together with a connection of its own. Then compare that difference between the models.",
        conditions: &[
            "A request asks for no work at all. Any work makes the difference smaller in proportion.",
            "CPU time is that of the server's process. What the kernel does for a connection on the client's side is \
             not in it.",
            "CPU time per request includes waking up, and is higher than under full load.",
        ],
        pictures,
    },
    workloads: Cow::Borrowed(&[
        Workload::new(
            "held",
            "on connections that stay",
            "Echoes at random times, on four connections that were opened before.",
            ("echo", "hi"),
        ),
        Workload::new(
            "new",
            "on a new connection each",
            "The same rate; each connects, asks for one echo and closes.",
            ("echo", "hi"),
        ),
    ]),
    recipe: Recipe {
        contenders: Contenders::Own(&[THREADS, "thread-pool:workers=4", SINGLE, MULTI]),
        decision,
        tasks,
        ..Recipe::PLAIN
    },
};

/// Requests per second, at which every model keeps pace with either workload.
const RATE_RPS: f64 = 1_000.0;

/// As many connections as the pool has workers, or some would not be served.
const HELD: Shape = Shape::Connections { connections: 4 };

/// Sessions that may be under way at once, some of them in their goodbye.
const AT_ONCE: u32 = 500;

fn tasks(sizes: &Sizes, _: &Capacities, _: &str) -> Vec<Task> {
    let task = |workload: &Workload, shape| {
        let load = LoadSpec {
            warm_up: sizes.warm_up.max(Duration::from_millis(100)),
            ..sizes.load(ArrivalProcess::Poisson { rate_rps: RATE_RPS }, shape, workload.work())
        };
        workload.task(format!("{RATE_RPS}rps"), TaskKind::Load(load))
    };
    let shapes = [HELD, newcomers(AT_ONCE)];
    EXPERIMENT.workloads.iter().zip(shapes).map(|(workload, shape)| task(workload, shape)).collect()
}

fn pictures() -> Vec<Picture> {
    EXPERIMENT.workloads.iter().map(|workload| of_workload(&workload.key, bars(&["cpu_per_request"]))).collect()
}

/// What is so much dearer is called expensive here.
const EXPENSIVE: f64 = 2.0;

fn decision() -> Option<Decision> {
    let cpu = |contender| with("new", value("cpu_per_request", contender));
    let dearer = |holds_for, other| at_least(holds_for, cpu(THREADS), times(EXPENSIVE, cpu(other)));
    by([
        dearer("a thread instead of a task", SINGLE),
        dearer("a thread instead of one that is there already", "thread-pool:workers=4"),
    ])
}
