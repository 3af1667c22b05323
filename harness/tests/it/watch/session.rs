//! The session by itself: what its frames say of servers whose fate is known.

use std::sync::atomic::AtomicBool;
use std::sync::mpsc::{Receiver, Sender, channel};
use std::thread;
use std::time::{Duration, Instant};

use harness::live::{Frame, Limits, LiveLoad, ModelFrame, ServerState, Session, SessionCommand, SessionEvent};
use harness::plan::ServerCommand;
use instruments::load::PageRequest;
use rustix::process::Signal;

use crate::common::home::HARNESS;
use crate::common::{LONGEST_WAIT, send};
use crate::skipped::skipped;

const LIMITS: Limits = Limits { connections: 16, rate_rps: 200.0, flood: 20 };

pub(crate) fn session(contenders: &[&str]) -> Session {
    Session {
        contenders: contenders.iter().map(|contender| (*contender).to_owned()).collect(),
        commands: Vec::new(),
        page: None,
        program: Some(HARNESS.into()),
        server_cpus: Vec::new(),
        spin_rate: 100,
        backend: None,
        kernel_stack_bytes_per_thread: 16_384,
        seed: 1,
        asked: LiveLoad { connections: 4, rate_rps: Some(100.0), work: "echo hi".into(), flood: 0, is_paused: false },
        limits: LIMITS,
        longest: LONGEST_WAIT,
    }
}

/// A session under way, seen from outside.
struct Watched<'a> {
    commands: Sender<SessionCommand>,
    seen: &'a Receiver<SessionEvent>,
}

impl Watched<'_> {
    /// The first frame from now on of which something is true.
    fn until(&self, what: &str, is_so: impl Fn(&Frame) -> bool) -> Frame {
        let give_up = Instant::now() + LONGEST_WAIT;
        while Instant::now() < give_up {
            match self.seen.recv_timeout(LONGEST_WAIT).unwrap() {
                SessionEvent::Frame(frame) if is_so(&frame) => return frame,
                SessionEvent::Frame(_) | SessionEvent::Stretch(_) => {}
            }
        }
        panic!("never seen: {what}")
    }

    fn tell(&self, command: SessionCommand) {
        self.commands.send(command).unwrap();
    }
}

/// Runs a session, looks on, tells it to quit, and returns what it told last.
fn watch(session: &Session, look_on: impl FnOnce(&Watched<'_>)) -> Vec<SessionEvent> {
    let stop = AtomicBool::new(false);
    let (tells, seen) = channel();
    let (commands, commanded) = channel();
    thread::scope(|scope| {
        let stop = &stop;
        let engine = scope.spawn(move || session.run(&commanded, &tells, stop));
        let watched = Watched { commands, seen: &seen };
        look_on(&watched);
        watched.tell(SessionCommand::Quit);
        engine.join().unwrap();
    });
    seen.try_iter().collect()
}

fn is_served(model: &ModelFrame) -> bool {
    model.requests_per_s > 0.0 && model.response_time_p50_ns.is_some()
}

#[test]
fn models_are_seen_under_the_load_that_is_asked_for() {
    let last = watch(&session(&["threaded", "async-single"]), |watched| {
        let frame = watched.until("both are served, and their threads are known", |frame| {
            frame.models.iter().all(|model| is_served(model) && model.switches_per_s.is_some())
        });
        let [threaded, single] = frame.models.as_slice() else { panic!("{frame:?}") };
        assert_eq!((threaded.contender.as_str(), single.contender.as_str()), ("threaded", "async-single"));
        assert!(threaded.threads.unwrap() > single.threads.unwrap() && threaded.busy_threads.len() > 4, "{frame:?}");
        assert!(single.memory.unwrap().resident_bytes > 0 && single.cpu_share.is_some());

        watched.tell(SessionCommand::Work("sleep 20ms".into()));
        watched.tell(SessionCommand::Connections(1_000_000));
        let frame = watched.until("requests take as long as they sleep", |frame| {
            frame.models.iter().all(|model| model.response_time_p50_ns.is_some_and(|p50_ns| p50_ns >= 20_000_000))
        });
        assert_eq!((frame.asked.work.as_str(), frame.asked.connections), ("sleep 20ms", LIMITS.connections));

        watched.tell(SessionCommand::Flood(20));
        watched.until("a thread for each idle connection", |frame| {
            frame.models[0].threads.is_some_and(|threads| threads >= 16 + 20) && is_served(&frame.models[1])
        });
        watched.tell(SessionCommand::Flood(0));
        watched.until("they are gone", |frame| frame.models[0].threads.is_some_and(|threads| threads < 16 + 20));

        watched.tell(SessionCommand::Pause);
        watched.until("nothing is asked", |frame| {
            frame.asked.is_paused && frame.models.iter().all(|model| model.requests_per_s == 0.0)
        });
        watched.tell(SessionCommand::GoOn);
        watched.until("it goes on", |frame| frame.models.iter().all(is_served));
    });
    let Some(SessionEvent::Stretch(stretch)) = last.last() else { panic!("the last load is told of: {last:?}") };
    assert!(stretch.is_steady && stretch.models.len() == 2 && stretch.samples.len() == 2);
    for (contender, outcome) in &stretch.models {
        let ledger = outcome.traffic.ledger;
        assert_eq!(ledger.scheduled, ledger.accounted_for(), "{contender}: {ledger:?}");
    }
}

#[test]
fn sixteen_threads_get_no_more_of_a_cpu_than_one_task_runner() {
    let first = instruments::observe::allowed_cpus().unwrap()[0];
    let computing = LiveLoad { connections: 16, rate_rps: None, work: "spin 1ms".into(), flood: 0, is_paused: false };
    let session = Session { server_cpus: vec![first], asked: computing, ..session(&["threaded", "async-single"]) };
    watch(&session, |watched| {
        let used = |model: &ModelFrame| model.cpu_share.unwrap_or_default();
        let frame = watched.until("the CPU is used up", |frame| frame.models.iter().map(used).sum::<f64>() > 0.5);
        let [threaded, single] = frame.models.as_slice() else { panic!("{frame:?}") };
        match &single.doubt {
            None => assert!(used(single) > 0.5 * used(threaded), "{} beside {}", used(single), used(threaded)),
            // Where no group can be made, every panel says so.
            Some(doubt) => {
                let says_so =
                    |model: &ModelFrame| model.doubt.as_ref().is_some_and(|of| of.contains("the more threads"));
                assert!(frame.models.iter().all(says_so), "{doubt}");
                skipped(format_args!("shares of a CPU: {doubt}"));
            }
        }
    });
}

#[test]
fn a_program_of_another_hand_is_watched_beside_a_model_over_a_page() {
    let words = [HARNESS, "serve", "async-single", "--wire", "http", "--listen", "{address}"];
    let ours = ServerCommand::new("another", None, "", words.map(str::to_owned).into());
    let page = Some(PageRequest::get("/echo/page"));
    let session = Session { commands: vec![ours], page, ..session(&["threaded"]) };
    watch(&session, |watched| {
        let frame = watched.until("both are served", |frame| {
            frame.models.iter().all(|model| is_served(model) && model.cpu_share.is_some())
        });
        let names: Vec<&str> = frame.models.iter().map(|model| model.contender.as_str()).collect();
        assert_eq!(names, ["threaded", "another"]);
        assert!(frame.models.iter().all(|model| model.failures == Some(0)), "{frame:?}");
    });
}

#[test]
fn a_server_that_dies_is_told_and_the_others_go_on() {
    watch(&session(&["threaded", "async-single", "no-such-model"]), |watched| {
        let frame = watched.until("threads are known", |frame| !frame.models[0].busy_threads.is_empty());
        assert!(
            matches!(&frame.models[2].state, ServerState::FailedToStart { why } if why.contains("before it listened"))
        );
        // The first thread of a process has its id.
        let pid = frame.models[0].busy_threads[0].tid;
        send(pid, Signal::KILL);
        let frame = watched.until("it is dead", |frame| frame.models[0].state != ServerState::Running);
        let ServerState::Died { how, at_ms } = &frame.models[0].state else { panic!("{frame:?}") };
        assert!(how.contains("SIGKILL") && (1..=frame.at_ms).contains(at_ms), "{frame:?}");
        assert_eq!((frame.models[0].requests_per_s, frame.models[0].memory), (0.0, None));
        let later =
            watched.until("the other goes on", |later| later.at_ms > frame.at_ms && is_served(&later.models[1]));
        assert_eq!(later.models[0].state, frame.models[0].state, "it dies once");
    });
}

#[test]
fn a_session_is_over_when_its_time_is() {
    let session = Session { longest: Duration::from_millis(600), ..session(&["async-single"]) };
    let ((tells, seen), (commands, commanded)) = (channel(), channel());
    session.run(&commanded, &tells, &AtomicBool::new(false));
    drop(commands);
    assert!(seen.try_iter().any(|seen| matches!(seen, SessionEvent::Frame(_))));
}
