//! A request that blocks the thread of a runtime, and what the others see.

use super::*;

pub(super) static LESSON: Lesson = Lesson {
    name: "blocking-a-task",
    is_core: true,
    story: Story {
        title: "Blocking a task",
        claim: "A task that blocks stops everything.",
        claimed_in: "introductions to async",
        question: "All tasks run on one thread. One client's requests call thread::sleep for 50 ms, one after the other. How long does a typical one of the others wait for an answer that takes no time?",
        finds_out: "does one blocking request hold up the others?",
        possible_answers: &[
            "Hardly longer than without it.",
            "Up to a third of that time.",
            "A third of that time, or more.",
        ],
        look_at: "The dots of the others: with threads they stay at the bottom, on one thread they follow the blocking request up.",
        conditions: &[
            "A blocking request holds its thread without computing, as a synchronous call to a database does.",
        ],
        pictures: || vec![picture("waits", PictureKind::Bars, &["probe_p50"], Swept::Nothing), probe_over_time()],
    },
    beliefs: &[
        "The runtime sees that the task waits, and switches to another.",
        "It is held up for a moment, and catches up.",
        "Nobody can take the thread away from a task that does not await.",
    ],
    controls: &[Control::of(ControlKind::WorkMs, "a request blocks (ms)", 20..=200, 50)],
    setup,
    measured,
    because: &[
        "A runtime switches tasks at an await and nowhere else. thread::sleep is not an await: the thread is gone until it \
         returns, and every task with it. The kernel, on the other hand, takes a thread off its CPU whenever it sleeps.",
        "So look for what blocks: synchronous drivers, files, DNS, locks that are held for long. Give it to spawn_blocking, \
         or use what awaits.",
    ],
    models: [THREADS, SINGLE],
    look: &[
        LookCommand {
            command: "cat /proc/PID/task/*/wchan",
            shows: "hrtimer_nanosleep: a thread in thread::sleep, and epoll_wait: one that serves",
        },
        LookCommand { command: "cat /proc/PID/task/*/comm", shows: "which thread that is" },
    ],
    script: TrainerScript {
        minutes: 15,
        ask: &["Which line of your code blocks? A database driver, a file, a lock?", "How would you notice?"],
        wrong_ideas: &[
            (
                "The runtime preempts tasks.",
                "Go's does, and the kernel preempts threads. tokio switches at an await and nowhere else.",
            ),
            ("async fn makes it asynchronous.", "The word only allows await inside. thread::sleep stays what it is."),
        ],
        press: &[
            "Vote.",
            "Run it here.",
            "Raise the blocking to 200 ms and vote again: it is proportional.",
            "Show spawn_blocking beside it.",
        ],
        goes_wrong: &[(
            "Somebody says: with several workers it is no problem.",
            "One of the workers watches the sockets. If it is that one, all wait. harness compare --experiments blocking-sleep shows it.",
        )],
    },
};

const AWAY: &str = "async-single:placement=spawn-blocking";

/// Often enough for a median within the time of the disturbance.
const PROBE_RPS: f64 = 1_000.0;
const LASTING: Duration = Duration::from_millis(600);

fn others(contender: &str) -> ValueOf {
    value("probe_p50", contender)
}

fn setup(settings: &LessonSettings) -> LessonSetup {
    let blocks = settings.get(ControlKind::WorkMs);
    let parameter = format!("{blocks}ms");
    let timeout = Duration::from_secs(1);
    let probe = echo_probe(PROBE_RPS, Shape::Connections { connections: 200 }, timeout);
    let blocking = in_closed_loop(1, Work::new("block", &parameter), LASTING, 2 * timeout);
    let trial = disturbed(probe, "a blocking request", blocking, LASTING);
    let blocked_ns = f64::from(blocks) * 1e6;
    LessonSetup {
        question: format!(
            "All tasks run on one thread. One client's requests call thread::sleep for {blocks} ms, one after the other. \
             How long does a typical one of the others wait for an answer that takes no time?"
        ),
        contenders: vec![THREADS.into(), SINGLE.into(), AWAY.into()],
        workloads: vec![Workload {
            key: "block".into(),
            label: format!("beside requests that block for {blocks} ms").into(),
            description: "Small requests on connections that stay. On another, requests that block follow each other.",
            work: ("block".into(), parameter.into()),
        }],
        tasks: vec![Task::new("block", "one-blocks", TaskKind::Disturbed(trial))],
        blocks: BLOCKS,
        quantity: Quantity::of("On one thread, half of the others waited longer than", others(SINGLE)),
        bounds: vec![0.05 * blocked_ns, blocked_ns / 3.0],
        // Short enough for several within a traced window.
        traced: Some((Work::new("block", "5ms"), 8)),
        standing: StandingLoad::again(2, &format!("block {blocks}ms")),
    }
}

fn measured(found: &LessonFindings<'_>) -> String {
    format!(
        "While one client's requests blocked for {} ms each, half of the others waited longer than {} with tasks on one \
         thread. With a thread for each it was {}, and {} where the blocking call went to spawn_blocking.",
        found.settings.get(ControlKind::WorkMs),
        found.say(&others(SINGLE)),
        found.say(&others(THREADS)),
        found.say(&others(AWAY))
    )
}
