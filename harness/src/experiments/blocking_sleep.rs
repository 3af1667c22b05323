//! Requests that block the thread they run on, more and more of them at once, and what others on the same server see.

use super::declare::*;

pub(super) static EXPERIMENT: Experiment = Experiment {
    name: "blocking-sleep",
    story: Story {
        title: "Blocking inside a task",
        claim: "A task that blocks stops everything.",
        claimed_in: "introductions to async, and their opposite, \"a worker or two may block\", in code reviews",
        question: "One of four workers is blocked most of the time. How much longer do the other clients wait?",
        finds_out: "does one blocking request hold up the others?",
        possible_answers: &[
            "A quarter longer: three workers are left.",
            "Not at all, until all four are blocked.",
            "Possibly longer than with two blocked: it depends on which worker it is.",
        ],
        look_at: "Follow a line to the right. On one thread every blocking request counts. With several workers the \
                  line need not rise steadily: a single blocked worker hurts the others when it is the one that \
                  watches the sockets.",
        conditions: &[
            "A blocking request holds its thread for 50 ms without computing, as a synchronous call to a database \
             does.",
            "The workers take turns at watching the sockets. How often the turn falls to a blocked one differs \
             between machines, and between versions of the runtime.",
        ],
        pictures: || vec![curve_over("connections that block", &["probe_p50", "probe_p99"]), probe_over_time()],
    },
    workloads: Cow::Borrowed(&[Workload::new(
        "block-50ms",
        "beside requests that block for 50 ms",
        "Small requests on connections that stay. On others, requests that block for 50 ms follow each other \
         without a pause.",
        ("block", "50ms"),
    )]),
    recipe: Recipe {
        contenders: Contenders::Own(&[THREADS, MULTI, SINGLE, FOUR, AWAY]),
        decision,
        tasks,
        ..Recipe::PLAIN
    },
};

const FOUR: &str = "async-multi:workers=4";
const AWAY: &str = "async-multi:placement=spawn-blocking,workers=4";

/// Connections that block: none, one, as many as there are workers, twice as many. Those that decide, unless there is time
/// for all.
const BLOCKING: [u32; 4] = [0, 1, 4, 8];
const DECIDING: [u32; 2] = [1, 8];

/// Often enough for a p99 within the shortest time of a quick run, which takes 368 samples.
const PROBE_RPS: f64 = 1_600.0;

/// So many that a connection rarely waits for its own last reply: what is seen is the server's making, not a line.
const PROBE: Shape = Shape::Connections { connections: 200 };

fn tasks(sizes: &Sizes, _: &Capacities, _: &str) -> Vec<Task> {
    let workload = &EXPERIMENT.workloads[0];
    // Every 50 ms tell the same story again.
    let lasting = (sizes.disturbance / 5).min(Duration::from_millis(240));
    let task = |blocking: u32| {
        let probe = echo_probe(PROBE_RPS, PROBE, sizes.timeout);
        let requests = in_closed_loop(blocking, workload.work(), lasting, 2 * sizes.timeout);
        let trial = disturbed(probe, "blocking requests", requests, lasting);
        workload.task(format!("{blocking}-blocking"), TaskKind::Disturbed(trial)).varied(f64::from(blocking))
    };
    let points = if sizes.load_points <= BLOCKING.len() as u32 { &DECIDING[..] } else { &BLOCKING };
    points.iter().copied().map(task).collect()
}

/// Who waits for half a blocking call waits for somebody else's; in nanoseconds.
const HALF_A_CALL: BoundValue = BoundValue::Number(25e6);

fn decision() -> Option<Decision> {
    let ruined =
        |holds_for, contender, blocking| at_least(holds_for, at(blocking, value("probe_p99", contender)), HALF_A_CALL);
    by([
        ruined("tokio on one thread while one task blocks", SINGLE, 1.0),
        ruined("tokio on four while one does", FOUR, 1.0),
        ruined("tokio on four while eight do", FOUR, 8.0),
        ruined("calls on spawn_blocking", AWAY, 8.0),
    ])
}
