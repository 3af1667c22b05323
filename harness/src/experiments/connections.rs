//! More and more connections, and the same number of requests a second among them.

use super::declare::*;

pub(super) static EXPERIMENT: Experiment = Experiment {
    name: "connections",
    story: Story {
        title: "Many connections, the same work",
        claim: "Thousands of threads thrash.",
        claimed_in: "the C10K problem, and what has been concluded from it since",
        question: "The same number of requests per second comes over ten connections, then over ten thousand. What \
                   does a request cost?",
        finds_out: "do thousands of threads thrash?",
        possible_answers: &[
            "Many times as much with threads: the scheduler drowns in them.",
            "A little more with threads and with tasks, since each request finds cold caches.",
            "The same: a thread that waits costs nothing.",
        ],
        look_at: "How a line goes on to the right, not how high it begins. What grows with the number of connections \
                  is the price of having many; what is high throughout is the price of the model.",
        conditions: &[
            "Most threads wait at any moment. Thousands that are all ready to run do stand in each other's way.",
            "One rate, at which every model keeps pace. CPU time per request includes waking up, and is higher than \
             under full load.",
        ],
        pictures,
    },
    workloads: Cow::Borrowed(&[Workload::new(
        "echo",
        "5,000 echoes per second in all",
        "Connections are opened before the load and stay. Requests come at random times and take turns on \
         them.",
        ("echo", "hi"),
    )]),
    recipe: Recipe { contenders: Contenders::Own(&[THREADS, SINGLE, MULTI]), decision, tasks, ..Recipe::PLAIN },
};

const RATE_RPS: f64 = 5_000.0;

/// The fewest connections; the most are the preset's.
const FEWEST: u32 = 10;

/// The most connections of every preset but the smallest.
const MOST: f64 = 10_000.0;

fn tasks(sizes: &Sizes, _: &Capacities, _: &str) -> Vec<Task> {
    let workload = &EXPERIMENT.workloads[0];
    let most = sizes.most_connections;
    let mut counts = vec![FEWEST, most / 100, most / 10, most];
    counts.retain(|count| *count >= FEWEST);
    counts.dedup();
    let task = |connections: u32| {
        let arrivals = ArrivalProcess::Poisson { rate_rps: RATE_RPS };
        let load = sizes.load(arrivals, Shape::Connections { connections }, workload.work());
        workload.task(format!("{connections}-connections"), TaskKind::Load(load)).varied(f64::from(connections))
    };
    counts.into_iter().map(task).collect()
}

fn pictures() -> Vec<Picture> {
    let over_connections =
        |id, metrics: &[&str]| over_log(picture(id, PictureKind::Curve, metrics, Swept::Connections));
    vec![
        over_connections("cpu", &["cpu_per_request"]),
        over_connections("response-time", &["response_time_p50", "response_time_p99"]),
    ]
}

fn decision() -> Option<Decision> {
    let grows = |holds_for, metric| {
        let of = |connections| at(connections, value(metric, THREADS));
        at_least(holds_for, of(MOST), times(3.0, of(f64::from(FEWEST))))
    };
    by([grows("the CPU time of a request", "cpu_per_request"), grows("the median wait", "response_time_p50")])
}
