//! What is done to one contender's fresh server: the content of a cell. Plain data and pure functions.
//!
//! Must not know: how it is done. Beside it: `experiment.rs`, whose recipes make tasks; `load.rs` and `disturbance.rs`, what a
//! task holds.

use std::borrow::Cow;
use std::iter;
use std::time::Duration;

use instruments::clock::nanoseconds;
use instruments::load::{ArrivalProcess, DisturbanceKind, LoadSpec, Work};
use reports::diff::Measured;
use reports::record::{self, ArrivalsRecord, ShapeRecord};

use super::{CpuNeed, DisturbedSpec, Workload};

/// What is done to one contender's fresh server: the content of a cell.
#[derive(Debug, Clone, PartialEq)]
pub struct Task {
    /// Key of the workload.
    pub workload: Cow<'static, str>,
    /// Tells the tasks of a workload apart, in the cell's name: `8000rps`.
    pub point: String,
    /// The value of the variable that the experiment sweeps, where that is not the offered load.
    pub variation: Option<f64>,
    /// How many CPUs its server gets.
    pub server_cpus: CpuNeed,
    /// What is done.
    pub kind: TaskKind,
}

impl Task {
    /// For a server on the CPUs of the run, where nothing is swept but the offered load.
    pub fn new(workload: impl Into<Cow<'static, str>>, point: impl Into<String>, kind: TaskKind) -> Task {
        let (workload, point) = (workload.into(), point.into());
        Task { workload, point, variation: None, server_cpus: CpuNeed::AsPlaced, kind }
    }

    /// At this value of what the experiment sweeps.
    pub fn varied(self, value: f64) -> Task {
        Task { variation: Some(value), ..self }
    }

    /// For a server on so many CPUs.
    pub fn on(self, server_cpus: CpuNeed) -> Task {
        Task { server_cpus, ..self }
    }
}

impl Workload {
    /// A task of this workload, which `point` tells from its others.
    pub fn task(&self, point: impl Into<String>, kind: TaskKind) -> Task {
        Task::new(self.key.clone(), point, kind)
    }
}

/// What is done to a server.
#[derive(Debug, Clone, PartialEq)]
#[expect(clippy::large_enum_variant, reason = "a plan holds some hundreds of them, and experiments write them as data")]
pub enum TaskKind {
    /// Load, on schedule or in closed loop.
    Load(LoadSpec),
    /// Connections are opened in stages and held.
    Hold(HoldSpec),
    /// A probe, and something that is done to the server meanwhile.
    Disturbed(DisturbedSpec),
}

impl TaskKind {
    /// How it is measured, on which depends what a gate can look at.
    pub(super) fn measured(&self) -> Measured {
        match self {
            TaskKind::Load(LoadSpec { arrivals: ArrivalProcess::Closed, .. }) => Measured::ClosedLoop,
            TaskKind::Load(_) => Measured::Scheduled,
            TaskKind::Hold(_) => Measured::Held,
            TaskKind::Disturbed(_) => Measured::Disturbed,
        }
    }

    /// What is asked of the generator, as it is saved.
    pub fn to_record(&self) -> record::Load {
        match self {
            TaskKind::Load(spec) => spec.to_record(),
            TaskKind::Disturbed(spec) => spec.probe.to_record(),
            TaskKind::Hold(spec) => record::Load {
                arrivals: ArrivalsRecord::Held,
                shape: ShapeRecord::Connections { connections: self.peak_connections() },
                offered_load_rps: None,
                work: spec.work.to_string(),
                seed: 0,
                warm_up_ns: 0,
                window_ns: 0,
                timeout_ns: nanoseconds(spec.give_up_after),
            },
        }
    }

    /// Sets the seed of the arrivals of what is measured, and of what is done meanwhile.
    pub fn set_seed(&mut self, seed: u64) {
        match self {
            TaskKind::Load(spec) => spec.seed = seed,
            TaskKind::Hold(_) => {}
            TaskKind::Disturbed(spec) => {
                spec.probe.seed = seed;
                if let DisturbanceKind::Load(load) = &mut spec.disturbance.kind {
                    // Another, or the two would be in step.
                    load.seed = !seed;
                }
            }
        }
    }

    /// The most connections that are open at once.
    pub fn peak_connections(&self) -> u32 {
        match self {
            TaskKind::Load(spec) => spec.peak_connections(),
            TaskKind::Hold(spec) => spec.counts.iter().copied().max().unwrap_or(0),
            TaskKind::Disturbed(spec) => spec.probe.peak_connections() + spec.disturbance.peak_connections(),
        }
    }

    /// What its requests ask for.
    pub fn works(&self) -> impl Iterator<Item = &Work> {
        let (work, beside) = match self {
            TaskKind::Load(spec) => (&spec.work, None),
            TaskKind::Hold(spec) => (&spec.work, None),
            TaskKind::Disturbed(spec) => (&spec.probe.work, spec.disturbance.kind.work()),
        };
        iter::once(work).chain(beside)
    }

    /// Whether a request of it has the server ask its backend.
    pub fn calls_backend(&self) -> bool {
        self.works().any(Work::calls_backend)
    }

    /// About how long it takes, without the server's start and stop. Open load within capacity ends with its window.
    pub fn usual_duration(&self) -> Duration {
        match self {
            TaskKind::Load(spec) => spec.warm_up + spec.window,
            // Measured: the servers that serve all who are held take half as long again as must be quiet at least.
            TaskKind::Hold(spec) => spec.quiet_in_all() * 3 / 2,
            TaskKind::Disturbed(spec) => spec.probe.warm_up + spec.probe.window,
        }
    }
}

/// How connections are held.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HoldSpec {
    /// Connections at each stage, ascending; a stage with none comes before them by itself.
    pub counts: Vec<u32>,
    /// What each connection asks for once, at the last stage.
    pub work: Work,
    /// How long nothing may happen before waiting for it is given up.
    pub give_up_after: Duration,
}

impl HoldSpec {
    /// How long nothing may change until a server that holds so many connections is taken to be at rest. The more there are, the
    /// longer are the pauses between the bursts in which it takes them.
    pub(crate) fn quiet_with(connections: u64) -> Duration {
        Duration::from_millis(40 + connections.min(1_200) / 20)
    }

    /// The same after so many were closed: thousands of threads end in bursts too, and with longer pauses.
    pub(crate) fn quiet_after_closing(connections: u64) -> Duration {
        5 * HoldSpec::quiet_with(connections)
    }

    /// The sum over all stages: nobody is held, then so many and so many, those are answered, and gone.
    fn quiet_in_all(&self) -> Duration {
        let most = self.counts.iter().copied().max().unwrap_or(0);
        let counts = [0].iter().chain(&self.counts).chain([&most]).map(|count| HoldSpec::quiet_with(u64::from(*count)));
        counts.sum::<Duration>() + HoldSpec::quiet_after_closing(u64::from(most))
    }
}
