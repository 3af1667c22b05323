//! A run from beginning to end: the plan's probes and blocks, what is missing of a run that was cut off, or the cells that
//! a search chooses as it goes on; and its manifest, completed.
//!
//! Must not know: how a report looks, what is searched for. Beside it: `series.rs`, which runs cells one after another.

use std::path::Path;
use std::time::{Duration, Instant};

use instruments::clock::nanoseconds;
use reports::record::store::{RecordError, Run, RunFolder};
use reports::record::{Cell, Ending, Manifest, Purpose, Warning};

use super::cell::CellRunner;
use super::elsewhere::Elsewhere;
use super::preflight::generator_bounds;
use super::queue::time_of;
use super::series::{CellSeries, RunProgress};
use super::session::Interrupt;
use crate::plan::{RunPlan, Turn, block_order};
use crate::search::Steering;

/// How a run came out, beyond what its folder says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RunEnd {
    /// How it ended.
    pub ending: Ending,
    /// Cells written.
    pub cells: u32,
    /// Cells whose server could not be started, or died where nothing was done to it.
    pub failed: u32,
}

/// A run that ended because its records could no longer be written.
#[derive(Debug, thiserror::Error)]
#[error("{source}")]
pub struct UnwrittenRun {
    /// All that was measured until then, the last of it perhaps nowhere but here.
    run: Run,
    /// Why, with the file.
    source: RecordError,
}

impl UnwrittenRun {
    fn new(manifest: Manifest, cells: Vec<Cell>, source: RecordError) -> Box<UnwrittenRun> {
        Box::new(UnwrittenRun { run: Run { manifest, cells, timelines: Vec::new(), predictions: Vec::new() }, source })
    }

    /// Why it ended, and what was measured.
    pub fn into_parts(self) -> (RecordError, Run) {
        (self.source, self.run)
    }
}

/// Everything a run needs besides its plan.
pub struct Execution<'a> {
    /// What to run.
    pub plan: &'a RunPlan<'a>,
    /// Where cells are written.
    pub folder: &'a RunFolder,
    /// The manifest as written at the start; it is completed and written again at the end.
    pub manifest: Manifest,
    /// Set by a signal.
    pub interrupt: &'a Interrupt,
    /// The program that is executed as a server; this very one where none is given.
    pub program: Option<&'a Path>,
    /// The other machines of the run; none where all is done on this one.
    pub elsewhere: Option<Elsewhere>,
}

impl Execution<'_> {
    /// Runs the plan to its end or until it is interrupted.
    ///
    /// # Errors
    /// Where a record can't be written. What was written before stays, and all that was measured is handed back with the
    /// reason. Whatever a server does is data.
    pub fn run(self, progress: &mut dyn RunProgress) -> Result<RunEnd, Box<UnwrittenRun>> {
        self.carry_out(None, progress, |series| series.run())
    }

    /// Runs what is missing in a run that was cut off, or that gets more blocks: all of the plan but `kept`, the cells
    /// that its folder holds.
    ///
    /// # Errors
    /// As [`Execution::run`].
    pub fn resume(self, kept: Vec<Cell>, progress: &mut dyn RunProgress) -> Result<RunEnd, Box<UnwrittenRun>> {
        self.carry_out(None, progress, |series| {
            series.keep(kept);
            series.run()
        })
    }

    /// Runs the plan under the loads that follow from the probes of another run, so that the two can be compared.
    ///
    /// # Errors
    /// As [`Execution::run`].
    pub fn run_with_probes(
        self,
        probes: Vec<Cell>,
        progress: &mut dyn RunProgress,
    ) -> Result<RunEnd, Box<UnwrittenRun>> {
        self.carry_out(None, progress, |series| {
            series.take_loads_from(probes);
            series.run()
        })
    }

    /// Runs the cells that `steering` chooses until it has enough, or it is interrupted, or the deadline has come. A cell
    /// that is under way then is cut off and no result.
    ///
    /// # Errors
    /// As [`Execution::run`].
    pub fn steer(
        self,
        steering: &mut dyn Steering,
        deadline: Instant,
        progress: &mut dyn RunProgress,
    ) -> Result<RunEnd, Box<UnwrittenRun>> {
        self.carry_out(Some(deadline), progress, |series| series.steered(steering, deadline))
    }

    /// Runs a series of cells, and completes the manifest with what was planned.
    fn carry_out(
        mut self,
        deadline: Option<Instant>,
        progress: &mut dyn RunProgress,
        run: impl FnOnce(&mut CellSeries<'_>) -> Result<Planned, RecordError>,
    ) -> Result<RunEnd, Box<UnwrittenRun>> {
        progress.run_begins(&self.manifest);
        let begun = Instant::now();
        let Execution { plan, folder, interrupt, program, .. } = self;
        let elsewhere = self.elsewhere.take();
        let stack_bytes = self.manifest.machine.kernel_stack_bytes_per_thread;
        let runner = CellRunner::new(plan, interrupt, program, stack_bytes, (deadline, elsewhere));
        let mut series = CellSeries::new(plan, folder, interrupt, runner, progress, deadline);
        let planned = run(&mut series);
        let (cells, failed, measured) = series.finish();
        let planned = match planned {
            Ok(planned) => planned,
            Err(source) => return Err(UnwrittenRun::new(self.manifest, measured, source)),
        };
        let before = self.manifest.elapsed_ns.unwrap_or(0);
        let ending = if self.interrupt.is_set() { Ending::Interrupted } else { Ending::Completed };
        self.manifest.planned_cells = planned.cells;
        self.manifest.blocks = planned.blocks;
        for bound in planned.bounds {
            if !self.manifest.warnings.contains(&bound) {
                self.manifest.warnings.push(bound);
            }
        }
        self.manifest.elapsed_ns = Some(before.saturating_add(nanoseconds(begun.elapsed())));
        self.manifest.ending = ending;
        match self.folder.write_manifest(&self.manifest) {
            Ok(()) => Ok(RunEnd { ending, cells, failed }),
            Err(source) => Err(UnwrittenRun::new(self.manifest, measured, source)),
        }
    }
}

/// What was to be run, as it is known at the end.
struct Planned {
    cells: u32,
    blocks: u32,
    /// What bounded it.
    bounds: Vec<Warning>,
}

impl CellSeries<'_> {
    /// Runs everything.
    fn run(&mut self) -> Result<Planned, RecordError> {
        let plan = self.plan;
        let probes = self.unprobed(plan.probes());
        let blocks = plan.most_blocks();
        let guess = plan.fullest();
        self.progress.planned(probes.len() + guess.len(), time_of(&probes) + time_of(&guess));
        let probed = probes.len();
        let capacities = self.probe(block_order(plan.probes(), plan.seed, u32::MAX))?;
        let bounds = generator_bounds(plan, &capacities);
        let turns: Vec<Turn> = (0..blocks).flat_map(|number| plan.block(number, &capacities)).collect();
        let missing = self.unknown(turns);
        let cells = self.kept + (probed + missing.len()) as u32;
        self.progress.planned(cells as usize, time_of(&missing));
        for number in 0..blocks {
            let turns = block_order(plan.block(number, &capacities), plan.seed, number);
            if number > 0 {
                self.allow_retries(number, turns.iter().filter(|turn| self.known(turn).is_none()).count());
            }
            self.block(turns, Purpose::Measure, |_, _| {})?;
        }
        Ok(Planned { cells, blocks: plan.sizes.blocks, bounds })
    }

    /// What was planned is what was run: the most blocks that anything got.
    fn steered(&mut self, steering: &mut dyn Steering, deadline: Instant) -> Result<Planned, RecordError> {
        let (begun, mut blocks) = (Instant::now(), 0);
        loop {
            let left = deadline.saturating_duration_since(Instant::now());
            self.progress.planned(self.expected(begun.elapsed(), left), left);
            let Some(mut turn) = steering.next(left) else { break };
            // A search asks for an echo where a page is to stand for it.
            let Some(task) = self.plan.as_asked(turn.task) else { break };
            turn.task = task;
            let Some(cell) = self.cell(turn, Purpose::Measure)? else { break };
            blocks = blocks.max(cell.block + 1);
            steering.found(&cell);
        }
        Ok(Planned { cells: self.next_order, blocks, bounds: Vec::new() })
    }

    /// Cells there will be, if the next take as long as those before.
    fn expected(&self, elapsed: Duration, left: Duration) -> usize {
        let ended = f64::from(self.next_order);
        let more = ended * left.as_secs_f64() / elapsed.as_secs_f64().max(0.001);
        (ended + more) as usize
    }
}
