//! Carries a plan out: probes, then block after block in random order, a fresh server process for every cell, each
//! cell written down as soon as it has ended.
//!
//! Must not know: how a report looks, how progress is shown. Beside it: `cell.rs` runs one cell.

mod cell;
mod disturbed;
mod found;
mod held;
mod interrupt;
mod known;
mod lock;
mod preflight;
mod provenance;
mod queue;
mod steered;
mod validity;

use std::path::Path;
use std::time::{Duration, Instant};

use reports::record::store::{RecordError, RunFolder};
use reports::record::{Cell, Ending, Manifest, Purpose, SCHEMA_VERSION, Warning};

pub(crate) use held::{Held, hold};
pub use interrupt::Interrupt;
pub use lock::{LockError, MachineLock};
pub use preflight::{Preflight, Unfit, preflight, preflight_connections, preflight_for, preflight_side_by_side};
pub use provenance::{commit, utc_now};
pub(crate) use validity::{NOISE, warnings};
pub use validity::{generator_doubts, is_failure, machine_doubts, traffic_doubts};

use crate::load::now_ns;
use crate::plan::{Capacities, RunPlan, Turn, arrival_seed, block_order};
use cell::Bench;
use preflight::generator_bounds;
use queue::Queue;

/// What a cell costs besides its task: starting, stopping and reaping the server, reading the last figures. Measured
/// on two cores; only the forecast of the time left depends on it.
const CELL_OVERHEAD: Duration = Duration::from_millis(120);

/// Who wants to know how a run is going.
pub trait Progress {
    /// The number of cells and the time they should take are known, or known better than before.
    fn planned(&mut self, cells: usize, time: Duration);
    /// A cell begins, number `order` of the run from 0.
    fn begins(&mut self, order: u32, what: &str);
    /// A cell has ended.
    fn ended(&mut self, cell: &Cell);
}

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

/// Everything a run needs besides its plan.
pub struct Execution<'a> {
    /// What to run.
    pub plan: &'a RunPlan,
    /// Where cells are written.
    pub folder: &'a RunFolder,
    /// The manifest as written at the start; it is completed and written again at the end.
    pub manifest: Manifest,
    /// Set by a signal.
    pub interrupt: &'a Interrupt,
    /// The program that is executed as a server; this very one where none is given.
    pub program: Option<&'a Path>,
}

impl Execution<'_> {
    /// Runs the plan to its end or until it is interrupted.
    ///
    /// # Errors
    /// Where a record can't be written. What was written before stays. Whatever a server does is data.
    pub fn run(self, progress: &mut dyn Progress) -> Result<RunEnd, RecordError> {
        self.carry_out(None, progress, |series| series.run())
    }

    /// Runs a series of cells, and completes the manifest with what was planned.
    fn carry_out(
        mut self,
        deadline: Option<Instant>,
        progress: &mut dyn Progress,
        run: impl FnOnce(&mut Series<'_>) -> Result<Planned, RecordError>,
    ) -> Result<RunEnd, RecordError> {
        let begun = Instant::now();
        let mut series = Series {
            execution: &self,
            bench: Bench::new(&self, deadline),
            progress,
            origin_ns: now_ns(),
            deadline,
            known: Vec::new(),
            are_loads_given: false,
            kept: 0,
            next_order: 0,
            retries_left: self.plan.sizes.retries * self.plan.sizes.blocks,
            failed: 0,
        };
        let planned = run(&mut series)?;
        let (cells, failed) = (series.next_order, series.failed);
        let before = self.manifest.elapsed_s.unwrap_or(0.0);
        let ending = if self.interrupt.is_set() { Ending::Interrupted } else { Ending::Completed };
        self.manifest.planned_cells = planned.cells;
        self.manifest.blocks = planned.blocks;
        for bound in planned.bounds {
            if !self.manifest.warnings.contains(&bound) {
                self.manifest.warnings.push(bound);
            }
        }
        self.manifest.elapsed_s = Some(before + begun.elapsed().as_secs_f64());
        self.manifest.ending = ending;
        self.folder.write_manifest(&self.manifest)?;
        Ok(RunEnd { ending, cells, failed })
    }
}

/// What was to be run, as it is known at the end.
struct Planned {
    cells: u32,
    blocks: u32,
    /// What bounded it.
    bounds: Vec<Warning>,
}

/// The cells of a run, one after another.
struct Series<'a> {
    execution: &'a Execution<'a>,
    bench: Bench<'a>,
    progress: &'a mut dyn Progress,
    origin_ns: u64,
    /// What is not over by then is cut off and no result; none where a run takes the time it takes.
    deadline: Option<Instant>,
    /// Cells that need not be run: this run's own from before it was cut off, or the probes of another.
    known: Vec<Cell>,
    /// Whether the known probes are all that loads follow from, and nobody else is probed where there are some.
    are_loads_given: bool,
    /// How many of them are this run's own.
    kept: u32,
    next_order: u32,
    retries_left: u32,
    failed: u32,
}

impl Series<'_> {
    /// Runs everything.
    fn run(&mut self) -> Result<Planned, RecordError> {
        let plan = self.execution.plan;
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
            self.block(turns, Purpose::Measure, |_, _| {})?;
        }
        Ok(Planned { cells, blocks: plan.sizes.blocks, bounds })
    }

    /// Runs the probes; returns what each experiment's contenders can do.
    fn probe(&mut self, probes: Vec<Turn>) -> Result<Vec<Capacities>, RecordError> {
        let mut capacities = vec![Capacities::default(); self.execution.plan.experiments.len()];
        self.recall(&mut capacities);
        let probes = self.unprobed(probes);
        self.block(probes, Purpose::CapacityProbe, |experiment, cell| known::note(cell, &mut capacities[experiment]))?;
        Ok(capacities)
    }

    /// Runs cells one after another, and those that were disturbed once more when the others are done: what disturbs a
    /// machine lasts. Each is written down as soon as it is not to be run again, and handed on with the place of its
    /// experiment in the plan. An interruption or the deadline ends it; then those that waited for another attempt are
    /// written as they are.
    fn block(
        &mut self,
        turns: Vec<Turn>,
        purpose: Purpose,
        mut done: impl FnMut(usize, &Cell),
    ) -> Result<(), RecordError> {
        for turn in &turns {
            if let Some(cell) = self.known(turn) {
                done(turn.experiment, cell);
            }
        }
        let mut queue = Queue::new(self.unknown(turns));
        while let Some(waiting) = queue.next() {
            let experiment = waiting.turn.experiment;
            let cell = self.attempt_unless_over(&waiting.turn, purpose, waiting.attempts + 1);
            let again = cell.as_ref().map_or(Duration::ZERO, |cell| Duration::from_nanos(cell.elapsed_ns));
            let mut none_left = 0;
            let retries_left = if self.has_time_for(again) { &mut self.retries_left } else { &mut none_left };
            if let Some(cell) = queue.settle(waiting, cell, retries_left) {
                let cell = Cell { order: self.next_order, ..cell };
                self.write(&cell)?;
                done(experiment, &cell);
            }
        }
        Ok(())
    }

    /// One cell alone; nothing where it was interrupted or came to the deadline before there was a result.
    fn cell(&mut self, turn: Turn, purpose: Purpose) -> Result<Option<Cell>, RecordError> {
        let mut found = None;
        self.block(vec![turn], purpose, |_, cell| found = Some(cell.clone()))?;
        Ok(found)
    }

    fn write(&mut self, cell: &Cell) -> Result<(), RecordError> {
        self.execution.folder.write_cell(cell)?;
        self.next_order += 1;
        self.failed += u32::from(is_failure(cell));
        self.progress.ended(cell);
        Ok(())
    }

    /// Nothing where it was interrupted or came to the deadline: what was seen until then is no result.
    fn attempt_unless_over(&mut self, turn: &Turn, purpose: Purpose, attempts: u32) -> Option<Cell> {
        let cell = (!self.is_over()).then(|| self.attempt(turn.clone(), purpose, attempts));
        cell.filter(|_| !self.is_over())
    }

    fn is_over(&self) -> bool {
        self.execution.interrupt.is_set() || !self.has_time_for(Duration::ZERO)
    }

    fn has_time_for(&self, time: Duration) -> bool {
        self.deadline.is_none_or(|deadline| Instant::now() + time < deadline)
    }

    fn attempt(&mut self, mut turn: Turn, purpose: Purpose, attempts: u32) -> Cell {
        let plan = self.execution.plan;
        let experiment = plan.experiments[turn.experiment].name;
        let contender = plan.contenders[turn.contender].label();
        let order = self.next_order;
        self.progress.begins(order, &format!("{} {} {contender}", turn.task.workload, turn.task.point));
        turn.task.kind.set_seed(arrival_seed(plan.seed, experiment, turn.task.workload, &turn.task.point, turn.block));
        let begun_ns = now_ns();
        let seen = self.bench.run(&turn.task.kind, &plan.contenders[turn.contender]);
        let mut cell = Cell {
            schema_version: SCHEMA_VERSION,
            id: cell_id(experiment, &turn, contender),
            experiment: experiment.to_owned(),
            workload: turn.task.workload.to_owned(),
            contender: contender.to_owned(),
            block: turn.block,
            order,
            attempts,
            purpose,
            load: cell::load_record(&turn.task.kind),
            variation: turn.task.variation,
            disturbance: seen.disturbance,
            bounds: seen.bounds,
            started_at_ns: begun_ns - self.origin_ns,
            elapsed_ns: now_ns() - begun_ns,
            warnings: seen.warnings,
            outcome: seen.outcome,
            traffic: seen.traffic,
            generator: seen.generator,
            server: seen.server,
            samples: seen.samples,
            inside: seen.inside,
            stages: seen.stages,
            noise: seen.noise,
        };
        let doubts = validity::warnings(&cell);
        cell.warnings.extend(doubts);
        cell
    }
}

/// A name that is unique in the run and safe as a file's. Labels hold characters that files should not, so a contender
/// with options is told apart by its place in the plan.
fn cell_id(experiment: &str, turn: &Turn, contender: &str) -> String {
    let safe = |text: &str| text.chars().map(|c| if c.is_ascii_alphanumeric() { c } else { '-' }).collect::<String>();
    let place = if contender.contains([':', '@']) { format!("-{}", turn.contender) } else { String::new() };
    let Turn { block, task, .. } = turn;
    let point = task.point.replace(|c: char| !c.is_ascii_alphanumeric() && c != '.', "-");
    format!("{experiment}.{}.{point}.{}{place}.b{block}", task.workload, safe(contender))
}

/// About how long the cells of `turns` take.
pub fn time_of(turns: &[Turn]) -> Duration {
    turns.iter().map(|turn| turn.task.kind.usual_duration() + CELL_OVERHEAD).sum()
}
