//! Requests that wait, and how many threads wait with them: the picture of who ran what.

use super::*;

pub(super) static LESSON: Lesson = Lesson {
    name: "who-waits",
    is_core: true,
    story: Story {
        title: "Who waits for what",
        claim: "A task is a lightweight thread.",
        claimed_in: "many a talk, and the word green thread",
        question: "40 clients ask for something that takes 5 ms, again and again. A server with a thread per connection has 40 threads then, and a few more. How many has a tokio server with two workers?",
        finds_out: "how many threads wait for requests?",
        possible_answers: &[
            "Fewer than ten.",
            "About half as many as there are clients.",
            "As many as there are clients.",
        ],
        look_at: "The lanes: a row for each thread, and which request it runs. Grey is a request that waits on no thread.",
        conditions: &["What the requests wait for is a timer. A wait that blocks a thread is another lesson."],
        pictures: || vec![bars(&["peak_threads"])],
    },
    beliefs: &[
        "The two workers take turns, and whoever waits is only an entry in a list.",
        "Some waits need a thread of the runtime's own pool.",
        "A task is a light thread, so there is one for each.",
    ],
    controls: &[Control::of(ControlKind::Connections, "clients", 24..=200, 40)],
    setup,
    measured,
    because: &[
        "In the picture each row is a thread. With threads, each request keeps one for all of its 5 ms, and the thread does \
         nothing in them. With tasks, a worker runs a request for some microseconds, puts it aside at the await, and takes \
         the next one.",
        "While a task waits it is on no thread. It is a value in memory, and the runtime has a note of what will wake it.",
    ],
    models: [THREADS, MULTI],
    look: &[
        LookCommand { command: "top -H -p PID", shows: "every thread of the server; most of them never move" },
        LookCommand {
            command: "cat /proc/PID/task/*/comm | tr -d ' 0-9' | sort | uniq -c",
            shows: "what the threads are called, and how many there are",
        },
    ],
    script: TrainerScript {
        minutes: 15,
        ask: &["Forty requests wait at the same time. Who waits for them?", "Where is a task while it waits?"],
        wrong_ideas: &[
            (
                "A task is a light thread.",
                "It is a value with a method poll. While it waits it is on no thread at all.",
            ),
            ("Async makes waiting shorter.", "It takes as long. Nobody stands beside it, that is all."),
        ],
        press: &[
            "Vote.",
            "Run it here.",
            "Show who ran what without a word, and let the room describe it.",
            "Raise the clients to 200 and vote again.",
        ],
        goes_wrong: &[(
            "The picture has no lanes.",
            "The machine stood still in those milliseconds. Run it again; the counts stand.",
        )],
    },
};

const TASKS: &str = "async-multi:workers=2";

fn threads(contender: &str) -> ValueOf {
    value("peak_threads", contender)
}

fn setup(settings: &LessonSettings) -> LessonSetup {
    let clients = settings.get(ControlKind::Connections);
    let work = || Work::new("sleep", "5ms");
    LessonSetup {
        question: format!(
            "{clients} clients ask for something that takes 5 ms, again and again. A server with a thread per connection \
             has {clients} threads then, and a few more. How many has a tokio server with two workers?"
        ),
        contenders: vec![THREADS.into(), TASKS.into()],
        workloads: vec![Workload::new(
            "waiting",
            "requests that wait for 5 ms",
            "Each client asks again as soon as it is answered.",
            ("sleep", "5ms"),
        )],
        tasks: vec![Task::new("waiting", "clients", TaskKind::Load(asking_again(work(), clients)))],
        blocks: 3,
        quantity: Quantity {
            says: "The tokio server had at most",
            value: threads(TASKS),
            over: None,
            behind: "threads",
        },
        bounds: vec![10.0, 0.75 * f64::from(clients)],
        traced: Some((work(), clients)),
        standing: StandingLoad::again(clients, "sleep 5ms"),
    }
}

fn measured(found: &LessonFindings<'_>) -> String {
    let served = |contender| found.say(&value("achieved_rps", contender));
    format!(
        "The server with a thread per connection had up to {} threads, and tokio {}. They answered {} and {}.",
        found.say(&threads(THREADS)),
        found.say(&threads(TASKS)),
        served(THREADS),
        served(TASKS)
    )
}
