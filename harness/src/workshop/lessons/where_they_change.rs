//! Where threads and tasks change places: a small map over connections and work.

use reports::crossover::PAIRS_FOR_WINNER;

use super::*;
use crate::search::map::task;

pub(super) static LESSON: Lesson = Lesson {
    name: "where-they-change",
    is_core: true,
    story: Story {
        title: "Where they change places",
        claim: "Threads are for few connections, async is for many.",
        claimed_in: "most advice on choosing between the two",
        question: "256 clients ask again and again, and each request waits 5 ms for a backend. How many does a task per connection answer, compared with a thread per connection?",
        finds_out: "who serves more, with so many connections?",
        possible_answers: &["Fewer.", "About as many.", "Up to twice as many.", "More than twice as many."],
        look_at: "The border between the colours. Grey is an answer: there the choice does not matter for throughput.",
        conditions: &["Every connection is busy all the time.", "Client, backend and server share one machine."],
        pictures: || {
            let grid = picture("grid", PictureKind::Crossover, &["achieved_rps"], Swept::Connections);
            vec![over_log(grid)]
        },
    },
    beliefs: &[
        "The kernel's scheduler is the better one.",
        "Both wait for the same network, so it makes no difference.",
        "A task is put aside and taken up more cheaply than a thread, so something is gained.",
        "Async is another league.",
    ],
    controls: &[Control::of(ControlKind::Connections, "clients, where there are many", 64..=1_000, 256)],
    setup,
    measured,
    because: &[
        "A thread that waits is taken off its CPU by the kernel and put back when there is something to do. A task that \
         waits is put aside by the runtime, which has the next one at hand. The more requests are ready at once, the more \
         of these switches a runtime saves.",
        "With few clients, or work that costs more than being served, the two are alike. Then choose what is easier to \
         write and to debug.",
    ],
    models: [THREADS, MULTI],
    look: &[
        LookCommand {
            command: "perf stat -e context-switches -p PID",
            shows: "after Ctrl-C: how often a CPU left a thread",
        },
        LookCommand { command: "grep ctxt /proc/PID/status", shows: "the same of one thread, without perf" },
    ],
    script: TrainerScript {
        minutes: 15,
        ask: &["Which square is your service in?", "What would have to change for the answer to change?"],
        wrong_ideas: &[
            ("Async is faster.", "A benchmark of one square is told as if it were all of them."),
            ("Threads do not scale.", "To how many? With what work? The map has a place for each."),
        ],
        press: &[
            "Vote.",
            "Run it here.",
            "Let everybody find their own service on the map.",
            "Afterwards: harness map draws a larger one in three minutes.",
        ],
        goes_wrong: &[(
            "Squares say that they can't tell.",
            "They are close, so the choice does not matter there. That is an answer.",
        )],
    },
};

const WAITING: &str = "call-5ms";
const FEW: u32 = 8;

fn workloads() -> Vec<Workload> {
    const DOES: &str = "Each client asks again as soon as it is answered.";
    vec![
        Workload::new("echo", "echo", DOES, ("echo", "hi")),
        Workload::new(WAITING, "call 5 ms", DOES, ("call", "5ms")),
    ]
}

fn served(workload: &str, connections: u32, contender: &str) -> ValueOf {
    at(f64::from(connections), with(workload, value("achieved_rps", contender)))
}

fn setup(settings: &LessonSettings) -> LessonSetup {
    let many = settings.get(ControlKind::Connections);
    let workloads = workloads();
    let tasks =
        workloads.iter().flat_map(|workload| [FEW, many].map(|connections| task(workload, connections))).collect();
    LessonSetup {
        question: format!(
            "{many} clients ask again and again, and each request waits 5 ms for a backend. How many does a task per \
             connection answer, compared with a thread per connection?"
        ),
        contenders: vec![THREADS.into(), MULTI.into()],
        workloads,
        tasks,
        // A square has a winner from so many pairs on, and one may be disturbed.
        blocks: PAIRS_FOR_WINNER as u32 + 1,
        quantity: Quantity {
            says: "A task per connection answered",
            value: served(WAITING, many, MULTI),
            over: Some(served(WAITING, many, THREADS)),
            behind: "times as many requests",
        },
        bounds: vec![0.85, 1.2, 2.0],
        traced: None,
        standing: StandingLoad::again(many, "call 5ms"),
    }
}

fn measured(found: &LessonFindings<'_>) -> String {
    let many = found.settings.get(ControlKind::Connections);
    let times = |workload, connections| {
        found.say_times(&served(workload, connections, MULTI), &served(workload, connections, THREADS))
    };
    format!(
        "Compared with threads, tasks answered {} as many echoes for {FEW} clients and {} for {many}. Of requests that \
         wait for a backend it was {} for {FEW} clients and {} for {many}.",
        times("echo", FEW),
        times("echo", many),
        times(WAITING, FEW),
        times(WAITING, many)
    )
}
