//! The servers of a lesson, left running under a small load for whoever wants to look at them from another terminal.
//!
//! They end when this is dropped, or after ten minutes. Beside it: `live/engine.rs`, whose session they are.

use std::sync::mpsc::{Sender, channel};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::Context;
use instruments::backend::{Backend, Promptness};
use instruments::load::Work;

use super::run::{LessonStage, contenders_of};
use crate::background::Background;
use crate::live::{Limits, LiveLoad, Session, SessionCommand, SessionEvent};
use crate::plan::Participant;
use crate::run::{MachineLock, preflight_side_by_side};
use crate::workshop::lesson::LessonSetup;

/// Nobody looks longer, and a laptop is not to be kept busy by what somebody forgot.
const LONGEST: Duration = Duration::from_secs(600);

/// How long the first look at the servers may take.
const START: Duration = Duration::from_secs(5);

/// A server that runs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::cli) struct StoodServer {
    /// Its contender's label.
    pub(in crate::cli) contender: String,
    /// The number of its process.
    pub(in crate::cli) pid: u32,
}

/// Servers that run until this is dropped.
pub(in crate::cli) struct StandingServers {
    /// Those that run, as they were when they began.
    pub(in crate::cli) servers: Vec<StoodServer>,
    // Ends before what its servers use.
    _session: Background<()>,
    _commands: Sender<SessionCommand>,
    _backend: Option<Backend>,
    _lock: MachineLock,
}

impl StandingServers {
    /// Starts the servers of a lesson, each under the same small load.
    ///
    /// # Errors
    /// Where another benchmark has the machine, or there is no thread to be had.
    pub(in crate::cli) fn start(setup: &LessonSetup, stage: &LessonStage) -> anyhow::Result<StandingServers> {
        let lock = MachineLock::take()?;
        let contenders = contenders_of(setup, stage)?;
        let load = &setup.standing;
        let backend = Work::typed(&load.work).calls_backend().then(|| Backend::start(Promptness::Sleeps)).transpose();
        let backend = backend.context("the backend for call requests can't be started")?;
        let each = u64::from(load.connections) + u64::from(load.idle);
        let ceiling = preflight_side_by_side(contenders.len() as u64 * each).connection_ceiling;
        let room = u64::from(ceiling) / contenders.len().max(1) as u64;
        let connections = u64::from(load.connections).min(room).max(1);
        let idle = u64::from(load.idle).min(room.saturating_sub(connections));
        let session = Session {
            contenders: contenders.iter().map(|contender| contender.label().to_owned()).collect(),
            commands: Vec::new(),
            page: None,
            program: None,
            server_cpus: stage.placement.server_cpus.clone(),
            spin_rate: servers::calibrate_spin(),
            backend: backend.as_ref().map(Backend::address),
            kernel_stack_bytes_per_thread: stage.machine.kernel_stack_bytes_per_thread,
            seed: 1,
            asked: LiveLoad {
                connections,
                rate_rps: load.rate_rps,
                work: load.work.clone(),
                flood: idle,
                is_paused: false,
            },
            limits: Limits { connections, rate_rps: load.rate_rps.unwrap_or(1.0), flood: idle },
            longest: LONGEST,
        };
        StandingServers::begin(session, &contenders, backend, lock)
    }

    fn begin(
        session: Session,
        contenders: &[Participant],
        backend: Option<Backend>,
        lock: MachineLock,
    ) -> anyhow::Result<StandingServers> {
        let (commands, commanded) = channel();
        let (tells, told) = channel();
        let session = Background::start("standing", move |stop| session.run(&commanded, &tells, stop))?;
        let mut standing = StandingServers {
            servers: Vec::new(),
            _session: session,
            _commands: commands,
            _backend: backend,
            _lock: lock,
        };
        let until = Instant::now() + START;
        while standing.servers.len() < contenders.len() {
            let Ok(seen) = told.recv_timeout(until.saturating_duration_since(Instant::now())) else { break };
            let SessionEvent::Frame(frame) = seen else { continue };
            let server = |model: &crate::live::ModelFrame| {
                Some(StoodServer { contender: model.contender.clone(), pid: model.pid? })
            };
            standing.servers = frame.models.iter().filter_map(server).collect();
        }
        // What is told from now on nobody needs, and it ends when nobody listens.
        thread::Builder::new().name("looking-on".to_owned()).spawn(move || told.iter().for_each(drop))?;
        Ok(standing)
    }
}
