//! The question itself: a thread for each connection, or a task? The two of them and nobody else, in short cells that are
//! repeated often enough for a verdict.
//!
//! What idle connections, floods and blocking requests do to the two is put to the test elsewhere: there three blocks decide.

use super::declare::*;

pub(super) static EXPERIMENT: Experiment = Experiment {
    name: "thread-or-task",
    story: Story {
        title: "A thread or a task for each connection",
        claim: "Tokio carries more than a thread per connection, and answers faster.",
        claimed_in: "answers to \"what is the benefit of using tokio instead of OS threads?\"",
        question: "Threads or tokio: who answers a few clients first, who spends less CPU on a thousand, and who \
                   carries more requests that wait for a database?",
        finds_out: "who answers first, spends less CPU and carries more?",
        possible_answers: &[
            "Tokio in all three.",
            "Threads for a few clients, tokio for a thousand and for requests that wait.",
            "Both alike: the kernel does the same work for either.",
        ],
        look_at: "Each pair of bars is one question. What counts is how many times apart they are, not how high.",
        conditions: &[
            ONE_MACHINE,
            "The server has the CPUs that the report names; with more of them tokio has more workers.",
            "Replies are small, and the work is trivial or waits for a socket.",
        ],
        pictures,
    },
    workloads: Cow::Borrowed(&[
        Workload::new(
            FEW,
            "400 requests a second from 16 clients, each waiting 5 ms for a backend",
            "Connections are opened before the load and stay. Requests come at random times and take turns on \
             them. For each the server asks a backend over a connection that it holds, and waits 5 ms for the \
             answer, as for a database.",
            ("call", "5ms"),
        ),
        Workload::new(
            MANY,
            "10,000 echoes a second from 1,000 clients",
            "As with few clients, but many more of them, who wait for nothing but the server.",
            ("echo", "hi"),
        ),
        Workload::new(
            WAITING,
            "512 clients whose requests wait 5 ms for a backend",
            "Each client asks again as soon as it is answered, and the server asks its backend as for few.",
            ("call", "5ms"),
        ),
    ]),
    recipe: Recipe { contenders: Contenders::Protagonists, tasks, ..Recipe::PLAIN },
};

const FEW: &str = "few-clients";
const MANY: &str = "many-clients";
const WAITING: &str = "waiting";

fn tasks(sizes: &Sizes, _: &Capacities, _: &str) -> Vec<Task> {
    let [few, many, waiting] = &*EXPERIMENT.workloads else { return Vec::new() };
    let poisson = |rate_rps| ArrivalProcess::Poisson { rate_rps };
    vec![
        task(sizes, few, poisson(400.0), 16),
        task(sizes, many, poisson(10_000.0), 1_000),
        task(sizes, waiting, ArrivalProcess::Closed, 512),
    ]
}

/// Short: what decides is how many processes a figure comes from, not how long each is looked at.
const LONGEST_WINDOW: Duration = Duration::from_millis(160);
const LONGEST_WARM_UP: Duration = Duration::from_millis(50);

fn task(sizes: &Sizes, workload: &Workload, arrivals: ArrivalProcess, connections: u32) -> Task {
    let load = LoadSpec {
        warm_up: sizes.warm_up.min(LONGEST_WARM_UP),
        window: sizes.window.min(LONGEST_WINDOW),
        ..sizes.load(arrivals, Shape::Connections { connections }, workload.work())
    };
    workload.task(format!("{connections}-connections"), TaskKind::Load(load)).varied(f64::from(connections))
}

fn pictures() -> Vec<Picture> {
    vec![
        of_workload(FEW, bars(&["response_time_p50"])),
        of_workload(MANY, bars(&["cpu_per_request"])),
        of_workload(WAITING, bars(&["achieved_rps"])),
    ]
}
