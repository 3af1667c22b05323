//! The server of a cell with all that is around it: the backend that it calls, who watches it, and what is known of it once
//! it is gone. The same on this machine and, for a run that is typed on another, on the server's.
//!
//! Must not know: what is put to the server, and by whom. Beside it: `cell.rs`, which puts something to it; `host.rs`, which
//! does this for a run on another machine.

use std::fmt::Display;
use std::time::Duration;

use instruments::clock::nanoseconds;
use instruments::load::{LoadMoments, now_ns};
use instruments::observe::{Observed, Observer, Watch, listen_overflows};
use reports::record::{
    self, FailedPart, InsideAnswer, Noise, Outcome, PlacementRecord, Sample, ServerUsage, ThreadTimes, Unobserved,
    Warning,
};

use super::called::CalledBackend;
use super::elsewhere::SentLoad;
use super::findings::{CellFailure, TaskFindings};
use crate::process::{ServerProcess, Stopped};

/// Time between two samples of the server.
const SAMPLING_INTERVAL: Duration = Duration::from_millis(50);

/// What was seen in a cell.
#[derive(Debug)]
pub(super) struct CellFindings {
    pub(super) outcome: Outcome,
    /// What the task found out, with all that is to be known before believing the cell.
    pub(super) task: TaskFindings,
    pub(super) backend: Option<record::BackendUsage>,
    pub(super) server: ServerUsage,
    pub(super) samples: Vec<Sample>,
    pub(super) inside: Option<record::InsideRecord>,
    pub(super) noise: Noise,
}

/// How a server is watched.
#[derive(Debug)]
pub(super) struct WatchSettings {
    /// Which CPUs are whose.
    pub(super) placement: PlacementRecord,
    /// As [`reports::record::Machine`] has it.
    pub(super) kernel_stack_bytes_per_thread: u64,
    /// Processes that belong to the run too.
    pub(super) beside: Vec<u32>,
    /// Whether it is asked about its inside.
    pub(super) is_asked: bool,
}

/// A server that is watched.
pub(super) struct ServedCell {
    pub(super) server: ServerProcess,
    pub(super) called: Option<CalledBackend>,
    observer: Observer,
    overflows_before: Option<u64>,
    origin_ns: u64,
}

impl ServedCell {
    /// Begins to watch a server, which calls this backend if any.
    pub(super) fn watch(server: ServerProcess, called: Option<CalledBackend>, watching: &WatchSettings) -> ServedCell {
        let overflows_before = listen_overflows();
        let origin_ns = now_ns();
        let WatchSettings { placement, kernel_stack_bytes_per_thread, beside, is_asked } = watching;
        let watch = Watch {
            pid: server.pid(),
            extent: server.extent(),
            origin_ns,
            interval: SAMPLING_INTERVAL,
            kernel_stack_bytes_per_thread: *kernel_stack_bytes_per_thread,
            cpus: placement.generator_cpus.clone(),
            beside: beside.clone(),
            watched_cpus: [&placement.server_cpus[..], &placement.generator_cpus].concat(),
        };
        // Without its channel it can't be asked, and is watched all the same.
        let channel = if *is_asked { server.channel().ok() } else { None };
        let observer = match channel {
            Some(mut channel) => Observer::start_asking(watch, Box::new(move || channel.ask())),
            None => Observer::start(watch),
        };
        ServedCell { server, called, observer, overflows_before, origin_ns }
    }

    /// Looks at the server and its backend while a load runs, again and again.
    pub(super) fn look_at(&mut self, found: &mut TaskFindings, moments: LoadMoments, now_ns: u64) {
        found.look_at(&mut self.server, moments, now_ns);
        if let Some(called) = &mut self.called {
            called.look_at(moments, now_ns);
        }
    }

    /// Stops it, and says all that is known.
    pub(super) fn end(self, mut found: TaskFindings) -> CellFindings {
        let ServedCell { server, called, observer, overflows_before, origin_ns } = self;
        let pid = server.pid();
        let observed = observer.stop();
        let overflows = listen_overflows().zip(overflows_before).map(|(after, before)| after.saturating_sub(before));
        let stopped = server.stop();
        let failure = called.as_ref().and_then(CalledBackend::failure);
        found.failure = found.failure.or(failure);
        let outcome = outcome(&found, &stopped);
        let at_the_end = after_the_end(&stopped, &found);
        found.warnings.extend(at_the_end);
        // Of a server that has ended everybody knows that it could not be watched to the end.
        let has_ended = outcome != Outcome::Completed || found.stop_asked_ns.is_some();
        let is_known = |doubt: &Warning| matches!(doubt, Warning::NotObserved { what: Unobserved::Server, .. });
        found.warnings.extend(observed.unobserved.into_iter().filter(|doubt| !(has_ended && is_known(doubt))));
        let Observed { noise, peak_threads, .. } = observed;
        CellFindings {
            outcome,
            backend: called.and_then(CalledBackend::usage),
            server: ServerUsage { peak_threads, listen_overflows: overflows, ..usage(pid, &stopped, &found) },
            samples: rebased(observed.samples, origin_ns, found.origin_ns),
            inside: observed.inside.map(|inside| rebased_inside(inside, origin_ns, found.origin_ns)),
            noise,
            task: found,
        }
    }
}

impl CellFindings {
    /// Of a cell whose server does not serve.
    pub(super) fn not_started(CellFailure { part, reason }: CellFailure, stderr: String) -> CellFindings {
        CellFindings { outcome: Outcome::Failed { part, reason, stderr }, ..CellFindings::nothing() }
    }

    /// Of a cell that what measures could not run.
    pub(super) fn not_run(reason: impl Display) -> CellFindings {
        CellFindings::not_started(CellFailure::of_the_harness(reason), String::new())
    }

    /// Together with what became of the load, which was sent from elsewhere. What ended the server ended the load.
    pub(super) fn with(mut self, sent: Result<SentLoad, CellFailure>) -> CellFindings {
        if let (Err(CellFailure { part, reason }), Outcome::Completed) = (&sent, &self.outcome) {
            self.outcome = Outcome::Failed { part: *part, reason: reason.clone(), stderr: String::new() };
        }
        self.task.take(sent);
        self
    }

    /// Of a cell that ended as planned and of which nothing was seen.
    pub(super) fn nothing() -> CellFindings {
        CellFindings {
            outcome: Outcome::Completed,
            task: TaskFindings::default(),
            backend: None,
            server: ServerUsage::default(),
            samples: Vec::new(),
            inside: None,
            noise: Noise::default(),
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
