//! Clients that come, ask once and go, as fast as they are served: one accept loop against a listening socket and a loop for
//! each CPU.

use super::declare::*;

pub(super) static EXPERIMENT: Experiment = Experiment {
    name: "accept",
    story: Story {
        title: "One accept loop or one for each CPU",
        claim: "One accept loop is the bottleneck.",
        claimed_in: "advice to set SO_REUSEPORT, and benchmarks of servers whose clients come and go",
        question: "Clients connect, ask once and close, as fast as they are served. A server with two CPUs accepts on \
                   two threads instead of one. How many more of them does it serve?",
        finds_out: "is one accept loop enough?",
        possible_answers: &[
            "Twice as many.",
            "About half as many again.",
            "No more: accepting is the least part of a connection.",
        ],
        look_at: "The bars of a model with and without accept=reuseport. Where one loop was the bottleneck, the \
                  number of clients served rises. Where only the CPU time of a connection falls, something became \
                  cheaper, and nothing was in the way.",
        conditions: &[
            "The server has two CPUs, whatever the machine has. With more of them there is more for one loop to feed.",
            "On a machine with few CPUs the clients share those of the server: both pay for a connection then.",
            "Where each loop has a socket of its own, the kernel deals the connections out by a hash, and a loop may \
             get more than its share.",
        ],
        pictures: || vec![bars(&["achieved_rps", "cpu_per_connection"])],
    },
    workloads: Cow::Borrowed(&[Workload::new(
        "come-and-go",
        "64 clients that come and go",
        "Each connects, asks for one echo and closes, and comes again at once. So a reply is a connection.",
        ("echo", "hi"),
    )]),
    recipe: Recipe {
        contenders: Contenders::Own(&[THREADS, THREADS_EACH, MULTI, MULTI_EACH]),
        own_options: Some("it compares options of our own models"),
        decision,
        tasks,
        ..Recipe::PLAIN
    },
};

const THREADS_EACH: &str = "threaded:accept=reuseport";
const MULTI_EACH: &str = "async-multi:accept=reuseport";

/// Clients at once.
const CLIENTS: u32 = 64;

/// With one there is one loop either way. With more of them the generator, which connects as often as the server accepts,
/// would be what bounds the cell.
const CPUS: CpuNeed = CpuNeed::Just(2);

/// Some thousand connections.
const LONGEST_WINDOW: Duration = Duration::from_millis(500);

fn tasks(sizes: &Sizes, _: &Capacities, _: &str) -> Vec<Task> {
    let workload = &EXPERIMENT.workloads[0];
    let clients = LoadSpec {
        window: sizes.window.min(LONGEST_WINDOW),
        ..sizes.load(ArrivalProcess::Closed, newcomers(CLIENTS), workload.work())
    };
    vec![workload.task(format!("{CLIENTS}-clients"), TaskKind::Load(clients)).on(CPUS)]
}

/// A bottleneck is what lets so many more through when it is gone.
const MORE: f64 = 1.3;

fn decision() -> Option<Decision> {
    let served = |contender| value("achieved_rps", contender);
    by([
        at_least("threads", served(THREADS_EACH), times(MORE, served(THREADS))),
        at_least("tasks", served(MULTI_EACH), times(MORE, served(MULTI))),
    ])
}
