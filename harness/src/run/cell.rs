//! One cell: start a server, watch it, put the task to it, stop it, and say what was seen.

use std::net::SocketAddr;
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use reports::record::{
    self, ArrivalsRecord, FailedPart, GeneratorUsage, InsideAnswer, Noise, OtherBuild, Outcome, PlacementRecord,
    Sample, ServerUsage, ShapeRecord, Stage, ThreadTimes, Traffic, Unobserved, Warning,
};

use super::called::CalledBackend;
use super::disturbed;
use super::findings::{CellFailure, TaskFindings};
use super::held::{self, HeldServer};
use super::placed::{generator, on_cpus};
use super::session::Interrupt;
use crate::load::{self, Generator, LoadMoments, now_ns};
use crate::observe::{Observed, Observer, Watch, listen_overflows};
use crate::plan::{HoldSpec, Inside, LoadSpec, Participant, RunPlan, TaskKind, is_base, nanoseconds};
use crate::process::{
    CommandLaunch, HeldProgram, Launch, LaunchFailure, ProcessError, ServerProcess, Stopped, launch, launch_command,
    launch_program,
};

/// Time between two samples of the server.
const SAMPLING_INTERVAL: Duration = Duration::from_millis(50);

/// What stays the same from cell to cell.
pub(super) struct CellRunner<'a> {
    plan: &'a RunPlan<'a>,
    kernel_stack_bytes_per_thread: u64,
    spin_rate: u64,
    interrupt: &'a Interrupt,
    program: Option<&'a Path>,
    base: Option<Base>,
    deadline: Option<Instant>,
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

/// What was seen in a cell.
#[derive(Debug)]
pub(super) struct CellFindings {
    pub(super) outcome: Outcome,
    pub(super) traffic: Option<Traffic>,
    pub(super) disturbance: Option<record::DisturbanceRecord>,
    pub(super) bounds: Vec<record::Bound>,
    pub(super) generator: Option<GeneratorUsage>,
    pub(super) backend: Option<record::BackendUsage>,
    pub(super) server: ServerUsage,
    pub(super) samples: Vec<Sample>,
    pub(super) inside: Option<record::InsideRecord>,
    pub(super) stages: Vec<Stage>,
    pub(super) noise: Noise,
    pub(super) warnings: Vec<Warning>,
}

impl<'a> CellRunner<'a> {
    pub(super) fn new(
        plan: &'a RunPlan<'a>,
        interrupt: &'a Interrupt,
        program: Option<&'a Path>,
        kernel_stack_bytes_per_thread: u64,
        deadline: Option<Instant>,
    ) -> CellRunner<'a> {
        let spin_rate = servers::calibrate_spin();
        let base = plan.against.as_ref().map(hold);
        CellRunner { plan, kernel_stack_bytes_per_thread, spin_rate, interrupt, program, base, deadline }
    }

    /// Runs a task against a fresh server, on the CPUs that it was given. A server that fails is a result.
    pub(super) fn run(&self, task: &TaskKind, contender: &Participant, placement: &PlacementRecord) -> CellFindings {
        if *placement == self.plan.placement {
            return self.run_where_it_is(task, contender, placement);
        }
        let found = on_cpus(&placement.generator_cpus, || self.run_where_it_is(task, contender, placement));
        found.unwrap_or_else(|error| {
            let reason = format!("the load generator can't have its CPUs: {error}");
            CellFindings::not_started(CellFailure::of_the_harness(reason), String::new())
        })
    }

    fn run_where_it_is(&self, task: &TaskKind, contender: &Participant, placement: &PlacementRecord) -> CellFindings {
        let generator = generator(task, placement);
        let mut called = match CalledBackend::start(task, generator) {
            Ok(called) => called,
            Err(error) => {
                let reason = format!("the backend that its requests call can't be started: {error}");
                return CellFindings::not_started(CellFailure::of_the_harness(reason), String::new());
            }
        };
        let backend = called.as_ref().map(CalledBackend::address);
        let mut server = match self.start(contender, backend, &placement.server_cpus) {
            Ok(server) => server,
            Err(error) => return CellFindings::not_started(error.failure.into(), error.stderr),
        };
        let pid = server.pid();
        let overflows_before = listen_overflows();
        let origin_ns = now_ns();
        let observer = self.observe(contender, &server, origin_ns, placement);
        let found = match task {
            TaskKind::Load(spec) => self.load(spec, &mut server, generator, called.as_mut()),
            TaskKind::Hold(spec) => self.hold(spec, &mut server),
            TaskKind::Disturbed(spec) => {
                disturbed::disturb(spec, &mut server, generator, called.as_mut(), self.interrupt)
            }
        };
        let observed = observer.stop();
        let overflows = listen_overflows().zip(overflows_before).map(|(after, before)| after.saturating_sub(before));
        let stopped = server.stop();
        let failure = called.as_ref().and_then(CalledBackend::failure);
        let found = TaskFindings { failure: found.failure.clone().or(failure), ..found };
        let outcome = outcome(&found, &stopped);
        let mut warnings = found.warnings.clone();
        warnings.extend(after_the_end(&stopped, &found));
        // Of a server that has ended everybody knows that it could not be watched to the end.
        let has_ended = outcome != Outcome::Completed || found.stop_asked_ns.is_some();
        let is_known = |doubt: &Warning| matches!(doubt, Warning::NotObserved { what: Unobserved::Server, .. });
        warnings.extend(observed.unobserved.into_iter().filter(|doubt| !(has_ended && is_known(doubt))));
        let Observed { noise, peak_threads, .. } = observed;
        let samples = rebased(observed.samples, origin_ns, found.origin_ns);
        let inside = observed.inside.map(|inside| rebased_inside(inside, origin_ns, found.origin_ns));
        let server = ServerUsage { peak_threads, listen_overflows: overflows, ..usage(pid, &stopped, &found) };
        let TaskFindings { traffic, disturbance, bounds, generator, stages, .. } = found;
        CellFindings {
            outcome,
            traffic,
            disturbance,
            bounds,
            generator,
            backend: called.and_then(CalledBackend::usage),
            server,
            samples,
            inside,
            stages,
            noise,
            warnings,
        }
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

    fn observe(
        &self,
        contender: &Participant,
        server: &ServerProcess,
        origin_ns: u64,
        placement: &PlacementRecord,
    ) -> Observer {
        let watch = Watch {
            pid: server.pid(),
            extent: server.extent(),
            origin_ns,
            interval: SAMPLING_INTERVAL,
            kernel_stack_bytes_per_thread: self.kernel_stack_bytes_per_thread,
            cpus: placement.generator_cpus.clone(),
            watched_cpus: [&placement.server_cpus[..], &placement.generator_cpus].concat(),
        };
        // A program of another hand has nobody who could be asked.
        if self.plan.inside == Inside::Off || contender.command().is_some() {
            return Observer::start(watch);
        }
        match server.channel() {
            Ok(mut channel) => Observer::start_asking(watch, Box::new(move || channel.ask())),
            // Without its channel it can't be asked, and is watched all the same.
            Err(_) => Observer::start(watch),
        }
    }

    fn load(
        &self,
        spec: &LoadSpec,
        server: &mut ServerProcess,
        generator: Generator,
        mut called: Option<&mut CalledBackend>,
    ) -> TaskFindings {
        let target = server.address();
        let stop = AtomicBool::new(false);
        let mut found = TaskFindings { origin_ns: now_ns(), ..TaskFindings::default() };
        let attend = |moments: LoadMoments| {
            found.look_at(server, moments, now_ns());
            if let Some(called) = &mut called {
                called.look_at(moments, now_ns());
            }
            let is_late = self.deadline.is_some_and(|deadline| Instant::now() >= deadline);
            if found.death.is_some() || self.interrupt.is_set() || is_late {
                stop.store(true, Ordering::Relaxed);
            }
        };
        match load::run(spec, target, generator, &stop, attend) {
            Ok(outcome) => {
                found.traffic = Some(outcome.traffic);
                found.generator = Some(outcome.generator);
            }
            Err(error) => found.failure = Some(error.into()),
        }
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
}

impl CellFindings {
    fn not_started(CellFailure { part, reason }: CellFailure, stderr: String) -> CellFindings {
        CellFindings {
            outcome: Outcome::Failed { part, reason, stderr },
            traffic: None,
            disturbance: None,
            bounds: Vec::new(),
            generator: None,
            backend: None,
            server: ServerUsage::default(),
            samples: Vec::new(),
            inside: None,
            stages: Vec::new(),
            noise: Noise::default(),
            warnings: Vec::new(),
        }
    }
}

fn outcome(found: &TaskFindings, stopped: &Stopped) -> Outcome {
    let stderr = stopped.stderr_tail.clone();
    // What was known at the end has the reason too.
    let death = stopped.death.as_ref().or(found.death.as_ref());
    if let Some(death) = death.filter(|death| !found.was_asked_for(death)) {
        Outcome::Failed { part: FailedPart::Server, reason: format!("the server {}", death.how), stderr }
    } else if let Some(CellFailure { part, reason }) = found.failure.clone() {
        Outcome::Failed { part, reason, stderr }
    } else {
        Outcome::Completed
    }
}

/// What the server's end adds to the warnings.
fn after_the_end(stopped: &Stopped, found: &TaskFindings) -> Vec<Warning> {
    let mut warnings = Vec::new();
    // One that died of what was done to it is a result, which its outcome tells, and no doubt about it.
    let died_of_it = found.disturbance.is_some() && found.died_at_ns.is_some();
    if let Some(death) = stopped.death.as_ref().or(found.death.as_ref()).filter(|_| !died_of_it) {
        warnings.push(Warning::ServerDied { how: death.how.clone() });
    }
    if stopped.killed {
        warnings.push(Warning::ServerKilled);
    }
    if let Some(counters) = stopped.counters.filter(|counters| counters.accept_errors + counters.spawn_errors > 0) {
        warnings.push(Warning::ServerTurnedAway {
            accept_errors: counters.accept_errors,
            spawn_errors: counters.spawn_errors,
        });
    }
    warnings
}

fn usage(pid: u32, stopped: &Stopped, found: &TaskFindings) -> ServerUsage {
    ServerUsage {
        pid: Some(pid),
        window_cpu_ns: found.window_cpu_ns,
        user_cpu_ns: Some(nanoseconds(stopped.usage.user_cpu)),
        system_cpu_ns: Some(nanoseconds(stopped.usage.system_cpu)),
        voluntary_switches: Some(stopped.usage.voluntary_switches),
        involuntary_switches: Some(stopped.usage.involuntary_switches),
        peak_resident_bytes: stopped.peak_resident_bytes,
        peak_threads: None,
        died_at_ns: found.died_at_ns,
        listen_overflows: None,
        counters: stopped.counters,
        driver: stopped.driver.clone(),
    }
}

/// Samples on the clock of the load instead of the observer's; those from before it are left out.
fn rebased(samples: Vec<Sample>, observed_from_ns: u64, origin_ns: u64) -> Vec<Sample> {
    let rebase = |sample: Sample| {
        let at_ns = (sample.at_ns + observed_from_ns).checked_sub(origin_ns)?;
        Some(Sample { at_ns, ..sample })
    };
    samples.into_iter().filter_map(rebase).collect()
}

/// As [`rebased`], for what was seen of the inside.
fn rebased_inside(inside: record::InsideRecord, observed_from_ns: u64, origin_ns: u64) -> record::InsideRecord {
    let rebase = |at_ns: u64| (at_ns + observed_from_ns).checked_sub(origin_ns);
    let answers = inside.answers.into_iter();
    let answers = answers.filter_map(|answer| Some(InsideAnswer { at_ns: rebase(answer.at_ns)?, ..answer }));
    let threads = inside.threads.into_iter();
    let threads = threads.filter_map(|times| Some(ThreadTimes { at_ns: rebase(times.at_ns)?, ..times }));
    record::InsideRecord { answers: answers.collect(), threads: threads.collect(), unanswered: inside.unanswered }
}

/// What was asked of the generator, as it is saved.
pub(super) fn load_record(task: &TaskKind) -> record::Load {
    match task {
        TaskKind::Load(spec) => spec.to_record(),
        TaskKind::Disturbed(spec) => spec.probe.to_record(),
        TaskKind::Hold(spec) => record::Load {
            arrivals: ArrivalsRecord::Held,
            shape: ShapeRecord::Connections { connections: task.peak_connections() },
            offered_load_rps: None,
            work: spec.work.to_string(),
            seed: 0,
            warm_up_ns: 0,
            window_ns: 0,
            timeout_ns: nanoseconds(spec.give_up_after),
        },
    }
}
