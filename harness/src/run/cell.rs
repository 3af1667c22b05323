//! One cell: start a server, watch it, put the task to it, stop it, and say what was seen.

use std::net::SocketAddr;
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Instant;

use instruments::load::{self, Generator, LoadMoments, LoadSpec, now_ns};
use reports::record::{OtherBuild, PlacementRecord};

use super::called::CalledBackend;
use super::disturbed;
use super::elsewhere::Elsewhere;
use super::findings::TaskFindings;
use super::held::{self, HeldServer};
use super::placed::{generator, on_cpus};
use super::served::{CellFindings, ServedCell, WatchSettings};
use super::session::Interrupt;
use crate::machines::ServeOrder;
use crate::plan::{HoldSpec, Inside, Participant, RunPlan, TaskKind, is_base};
use crate::process::{
    CommandLaunch, HeldProgram, Launch, LaunchFailure, ProcessError, ServerProcess, launch, launch_command,
    launch_program,
};

/// What stays the same from cell to cell.
pub(super) struct CellRunner<'a> {
    plan: &'a RunPlan<'a>,
    kernel_stack_bytes_per_thread: u64,
    spin_rate: u64,
    interrupt: &'a Interrupt,
    program: Option<&'a Path>,
    base: Option<Base>,
    deadline: Option<Instant>,
    elsewhere: Option<Elsewhere>,
}

/// The other build that a run compares with, held as it was when it was looked at, or why it is not to be had.
type Base = Result<HeldProgram, String>;

/// Takes hold of the other build, if it still is the file that it was.
fn hold(build: &OtherBuild) -> Base {
    let held = HeldProgram::open(build.path.as_ref()).map_err(|error| format!("{}: {error}", build.path))?;
    if held.sha256() == build.sha256 {
        Ok(held)
    } else {
        Err(format!("{} is no longer the file that it was when the run began", build.path))
    }
}

impl<'a> CellRunner<'a> {
    pub(super) fn new(
        plan: &'a RunPlan<'a>,
        interrupt: &'a Interrupt,
        program: Option<&'a Path>,
        kernel_stack_bytes_per_thread: u64,
        (deadline, elsewhere): (Option<Instant>, Option<Elsewhere>),
    ) -> CellRunner<'a> {
        let spin_rate = servers::calibrate_spin();
        let base = plan.against.as_ref().map(hold);
        CellRunner { plan, kernel_stack_bytes_per_thread, spin_rate, interrupt, program, base, deadline, elsewhere }
    }

    /// Runs a task against a fresh server, on the CPUs that it was given. A server that fails is a result.
    pub(super) fn run(
        &mut self,
        task: &TaskKind,
        contender: &Participant,
        placement: &PlacementRecord,
    ) -> CellFindings {
        if self.elsewhere.as_ref().is_some_and(Elsewhere::has_servers) {
            return self.run_elsewhere(task, contender, placement);
        }
        if *placement == self.plan.placement {
            return self.run_where_it_is(task, contender, placement);
        }
        let found = on_cpus(&placement.generator_cpus, || self.run_where_it_is(task, contender, placement));
        found.unwrap_or_else(|error| CellFindings::not_run(format!("the load generator can't have its CPUs: {error}")))
    }

    fn run_where_it_is(
        &mut self,
        task: &TaskKind,
        contender: &Participant,
        placement: &PlacementRecord,
    ) -> CellFindings {
        let generator = generator(task, placement);
        let called = match CalledBackend::start(task, generator) {
            Ok(called) => called,
            Err(error) => {
                return CellFindings::not_run(format!("the backend that its requests call can't be started: {error}"));
            }
        };
        let backend = called.as_ref().map(CalledBackend::address);
        let server = match self.start(contender, backend, &placement.server_cpus) {
            Ok(server) => server,
            Err(error) => return CellFindings::not_started(error.failure.into(), error.stderr),
        };
        let mut served = ServedCell::watch(server, called, &self.watching(contender, placement));
        let found = match task {
            TaskKind::Load(spec) => self.load(spec, &mut served, generator),
            TaskKind::Hold(spec) => self.hold(spec, &mut served.server),
            TaskKind::Disturbed(spec) => {
                let called = served.called.as_mut();
                disturbed::disturb(spec, &mut served.server, generator, called, self.interrupt)
            }
        };
        served.end(found)
    }

    fn start(
        &self,
        contender: &Participant,
        backend: Option<SocketAddr>,
        cpus: &[u32],
    ) -> Result<ServerProcess, ProcessError> {
        if let Some(command) = contender.command() {
            return launch_command(&CommandLaunch {
                cpus,
                harness: self.program,
                backend,
                ..CommandLaunch::new(&command.name, &command.words, self.interrupt.flag())
            });
        }
        let what = Launch {
            cpus,
            listen: self.elsewhere.as_ref().map(Elsewhere::listen),
            spin_rate: Some(self.spin_rate),
            wire: self.plan.wire(),
            backend,
            ..Launch::new(contender.bare_label())
        };
        if let Some(base) = self.base.as_ref().filter(|_| is_base(contender)) {
            let path =
                base.as_ref().map_err(String::clone).and_then(|held| held.path().map_err(|error| error.to_string()));
            let program =
                path.map_err(|reason| ProcessError::new(contender.bare_label(), LaunchFailure::OtherBuild { reason }))?;
            return launch_program(&program, &what);
        }
        match self.program {
            Some(program) => launch_program(program, &what),
            None => launch(&what),
        }
    }

    /// With the server on another machine. This process needs no CPUs of its own then, but for adding up.
    fn run_elsewhere(&mut self, task: &TaskKind, contender: &Participant, placement: &PlacementRecord) -> CellFindings {
        let (deadline, interrupt, calls_backend) = (self.deadline, self.interrupt, task.calls_backend());
        let is_over = || interrupt.is_set() || deadline.is_some_and(|deadline| Instant::now() >= deadline);
        let (TaskKind::Load(spec), Some(elsewhere)) = (task, &mut self.elsewhere) else {
            return CellFindings::not_run("only a plain load can be put to a server on another machine");
        };
        let order = ServeOrder {
            contender: contender.bare_label().to_owned(),
            wire: self.plan.wire().map(str::to_owned),
            listen: elsewhere.listen(),
            allow_remote: elsewhere.allows_remote(),
            calls_backend,
            is_asked: self.plan.inside == Inside::On,
            placement: placement.clone(),
            beside: Vec::new(),
        };
        elsewhere.serve_and_send(&order, spec, interrupt.flag(), is_over)
    }

    fn watching(&self, contender: &Participant, placement: &PlacementRecord) -> WatchSettings {
        WatchSettings {
            placement: placement.clone(),
            kernel_stack_bytes_per_thread: self.kernel_stack_bytes_per_thread,
            beside: self.elsewhere.as_ref().map(Elsewhere::pids).unwrap_or_default(),
            // A program of another hand has nobody who could be asked.
            is_asked: self.plan.inside == Inside::On && contender.command().is_none(),
        }
    }

    fn load(&mut self, spec: &LoadSpec, served: &mut ServedCell, generator: Generator) -> TaskFindings {
        let target = served.server.address();
        let stop = AtomicBool::new(false);
        let mut found = TaskFindings { origin_ns: now_ns(), ..TaskFindings::default() };
        let attend = |moments: LoadMoments| {
            served.look_at(&mut found, moments, now_ns());
            let is_late = self.deadline.is_some_and(|deadline| Instant::now() >= deadline);
            if found.death.is_some() || self.interrupt.is_set() || is_late {
                stop.store(true, Ordering::Relaxed);
            }
        };
        let Some(elsewhere) = &mut self.elsewhere else {
            let sent = load::run(spec, target, generator, &stop, attend);
            found.take_own(sent);
            return found;
        };
        let sent = elsewhere.send(spec, target, [&stop, self.interrupt.flag()], attend);
        found.take(sent);
        found
    }

    fn hold(&self, spec: &HoldSpec, server: &mut ServerProcess) -> TaskFindings {
        let origin_ns = now_ns();
        let held = HeldServer {
            pid: server.pid(),
            extent: server.extent(),
            address: server.address(),
            origin_ns,
            kernel_stack_bytes_per_thread: self.kernel_stack_bytes_per_thread,
            stop: self.interrupt.flag(),
        };
        let mut found = TaskFindings { origin_ns, ..held::hold(spec, &held) };
        found.death = server.poll_death();
        found
    }

    /// Ends what the run has on other machines.
    pub(super) fn finish(self) {
        if let Some(elsewhere) = self.elsewhere {
            elsewhere.dismiss();
        }
    }
}
