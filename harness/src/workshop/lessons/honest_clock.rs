//! A server that stands still for a moment, and two clocks.

use super::*;

pub(super) static LESSON: Lesson = Lesson {
    name: "honest-clock",
    is_core: false,
    story: Story {
        title: "The tail and the honest clock",
        claim: "The p99 looks fine.",
        claimed_in: "dashboards, and reports of load tests whose clients wait for each reply",
        question: "A server stands still for a tenth of a run, and 8 clients take turns to ask it. One clock starts when a request was due, the other when it could be sent. How long is the p99 of the first, compared with the second?",
        finds_out: "does the p99 show a server that stood still?",
        possible_answers: &["About as long.", "A few times as long.", "More than ten times as long."],
        look_at: "Both bars come from the same requests of the same run.",
        conditions: &[
            "The standstill is made by stopping the process. Garbage collection or a slow disk does the same.",
        ],
        pictures: || {
            let both = ["service_time_p99", "response_time_p99"];
            vec![picture("two-clocks", PictureKind::Bars, &both, Swept::Nothing), probe_over_time()]
        },
    },
    beliefs: &[
        "A percentile is a percentile: both clocks see the same slow requests.",
        "One clock starts a little later, so it shows a little less.",
        "A client that waits for its reply sends nothing meanwhile, so the clock that starts at the sending sees next to nothing.",
    ],
    controls: &[Control::of(ControlKind::Connections, "clients that take turns", 2..=8, 8)],
    setup,
    measured,
    because: &[
        "On a connection that waits for its reply nothing else is sent. So the standstill shows as one slow request on each \
         connection, and these are too few to be seen at the p99. The requests that should have been sent meanwhile are \
         missing.",
        "Real clients do not wait for each other: they come when they come. Start the clock when a request is due, \
         and use a generator that has a schedule.",
    ],
    models: [THREADS, SINGLE],
    look: &[LookCommand {
        command: "kill -STOP PID; sleep 0.2; kill -CONT PID",
        shows: "while any load generator runs against it: what does that say of its p99?",
    }],
    script: TrainerScript {
        minutes: 12,
        ask: &[
            "Your dashboard says p99 = 2 ms. Customers complain. Who is right?",
            "When does your load generator start its clock?",
        ],
        wrong_ideas: &[
            (
                "The p99 shows every outage.",
                "It shows one request per connection for an outage of any length, if the clock starts at the sending.",
            ),
            ("The average is enough.", "It hides even more."),
        ],
        press: &[
            "Vote.",
            "Run it here.",
            "Draw the missing requests on the board: those that would have been sent.",
            "With two clients the gap grows: run it again.",
        ],
        goes_wrong: &[(
            "Somebody asks which clock is right.",
            "Both. One says how long the server takes, the other how long a client waits.",
        )],
    },
};

const STALLED: &str = SINGLE;

const RATE_RPS: f64 = 1_000.0;
const WINDOW: Duration = Duration::from_millis(2_000);

fn p99(clock: &str) -> ValueOf {
    value(clock, STALLED)
}

fn setup(settings: &LessonSettings) -> LessonSetup {
    let connections = settings.get(ControlKind::Connections);
    let probe = echo_probe(RATE_RPS, Shape::Connections { connections }, Duration::from_secs(1));
    let kind = TaskKind::Disturbed(DisturbedSpec {
        probe: LoadSpec { window: WINDOW, ..probe },
        disturbance: Disturbance {
            name: "a standstill",
            kind: DisturbanceKind::Stall,
            from: WINDOW / 3,
            lasting: WINDOW / 10,
        },
        bounds: Bounds::default(),
    });
    LessonSetup {
        question: format!(
            "A server stands still for a tenth of a run, and {connections} clients take turns to ask it. One clock starts when \
             a request was due, the other when it could be sent. How long is the p99 of the first, compared with the second?"
        ),
        contenders: vec![STALLED.into()],
        workloads: vec![Workload::new(
            "echo",
            "1,000 echoes per second",
            "At equal intervals, in turn on connections that stay. The server's process is stopped once, and continued.",
            ("echo", "hi"),
        )],
        tasks: vec![Task::new("echo", "standstill", kind)],
        blocks: BLOCKS,
        quantity: Quantity {
            says: "Counted from when a request was due, the p99 was",
            value: p99("response_time_p99"),
            over: Some(p99("service_time_p99")),
            behind: "times as long",
        },
        bounds: vec![2.0, 10.0],
        traced: None,
        standing: StandingLoad { rate_rps: Some(100.0), ..StandingLoad::again(connections, "echo hi") },
    }
}

fn measured(found: &LessonFindings<'_>) -> String {
    format!(
        "The server stood still for 200 ms. Counted from the sending, the p99 was {}. Counted from when each request was \
         due, it was {}. Both are of the same requests.",
        found.say(&p99("service_time_p99")),
        found.say(&p99("response_time_p99"))
    )
}
