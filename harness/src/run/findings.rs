//! What the task of a cell finds out, whichever task it is. Beside it: `cell.rs` (load), `held.rs` (held connections),
//! `disturbed.rs` (a probe and a disturbance).

use std::fmt::Display;
use std::time::Duration;

use instruments::clock::nanoseconds;
use instruments::load::{LoadError, LoadMoments, LoadOutcome};
use instruments::observe::cpu_time;
use reports::record::{Bound, DisturbanceRecord, FailedPart, GeneratorUsage, Stage, Traffic, Warning, WorkerRecord};

use super::elsewhere::SentLoad;
use crate::process::{Death, LaunchFailure, ServerProcess};

/// What the task itself found out, while the server ran.
#[derive(Debug, Default)]
pub(crate) struct TaskFindings {
    /// Start of the load, monotonic; the start of the task where there is no load.
    pub(crate) origin_ns: u64,
    pub(crate) traffic: Option<Traffic>,
    pub(crate) generator: Option<GeneratorUsage>,
    /// Who sent it, where others did, and how far apart they began.
    pub(crate) workers: Vec<WorkerRecord>,
    pub(crate) start_skew_ns: Option<u64>,
    pub(crate) disturbance: Option<DisturbanceRecord>,
    pub(crate) bounds: Vec<Bound>,
    pub(super) cpu_at_window_start: Option<Duration>,
    pub(crate) window_cpu_ns: Option<u64>,
    pub(crate) stages: Vec<Stage>,
    pub(crate) warnings: Vec<Warning>,
    /// Why the task could not be put to the server.
    pub(crate) failure: Option<CellFailure>,
    pub(crate) death: Option<Death>,
    /// When it was found dead in the middle, from `origin_ns`.
    pub(crate) died_at_ns: Option<u64>,
    /// When it was told to stop in the middle, from `origin_ns`.
    pub(super) stop_asked_ns: Option<u64>,
}

/// Why a cell has no result.
#[derive(Debug, Clone)]
pub(crate) struct CellFailure {
    pub(crate) part: FailedPart,
    /// A sentence without its full stop.
    pub(crate) reason: String,
}

impl CellFailure {
    /// What measures failed, and the server did nothing wrong.
    pub(crate) fn of_the_harness(reason: impl Display) -> CellFailure {
        CellFailure { part: FailedPart::Harness, reason: reason.to_string() }
    }
}

impl From<LoadError> for CellFailure {
    fn from(error: LoadError) -> CellFailure {
        let part = match error {
            LoadError::NotConnected { .. } => FailedPart::Server,
            LoadError::Epoll(_) | LoadError::Thread(_) | LoadError::NoSocket { .. } => FailedPart::Harness,
        };
        CellFailure { part, reason: error.to_string() }
    }
}

impl From<LaunchFailure> for CellFailure {
    fn from(failure: LaunchFailure) -> CellFailure {
        let part = if failure.is_ours() { FailedPart::Harness } else { FailedPart::Server };
        CellFailure { part, reason: failure.to_string() }
    }
}

impl TaskFindings {
    /// What became of a load that was sent from here.
    pub(super) fn take_own(&mut self, sent: Result<LoadOutcome, LoadError>) {
        match sent {
            Ok(outcome) => {
                self.traffic = Some(outcome.traffic);
                self.generator = Some(outcome.generator);
            }
            Err(error) => self.failure = Some(error.into()),
        }
    }

    /// What became of a load that was sent from elsewhere.
    pub(super) fn take(&mut self, sent: Result<SentLoad, CellFailure>) {
        match sent {
            Ok(SentLoad { traffic, generator, workers, start_skew_ns, warnings }) => {
                self.traffic = Some(traffic);
                self.generator = Some(generator);
                self.workers = workers;
                self.start_skew_ns = Some(start_skew_ns);
                self.warnings.extend(warnings);
            }
            Err(failure) => self.failure = Some(failure),
        }
    }

    /// Whether a server that ended in this way did what it was told.
    pub(super) fn was_asked_for(&self, death: &Death) -> bool {
        self.stop_asked_ns.is_some() && death.is_in_order()
    }

    /// Looks at the server while a load runs, again and again: reads its CPU time at both edges of the window, and whether
    /// it has died.
    pub(super) fn look_at(&mut self, server: &mut ServerProcess, moments: LoadMoments, now_ns: u64) {
        self.origin_ns = moments.origin_ns;
        let cpu = || cpu_time(server.pid(), server.extent()).ok();
        if self.cpu_at_window_start.is_none() && now_ns >= moments.window_start_ns {
            self.cpu_at_window_start = cpu();
        }
        if self.window_cpu_ns.is_none() && now_ns >= moments.window_end_ns {
            let used = cpu().zip(self.cpu_at_window_start).map(|(end, start)| end.saturating_sub(start));
            self.window_cpu_ns = used.map(nanoseconds);
        }
        if self.death.is_none() {
            self.death = server.poll_death();
            self.died_at_ns = self.death.as_ref().map(|_| now_ns.saturating_sub(moments.origin_ns));
        }
    }
}
