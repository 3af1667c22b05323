//! A thread for each client, beside a server that serves one at a time, with requests that wait.

use super::*;

pub(super) static LESSON: Lesson = Lesson {
    name: "thread-each",
    is_core: false,
    story: Story {
        title: "A thread for each client",
        claim: "More threads than CPUs do not help.",
        claimed_in: "advice on the size of a pool, which is about computation",
        question: "Each request waits for 20 ms, and 32 clients ask again and again. One server serves a client at a time, another has a thread for each. How many requests does the second answer, compared with the first?",
        finds_out: "what does a thread for each client bring?",
        possible_answers: &["Fewer.", "A few times as many.", "Nearly as many times as there are clients."],
        look_at: "The bars: how many requests a second each of them answered.",
        conditions: &["The requests wait and do not compute."],
        pictures: || vec![bars(&["achieved_rps"])],
    },
    beliefs: &[
        "Many threads get in each other's way, so that less gets done than without them.",
        "A machine does as many things at a time as it has CPUs.",
        "Who waits needs no CPU, so all of them can wait at the same time.",
    ],
    controls: &[Control::of(ControlKind::Connections, "clients", 16..=200, 32)],
    setup,
    measured,
    because: &[
        "A request that waits needs no CPU. The kernel takes the thread off its CPU until the time has come, and runs \
         another one meanwhile. So all clients wait at the same time, however few CPUs there are.",
        "That is what threads are for: each runs straight through its own client, and the kernel switches between them. \
         The price is a thread for each client, and the clients decide how many there are.",
    ],
    models: [ONE, THREADS],
    look: &[
        LookCommand {
            command: "ls /proc/PID/task | wc -l",
            shows: "a thread for each client, and the one that accepts",
        },
        LookCommand {
            command: "cat /proc/loadavg",
            shows: "the fourth number: how many threads are ready to run, of all there are",
        },
    ],
    script: TrainerScript {
        minutes: 10,
        ask: &["How many things does a server with two CPUs do at a time, if all of them wait?"],
        wrong_ideas: &[(
            "More threads than CPUs are useless.",
            "True for computation. A thread that waits is on no CPU.",
        )],
        press: &["Vote.", "Run it here.", "Raise the clients to 200 and vote again."],
        goes_wrong: &[(
            "Nearly as many is not as many.",
            "Waking up takes a moment, and a busy machine wakes late. Ask where the rest went.",
        )],
    },
};

const ONE: &str = "sequential";

fn setup(settings: &LessonSettings) -> LessonSetup {
    let clients = settings.get(ControlKind::Connections);
    let load = asking_again(Work::new("sleep", "20ms"), clients);
    LessonSetup {
        question: format!(
            "Each request waits for 20 ms, and {clients} clients ask again and again. One server serves a client at a time, \
             another has a thread for each. How many requests does the second answer, compared with the first?"
        ),
        contenders: vec![ONE.into(), THREADS.into()],
        workloads: vec![Workload::new(
            "waiting",
            "requests that wait for 20 ms",
            "Each client asks again as soon as it is answered.",
            ("sleep", "20ms"),
        )],
        tasks: vec![Task::new("waiting", "clients", TaskKind::Load(load))],
        blocks: BLOCKS,
        quantity: Quantity {
            says: "A thread per client answered",
            value: value("achieved_rps", THREADS),
            over: Some(value("achieved_rps", ONE)),
            behind: "times as many requests",
        },
        bounds: vec![1.0, 0.5 * f64::from(clients)],
        traced: None,
        standing: StandingLoad::again(clients, "sleep 20ms"),
    }
}

fn measured(found: &LessonFindings<'_>) -> String {
    let of = |contender| found.say(&value("achieved_rps", contender));
    format!("One client at a time made {}. A thread for each made {}.", of(ONE), of(THREADS))
}
