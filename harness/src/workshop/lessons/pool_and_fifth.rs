//! A pool of threads, as many clients as it has workers, and one more.

use super::*;

pub(super) static LESSON: Lesson = Lesson {
    name: "pool-and-fifth",
    is_core: true,
    story: Story {
        title: "A pool and one client too many",
        claim: "A thread pool fixes what is wrong with threads.",
        claimed_in: "the last chapter of many a book",
        question: "A pool has 4 workers. As many clients were answered and stay connected without a word, as browsers do. How long does the next client wait?",
        finds_out: "how long does a client wait for a worker?",
        possible_answers: &["Not at all.", "As long as one request takes.", "Until one of the others leaves."],
        look_at: "With as many clients as workers the dots fall along a line down to the end of the shaded time. With one client fewer nobody waits.",
        conditions: &["The others stay for 0.6 s. In real life they may stay for a day."],
        pictures: || vec![probe_over_time()],
    },
    beliefs: &[
        "The workers have nothing to do, so one of them takes the new client.",
        "A worker answers a request and is free for the next one, whoever sends it.",
        "A worker belongs to its client until that one leaves.",
    ],
    controls: &[Control::of(ControlKind::Workers, "workers of the pool", 1..=16, 4)],
    setup,
    measured,
    because: &[
        "In this pool a job is a connection. A worker serves it until it closes, and sits in read between two requests. So \
         the pool is idle and full at once. The wait is exactly the time until somebody leaves.",
        "A pool that hands out requests does not have this. For that, something has to watch all the sockets and hand a \
         worker only what has arrived. Such a thing is a small runtime.",
    ],
    models: [THREADS, "thread-pool"],
    look: &[
        LookCommand {
            command: "cat /proc/PID/task/*/wchan",
            shows: "workers that wait for bytes of clients who send none",
        },
        LookCommand { command: "ss -tn", shows: "Recv-Q of a waiting connection: its request, which nobody has read" },
    ],
    script: TrainerScript {
        minutes: 15,
        ask: &[
            "Who has built this pool from the Rust Book?",
            "What does a worker do between two requests of its client?",
        ],
        wrong_ideas: &[
            (
                "The pool hands out requests.",
                "So the word suggests. In the Book, and in many a server, a job is a connection.",
            ),
            ("An idle worker is a free worker.", "It is idle because it waits for its own client."),
        ],
        press: &[
            "Vote.",
            "Discuss for two minutes with a neighbour, and vote again.",
            "Run it here.",
            "Raise the workers to eight: ask for the ninth client.",
            "Show the code: where does a connection go?",
        ],
        goes_wrong: &[(
            "Somebody says: then take more workers.",
            "Then it takes more clients, and no more work. Ask how many browser tabs there are.",
        )],
    },
};

/// How long the clients stay that say nothing.
pub(super) const LASTING: Duration = Duration::from_millis(600);

pub(super) const NEWCOMERS: Workload = Workload::new(
    "newcomers",
    "a new client every 20 ms",
    "Each connects, asks for one echo and closes.",
    ("echo", "hi"),
);

/// Newcomers beside so many clients who stay: all that come meanwhile may wait.
pub(super) fn newcomers_beside(clients: u32) -> Task {
    staying(&NEWCOMERS, clients, 200, LASTING)
}

fn pool(settings: &LessonSettings) -> String {
    format!("thread-pool:workers={}", settings.get(ControlKind::Workers))
}

fn setup(settings: &LessonSettings) -> LessonSetup {
    let workers = settings.get(ControlKind::Workers);
    let tasks = [workers - 1, workers].into_iter().filter(|clients| *clients > 0);
    LessonSetup {
        question: format!(
            "A pool has {workers} workers. As many clients were answered and stay connected without a word, as browsers \
             do. How long does the next client wait?"
        ),
        contenders: vec![pool(settings), THREADS.into()],
        workloads: vec![NEWCOMERS],
        tasks: tasks.map(newcomers_beside).collect(),
        blocks: BLOCKS,
        quantity: Quantity::of(
            "The longest that a new client waited was",
            at(f64::from(workers), value("probe_longest_wait", &pool(settings))),
        ),
        bounds: vec![20e6, 0.7 * LASTING.as_nanos() as f64],
        // One client more than there are workers.
        traced: Some((Work::new("sleep", "5ms"), workers + 1)),
        standing: StandingLoad::idle(workers),
    }
}

fn measured(found: &LessonFindings<'_>) -> String {
    let workers = found.settings.get(ControlKind::Workers);
    let wait =
        |staying: u32, contender: &str| found.say(&at(f64::from(staying), value("probe_longest_wait", contender)));
    let pool = pool(found.settings);
    let fewer = match workers {
        1 => String::new(),
        _ => format!(" With one client fewer it waited {} at most.", wait(workers - 1, &pool)),
    };
    format!(
        "With {workers} silent clients at the pool, a new client waited up to {}.{fewer} With a thread per connection it \
         waited {} at most.",
        wait(workers, &pool),
        wait(workers, THREADS)
    )
}
