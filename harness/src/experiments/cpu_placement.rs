//! Computation beside small requests, and where a server may put it.

use super::declare::*;

pub(super) static EXPERIMENT: Experiment = Experiment {
    name: "cpu-placement",
    story: Story {
        title: "Where computation runs",
        claim: "Computation belongs on spawn_blocking.",
        claimed_in: "the documentation of async runtimes, and most answers to \"my server is stuck\"",
        question: "One request in ten computes for 15 ms. How long do the other nine wait, and does it matter where the \
                   computation runs?",
        finds_out: "who waits while one request in ten computes?",
        possible_answers: &[
            "Anywhere but in the task itself is as good as anywhere else.",
            "With one CPU it makes no difference: the computation has to be done.",
            "The computation takes as long everywhere; who waits for it differs by far.",
        ],
        look_at: "How long the small requests wait. The computation itself makes the same progress everywhere: it gets \
                  the CPU time that it needs, wherever it runs.",
        conditions: &[
            "Computation takes six tenths of one CPU in all. Where there are more CPUs than workers that compute, \
             even inline hurts less.",
            "The computation is cut into pieces for `yielding`; not every one can be.",
            "With far more computation than CPUs, spawn_blocking begins all of it at once and ends none: a bounded \
             pool does better then.",
        ],
        pictures,
    },
    workloads: Cow::Borrowed(&[Workload::new(
        "spin-15ms",
        "beside requests that compute for 15 ms",
        "Nine in ten requests are echoes on connections that stay. One in ten, on others, computes for 15 ms.",
        ("spin", "15ms"),
    )]),
    recipe: Recipe {
        contenders: Contenders::Own(&[
            THREADS,
            SINGLE,
            "async-single:placement=spawn-blocking",
            INLINE,
            "async-multi:placement=yielding",
            AWAY,
            "async-multi:placement=block-in-place",
            "async-multi:placement=rayon",
        ]),
        own_options: Some("it compares values of the option placement, which other programs do not have"),
        decision,
        tasks,
        ..Recipe::PLAIN
    },
};

const INLINE: &str = "async-multi:placement=inline";
const AWAY: &str = "async-multi:placement=spawn-blocking";

/// Of ten requests one computes.
const SPINS_RPS: f64 = 40.0;
const PROBE_RPS: f64 = 9.0 * SPINS_RPS;

/// Connections of each kind: so many that few wait for their own last reply.
const CONNECTIONS: u32 = 100;

fn tasks(sizes: &Sizes, _: &Capacities, _: &str) -> Vec<Task> {
    let workload = &EXPERIMENT.workloads[0];
    let shape = Shape::Connections { connections: CONNECTIONS };
    // Longer than a p99 of the probe takes, for which each block has 432 requests where 368 are enough.
    let lasting = sizes.disturbance / 2;
    let computing = LoadSpec {
        arrivals: ArrivalProcess::Poisson { rate_rps: SPINS_RPS },
        work: workload.work(),
        window: lasting,
        ..echo_probe(SPINS_RPS, shape, 2 * sizes.timeout)
    };
    let probe = echo_probe(PROBE_RPS, shape, sizes.timeout);
    let trial = disturbed(probe, "computation", DisturbanceKind::Load(computing), lasting);
    vec![workload.task("tenth", TaskKind::Disturbed(trial))]
}

fn pictures() -> Vec<Picture> {
    let waits = picture("waits", PictureKind::Bars, &["probe_p50", "probe_p99"], Swept::Nothing);
    vec![waits, probe_over_time(), bars(&["disturbance_rps"])]
}

fn decision() -> Option<Decision> {
    let p99 = |contender| value("probe_p99", contender);
    by([at_least("echoes beside computation in tasks", p99(INLINE), times(10.0, p99(AWAY)))])
}
