//! What an idle connection costs a server with a thread for each, and one with a task for each.

use reports::format::count;

use super::*;

pub(super) static LESSON: Lesson = Lesson {
    name: "connection-cost",
    is_core: true,
    story: Story {
        title: "What a connection costs",
        claim: "Threads are too heavy for many connections.",
        claimed_in: "the first paragraph of most introductions to async",
        question: "1,000 clients connect and say nothing. How much memory does each of them take with a thread per connection, compared with a task per connection?",
        finds_out: "what does one more idle connection cost?",
        possible_answers: &[
            "About the same.",
            "A few times as much.",
            "Ten times as much or more.",
            "Hundreds of times as much.",
        ],
        look_at: "The slope: what each further connection adds, and to which part.",
        conditions: &[
            "Idle connections. A busy one also holds what its request needs.",
            "The socket's own buffers are the same for both, and not in it.",
        ],
        pictures: || vec![memory_by_part()],
    },
    beliefs: &[
        "A connection is a connection: what it costs is the socket, and that is the same for both.",
        "A thread is somewhat larger than a task, as a process is somewhat larger than a thread.",
        "A thread has a stack of which it uses little, and a part in the kernel; a task is one small allocation.",
        "A thread takes its whole stack of 2 MiB at once.",
    ],
    controls: &[Control::of(ControlKind::Connections, "connections held", 200..=4_000, 1_000)],
    setup,
    measured,
    because: &[
        "A thread keeps the pages of its stack that it touched, a second stack in the kernel, and the tables that map \
         both. The 2 MiB of its stack are only reserved: nobody pays for a page that was never touched.",
        "A task keeps what is alive at the await where it stands, and its read buffer. One allocation holds all of it.",
        "So both are small. A thousand threads are no problem for a server; a hundred thousand are. Ask how many clients \
         you will have before you choose.",
    ],
    models: [THREADS, MULTI],
    look: &[
        LookCommand {
            command: "grep -E 'VmRSS|VmPTE|VmSize|Threads' /proc/PID/status",
            shows: "a large VmSize is address space that nobody touched",
        },
        LookCommand { command: "ls /proc/PID/task | wc -l", shows: "one thread for each connection, or a handful" },
    ],
    script: TrainerScript {
        minutes: 15,
        ask: &["What does a thread need to exist, before it does anything?", "Which part of that does top show you?"],
        wrong_ideas: &[
            (
                "A thread costs 2 MiB.",
                "The documentation gives that as the stack's size. It is address space, and memory only where it is touched.",
            ),
            (
                "A task costs nothing.",
                "Its state has to live somewhere: what is alive across the await, and the read buffer.",
            ),
        ],
        press: &[
            "Vote.",
            "Run it here: ten seconds.",
            "Show the picture by part, and point at the kernel's part.",
            "Set the connections to 4,000 and ask what changes. Nothing does: it is a slope.",
        ],
        goes_wrong: &[
            (
                "A laptop allows few open files.",
                "The run scales itself down and says so. ulimit -n 8192 before the workshop helps.",
            ),
            ("It can't tell.", "Close browsers and video calls, and run it again; or replay a recorded run."),
        ],
    },
};

fn setup(settings: &LessonSettings) -> LessonSetup {
    let most = settings.get(ControlKind::Connections);
    let work = Work::new("echo", "hi");
    let hold = HoldSpec { counts: [most / 4, most / 2, most].into(), work, give_up_after: Duration::from_secs(1) };
    LessonSetup {
        question: format!(
            "{} clients connect and say nothing. How much memory does each of them take with a thread per connection, \
             compared with a task per connection?",
            count(u64::from(most))
        ),
        contenders: vec![THREADS.into(), MULTI.into()],
        workloads: vec![Workload::new(
            "held",
            "held connections",
            "Connections are opened in stages and held without a byte sent.",
            ("echo", "hi"),
        )],
        tasks: vec![Task::new("held", "stages", TaskKind::Hold(hold))],
        blocks: BLOCKS,
        quantity: Quantity {
            says: "A thread per connection takes",
            value: value("memory_per_connection", THREADS),
            over: Some(value("memory_per_connection", MULTI)),
            behind: "times the memory of a task",
        },
        bounds: vec![2.0, 7.0, 100.0],
        traced: None,
        standing: StandingLoad::idle(most.min(500)),
    }
}

fn measured(found: &LessonFindings<'_>) -> String {
    let of = |contender| found.say(&value("memory_per_connection", contender));
    format!("Here one more idle connection takes {} with a thread and {} with a task.", of(THREADS), of(MULTI))
}
