//! Thousands of clients who connect at the same moment, against servers with a short and a long accept queue.

use super::declare::*;

pub(super) static EXPERIMENT: Experiment = Experiment {
    name: "burst",
    story: Story {
        title: "Thousands of clients at the same moment",
        claim: "Async absorbs bursts of connections.",
        claimed_in: "arguments for tokio in front of clients who all come back at once, as after a lost network",
        question: "2,000 clients connect at the same moment. Each asks for an echo and closes. How long does the last \
                   of them wait?",
        finds_out: "how long do thousands of clients at once wait?",
        possible_answers: &[
            "A few milliseconds with tasks, a second with threads.",
            "A few hundred milliseconds with either.",
            "With either: more than a second where the accept queue is short, and hardly at all where it is long.",
        ],
        look_at: "The time to connect beside the listen overflows. A client who met a full queue waits for a second \
                  and tries again, however idle the server is by then.",
        conditions: &[
            "All clients are on this machine and connect over loopback, as fast as one thread can begin it.",
            "A server with more CPUs accepts faster than that thread connects, and no queue builds up.",
            "The kernel cuts a backlog down to net.core.somaxconn: where that is 128, both queues are short.",
            "Overflows are counted for the whole network namespace, so those of other servers are among them.",
        ],
        pictures: || {
            vec![bars(&["connect_p99", "time_to_drain", "listen_overflows", "disturbance_success"]), probe_over_time()]
        },
    },
    workloads: Cow::Borrowed(&[Workload::new(
        "echo",
        "2,000 connects at once",
        "Each client connects, asks for an echo and closes. Beside them another one comes every 10 ms, all the \
         time.",
        ("echo", "hi"),
    )]),
    recipe: Recipe {
        contenders: Contenders::Own(&[THREADS_SHORT, THREADS_LONG, TASKS_SHORT, TASKS_LONG]),
        decision,
        tasks,
        ..Recipe::PLAIN
    },
};

const THREADS_SHORT: &str = "threaded:backlog=64";
const THREADS_LONG: &str = "threaded:backlog=4095";
const TASKS_SHORT: &str = "async-multi:backlog=64";
const TASKS_LONG: &str = "async-multi:backlog=4095";

const CLIENTS: u32 = 2_000;

/// New clients of the probe, of whom all that come may have to wait.
const NEWCOMERS_RPS: f64 = 100.0;
const MOST_WAITING: u32 = 400;

/// Long enough for a second attempt, which the kernel makes after a second, and too short for a third.
const TIMEOUT: Duration = Duration::from_millis(1_300);

fn tasks(_: &Sizes, _: &Capacities, _: &str) -> Vec<Task> {
    let workload = &EXPERIMENT.workloads[0];
    let probe = echo_probe(NEWCOMERS_RPS, newcomers(MOST_WAITING), TIMEOUT);
    let burst = DisturbanceKind::Burst { connections: CLIENTS, work: workload.work() };
    let trial = disturbed(probe, "2,000 connects at once", burst, TIMEOUT);
    vec![workload.task(format!("{CLIENTS}-at-once"), TaskKind::Disturbed(trial))]
}

/// Less than what the kernel waits for before it tries again, and many times what it takes to answer all of them; in
/// nanoseconds.
const ABSORBED: BoundValue = BoundValue::Number(900e6);

fn decision() -> Option<Decision> {
    let absorbed = |holds_for, contender| at_most(holds_for, value("time_to_drain", contender), ABSORBED);
    by([absorbed("a short accept queue", TASKS_SHORT), absorbed("a long accept queue", TASKS_LONG)])
}
