//! The same servers on one CPU, on two and on more, with requests that compute and with requests that cost next to nothing.

use super::declare::*;

pub(super) static EXPERIMENT: Experiment = Experiment {
    name: "cores",
    story: Story {
        title: "More CPUs for the server",
        claim: "Async on several threads uses all cores.",
        claimed_in: "introductions to tokio, which starts a worker for each core",
        question: "Requests compute for a millisecond, and the server gets a second CPU. How many more of them does it \
                   serve?",
        finds_out: "what does a second CPU bring?",
        possible_answers: &[
            "Twice as many, whatever the server is made of: the kernel sees to that.",
            "Twice as many with several threads, and no more with one, however many tasks it has.",
            "Hardly any more: workers and threads get in each other's way.",
        ],
        look_at: "How steeply a line rises. A server that uses every CPU serves twice as much on twice as many, and \
                  one thread stays where it is. With echoes the load generator and the kernel's network have their \
                  part in it.",
        conditions: &[
            "Where the server leaves the load generator too few CPUs, the two share them: a title says at how many. \
             Then the generator takes its part of the last CPU, which is little beside requests that compute, and \
             much beside echoes.",
            "Over loopback the kernel does a client's part of the network on the same CPUs.",
            "tokio starts as many workers as it sees CPUs when it begins. A quota that comes later changes nothing in \
             that.",
        ],
        pictures,
    },
    workloads: Cow::Borrowed(&[
        Workload::new(
            COMPUTING,
            "1 ms of computation each",
            "32 clients ask again as soon as they are answered. Each request computes what takes an idle CPU 1 \
             ms.",
            ("spin", "1ms"),
        ),
        Workload::new(
            "echo",
            "echoes",
            "The same clients ask for echoes, which cost next to nothing beside the network.",
            ("echo", "hi"),
        ),
    ]),
    recipe: Recipe {
        contenders: Contenders::Own(&[THREADS, SINGLE, MULTI, "async-per-core"]),
        decision,
        tasks,
        ..Recipe::PLAIN
    },
};

const COMPUTING: &str = "spin-1ms";

/// CPUs of the server. A run leaves out those that it does not have.
const CPUS: [u32; 7] = [1, 2, 4, 8, 16, 32, 64];

/// Some for each CPU, or those that are dealt out to threads by chance would leave some of these idle.
const CONNECTIONS: u32 = 32;
const CONNECTIONS_PER_CPU: u32 = 8;

/// Some hundred requests that compute, on one CPU. What they take is known to a few percent then.
const LONGEST_WINDOW: Duration = Duration::from_millis(250);
const LONGEST_WARM_UP: Duration = Duration::from_millis(50);

fn tasks(sizes: &Sizes, _: &Capacities, _: &str) -> Vec<Task> {
    let on = |cpus| EXPERIMENT.workloads.iter().map(move |workload| task(sizes, workload, cpus));
    CPUS.into_iter().flat_map(on).collect()
}

fn task(sizes: &Sizes, workload: &Workload, cpus: u32) -> Task {
    let shape = Shape::Connections { connections: CONNECTIONS.max(CONNECTIONS_PER_CPU * cpus) };
    let load = LoadSpec {
        warm_up: sizes.warm_up.min(LONGEST_WARM_UP),
        window: sizes.window.min(LONGEST_WINDOW),
        ..sizes.load(ArrivalProcess::Closed, shape, workload.work())
    };
    workload.task(format!("{cpus}-cpus"), TaskKind::Load(load)).varied(f64::from(cpus)).on(CpuNeed::Just(cpus))
}

fn pictures() -> Vec<Picture> {
    let of = |workload: &Workload| {
        let curve = curve_over("CPUs of the server", &["achieved_rps", "cpu_per_request"]);
        of_workload(&workload.key, over_log(curve))
    };
    EXPERIMENT.workloads.iter().map(of).collect()
}

/// Nearly all of a second CPU, and hardly anything of it: a noisy machine takes its part of both.
const USES_IT: f64 = 1.6;
const LEAVES_IT: f64 = 1.2;

fn decision() -> Option<Decision> {
    let served = |cpus, contender| at(cpus, with(COMPUTING, value("achieved_rps", contender)));
    let on_one = |factor, contender| times(factor, served(1.0, contender));
    by([
        at_least("several threads", served(2.0, MULTI), on_one(USES_IT, MULTI)),
        at_most("several threads and not for one", served(2.0, SINGLE), on_one(LEAVES_IT, SINGLE)),
    ])
}
