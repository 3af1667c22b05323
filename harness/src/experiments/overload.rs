//! More requests than a server can answer, for a while: what it answers in time before, meanwhile and afterwards.

use super::declare::*;

pub(super) static EXPERIMENT: Experiment = Experiment {
    name: "overload",
    story: Story {
        title: "More clients than can be served",
        claim: "A fixed number of threads is more robust against overload.",
        claimed_in: "arguments for pools and for tokio: \"a runtime has as many threads as there are cores, whatever \
                     comes\"",
        question: "Clients give up after 50 ms. For a while, twice as many come as a server can answer. How many of \
                   them get an answer in time?",
        finds_out: "who recovers from twice the load?",
        possible_answers: &[
            "Half of them: the server works all the time.",
            "Next to none with a thread for each, half of them with a fixed number of threads.",
            "Next to none in either: it works all the time, for clients who have left.",
        ],
        look_at: "When the dots come down again after the shaded time: until then the server works off what nobody \
                  waits for any more. Then compare what was answered in time before, meanwhile and after.",
        conditions: &[
            "Each request computes for 2 ms. Work that waits for others meets their limits first.",
            "The load is 60% of a capacity before and after, and 200% meanwhile. That is the capacity of the best of \
             them or, for a server with less than half of that, its own.",
            "The limits of connection and backlog fit a few CPUs: what waits must be served before its client gives \
             up.",
            "Where generator and server share CPUs, the server has less CPU time under this load than when its capacity \
             was measured.",
        ],
        pictures,
    },
    workloads: Cow::Borrowed(&[Workload::new(
        "deadline",
        "2 ms of computing within 50 ms",
        "Each client connects, asks for 2 ms of computing, and gives up 50 ms after it was due. Beside them \
         come more clients of the same kind.",
        ("spin", "2ms"),
    )]),
    recipe: Recipe {
        contenders: Contenders::Own(&[THREADS, POOL, MULTI, LIMITED]),
        decision,
        probes,
        tasks,
        ..Recipe::PLAIN
    },
};

const POOL: &str = "thread-pool:workers=4";
const LIMITED: &str = "async-multi:backlog=8,max-connections=8";

/// Of what a contender can do: what comes always, and what comes beside it for a while.
const USUAL: f64 = 0.6;
const MORE: f64 = 1.4;

/// After which a client gives up.
const DEADLINE: Duration = Duration::from_millis(50);

/// As many as wait within their deadline, with room to spare; and so few in closed loop that no limit refuses one.
const AT_ONCE: u32 = 2_000;
const PROBING: u32 = 16;

fn probes(sizes: &Sizes) -> Vec<Task> {
    let workload = &EXPERIMENT.workloads[0];
    let closed = sizes.load(ArrivalProcess::Closed, newcomers(PROBING), workload.work());
    vec![workload.task("capacity", TaskKind::Load(LoadSpec { window: sizes.probe_window, ..closed }))]
}

fn tasks(sizes: &Sizes, capacities: &Capacities, contender: &str) -> Vec<Task> {
    let workload = &EXPERIMENT.workloads[0];
    let Some(capacity_rps) = capacities.alike(&workload.key, contender) else { return Vec::new() };
    let clients = |share: f64, window| LoadSpec {
        work: workload.work(),
        window,
        ..echo_probe(share * capacity_rps, newcomers(AT_ONCE), DEADLINE)
    };
    let lasting = sizes.disturbance / 6;
    // What piles up at 200% in some time is worked off beside 60% in two and a half times that.
    let (quiet, afterwards) = (lasting * 3 / 4, 3 * lasting);
    let trial = DisturbedSpec {
        probe: clients(USUAL, quiet + lasting + afterwards),
        disturbance: Disturbance {
            name: "more clients than can be served",
            kind: DisturbanceKind::Load(clients(MORE, lasting)),
            from: quiet,
            lasting,
        },
        bounds: Bounds::default(),
    };
    vec![workload.task("200-percent", TaskKind::Disturbed(trial))]
}

fn pictures() -> Vec<Picture> {
    let goodput = bars(&["goodput_before", "goodput_meanwhile", "goodput_after", "goodput_recovery", "peak_memory"]);
    vec![probe_over_time(), goodput]
}

/// Of 200% as many as the 60% that were answered before. Who works for those who have left answers next to none, who works
/// for those who still wait answers half of them.
const AS_MANY_AS_BEFORE: BoundValue = BoundValue::Number(0.3);

/// What piled up takes a second to work off; what was not let in, nothing. In nanoseconds.
const SOON: BoundValue = BoundValue::Number(350e6);

fn decision() -> Option<Decision> {
    let as_many = |holds_for, contender| at_least(holds_for, value("probe_success", contender), AS_MANY_AS_BEFORE);
    by([
        as_many("a pool of four threads", POOL),
        as_many("as many threads as CPUs, with tasks", MULTI),
        as_many("tasks with a limit on connections and a short backlog", LIMITED),
        at_most("the time after it, with such limits", value("goodput_recovery", LIMITED), SOON),
    ])
}
