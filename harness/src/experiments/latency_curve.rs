//! Response time against offered load: sessions arrive at random, connect, ask, and say goodbye.

use reports::metrics::TIME_PARTS;

use super::declare::*;

pub(super) static EXPERIMENT: Experiment = Experiment {
    name: "latency-curve",
    story: Story {
        title: "Response time under load",
        claim: "Async is faster than threads.",
        claimed_in: "most answers to \"tokio or OS threads?\"",
        question: "Which model answers first as more and more clients come, and which one stops keeping up first?",
        finds_out: "who keeps up as more clients come?",
        possible_answers: &[
            "Async is faster at any load.",
            "They are all alike until one of them runs out of CPU, or of workers.",
            "Threads are faster as long as there are few clients.",
        ],
        look_at: "Follow one line to the right. Where it turns up steeply, that model no longer keeps pace: requests \
                  wait longer the longer the load lasts. How far right that happens matters more than how low the \
                  line begins.",
        conditions: &[
            ONE_MACHINE,
            "Replies are small and the work is trivial or only waits; computation changes the picture.",
            "With the server on few CPUs, async-multi has no more to work with than async-single.",
        ],
        pictures,
    },
    workloads: Cow::Borrowed(&[
        Workload::new(
            ECHO,
            "echo",
            "A session connects, asks for ten echoes one after another, and closes. The work costs next to \
             nothing: what is seen is the model's own cost.",
            ("echo", "hi"),
        ),
        Workload::new(
            CALL,
            "call 5 ms",
            "As echo, but for each request the server asks a backend over a connection that it holds, and waits \
             for its answer, which comes 5 ms later: as it would for a database.",
            ("call", "5ms"),
        ),
    ]),
    recipe: Recipe { contenders: Contenders::OfTheRun, decision, probes, tasks, ..Recipe::PLAIN },
};

const ECHO: &str = "echo";
const CALL: &str = "call-5ms";

/// Requests of one session.
const REQUESTS: u32 = 10;

/// The most sessions that may be under way at once.
const CONCURRENT: u32 = 8_000;

/// Simultaneous sessions of a capacity probe: enough that requests of 5 ms keep a CPU busy.
const PROBING_SESSIONS: u32 = 256;

fn probes(sizes: &Sizes) -> Vec<Task> {
    let probe = |workload: &Workload| {
        let sessions = spec(sizes, workload, ArrivalProcess::Closed, PROBING_SESSIONS);
        workload.task("capacity", TaskKind::Load(LoadSpec { window: sizes.probe_window, ..sessions }))
    };
    EXPERIMENT.workloads.iter().map(probe).collect()
}

/// Ten times what anybody waits who is served at all; who is not keeps a cell waiting for so long.
const LONGEST_TIMEOUT: Duration = Duration::from_millis(500);

/// Sessions that a window should hold, on average, and how much longer it may get for their sake; a short one may always get
/// as long as it takes to hold some.
const SESSIONS_WANTED: f64 = 20.0;
const LONGEST_STRETCH: u32 = 2;
const HOLDS_SOME: Duration = Duration::from_millis(300);

/// At low loads the usual window would hold a handful of sessions, whose chance arrivals decide the result.
fn window(sizes: &Sizes, rate_rps: f64) -> Duration {
    let wanted = Duration::from_secs_f64(SESSIONS_WANTED * f64::from(REQUESTS) / rate_rps);
    let usual = sizes.window * 3 / 5;
    wanted.clamp(usual, HOLDS_SOME.max(usual * LONGEST_STRETCH))
}

fn tasks(sizes: &Sizes, capacities: &Capacities, contender: &str) -> Vec<Task> {
    let mut tasks = Vec::new();
    for workload in &*EXPERIMENT.workloads {
        let loads = capacities.offered_loads(&workload.key, sizes.load_points);
        for rate_rps in capacities.worth_running(&workload.key, contender, &loads) {
            let sessions = spec(sizes, workload, ArrivalProcess::Poisson { rate_rps: *rate_rps }, CONCURRENT);
            let load = LoadSpec { window: window(sizes, *rate_rps), ..sessions };
            tasks.push(workload.task(format!("{rate_rps}rps"), TaskKind::Load(load)));
        }
    }
    tasks
}

fn spec(sizes: &Sizes, workload: &Workload, arrivals: ArrivalProcess, concurrent: u32) -> LoadSpec {
    let shape = Shape::Sessions { requests: REQUESTS, think_time: Duration::ZERO, concurrent };
    LoadSpec { timeout: sizes.timeout.min(LONGEST_TIMEOUT), ..sizes.load(arrivals, shape, workload.work()) }
}

fn pictures() -> Vec<Picture> {
    EXPERIMENT.workloads.iter().flat_map(pictures_of).collect()
}

fn pictures_of(workload: &Workload) -> Vec<Picture> {
    let over_load = |id, metrics: &[&str]| over_log(picture(id, PictureKind::Curve, metrics, Swept::OfferedLoadRps));
    let parts: Vec<&str> = TIME_PARTS.iter().map(|part| part.name).collect();
    let split = picture("split", PictureKind::TimeSplit, &parts, Swept::OfferedLoadRps);
    let pictures = [
        over_load("response-time", &["response_time_p50", "response_time_p99"]),
        over_log(picture("percentiles", PictureKind::PercentileSpectrum, &["response_time"], Swept::Percentile)),
        Picture { y_scale: Scale::Linear, ..split },
        over_load("cpu", &["cpu_per_request"]),
    ];
    pictures.map(|picture| of_workload(&workload.key, picture)).to_vec()
}

/// A tenth less is faster, as people mean it.
const FASTER: f64 = 0.9;

/// Of those that the question is about: at the lowest load and at the highest with which both keep up.
fn decision() -> Option<Decision> {
    let [threads, tasks] = PROTAGONISTS;
    let faster = |holds_for, workload, load| {
        let median = |contender: &str| under(load, with(workload, value("response_time_p50", contender)));
        at_most(holds_for, median(tasks), times(FASTER, median(threads)))
    };
    by([
        faster("echoes of a quiet server", ECHO, CommonLoad::Lowest),
        faster("echoes of a busy server", ECHO, CommonLoad::Highest),
        faster("calls of a quiet server", CALL, CommonLoad::Lowest),
        faster("calls of a busy server", CALL, CommonLoad::Highest),
    ])
}
