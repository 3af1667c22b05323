//! A server that serves one client at a time, and a client that stays.

use super::pool_and_fifth::{LASTING, NEWCOMERS, newcomers_beside};
use super::*;

pub(super) static LESSON: Lesson = Lesson {
    name: "one-at-a-time",
    is_core: false,
    story: Story {
        title: "One client at a time",
        claim: "A simple loop serves a few clients well enough.",
        claimed_in: "the first example of many a book on network programming",
        question: "A server serves one client at a time. A client connects, is answered, and then says nothing for 0.6 s. How long does the next client wait?",
        finds_out: "how long does the next client wait?",
        possible_answers: &["Not at all.", "As long as one request takes.", "Until the first client leaves."],
        look_at: "The dots fall along a line down to the end of the shaded time: whoever comes waits until the first leaves.",
        conditions: &["One client stays for 0.6 s. In real life it may be a browser tab that is open for a day."],
        pictures: || vec![probe_over_time()],
    },
    beliefs: &[
        "The first client asks for nothing, so the server is free.",
        "The server finishes one reply and goes on with the next client.",
        "The loop that accepts is busy with the first client until that one leaves.",
    ],
    controls: &[Control::of(
        ControlKind::TimeoutMs,
        "the server gives up on a silent client after (ms, 0 for never)",
        0..=500,
        0,
    )],
    setup,
    measured,
    because: &[
        "The loop accepts a client and reads from it until it is gone. While it waits in read it accepts nobody. No work \
         is done in that time: the wait is not a matter of load.",
        "There are three ways out, and the next lessons take them: a thread for each client, a limit on how long a client \
         may be silent, or one loop that waits for all clients at once.",
    ],
    models: ["sequential", THREADS],
    look: &[
        LookCommand {
            command: "cat /proc/PID/task/*/wchan",
            shows: "the only thread waits for bytes of its one client",
        },
        LookCommand { command: "ss -ltn", shows: "Recv-Q of the listening socket: clients that nobody has accepted" },
    ],
    script: TrainerScript {
        minutes: 8,
        ask: &["Who is idle here: the client, the server, or both?", "What does the second client see meanwhile?"],
        wrong_ideas: &[(
            "An idle client costs nothing.",
            "In a web framework it does not. Here the loop sits in read, and nobody accepts.",
        )],
        press: &["Vote.", "Run it here.", "Set the server to give up after 100 ms and vote again."],
        goes_wrong: &[(
            "Somebody says that connect succeeded.",
            "It did: the kernel completes it. The server has not accepted yet.",
        )],
    },
};

fn sequential(settings: &LessonSettings) -> String {
    match settings.get(ControlKind::TimeoutMs) {
        0 => "sequential".to_owned(),
        timeout => format!("sequential:idle-timeout={timeout}ms"),
    }
}

fn setup(settings: &LessonSettings) -> LessonSetup {
    let question = match settings.get(ControlKind::TimeoutMs) {
        0 => LESSON.story.question.to_owned(),
        timeout => format!(
            "A server serves one client at a time, and gives up on a client that says nothing for {timeout} ms. A client \
             connects, is answered, and then says nothing. How long does the next client wait?"
        ),
    };
    LessonSetup {
        question,
        contenders: vec![sequential(settings), THREADS.into()],
        workloads: vec![NEWCOMERS],
        tasks: vec![newcomers_beside(1)],
        blocks: BLOCKS,
        quantity: Quantity::of(
            "The longest that a new client waited was",
            at(1.0, value("probe_longest_wait", &sequential(settings))),
        ),
        // Some wake up late on a busy machine; nobody wakes up that late.
        bounds: vec![20e6, 0.7 * LASTING.as_nanos() as f64],
        traced: None,
        standing: StandingLoad::idle(1),
    }
}

fn measured(found: &LessonFindings<'_>) -> String {
    let of = |contender: &str| found.say(&at(1.0, value("probe_longest_wait", contender)));
    format!(
        "One client stayed and asked for nothing. New clients waited up to {} for the server that serves one at a time, \
         and up to {} for the one with a thread for each.",
        of(&sequential(found.settings)),
        of(THREADS)
    )
}
