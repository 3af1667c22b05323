//! The cells of a run, one after another: the probes, then block after block, what is there already left out.
//!
//! Must not know: where a plan comes from, how a run ends. Beside it: `queue.rs`, which has disturbed cells run again, and
//! `steered.rs`, where the next cell depends on the last.

use std::time::{Duration, Instant};

use reports::record::store::RecordError;
use reports::record::{Cell, Outcome, Purpose, SCHEMA_VERSION, Warning};

use super::cell::{self, Bench};
use super::queue::Queue;
use super::{Execution, Progress, is_failure, time_of, validity};
use crate::load::now_ns;
use crate::plan::{Capacities, RunPlan, Turn, arrival_seed, block_order};

/// What was to be run, as it is known at the end.
pub(super) struct Planned {
    pub(super) cells: u32,
    pub(super) blocks: u32,
    /// What bounded it.
    pub(super) bounds: Vec<Warning>,
}

/// The cells of a run, one after another.
pub(super) struct Series<'a> {
    execution: &'a Execution<'a>,
    bench: Bench<'a>,
    pub(super) progress: &'a mut dyn Progress,
    origin_ns: u64,
    /// What is not over by then is cut off and no result; none where a run takes the time it takes.
    deadline: Option<Instant>,
    pub(super) next_order: u32,
    retries_left: u32,
    failed: u32,
}

impl<'a> Series<'a> {
    /// Cells go on where those before them ended, in number and in time.
    pub(super) fn new(
        execution: &'a Execution<'a>,
        deadline: Option<Instant>,
        progress: &'a mut dyn Progress,
    ) -> Series<'a> {
        let before = execution.before;
        let elapsed_ns = before.iter().map(|cell| cell.started_at_ns + cell.elapsed_ns).max().unwrap_or(0);
        Series {
            execution,
            bench: Bench::new(execution, deadline),
            progress,
            origin_ns: now_ns().saturating_sub(elapsed_ns),
            deadline,
            next_order: before.iter().map(|cell| cell.order + 1).max().unwrap_or(0),
            retries_left: execution.plan.sizes.retries * execution.plan.sizes.blocks,
            failed: before.iter().filter(|cell| is_failure(cell)).count() as u32,
        }
    }

    /// How many cells there are, and how many of them failed.
    pub(super) fn written(&self) -> (u32, u32) {
        (self.next_order, self.failed)
    }

    /// Runs everything.
    pub(super) fn run(&mut self) -> Result<Planned, RecordError> {
        let plan = self.execution.plan;
        let probes = plan.probes();
        let blocks = plan.sizes.blocks;
        let guess = plan.fullest_block();
        let at_most = time_of(&probes) + time_of(&guess) * blocks;
        self.progress.planned(probes.len() + guess.len() * blocks as usize, at_most);
        let probed = probes.len() as u32;
        let capacities = self.probe(block_order(probes, plan.seed, u32::MAX))?;
        let bounds = generator_bounds(plan, &capacities);
        let block = plan.block(0, &capacities);
        let cells = probed + block.len() as u32 * blocks;
        self.progress.planned(cells as usize, time_of(&block) * blocks);
        for number in 0..blocks {
            let turns = block_order(plan.block(number, &capacities), plan.seed, number);
            self.block(turns, Purpose::Measure, |_, _| {})?;
        }
        Ok(Planned { cells, blocks, bounds })
    }

    /// Runs the probes; returns what each experiment's contenders can do.
    fn probe(&mut self, probes: Vec<Turn>) -> Result<Vec<Capacities>, RecordError> {
        let mut capacities = vec![Capacities::default(); self.execution.plan.experiments.len()];
        self.block(probes, Purpose::CapacityProbe, |experiment, cell| {
            // What a server did before it died is not what it can do.
            if let Some(traffic) = cell.traffic.as_ref().filter(|_| cell.outcome == Outcome::Completed) {
                let rps = traffic.ok_within_window as f64 * 1e9 / cell.load.window_ns as f64;
                capacities[experiment].insert(&cell.workload, &cell.contender, rps);
                let busy = cell.generator.map_or(0.0, |generator| generator.busiest_worker);
                capacities[experiment].insert_generator(&cell.workload, rps, busy);
            }
        })?;
        Ok(capacities)
    }

    /// Runs those of the cells that are not there already, one after another, and those that were disturbed once more when the others are done: what disturbs a
    /// machine lasts. Each is written down as soon as it is not to be run again, and handed on with the place of its
    /// experiment in the plan. An interruption or the deadline ends it; then those that waited for another attempt are
    /// written as they are.
    fn block(
        &mut self,
        turns: Vec<Turn>,
        purpose: Purpose,
        mut done: impl FnMut(usize, &Cell),
    ) -> Result<(), RecordError> {
        let mut missing = Vec::new();
        for turn in turns {
            match self.there_already(&turn) {
                Some(cell) => done(turn.experiment, cell),
                None => missing.push(turn),
            }
        }
        let mut queue = Queue::new(missing);
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

    /// The cell of a run that is resumed.
    fn there_already(&self, turn: &Turn) -> Option<&'a Cell> {
        let plan = self.execution.plan;
        let id = cell_id(plan.experiments[turn.experiment].name, turn, plan.contenders[turn.contender].label());
        self.execution.before.iter().find(|cell| cell.id == id)
    }

    /// One cell alone; nothing where it was interrupted or came to the deadline before there was a result.
    pub(super) fn cell(&mut self, turn: Turn, purpose: Purpose) -> Result<Option<Cell>, RecordError> {
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
        let cell = Cell {
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
            warnings: Vec::new(),
            outcome: seen.outcome,
            traffic: seen.traffic,
            generator: seen.generator,
            server: seen.server,
            samples: seen.samples,
            stages: seen.stages,
            noise: seen.noise,
        };
        Cell { warnings: [seen.warnings, validity::warnings(&cell)].concat(), ..cell }
    }
}

/// Says for which workloads the generator can't offer what it would take to saturate the fastest contender.
fn generator_bounds(plan: &RunPlan, capacities: &[Capacities]) -> Vec<Warning> {
    let mut bounds = Vec::new();
    for (experiment, found) in plan.experiments.iter().zip(capacities) {
        for workload in experiment.workloads {
            let Some(most) = found.generator_bound(workload.key) else { continue };
            bounds.push(Warning::MachineLimit {
                limit: format!("the load generator's CPU time in {} {}", experiment.name, workload.label),
                consequence: format!("loads end at about {most:.0}/s, before the fastest contender is saturated"),
                remedy: "run on a machine with more CPUs".to_owned(),
            });
        }
    }
    bounds
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
