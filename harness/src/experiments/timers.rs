//! Waits for a timer: how long one lasts that was to be short, and what it costs to have many of them pending.

use super::declare::*;

pub(super) static EXPERIMENT: Experiment = Experiment {
    name: "timers",
    story: Story {
        title: "Waits for a timer",
        claim: "A timer waits as long as it is told to.",
        claimed_in: "code that calls sleep(1 ms) in a loop, and benchmarks that sleep in place of a database",
        question: "A request has the server sleep for 1 ms, on a thread or in a task. How long does it take?",
        finds_out: "how long does a timer really wait?",
        possible_answers: &[
            "1 ms and what two wake-ups take, in either world.",
            "In a task less, since a runtime need not ask the kernel for each timer.",
            "In a task up to 2 ms, since the runtime's clock ticks once a millisecond and rounds up.",
        ],
        look_at: "How far a line lies above what was asked for, on the left where that is short. On the right it \
                  hardly shows, but is still there. Then whether a request costs more CPU time the more timers are \
                  pending.",
        conditions: &[
            "tokio's timers, and the kernel's as std's sleep sets them. Other runtimes have other timers.",
            "A thread's timer is late by its slack, 50 us by default, which Linux allows to be set.",
            "Servers rarely wait for timers: what this shows is no reason for threads or for tasks where they wait \
             for sockets.",
        ],
        pictures,
    },
    workloads: Cow::Borrowed(&[
        Workload::new(
            "asked",
            "sleeps of 0.1 to 20 ms",
            "200 requests per second at equal distances on 32 connections. Each has the server sleep once.",
            ("sleep", "1ms"),
        ),
        Workload::new(
            "pending",
            "10,000 sleeps per second",
            "Requests come at random times. The longer each sleeps, the more timers are pending at a time: 10 for \
             each millisecond, 10,000 for 1 s. The same number of them ends in every second.",
            ("sleep", "1s"),
        ),
    ]),
    recipe: Recipe { contenders: Contenders::Own(&[THREADS, MULTI]), decision, tasks, ..Recipe::PLAIN },
};

/// Sleeps that are asked for, in microseconds.
const ASKED_US: [u32; 4] = [100, 1_000, 5_000, 20_000];

const ASKED_RPS: f64 = 200.0;
const ASKED_CONNECTIONS: u32 = 32;

const PENDING_RPS: f64 = 10_000.0;

/// Connections for each pending timer: random arrivals sometimes want more of them than on average.
const ROOM: f64 = 1.25;

fn tasks(sizes: &Sizes, _: &Capacities, _: &str) -> Vec<Task> {
    let [asked_for, pending_at_once] = &*EXPERIMENT.workloads else { return Vec::new() };
    let counts = [100, 10, 1].map(|part| sizes.most_connections / part).into_iter().filter(|count| *count > 0);
    let asked = ASKED_US.into_iter().map(|us| asked(sizes, asked_for, us));
    asked.chain(counts.map(|count| pending(sizes, pending_at_once, count))).collect()
}

fn asked(sizes: &Sizes, workload: &Workload, us: u32) -> Task {
    let arrivals = ArrivalProcess::Constant { rate_rps: ASKED_RPS };
    let load = sleeping(sizes, arrivals, ASKED_CONNECTIONS, Duration::from_micros(us.into()));
    workload.task(format!("{us}us"), TaskKind::Load(load)).varied(f64::from(us) / 1e3)
}

fn pending(sizes: &Sizes, workload: &Workload, count: u32) -> Task {
    let wait = Duration::from_secs_f64(f64::from(count) / PENDING_RPS);
    let connections = (f64::from(count) * ROOM).ceil() as u32;
    let spec = sleeping(sizes, ArrivalProcess::Poisson { rate_rps: PENDING_RPS }, connections, wait);
    // Until as many are pending as will be.
    let load = LoadSpec { warm_up: spec.warm_up + wait, ..spec };
    workload.task(format!("{count}-pending"), TaskKind::Load(load)).varied(wait.as_secs_f64() * 1e3)
}

/// Requests that sleep for that long.
fn sleeping(sizes: &Sizes, arrivals: ArrivalProcess, connections: u32, wait: Duration) -> LoadSpec {
    let work = Work::new("sleep", &format!("{}us", wait.as_micros()));
    LoadSpec {
        window: sizes.window * 2 / 3,
        timeout: sizes.timeout + wait,
        ..sizes.load(arrivals, Shape::Connections { connections }, work)
    }
}

fn pictures() -> Vec<Picture> {
    let over = |key, metrics: &[&str]| of_workload(key, over_log(curve_over("ms asked for", metrics)));
    vec![over("asked", &["response_time_p50", "response_time_p99"]), over("pending", &["cpu_per_request"])]
}

/// A tenth of a sleep of 20 ms, and half of one of 1 ms, are more than the two wake-ups of a quiet machine take.
fn decision() -> Option<Decision> {
    let keeps_to = |holds_for, contender, asked_ms, most_ms: f64| {
        let median = with("asked", at(asked_ms, value("response_time_p50", contender)));
        at_most(holds_for, median, BoundValue::Number(most_ms * 1e6))
    };
    by([
        keeps_to("1 ms in a thread", THREADS, 1.0, 1.5),
        keeps_to("1 ms in a task", MULTI, 1.0, 1.5),
        keeps_to("20 ms in a thread", THREADS, 20.0, 22.0),
        keeps_to("20 ms in a task", MULTI, 20.0, 22.0),
    ])
}
