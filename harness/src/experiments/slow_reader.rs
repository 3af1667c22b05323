//! Clients who ask for much and do not read it: what that takes of the server's memory, and who else waits.

use super::declare::*;

pub(super) static EXPERIMENT: Experiment = Experiment {
    name: "slow-reader",
    story: Story {
        title: "Clients who do not read",
        claim: "Backpressure comes by itself.",
        claimed_in: "introductions to async streams, and their opposite, \"a slow client fills the server's memory\"",
        question: "16 clients ask for 512 MiB in all, in replies of a MiB, and read nothing. How much of it does the \
                   server hold, and who else waits?",
        finds_out: "what do clients that read slowly cost?",
        possible_answers: &[
            "All of it in the end: the requests are there, so the replies are made.",
            "One reply for each client, and nobody else notices.",
            "One reply for each client; and where few threads serve all, everybody else waits for the clients who do \
             not read.",
        ],
        look_at: "The most memory beside the 512 MiB that were asked for; and the dots in the shaded time, which are new \
                  clients.",
        conditions: &[
            "These servers make a reply, send it whole, and look at the next request only then. One that queues \
             replies has no such bound.",
            "What the kernel holds in the buffers of the sockets comes on top, up to some megabytes for each client.",
            "No limit on the time to send: a client who does not read keeps its thread or task for as long as it \
             likes.",
        ],
        pictures,
    },
    workloads: Cow::Borrowed(&[Workload::new(
        "newcomers",
        "a new client every 2 ms",
        "Each connects, asks for one echo and closes. Beside them 16 others each ask for 32 replies of a MiB \
         and read them slowly, or not at all.",
        ("reply", "1048576"),
    )]),
    recipe: Recipe { contenders: Contenders::Own(&[THREADS, POOL, SINGLE, MULTI]), decision, tasks, ..Recipe::PLAIN },
};

const POOL: &str = "thread-pool:workers=4";

const READERS: u32 = 16;
const REQUESTS: u32 = 32;

/// How fast each reads, in KiB per second.
const KIB_PER_SECOND: [u32; 2] = [0, 1_024];

/// Often enough for a p99 of three blocks together, which takes 368 samples.
const NEWCOMERS_RPS: f64 = 500.0;
const MOST_WAITING: u32 = 500;
const LONGEST_TIMEOUT: Duration = Duration::from_millis(200);

fn tasks(sizes: &Sizes, _: &Capacities, _: &str) -> Vec<Task> {
    let workload = &EXPERIMENT.workloads[0];
    let lasting = sizes.disturbance / 5;
    let task = |kib_per_second: u32| {
        let readers = DisturbanceKind::SlowReaders {
            connections: READERS,
            requests: REQUESTS,
            work: workload.work(),
            bytes_per_second: kib_per_second << 10,
        };
        let probe = echo_probe(NEWCOMERS_RPS, newcomers(MOST_WAITING), sizes.timeout.min(LONGEST_TIMEOUT));
        let trial = disturbed(probe, "clients who do not read", readers, lasting);
        workload.task(format!("{kib_per_second}kib"), TaskKind::Disturbed(trial)).varied(f64::from(kib_per_second))
    };
    KIB_PER_SECOND.map(task).to_vec()
}

fn pictures() -> Vec<Picture> {
    let curve = curve_over("KiB/s that each reads", &["peak_memory", "probe_p99", "probe_success"]);
    vec![curve, probe_over_time()]
}

/// A quarter of what was asked for, and several times a reply for each client with the server itself; in bytes.
const LITTLE: BoundValue = BoundValue::Number((128_u32 << 20) as f64);

fn decision() -> Option<Decision> {
    let little = |holds_for, contender| at_most(holds_for, at(0.0, value("peak_memory", contender)), LITTLE);
    let served = |holds_for, contender| at_least(holds_for, at(0.0, value("probe_success", contender)), WITHSTOOD);
    by([
        little("the memory of a server with threads", THREADS),
        little("the memory of a server with tasks", MULTI),
        served("others, where each client has a thread", THREADS),
        served("others, where each client has a task", SINGLE),
        served("others, where four threads serve all", POOL),
    ])
}
