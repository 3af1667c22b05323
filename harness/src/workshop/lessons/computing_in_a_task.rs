//! A request that computes for long, in a task and on a thread of its own.

use super::*;

pub(super) static LESSON: Lesson = Lesson {
    name: "computing-in-a-task",
    is_core: true,
    story: Story {
        title: "Computing in a task",
        claim: "Computation belongs on spawn_blocking.",
        claimed_in: "the documentation of async runtimes",
        question: "One client's requests compute for 30 ms each, in a task, and everybody else waits for them. Now the computation moves to spawn_blocking. How long did the others wait before, compared with now?",
        finds_out: "who waits while a request computes?",
        possible_answers: &["As long as now.", "Up to four times as long.", "More than four times as long."],
        look_at: "The bars: 99 of 100 of the others were answered within this time.",
        conditions: &["With one CPU for the server the two threads share it. With more, each has its own."],
        pictures: || vec![picture("waits", PictureKind::Bars, &["probe_p99"], Swept::Nothing), probe_over_time()],
    },
    beliefs: &[
        "The CPU has to do the work either way, so the others wait as long.",
        "The kernel shares the CPU out between the two threads, in slices.",
        "The computation is somewhere else now, so nobody notices it any more.",
    ],
    controls: &[Control::of(ControlKind::WorkMs, "a request computes (ms)", 10..=100, 30)],
    setup,
    measured,
    because: &[
        "In the task nobody can interrupt the computation, so all others wait until it is done. On another thread the kernel \
         decides: it lets a thread that wakes up for a moment run before one that computes all the time.",
        "The computation itself takes as long everywhere. If the server has a CPU to spare, the others hardly notice it any \
         more. If it has one CPU, they wait for a slice of it now and then.",
    ],
    models: [THREADS, SINGLE],
    look: &[
        LookCommand { command: "top -H -p PID", shows: "which threads compute" },
        LookCommand {
            command: "cat /proc/PID/task/*/schedstat",
            shows: "the second number: how long a thread waited for a CPU",
        },
    ],
    script: TrainerScript {
        minutes: 15,
        ask: &["Does spawn_blocking make the computation faster?", "Who waits now, and for what?"],
        wrong_ideas: &[
            (
                "spawn_blocking is for waiting only.",
                "The name says so. What it does is to take work off the runtime's threads.",
            ),
            ("More threads, more speed.", "Not with one CPU. What changes is who decides who runs next."),
        ],
        press: &[
            "Ask how many CPUs the server has here; the report says it.",
            "Vote.",
            "Run it here.",
            "Compare laptops: those with more CPUs see another answer. That is the lesson.",
        ],
        goes_wrong: &[(
            "Half of the room has another answer.",
            "They have more CPUs. Let both say what they saw, and why.",
        )],
    },
};

const INLINE: &str = SINGLE;
const AWAY: &str = "async-single:placement=spawn-blocking";

const PROBE_RPS: f64 = 800.0;
const LASTING: Duration = Duration::from_millis(700);

fn others(contender: &str) -> ValueOf {
    value("probe_p99", contender)
}

fn setup(settings: &LessonSettings) -> LessonSetup {
    let computes = settings.get(ControlKind::WorkMs);
    let parameter = format!("{computes}ms");
    let timeout = Duration::from_secs(1);
    let probe = echo_probe(PROBE_RPS, Shape::Connections { connections: 200 }, timeout);
    let computing = in_closed_loop(1, Work::new("spin", &parameter), LASTING, 2 * timeout);
    let trial = disturbed(probe, "computation", computing, LASTING);
    LessonSetup {
        question: format!(
            "One client's requests compute for {computes} ms each, in a task, and everybody else waits for them. Now the \
             computation moves to spawn_blocking. How long did the others wait before, compared with now?"
        ),
        contenders: vec![THREADS.into(), INLINE.into(), AWAY.into()],
        workloads: vec![Workload {
            key: "spin".into(),
            label: format!("beside requests that compute for {computes} ms").into(),
            description: "Small requests on connections that stay. On another, requests that compute follow each other.",
            work: ("spin".into(), parameter.into()),
        }],
        tasks: vec![Task::new("spin", "one-computes", TaskKind::Disturbed(trial))],
        blocks: BLOCKS,
        quantity: Quantity {
            says: "With the computation in a task the others waited",
            value: others(INLINE),
            over: Some(others(AWAY)),
            behind: "times as long",
        },
        bounds: vec![1.5, 4.0],
        traced: None,
        standing: StandingLoad::again(1, &format!("spin {computes}ms")),
    }
}

fn measured(found: &LessonFindings<'_>) -> String {
    format!(
        "The slowest of a hundred others took {} beside a computation in a task, {} with the computation on spawn_blocking, \
         and {} with a thread for each client.",
        found.say(&others(INLINE)),
        found.say(&others(AWAY)),
        found.say(&others(THREADS))
    )
}
