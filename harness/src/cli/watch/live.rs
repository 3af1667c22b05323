//! A live view: the session on a thread of its own, what it tells on the terminal, keys back to it.

use std::process::ExitCode;
use std::sync::mpsc::{Receiver, Sender, TryRecvError, channel};
use std::thread;
use std::time::Duration;

use anyhow::Context;
use crossterm::event::{self, Event, KeyEvent, KeyEventKind};
use instruments::backend::{Backend, Promptness};
use instruments::load::Work;
use instruments::observe::{allowed_cpus, machine, restrict_this_thread};
use reports::record::{Machine, PlacementKind};

use super::draw::{Colours, ScreenView, draw};
use super::keys::{self, Action};
use super::recording::{RecordFrom, SessionRecorder};
use super::terminal::{self, Terminal};
use super::{WatchArgs, clock};
use crate::cli::contenders;
use crate::cli::output::tell;
use crate::cli::servers::Servers;
use crate::cli::target::typed_work;
use crate::live::web::{PageEvent, PageView, Web};
use crate::live::{Frame, Limits, LiveLoad, Session, SessionCommand, SessionEvent};
use crate::plan::{Participant, place};
use crate::run::{Interrupt, MachineLock, preflight_side_by_side};

/// Time between two looks at the keys and at what the session tells.
const INTERVAL: Duration = Duration::from_millis(40);

/// Who is watched where nobody is named.
const USUAL: &str = "threaded,thread-pool,async-multi";

/// Frames that are kept: what the widest terminal shows, and some.
const KEPT: usize = 600;

/// Watches until it is left, or the time is over.
pub(super) fn run(args: &WatchArgs, colours: Colours) -> anyhow::Result<ExitCode> {
    typed_work(&args.work)?;
    let placement = place(PlacementKind::Isolated, &allowed_cpus()?);
    let servers = args.servers.resolve()?;
    let usual = servers.commands.is_empty().then_some(USUAL);
    let models = args.models.as_deref().or(usual);
    let contenders = contenders::listed(&placement.server_cpus, models, &servers.commands)?;
    contenders::check_speaks_json(&contenders)?;
    terminal::check()?;
    let models = contenders.len() as u64;
    let preflight = preflight_side_by_side(Limits::connections_wanted(models));
    let limits = Limits::of_machine(models, preflight.connection_ceiling.into(), placement.generator_cpus.len() as u64);
    let _lock = MachineLock::take()?;
    let interrupt = Interrupt::listen_patiently()?;
    let machine = machine()?;
    restrict_this_thread(&placement.generator_cpus)?;
    // What it is asked for can be changed while it is watched.
    servers.try_out(&placement.server_cpus, &interrupt, |_| Vec::new())?;
    let web = args.web.then(|| Web::start(PageView::Session, args.web_port, &placement.generator_cpus)).transpose()?;
    let backend = Backend::start(Promptness::Sleeps).context("the backend for call requests can't be started")?;
    let session = session(args, &backend, limits, &machine, &placement.server_cpus, &contenders, &servers);
    let mut recorder = SessionRecorder::new(machine, placement, preflight, contenders, servers.page, args.seed);
    if let Some(folder) = &args.record {
        recorder.begin(Some(folder), RecordFrom::WithTheSession)?;
    }
    let message = [cut_down(args, &session), web.as_ref().map(|web| format!("also at http://{}/", web.address()))];
    let message = message.into_iter().flatten().reduce(|first, second| format!("{first}; {second}"));
    let shown = watch((&session, colours), message, &mut recorder, &interrupt, web.as_ref());
    // Whatever was recorded is kept, however the view ended.
    let recorded = recorder.end()?;
    recorded.iter().for_each(|told| tell(told));
    tell(&format!("watched until {}", shown?));
    Ok(interrupt.exit_code().map_or(ExitCode::SUCCESS, ExitCode::from))
}

fn session(
    args: &WatchArgs,
    backend: &Backend,
    limits: Limits,
    machine: &Machine,
    server_cpus: &[u32],
    contenders: &[Participant],
    servers: &Servers,
) -> Session {
    let asked =
        LiveLoad { connections: 1, rate_rps: None, work: shown_work(args, servers), flood: 0, is_paused: false };
    let asked = asked.after(&SessionCommand::Connections(args.connections), &limits);
    let asked = asked.after(&SessionCommand::Rate(args.rate as f64), &limits);
    Session {
        contenders: contenders.iter().filter_map(Participant::model).map(|model| model.label().to_owned()).collect(),
        commands: servers.commands.clone(),
        page: servers.page.clone(),
        program: None,
        server_cpus: server_cpus.to_vec(),
        spin_rate: servers::calibrate_spin(),
        backend: Some(backend.address()),
        kernel_stack_bytes_per_thread: machine.kernel_stack_bytes_per_thread,
        seed: args.seed,
        asked,
        limits,
        longest: args.lasting,
    }
}

/// What is asked for, in a few words.
fn shown_work(args: &WatchArgs, servers: &Servers) -> String {
    servers.page.clone().map_or_else(|| args.work.clone(), |page| Work::Page(page).to_string())
}

/// Says so where less is asked for than was typed.
fn cut_down(args: &WatchArgs, session: &Session) -> Option<String> {
    let Limits { connections, rate_rps, .. } = session.limits;
    let is_less = connections < args.connections || rate_rps < args.rate as f64;
    is_less.then(|| format!("this machine allows {connections} connections and {rate_rps} requests/s to each model"))
}

/// Runs the session beside the view, and ends it with the view. Says when that was. The view begins with a message.
fn watch(
    (session, colours): (&Session, Colours),
    message: Option<String>,
    recorder: &mut SessionRecorder,
    interrupt: &Interrupt,
    web: Option<&Web>,
) -> anyhow::Result<String> {
    thread::scope(|scope| {
        let (tells, told) = channel();
        let (commands, commanded) = channel();
        let engine = thread::Builder::new()
            .name("session".to_owned())
            .spawn_scoped(scope, move || session.run(&commanded, &tells, interrupt.flag()))?;
        let (frames, asked) = (Vec::new(), session.asked.clone());
        let mut watching =
            Watching { session, frames, asked, commands, message, explains: false, colours, interrupt, web };
        let shown = watching.show(&told, recorder);
        // The terminal is as it was; another signal need not wait for the servers to stop.
        let _ = interrupt.end_at_the_next();
        let until = clock(watching.frames.last().map_or(0, |frame| frame.at_ms));
        drop(watching);
        engine.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic));
        // The last load ended with the session.
        for seen in told.try_iter() {
            recorder.take(&seen)?;
        }
        shown.map(|()| until)
    })
}

/// A live view.
struct Watching<'a> {
    session: &'a Session,
    frames: Vec<Frame>,
    /// What is asked for once the session has heard of every key.
    asked: LiveLoad,
    commands: Sender<SessionCommand>,
    message: Option<String>,
    explains: bool,
    colours: Colours,
    interrupt: &'a Interrupt,
    /// A page that shows the same.
    web: Option<&'a Web>,
}

impl Watching<'_> {
    /// Shows what the session tells until it is over, a signal comes, or a key says so.
    fn show(&mut self, told: &Receiver<SessionEvent>, recorder: &mut SessionRecorder) -> anyhow::Result<()> {
        let mut terminal = Terminal::enter()?;
        let mut is_stale = true;
        while !self.interrupt.is_set() {
            match told.try_recv() {
                Ok(seen) => {
                    if let Some(told) = recorder.take(&seen)? {
                        self.message = Some(told);
                    }
                    self.add(seen);
                    is_stale = true;
                    continue;
                }
                Err(TryRecvError::Disconnected) => return Ok(()),
                Err(TryRecvError::Empty) => {}
            }
            if is_stale {
                self.draw(&mut terminal, recorder)?;
            }
            is_stale = event::poll(INTERVAL)?;
            if is_stale && !self.take(event::read()?, recorder)? {
                return Ok(());
            }
        }
        Ok(())
    }

    fn add(&mut self, seen: SessionEvent) {
        let SessionEvent::Frame(mut frame) = seen else { return };
        if let Some(web) = self.web {
            web.tell(PageEvent::Frame(Box::new(frame.clone())));
        }
        // Percentiles are what is drawn.
        frame.models.iter_mut().for_each(|model| model.response_times = None);
        if self.frames.len() >= 2 * KEPT {
            self.frames.drain(..KEPT);
        }
        self.frames.push(frame);
    }

    fn draw(&self, terminal: &mut Terminal, recorder: &SessionRecorder) -> anyhow::Result<()> {
        let at_ms = self.frames.last().map_or(0, |frame| frame.at_ms);
        let recording = if recorder.is_recording() { "RECORDING " } else { "" };
        let status = format!("{recording}{} of {}", clock(at_ms), clock(self.session.longest.as_millis() as u64));
        let view = ScreenView {
            frames: &self.frames,
            status: &status,
            keys: keys::LIVE,
            message: self.message.as_deref(),
            colours: self.colours,
            explains: self.explains,
        };
        terminal.draw(|canvas| draw(canvas, &view))?;
        Ok(())
    }

    /// Does what an event asks for; false where that is to end.
    fn take(&mut self, event: Event, recorder: &mut SessionRecorder) -> anyhow::Result<bool> {
        let Some(key) = pressed(event) else { return Ok(true) };
        self.message = None;
        match keys::live(key, &self.asked, &self.session.limits) {
            // There is no other work in the place of a page.
            Some(Action::Tell(SessionCommand::Work(_))) if self.session.page.is_some() => {
                self.message = Some("a page was asked for with --path, so the work stays as it is".to_owned());
            }
            Some(Action::Tell(command)) => {
                let asked = self.asked.after(&command, &self.session.limits);
                if asked == self.asked {
                    self.message = Some("this machine and this session allow no more".to_owned());
                }
                self.asked = asked;
                // A session that is over says so by the other channel.
                let _ = self.commands.send(command);
            }
            Some(Action::Record) => {
                if recorder.is_recording() {
                    recorder.end_with_the_load();
                } else {
                    self.message = Some(recorder.begin(None, RecordFrom::WithTheNextLoad)?);
                }
                let _ = self.commands.send(SessionCommand::Anew);
            }
            Some(Action::Explain) => self.explains = !self.explains,
            Some(Action::Quit) => return Ok(false),
            Some(Action::Interrupt) => self.interrupt.raise(),
            Some(Action::Play(_)) | None => {}
        }
        Ok(true)
    }
}

/// The key of an event, where it is one that is pressed or held.
pub(super) fn pressed(event: Event) -> Option<KeyEvent> {
    event.as_key_event().filter(|key| key.kind != KeyEventKind::Release)
}
