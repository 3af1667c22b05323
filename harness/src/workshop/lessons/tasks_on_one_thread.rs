//! All tasks on one thread, beside a thread for each, with requests that wait.

use super::*;

pub(super) static LESSON: Lesson = Lesson {
    name: "tasks-on-one-thread",
    is_core: false,
    story: Story {
        title: "All tasks on one thread",
        claim: "One thread can serve one client at a time.",
        claimed_in: "everyday experience with code that blocks",
        question: "Each request waits for 20 ms, and 64 clients ask again and again. tokio runs all of them as tasks on one thread. How many requests does it answer, compared with a server with 64 threads?",
        finds_out: "how many clients does one thread serve?",
        possible_answers: &["A few in a hundred of them.", "Up to half as many.", "About as many."],
        look_at: "The bars: how many requests a second each of them answered.",
        conditions: &["The requests wait and do not compute."],
        pictures: || vec![bars(&["achieved_rps", "peak_threads"])],
    },
    beliefs: &[
        "One thread does one thing at a time, so it serves one client at a time.",
        "One thread is slower than many, but it can do several things in turn.",
        "The thread has nothing to do while requests wait, so it can start all of them.",
    ],
    controls: &[
        Control::of(ControlKind::Connections, "clients", 8..=200, 64),
        Control::of(ControlKind::WorkMs, "a request waits (ms)", 10..=100, 20),
    ],
    setup,
    measured,
    because: &[
        "The thread asks the kernel which of all sockets and timers are ready, runs the task of each until it has to wait, \
         and asks again. A request that waits for 20 ms takes some microseconds of it.",
        "It holds as long as every task gives the thread back soon. What happens when one does not is the next lesson.",
    ],
    models: [THREADS, SINGLE],
    look: &[
        LookCommand {
            command: "ls /proc/PID/task | wc -l",
            shows: "two threads: the one that serves, and one that watches for the end",
        },
        LookCommand { command: "strace -c -f -p PID", shows: "after Ctrl-C: many reads for one epoll_wait" },
    ],
    script: TrainerScript {
        minutes: 10,
        ask: &["How does one thread know that a client has sent something?", "What does it do when no client has?"],
        wrong_ideas: &[(
            "Concurrency needs several threads.",
            "It needs several things that are under way. Parallelism needs several CPUs.",
        )],
        press: &["Vote.", "Run it here.", "Let a request wait for 10 ms with 200 clients: does it still hold?"],
        goes_wrong: &[(
            "One thread comes out somewhat lower.",
            "Its timers tick once in a millisecond, and it does all the work. Ask what would be left with real work.",
        )],
    },
};

fn setup(settings: &LessonSettings) -> LessonSetup {
    let (clients, waits) = (settings.get(ControlKind::Connections), settings.get(ControlKind::WorkMs));
    let parameter = format!("{waits}ms");
    let load = asking_again(Work::new("sleep", &parameter), clients);
    LessonSetup {
        question: format!(
            "Each request waits for {waits} ms, and {clients} clients ask again and again. tokio runs all of them as tasks \
             on one thread. How many requests does it answer, compared with a server with {clients} threads?"
        ),
        contenders: vec![THREADS.into(), SINGLE.into()],
        workloads: vec![Workload {
            key: "waiting".into(),
            label: format!("requests that wait for {waits} ms").into(),
            description: "Each client asks again as soon as it is answered.",
            work: ("sleep".into(), parameter.into()),
        }],
        tasks: vec![Task::new("waiting", "clients", TaskKind::Load(load))],
        blocks: BLOCKS,
        quantity: Quantity {
            says: "Tasks on one thread answered",
            value: value("achieved_rps", SINGLE),
            over: Some(value("achieved_rps", THREADS)),
            behind: "times as many requests as threads",
        },
        bounds: vec![0.1, 0.6],
        // Short enough for several within a traced window, and as many as can be told apart.
        traced: Some((Work::new("sleep", "5ms"), clients.min(20))),
        standing: StandingLoad::again(clients, &format!("sleep {waits}ms")),
    }
}

fn measured(found: &LessonFindings<'_>) -> String {
    let served = |contender| found.say(&value("achieved_rps", contender));
    let threads = |contender| found.say(&value("peak_threads", contender));
    format!(
        "{} threads answered {}, and {} threads with all tasks on one of them answered {}.",
        threads(THREADS),
        served(THREADS),
        threads(SINGLE),
        served(SINGLE)
    )
}
