//! The run of a lesson: its folder, its cells within a minute, the traced windows, and the prediction with its result.
//!
//! Must not know: how a lesson is asked or told. Beside it: `../new_run.rs`, how any run begins; `workshop/course.rs`, which
//! cells it has.

use std::path::Path;
use std::time::{Duration, Instant};

use instruments::observe::{allowed_cpus, machine, restrict_this_thread};
use reports::record::store::{Run, RunFolder};
use reports::record::{Cell, Ending, Machine, Manifest, PlacementKind, PlacementRecord, PredictionRecord, RecordError};

use crate::cli::busy::{self, FirstLook};
use crate::cli::contenders;
use crate::cli::new_run::{self, steered_plan};
use crate::cli::progress::QuietArg;
use crate::cli::trace::{self, TracedWindows};
use crate::plan::{Cast, Experiment, Participant, PlanError, Preset, RunPlan, Task, place};
use crate::run::{Execution, Interrupt, MachineLock, Preflight, RunEnd, RunProgress};
use crate::workshop::course::{self, LONGEST_RUN, LessonCells};
use crate::workshop::lesson::{Lesson, LessonSettings, LessonSetup};
use crate::workshop::settle::{LessonFindings, settle};

/// What all runs of a session have in common. This thread leaves the servers' CPUs when it is entered.
pub(in crate::cli) struct LessonStage {
    /// Which CPUs are whose.
    pub(in crate::cli) placement: PlacementRecord,
    pub(super) machine: Machine,
    /// Set by a signal.
    pub(in crate::cli) interrupt: Interrupt,
}

impl LessonStage {
    /// Looks at the machine, and listens for signals from now on.
    ///
    /// # Errors
    /// Where the machine can't be looked at.
    pub(in crate::cli) fn enter() -> anyhow::Result<LessonStage> {
        let placement = place(PlacementKind::Isolated, &allowed_cpus()?);
        let stage = LessonStage { placement, machine: machine()?, interrupt: Interrupt::listen()? };
        restrict_this_thread(&stage.placement.generator_cpus)?;
        Ok(stage)
    }
}

/// A lesson that is to be run.
pub(in crate::cli) struct LessonRun<'a> {
    pub(in crate::cli) lesson: &'static Lesson,
    pub(in crate::cli) settings: &'a LessonSettings,
    pub(in crate::cli) setup: &'a LessonSetup,
    pub(in crate::cli) seed: u64,
    /// Where it is written.
    pub(in crate::cli) folder: &'a Path,
}

impl LessonRun<'_> {
    /// Runs it, and writes the predictions down with their result. Another benchmark on this machine is waited for by nobody:
    /// it is refused.
    ///
    /// # Errors
    /// Where the machine is unfit or held by another run, or something can't be written. What a server does is data.
    pub(in crate::cli) fn carry_out(
        &self,
        stage: &LessonStage,
        first_look: FirstLook,
        predictions: &[PredictionRecord],
        progress: &mut dyn RunProgress,
    ) -> anyhow::Result<RunEnd> {
        let _lock = MachineLock::take()?;
        let experiment = course::experiment(self.lesson, self.setup);
        let (plan, preflight) = self.plan(stage, &experiment)?;
        preflight.check()?;
        let mut cells = self.cells(&plan);
        let busy = busy::doubt(first_look, QuietArg::OFF);
        let (path, name) = new_run::folder(Some(self.folder), WHAT)?;
        let folder = RunFolder::create(path)?;
        let what = (name, WHAT);
        let mut manifest = new_run::manifest(&plan, &preflight, stage.machine.clone(), what, cells.len() as u32);
        manifest.warnings.extend(busy);
        folder.write_manifest(&manifest)?;
        write(&folder, predictions.iter().cloned())?;
        let interrupt = &stage.interrupt;
        let execution = Execution { plan: &plan, folder: &folder, manifest, interrupt, program: None, elsewhere: None };
        let each = cells.time_of_a_cell();
        let mut forecast = LessonForecast { shown: progress, cells: cells.len(), ended: 0, each };
        let end = execution.steer(&mut cells, Instant::now() + LONGEST_RUN, &mut forecast)?;
        if end.ending == Ending::Completed {
            self.trace(&plan, &folder, interrupt)?;
        }
        let run = folder.read()?;
        let (result, _) = settle(&LessonFindings::of(&run, self.settings), self.setup);
        write(&folder, predictions.iter().map(|one| PredictionRecord { result: Some(result.clone()), ..one.clone() }))?;
        Ok(end)
    }

    /// The plan, and what the machine allows. Changes nothing but this process's own limits.
    fn plan<'e>(&self, stage: &LessonStage, experiment: &'e Experiment) -> anyhow::Result<(RunPlan<'e>, Preflight)> {
        let contenders = contenders_of(self.setup, stage)?;
        let parts = vec![(0..contenders.len()).collect()];
        let cast = Cast { experiments: vec![experiment], contenders, parts, left_out: Vec::new() };
        let sizes = course::sizes(Preset::Quick.sizes(), self.setup);
        let placement = (PlacementKind::Isolated, stage.placement.clone());
        let most = self.setup.tasks.iter().map(|task| task.kind.peak_connections()).max().unwrap_or(0);
        Ok(steered_plan(cast, (sizes, self.seed), placement, None, most))
    }

    fn cells(&self, plan: &RunPlan<'_>) -> LessonCells {
        let as_allowed = |task: &Task| plan.placement_of(task).is_some().then(|| plan.within_limits(task.clone()));
        LessonCells::new(self.setup, self.seed, as_allowed)
    }

    /// Traces what the lesson wants to show.
    fn trace(&self, plan: &RunPlan<'_>, folder: &RunFolder, interrupt: &Interrupt) -> anyhow::Result<()> {
        let Some((work, connections)) = &self.setup.traced else { return Ok(()) };
        let contenders = plan.contenders.iter().collect();
        let (works, connections) = (vec![work.clone()], *connections);
        let windows = TracedWindows { contenders, works, connections, with_cost: false };
        trace::add(plan, folder, &windows, interrupt)
    }
}

/// Writes or replaces all predictions.
fn write(folder: &RunFolder, predictions: impl Iterator<Item = PredictionRecord>) -> Result<(), RecordError> {
    predictions.enumerate().try_for_each(|(number, prediction)| folder.write_prediction(number, &prediction))
}

/// Says how many cells there will be, which a run that is steered can only guess and a lesson knows.
struct LessonForecast<'p> {
    shown: &'p mut dyn RunProgress,
    cells: usize,
    ended: usize,
    each: Duration,
}

impl RunProgress for LessonForecast<'_> {
    fn run_begins(&mut self, manifest: &Manifest) {
        self.shown.run_begins(manifest);
    }

    fn planned(&mut self, _: usize, left: Duration) {
        let cells_left = self.cells.saturating_sub(self.ended) as u32;
        self.shown.planned(self.cells, left.min(self.each * cells_left));
    }

    fn begins(&mut self, order: u32, finds_out: &str, contender: &str) {
        self.shown.begins(order, finds_out, contender);
    }

    fn ended(&mut self, cell: &Cell) {
        self.ended += 1;
        self.shown.ended(cell);
    }
}

/// What the kind of run is called in its manifest.
const WHAT: &str = "lesson";

/// A recorded run of a lesson, with what it was set to.
///
/// # Errors
/// Where the folder holds no run, or one of something else.
pub(super) fn replayed(path: &Path, lesson: &Lesson) -> anyhow::Result<(Run, LessonSettings)> {
    let run = RunFolder::open(path)?.read()?;
    let settings = settings_of_saved(&run, lesson).ok_or_else(|| {
        let (path, name) = (path.display(), lesson.name);
        PlanError::Usage(format!(
            "{path} is not a run of the lesson {name}; make one with harness lesson {name} --out DIR"
        ))
    })?;
    Ok((run, settings))
}

/// What the lesson was set to in a saved run; absent where it is a run of something else.
pub(in crate::cli) fn settings_of_saved(run: &Run, lesson: &Lesson) -> Option<LessonSettings> {
    let is_of_it = run.manifest.experiments.first().is_some_and(|experiment| experiment.name == lesson.name);
    let changed = run.predictions.first().map_or(&[][..], |prediction| &prediction.settings);
    LessonSettings::with(lesson.controls, changed).ok().filter(|_| is_of_it)
}

/// The contenders of a setup, as they are where servers have these CPUs.
///
/// # Errors
/// Where the CPUs can't be had.
pub(super) fn contenders_of(setup: &LessonSetup, stage: &LessonStage) -> anyhow::Result<Vec<Participant>> {
    contenders::listed(&stage.placement.server_cpus, Some(&setup.contenders.join(",")), &[])
}
