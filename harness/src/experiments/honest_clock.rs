//! A server that stands still for a moment, in one run that is looked at by two clocks.

use super::declare::*;

pub(super) static EXPERIMENT: Experiment = Experiment {
    name: "honest-clock",
    story: Story {
        title: "Two clocks, one run",
        claim: "The p99 looks fine.",
        claimed_in: "dashboards, and reports of load tests whose clients wait for each reply before they go on",
        question: "A server stands still for a tenth of a run. What does the p99 say?",
        finds_out: "does the p99 show a server that stood still?",
        possible_answers: &[
            "It is nearly as long as the standstill.",
            "It does not show it: only a handful of requests were slow, far fewer than one in a hundred.",
            "Either, depending on when the clock of a request starts.",
        ],
        look_at: "Both figures come from the same requests of the same run. One clock starts when a request was due, \
                  the other when it could be sent. On a connection that waits for its reply nothing else is sent, so \
                  that the second clock sees one slow request per connection, however many should have been sent \
                  meanwhile.",
        conditions: &[
            "The standstill is made by stopping the process. Garbage collection, a slow disk and a busy neighbour do \
             the same to a server.",
            "Both clocks are right; they answer different questions. Only the first one answers how long a client \
             waits.",
        ],
        pictures,
    },
    workloads: Cow::Borrowed(&[Workload::new(
        "echo",
        "1,000 echoes per second",
        "At equal intervals, in turn on eight connections that stay. The server's process is stopped once, \
         and continued.",
        ("echo", "hi"),
    )]),
    recipe: Recipe { contenders: Contenders::Own(&[THREADS, STALLED]), decision, tasks, ..Recipe::PLAIN },
};

const STALLED: &str = SINGLE;

/// Eight slow requests, one for each connection, are less than one in a hundred of even a short run.
const RATE_RPS: f64 = 1_000.0;
const CONNECTIONS: Shape = Shape::Connections { connections: 8 };

fn tasks(sizes: &Sizes, _: &Capacities, _: &str) -> Vec<Task> {
    let workload = &EXPERIMENT.workloads[0];
    // Of the whole run a tenth.
    let lasting = sizes.disturbance / 10;
    let window = 10 * lasting;
    let kind = TaskKind::Disturbed(DisturbedSpec {
        probe: LoadSpec { window, ..echo_probe(RATE_RPS, CONNECTIONS, sizes.timeout) },
        disturbance: Disturbance { name: "a standstill", kind: DisturbanceKind::Stall, from: window / 3, lasting },
        bounds: Bounds::default(),
    });
    vec![workload.task("standstill", kind)]
}

fn pictures() -> Vec<Picture> {
    let both = ["service_time_p99", "response_time_p99"];
    vec![picture("two-clocks", PictureKind::Bars, &both, Swept::Nothing), probe_over_time()]
}

fn decision() -> Option<Decision> {
    let bound = times(10.0, value("service_time_p99", STALLED));
    by([at_most("those who wait from when they were due", value("response_time_p99", STALLED), bound)])
}
