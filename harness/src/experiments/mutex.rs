//! One lock that everybody wants, held for a short and for a long time: std's, tokio's, and one like std's that is held
//! across an `.await`.

use super::declare::*;

pub(super) static EXPERIMENT: Experiment = Experiment {
    name: "mutex",
    story: Story {
        title: "A lock in async code",
        claim: "Never use std's mutex in async code.",
        claimed_in: "reviews of async code, though tokio's own documentation says something else",
        question: "Eight connections want the same lock all the time. How does a ninth fare, which never wants it?",
        finds_out: "who waits for a lock that others hold?",
        possible_answers: &[
            "With std's lock it waits, with tokio's it does not.",
            "It does not wait, as long as the lock is held for microseconds and never across an .await.",
            "It depends only on the number of workers.",
        ],
        look_at: "Who is answered and how soon, when the lock is held for long and when it is not. A lock that blocks its \
                  thread and is held across an .await may stop the server for good: then nobody gets an answer any \
                  more, and somebody has to kill it.",
        conditions: &[
            "The lock is held while waiting, not while computing. Tokio's timer knows only whole milliseconds, so its \
             lock is held for over a millisecond where 20 us were asked for: compare the throughputs at 5 ms.",
            "One like std's stands for what the compiler refuses with std's own guard in a task that may change \
             threads, and allows with others.",
            "More workers put the standstill off and do not prevent it: it takes as many waiting tasks as workers.",
        ],
        pictures,
    },
    workloads: Cow::Borrowed(&[
        Workload::new(
            "short",
            "held for 20 us",
            "Eight connections ask for the lock again and again, and hold it for 20 us. Others ask for an echo, \
             which takes no lock.",
            ("lock", "20us"),
        ),
        Workload::new("long", "held for 5 ms", "The same, and the lock is held for 5 ms.", ("lock", "5ms")),
    ]),
    recipe: Recipe {
        contenders: Contenders::Own(&[
            "async-single:mutex=std",
            "async-single:mutex=tokio",
            "async-single:mutex=std-across-await",
            STD,
            "async-multi:mutex=tokio,workers=4",
            ACROSS,
        ]),
        own_options: Some("it compares values of the option mutex, which other programs do not have"),
        decision,
        tasks,
        ..Recipe::PLAIN
    },
};

const STD: &str = "async-multi:mutex=std,workers=4";
const ACROSS: &str = "async-multi:mutex=std-across-await,workers=4";

/// Connections that want the lock: more than there are workers.
const WANTING: u32 = 8;

/// Often enough for a p99.
const PROBE_RPS: f64 = 500.0;

/// So many that a connection rarely waits for its own last reply: what is seen is the server's making, not a line.
const PROBE: Shape = Shape::Connections { connections: 200 };

fn tasks(sizes: &Sizes, _: &Capacities, _: &str) -> Vec<Task> {
    let lasting = (sizes.disturbance / 4).max(Duration::from_millis(300));
    let task = |workload: &Workload| {
        let wanting = in_closed_loop(WANTING, workload.work(), lasting, sizes.timeout);
        let probe = echo_probe(PROBE_RPS, PROBE, sizes.timeout);
        workload.task("contended", TaskKind::Disturbed(disturbed(probe, "requests for the lock", wanting, lasting)))
    };
    EXPERIMENT.workloads.iter().map(task).collect()
}

fn pictures() -> Vec<Picture> {
    let of = |workload: &Workload| {
        let over_time = of_workload(&workload.key, probe_over_time());
        [over_time, of_workload(&workload.key, bars(&["probe_p50", "probe_success", "disturbance_rps"]))]
    };
    EXPERIMENT.workloads.iter().flat_map(of).collect()
}

/// Who waits as long as one long hold, though it wants no lock, waits for those who do; in nanoseconds.
const A_HOLD: BoundValue = BoundValue::Number(5e6);

fn decision() -> Option<Decision> {
    let waits = |holds_for, workload| at_least(holds_for, with(workload, value("probe_p50", STD)), A_HOLD);
    by([
        waits("a lock held for 20 us", "short"),
        waits("a lock held for 5 ms while its thread is blocked", "long"),
        at_most("a lock held across an .await", with("long", value("probe_success", ACROSS)), BoundValue::Number(0.5)),
    ])
}
