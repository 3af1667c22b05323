//! More blocking jobs at once than a runtime's pool for them has threads.

use super::declare::*;

pub(super) static EXPERIMENT: Experiment = Experiment {
    name: "blocking-pool",
    story: Story {
        title: "Threads of an async server",
        claim: "Async uses a fixed number of threads.",
        claimed_in: "explanations of what a runtime is",
        question: "Six hundred requests come at once, each blocks for half a second on spawn_blocking. When is the \
                   last one answered, and how many threads has the server by then?",
        finds_out: "how many threads does an async server make?",
        possible_answers: &[
            "After half a second: the runtime makes as many threads as it needs.",
            "After a second: it makes 512, and the rest waits for those.",
            "After minutes: there is a thread for each CPU, and no more.",
        ],
        look_at: "The steps. As many requests as the pool has threads are answered after one length of the work, the \
                  next after two. Beside that, how many threads there were.",
        conditions: &[
            "Work that waits in an .await takes no thread, whatever its number.",
            "Tokio's pool keeps its threads for ten seconds after their last job, and has 512 at most unless told \
             otherwise.",
        ],
        pictures,
    },
    workloads: Cow::Borrowed(&[
        Workload::new(
            "blocks",
            "block for 500 ms, all at once",
            "Each connection asks once, within a quarter of a second, and the work blocks a thread.",
            ("block", "500ms"),
        ),
        Workload::new(
            "waits",
            "wait for 500 ms, all at once",
            "The same, but the work waits in an .await where there is one.",
            ("sleep", "500ms"),
        ),
    ]),
    recipe: Recipe {
        contenders: Contenders::Own(&[THREADS, AWAY, "async-multi:blocking-threads=128,placement=spawn-blocking"]),
        own_options: Some("it counts the threads of the option placement, which other programs do not have"),
        decision,
        tasks,
        ..Recipe::PLAIN
    },
};

const AWAY: &str = "async-multi:placement=spawn-blocking";

/// Jobs, on a connection each: more than the pool has threads by default.
const JOBS: u32 = 640;

/// All of them come within this time, and before the first is done.
const AT_ONCE: Duration = Duration::from_millis(250);

/// Nobody gives up while others are served.
const REQUEST_TIMEOUT: Duration = Duration::from_secs(5);

fn tasks(_: &Sizes, _: &Capacities, _: &str) -> Vec<Task> {
    let rate_rps = f64::from(JOBS) / AT_ONCE.as_secs_f64();
    let task = |workload: &Workload| {
        let jobs = echo_probe(rate_rps, Shape::Connections { connections: JOBS }, REQUEST_TIMEOUT);
        let disturbance = Disturbance {
            name: "640 requests at once",
            kind: DisturbanceKind::Nothing,
            from: Duration::ZERO,
            lasting: AT_ONCE,
        };
        let probe = LoadSpec { work: workload.work(), window: AT_ONCE, ..jobs };
        let bounds = Bounds::default();
        workload.task("at-once", TaskKind::Disturbed(DisturbedSpec { probe, disturbance, bounds }))
    };
    EXPERIMENT.workloads.iter().map(task).collect()
}

fn pictures() -> Vec<Picture> {
    let of = |workload: &Workload| {
        [of_workload(&workload.key, probe_over_time()), of_workload(&workload.key, bars(&["peak_threads"]))]
    };
    EXPERIMENT.workloads.iter().flat_map(of).collect()
}

fn decision() -> Option<Decision> {
    let threads = |workload: &str, contender| with(workload, value("peak_threads", contender));
    let few = |holds_for, workload: &str| {
        at_most(holds_for, threads(workload, AWAY), times(0.25, threads(workload, THREADS)))
    };
    by([few("work that waits in an .await", "waits"), few("work that blocks, on spawn_blocking", "blocks")])
}
