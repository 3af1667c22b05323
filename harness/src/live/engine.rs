//! A session: one server for each model, the same load on all of them, a frame every quarter of a second, until it is told
//! to end or its time is over.
//!
//! The models share the server's CPUs, each with the same share, and the generators share theirs, so that models are seen side
//! by side and not one after another: what each of them can do alone is for a run to say. Must not know: who looks on. Beside
//! it: `watched.rs`, one model. A stretch in which one load went on unchanged is told of when the load changes or ends.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender};
use std::time::Duration;

use instruments::clock::now_ns;
use instruments::load::{LONGEST_SLEEP_NS, LoadOutcome, LoadSpec, PageRequest};
use reports::record::Sample;

use super::asked::{Limits, SessionCommand};
use super::driver::spec;
use super::frame::{Frame, LiveLoad};
use super::watched::{Ended, WatchedModel};
use crate::plan::ServerCommand;
use crate::process::{CommandLaunch, Launch, launch, launch_command, launch_program};

/// Time between two frames.
pub const FRAME_INTERVAL: Duration = Duration::from_millis(250);

/// What is to be watched.
#[derive(Debug, Clone)]
pub struct Session {
    /// As `serve` takes them, one or more.
    pub contenders: Vec<String>,
    /// Programs of another hand, beside them.
    pub commands: Vec<ServerCommand>,
    /// The page that is asked for, whatever work is.
    pub page: Option<PageRequest>,
    /// The program that is executed as a server; this very one where none is given.
    pub program: Option<PathBuf>,
    /// CPUs of all servers.
    pub server_cpus: Vec<u32>,
    /// Spin iterations per microsecond.
    pub spin_rate: u64,
    /// The backend that `call` requests ask, where there is one.
    pub backend: Option<SocketAddr>,
    /// As [`reports::record::Machine`] has it.
    pub kernel_stack_bytes_per_thread: u64,
    /// The arrivals follow from this; they are the same at each model.
    pub seed: u64,
    /// The load at the beginning.
    pub asked: LiveLoad,
    /// The most that may be asked for.
    pub limits: Limits,
    /// How long it goes on at most.
    pub longest: Duration,
}

/// What a session tells whoever looks on.
#[derive(Debug, Clone, PartialEq)]
pub enum SessionEvent {
    /// A moment.
    Frame(Frame),
    /// A load that has ended, or a pause, with what came of it.
    Stretch(Box<Stretch>),
}

impl Session {
    fn load(&self, asked: &LiveLoad, lasting: Duration) -> Option<LoadSpec> {
        spec(asked, self.page.as_ref(), self.seed, lasting)
    }

    /// Watches, and returns when it is told to quit, when nobody is left who tells or looks on, when `stop` is set, or when
    /// its time is over. No server and no load is left then. What a server does is data.
    pub fn run(&self, commands: &Receiver<SessionCommand>, seen: &Sender<SessionEvent>, stop: &AtomicBool) {
        let mut stage = RunningSession::open(self, seen, stop);
        stage.begin_load();
        stage.flood();
        let mut due_ns = now_ns() + interval_ns();
        while !stop.load(Ordering::Relaxed) && !stage.time_left().is_zero() && !stage.is_deserted {
            let wait = Duration::from_nanos(due_ns.saturating_sub(now_ns()).min(LONGEST_SLEEP_NS));
            match commands.recv_timeout(wait) {
                Ok(command) => {
                    // Keys that were pressed in a row are one change.
                    let rest: Vec<SessionCommand> = commands.try_iter().collect();
                    let all = || std::iter::once(&command).chain(&rest);
                    if all().any(|command| *command == SessionCommand::Quit) {
                        break;
                    }
                    let asked = all().fold(stage.asked.clone(), |asked, next| asked.after(next, &self.limits));
                    stage.change_to(asked, all().any(|command| *command == SessionCommand::Anew));
                }
                Err(RecvTimeoutError::Timeout) => {}
                Err(RecvTimeoutError::Disconnected) => break,
            }
            stage.notice_deaths();
            if now_ns() >= due_ns {
                stage.tell_frame();
                due_ns = (due_ns + interval_ns()).max(now_ns());
            }
        }
        stage.close();
    }
}

fn interval_ns() -> u64 {
    FRAME_INTERVAL.as_nanos() as u64
}

/// The session while it goes on.
struct RunningSession<'a> {
    session: &'a Session,
    seen: &'a Sender<SessionEvent>,
    origin_ns: u64,
    asked: LiveLoad,
    models: Vec<WatchedModel>,
    /// Start of the load, and whether it was left alone since.
    stretch: Stretch,
    is_deserted: bool,
}

impl<'a> RunningSession<'a> {
    /// Starts the servers, one after another, as far as `stop` lets it.
    fn open(session: &'a Session, seen: &'a Sender<SessionEvent>, stop: &AtomicBool) -> RunningSession<'a> {
        let start = |contender: &String| {
            let what = Launch {
                cpus: &session.server_cpus,
                spin_rate: Some(session.spin_rate),
                wire: session.page.as_ref().map(|_| "http"),
                backend: session.backend,
                ..Launch::new(contender)
            };
            let program = session.program.as_deref();
            let launched = program.map_or_else(|| launch(&what), |program| launch_program(program, &what));
            WatchedModel::start(contender, launched, session.kernel_stack_bytes_per_thread)
        };
        let start_command = |command: &ServerCommand| {
            let launched = launch_command(&CommandLaunch {
                cpus: &session.server_cpus,
                harness: session.program.as_deref(),
                backend: session.backend,
                ..CommandLaunch::new(&command.name, &command.words, stop)
            });
            WatchedModel::start(&command.name, launched, session.kernel_stack_bytes_per_thread)
        };
        let goes_on = || !stop.load(Ordering::Relaxed);
        let models = session.contenders.iter().take_while(|_| goes_on()).map(start);
        let commands = session.commands.iter().take_while(|_| goes_on()).map(start_command);
        let models = models.chain(commands).collect();
        let (origin_ns, asked) = (now_ns(), session.asked.clone());
        let stretch = Stretch::begin(&asked, session.load(&asked, session.longest), origin_ns);
        RunningSession { session, seen, origin_ns, asked, models, stretch, is_deserted: false }
    }

    fn time_left(&self) -> Duration {
        self.session.longest.saturating_sub(Duration::from_nanos(now_ns() - self.origin_ns))
    }

    fn at_ms(&self) -> u64 {
        (now_ns() - self.origin_ns) / 1_000_000
    }

    fn tell(&mut self, seen: SessionEvent) {
        self.is_deserted |= self.seen.send(seen).is_err();
    }

    fn tell_frame(&mut self) {
        let (at_ms, asked) = (self.at_ms(), self.asked.clone());
        let models = self.models.iter_mut().map(WatchedModel::frame).collect();
        self.tell(SessionEvent::Frame(Frame { at_ms, asked, models }));
    }

    fn change_to(&mut self, asked: LiveLoad, begins_anew: bool) {
        let is_same_load = self.asked.is_same_load(&asked) && !begins_anew;
        let is_same_flood = self.asked.flood == asked.flood;
        self.asked = asked;
        if !is_same_flood {
            self.stretch.is_steady = false;
            self.flood();
        }
        if !is_same_load {
            self.end_load();
            self.begin_load();
        }
    }

    fn begin_load(&mut self) {
        let lasting = self.time_left();
        let spec = self.session.load(&self.asked, lasting);
        self.stretch = Stretch::begin(&self.asked, spec.clone(), self.origin_ns);
        for model in &mut self.models {
            model.begin_load(spec.clone());
        }
    }

    fn end_load(&mut self) {
        self.models.iter().for_each(WatchedModel::tell_load_to_stop);
        let ended: Vec<Ended> = self.models.iter_mut().filter_map(WatchedModel::end_load).collect();
        ended.into_iter().for_each(|ended| self.stretch.add(ended));
        let stretch = Box::new(self.stretch.clone());
        self.tell(SessionEvent::Stretch(stretch));
    }

    fn flood(&mut self) {
        let lasting = self.time_left();
        self.models.iter().for_each(WatchedModel::tell_flood_to_stop);
        for model in &mut self.models {
            model.flood(self.asked.flood, lasting);
        }
    }

    fn notice_deaths(&mut self) {
        let at_ms = self.at_ms();
        for model in &mut self.models {
            if model.notice_death(at_ms) {
                // The others have more of the CPUs from now on.
                self.stretch.is_steady = false;
            }
        }
    }

    /// Ends everything, first telling all that it is over.
    fn close(mut self) {
        self.models.iter().for_each(WatchedModel::tell_flood_to_stop);
        self.end_load();
        self.models.into_iter().for_each(WatchedModel::stop);
    }
}

/// One load from its beginning to its end.
#[derive(Debug, Clone, PartialEq)]
pub struct Stretch {
    /// What was asked for.
    pub asked: LiveLoad,
    /// The load, with the window that it might have had; [`LoadOutcome::measured`] says how much of it passed. Absent
    /// while the session is paused.
    pub spec: Option<LoadSpec>,
    /// When it began, in nanoseconds since the session did.
    pub begun_ns: u64,
    /// Whether nothing else was begun or ended meanwhile: no flood, no server.
    pub is_steady: bool,
    /// What came of it, for each model whose load was carried out to the end.
    pub models: Vec<(String, LoadOutcome)>,
    /// The servers meanwhile, in the same order; `at_ns` counts from the start of the load.
    pub samples: Vec<Vec<Sample>>,
    /// When it began, on the monotonic clock.
    pub(crate) origin_ns: u64,
}

impl Stretch {
    pub(super) fn begin(asked: &LiveLoad, spec: Option<LoadSpec>, session_origin_ns: u64) -> Stretch {
        let now = now_ns();
        Stretch {
            asked: asked.clone(),
            spec,
            begun_ns: now - session_origin_ns,
            is_steady: asked.flood == 0,
            models: Vec::new(),
            samples: Vec::new(),
            origin_ns: now,
        }
    }

    /// What came of it at a model. A load that could not be carried out came to nothing.
    pub(super) fn add(&mut self, ended: Ended) {
        let Ok(outcome) = ended.outcome else { return };
        let rebased = |sample: Sample| Some(Sample { at_ns: sample.at_ns.checked_sub(self.origin_ns)?, ..sample });
        self.samples.push(ended.samples.into_iter().filter_map(rebased).collect());
        self.models.push((ended.contender, outcome));
    }
}
