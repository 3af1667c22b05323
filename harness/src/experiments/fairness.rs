//! One client that keeps a hundred requests out on one connection, beside eight who ask one at a time and not too often.

use super::declare::*;

pub(super) static EXPERIMENT: Experiment = Experiment {
    name: "fairness",
    story: Story {
        title: "One greedy client beside polite ones",
        claim: "The scheduler is fair: one greedy client can't starve the others.",
        claimed_in: "praise of threads, and answers to the worry that nobody takes the CPU away from a task",
        question: "One client always has a hundred small requests on their way. Eight others ask one at a time, and \
                   ask for little. How long do the eight wait?",
        finds_out: "does one greedy client starve the others?",
        possible_answers: &[
            "Not long, whoever serves them: a small request is over soon, and then it is the next one's turn.",
            "Not long with threads, but long with tasks, from which nobody takes the CPU away.",
            "It depends on whether a thread is left that looks after the others.",
        ],
        look_at: "First Jain's index: at 1 all eight are served alike, well or badly. Then the p99 of the client that \
                  fares worst. Last, how much the greedy one gets: it may have all that the others leave.",
        conditions: &[
            "The eight ask for less than their share of the server. Whoever asks for more has to wait for somebody.",
            "A runtime with more workers than there are greedy clients has one left that looks at the sockets. The \
             more CPUs a server has, the more greedy clients it takes.",
            "The pool has four workers. Those who connect first have them for as long as they stay, greedy or not.",
            "The greedy client gives way to the others on the load generator's CPUs, so that what you see is the \
             server.",
        ],
        pictures: || vec![bars(&["jains_index", "worst_connection_p99", "disturbance_rps"]), probe_over_time()],
    },
    workloads: Cow::Borrowed(&[Workload::new(
        "polite",
        "eight polite clients beside a greedy one",
        "3,000 echoes per second at equal distances, in turns on eight connections that stay. Beside them one \
         client has a hundred requests out, each of 20 us of computation, and sends another for each reply.",
        ("echo", "hi"),
    )]),
    recipe: Recipe { contenders: Contenders::Own(&[THREADS, POOL, SINGLE, FOUR]), decision, tasks, ..Recipe::PLAIN },
};

const POOL: &str = "thread-pool:workers=4";
const FOUR: &str = "async-multi:workers=4";

const POLITE: u32 = 8;

/// Enough for a p99 of each of them within a second.
const POLITE_RPS: f64 = 3_000.0;

/// Requests that the greedy client has out: more than a server works off while the client rests.
const OUTSTANDING: u32 = 100;

/// What each of them asks for. As little as a request does that does something, and enough that the client has no trouble to
/// keep a server busy.
const ASKED: (&str, &str) = ("spin", "20us");

/// Who waits longer than this is not served.
const LONGEST_TIMEOUT: Duration = Duration::from_millis(250);

fn tasks(sizes: &Sizes, _: &Capacities, _: &str) -> Vec<Task> {
    let polite = Shape::Connections { connections: POLITE };
    let probe = echo_probe(POLITE_RPS, polite, sizes.timeout.min(LONGEST_TIMEOUT));
    let greedy = DisturbanceKind::Pipelining { outstanding: OUTSTANDING, work: Work::new(ASKED.0, ASKED.1) };
    let trial = disturbed(probe, "a greedy client", greedy, sizes.disturbance * 9 / 20);
    vec![EXPERIMENT.workloads[0].task("greedy", TaskKind::Disturbed(trial))]
}

/// Five hundred requests of the greedy client, and more than three slices of a scheduler, in nanoseconds.
const STARVED: BoundValue = BoundValue::Number(10e6);

fn decision() -> Option<Decision> {
    let serves_all = |holds_for, contender| at_most(holds_for, value("worst_connection_p99", contender), STARVED);
    by([
        serves_all("a thread for each client", THREADS),
        serves_all("a pool of fewer threads than clients", POOL),
        serves_all("tasks on one thread", SINGLE),
        serves_all("tasks on several threads", FOUR),
    ])
}
