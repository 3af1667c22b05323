//! Clients that begin a request and never end it, against a server that may have so many files open.

use super::*;

pub(super) static LESSON: Lesson = Lesson {
    name: "silent-clients",
    is_core: true,
    story: Story {
        title: "Clients that never respond",
        claim: "Async is immune to slow clients.",
        claimed_in: "comparisons of async servers with those that have a thread per connection",
        question: "A tokio server may have 300 files open. 400 clients send a byte of a request every 100 ms and never end it. How many of the other clients are still answered?",
        finds_out: "do clients that send slowly hold up the others?",
        possible_answers: &["Fewer than half.", "Most of them.", "Nearly all."],
        look_at: "Compare the pictures: without a limit, and with a deadline on the whole request.",
        conditions: &[
            "The limit of open files is low on purpose. A higher one takes more such clients, and they are cheap.",
        ],
        pictures: || {
            vec![picture("answered", PictureKind::Bars, &["probe_success"], Swept::Nothing), probe_over_time()]
        },
    },
    beliefs: &[
        "Whoever holds a connection takes something that the server has few of.",
        "It gets slow, and some are lucky.",
        "A task costs next to nothing, so slow clients do no harm.",
    ],
    controls: &[
        Control::of(ControlKind::Connections, "clients that never end a request", 50..=600, 400),
        Control::of(
            ControlKind::TimeoutMs,
            "a whole request has to be there within (ms), in the second server",
            100..=300,
            150,
        ),
    ],
    setup,
    measured,
    because: &[
        "A task is cheap, but a connection is also an open file, and a process may have only so many. Once they are gone, \
         accept fails, and new clients wait in the kernel's queue.",
        "What helps has nothing to do with threads or tasks: the time in which a whole request has to be there. A timeout \
         on each read does not help, since every byte begins it anew.",
    ],
    models: [THREADS, MULTI],
    look: &[
        LookCommand {
            command: "ls /proc/PID/fd | wc -l; grep 'open files' /proc/PID/limits",
            shows: "how many files are open, and how many may be",
        },
        LookCommand { command: "ss -tn state established", shows: "many connections on which next to nothing comes" },
    ],
    script: TrainerScript {
        minutes: 15,
        ask: &[
            "Which resource does an idle connection take in your server?",
            "Who gives up first: the server or the client?",
        ],
        wrong_ideas: &[
            (
                "Async is immune to slow clients.",
                "Since 2009 it is said of servers without a thread per connection. The wall is elsewhere, and it is there.",
            ),
            (
                "A timeout on each read is enough.",
                "A byte just in time begins it anew. It takes a deadline on the whole request.",
            ),
        ],
        press: &[
            "Vote.",
            "Run it here.",
            "Set the clients to 200, which is fewer than the server has files, and vote again.",
            "Ask who has a deadline in production.",
        ],
        goes_wrong: &[(
            "Fewer clients than asked for.",
            "The machine's own limit. The run says so; the picture is the same.",
        )],
    },
};

const OPEN: &str = MULTI;

/// What the server may have open.
const BOUNDS: Bounds = Bounds { threads: None, open_files: Some(300), memory_bytes: None };
const LASTING: Duration = Duration::from_secs(2);
const NEWCOMERS_RPS: f64 = 100.0;

/// A fifth of the attack: so many of those who come during it are answered after it.
const TIMEOUT: Duration = Duration::from_millis(400);

fn answered(contender: &str) -> ValueOf {
    value("probe_success", contender)
}

fn with_deadline(settings: &LessonSettings) -> String {
    format!("async-multi:frame-deadline={}ms", settings.get(ControlKind::TimeoutMs))
}

fn setup(settings: &LessonSettings) -> LessonSetup {
    let clients = settings.get(ControlKind::Connections);
    let probe = echo_probe(NEWCOMERS_RPS, newcomers(250), TIMEOUT);
    let attack = DisturbanceKind::HalfRequests { connections: clients, every: Duration::from_millis(100) };
    let trial = DisturbedSpec { bounds: BOUNDS, ..disturbed(probe, "half requests", attack, LASTING) };
    LessonSetup {
        question: format!(
            "A tokio server may have 300 files open. {clients} clients send a byte of a request every 100 ms and never end \
             it. How many of the other clients are still answered?"
        ),
        contenders: vec![OPEN.into(), with_deadline(settings)],
        workloads: vec![Workload::new(
            "newcomers",
            "a new client every 10 ms",
            "Each connects, asks for one echo and closes. Others send a byte of a request now and then.",
            ("echo", "hi"),
        )],
        tasks: vec![Task::new("newcomers", "attack", TaskKind::Disturbed(trial))],
        blocks: BLOCKS,
        quantity: Quantity::of("Share of the other clients that were answered:", answered(OPEN)),
        bounds: vec![0.5, 0.9],
        traced: None,
        standing: StandingLoad::idle(clients.min(500)),
    }
}

fn measured(found: &LessonFindings<'_>) -> String {
    format!(
        "Without a limit {} of the other clients were answered; those among them who came last were answered when the \
         attack was over. With a deadline of {} ms on the whole request it was {}.",
        found.say(&answered(OPEN)),
        found.settings.get(ControlKind::TimeoutMs),
        found.say(&answered(&with_deadline(found.settings)))
    )
}
