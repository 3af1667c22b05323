//! What a second CPU brings to one thread and to several, with requests that compute.

use super::*;

pub(super) static LESSON: Lesson = Lesson {
    name: "many-cores",
    is_core: false,
    story: Story {
        title: "Many threads, many CPUs",
        claim: "Async uses all CPUs.",
        claimed_in: "introductions to tokio, of the runtime with several threads",
        question: "Requests of 32 clients compute for a millisecond each. A tokio server with all tasks on one thread gets a second CPU. How many requests does it answer then?",
        finds_out: "what does a second CPU bring?",
        possible_answers: &["As many as before.", "Half as many again.", "Twice as many."],
        look_at: "How steeply a line rises. One thread stays where it is.",
        conditions: &["On two CPUs the clients share them with the server, and take a little of both."],
        pictures: || vec![curve_over("CPUs of the server", &["achieved_rps"])],
    },
    beliefs: &[
        "One thread runs on one CPU at a time, however many tasks it has.",
        "The kernel's part moves to the second CPU, and that is a good part.",
        "Tasks run side by side, so a runtime uses every CPU there is.",
    ],
    controls: &[Control::of(ControlKind::Connections, "clients", 8..=64, 32)],
    setup,
    measured,
    because: &[
        "One thread is on one CPU at a time. It may have a thousand tasks under way, and it runs one of them. That is \
         concurrency without parallelism, and for requests that wait it is all you need.",
        "For requests that compute it takes several threads. Between a runtime of one thread and of several, only the \
         builder differs; but then the tasks have to be Send, since any worker may run them.",
    ],
    models: [SINGLE, MULTI],
    look: &[
        LookCommand { command: "top -H -p PID", shows: "how busy each thread is" },
        LookCommand { command: "taskset -cp PID", shows: "which CPUs the server may use" },
    ],
    script: TrainerScript {
        minutes: 10,
        ask: &[
            "What is the difference between concurrent and parallel?",
            "Which of the two does tokio give you, and where do you choose?",
        ],
        wrong_ideas: &[(
            "async means parallel.",
            "It means that things are under way at the same time. Who runs them is the runtime's flavour.",
        )],
        press: &[
            "Vote.",
            "Run it here.",
            "Show the two models: the builder of the runtime differs, and there may be more than one accept loop.",
        ],
        goes_wrong: &[("A laptop with one CPU can't tell.", "It says so. Look at a neighbour's, or replay.")],
    },
};

fn served(cpus: f64, contender: &str) -> ValueOf {
    at(cpus, value("achieved_rps", contender))
}

fn setup(settings: &LessonSettings) -> LessonSetup {
    let clients = settings.get(ControlKind::Connections);
    let task = |cpus: u32| {
        let load = LoadSpec { window: Duration::from_millis(300), ..asking_again(Work::new("spin", "1ms"), clients) };
        Task::new("spin-1ms", format!("{cpus}-cpus"), TaskKind::Load(load))
            .varied(f64::from(cpus))
            .on(CpuNeed::Just(cpus))
    };
    LessonSetup {
        question: format!(
            "Requests of {clients} clients compute for a millisecond each. A tokio server with all tasks on one thread gets a \
             second CPU. How many requests does it answer then?"
        ),
        contenders: vec![THREADS.into(), SINGLE.into(), MULTI.into()],
        workloads: vec![Workload::new(
            "spin-1ms",
            "1 ms of computation each",
            "Each client asks again as soon as it is answered.",
            ("spin", "1ms"),
        )],
        tasks: vec![task(1), task(2)],
        blocks: BLOCKS,
        quantity: Quantity {
            says: "With a second CPU one thread answered",
            value: served(2.0, SINGLE),
            over: Some(served(1.0, SINGLE)),
            behind: "times as many requests",
        },
        bounds: vec![1.25, 1.7],
        traced: None,
        standing: StandingLoad::again(clients, "spin 1ms"),
    }
}

fn measured(found: &LessonFindings<'_>) -> String {
    let times = |contender| found.say_times(&served(2.0, contender), &served(1.0, contender));
    format!(
        "With a second CPU, tasks on one thread answered {} as many requests, tasks on several threads {}, and a thread \
         for each client {}.",
        times(SINGLE),
        times(MULTI),
        times(THREADS)
    )
}
