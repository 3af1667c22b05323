//! The cells of a run, one after another: each on a fresh server, run again where the machine disturbed it, written down as
//! soon as it has ended, and not run at all where it is there already.
//!
//! A cell is known by its id, which says experiment, workload, point, contender and block. Must not know: in which order
//! cells come, nor whether those that are there already are of the same machine and build; who calls has seen to that.
//! Beside it: `cell.rs` runs one; `queue.rs` says which are run again.

use std::collections::BTreeSet;
use std::time::{Duration, Instant};

use instruments::load::now_ns;
use reports::record::store::{RecordError, RunFolder};
use reports::record::{Cell, Manifest, Outcome, Purpose, SCHEMA_VERSION};
use reports::study::is_failure;

use super::cell::CellRunner;
use super::names::cell_id;
use super::queue::{Queue, retries};
use super::session::Interrupt;
use super::validity;
use crate::plan::{Capacities, RunPlan, Turn, arrival_seed};

/// Who wants to know how a run is going.
pub trait RunProgress {
    /// The first cell is about to begin.
    fn run_begins(&mut self, _: &Manifest) {}
    /// The number of cells and the time they should take are known, or known better than before.
    fn planned(&mut self, cells: usize, time: Duration);
    /// A cell begins, number `order` of the run from 0, to find something out of a contender: `do thousands of threads thrash?`
    fn begins(&mut self, order: u32, finds_out: &str, contender: &str);
    /// A cell has ended.
    fn ended(&mut self, cell: &Cell);
}

/// The cells of a run, one after another.
pub(super) struct CellSeries<'a> {
    pub(super) plan: &'a RunPlan<'a>,
    folder: &'a RunFolder,
    interrupt: &'a Interrupt,
    runner: CellRunner<'a>,
    pub(super) progress: &'a mut dyn RunProgress,
    origin_ns: u64,
    /// What is not over by then is cut off and no result; none where a run takes the time it takes.
    deadline: Option<Instant>,
    /// Cells that need not be run: this run's own from before it was cut off, or the probes of another.
    known: Vec<Cell>,
    /// Whether the known probes are all that loads follow from, and nobody else is probed where there are some.
    are_loads_given: bool,
    /// How many of them are this run's own.
    pub(super) kept: u32,
    pub(super) next_order: u32,
    retries_left: u32,
    pub(super) failed: u32,
    /// All cells of the run until now, should its folder be lost.
    pub(super) measured: Vec<Cell>,
}

impl<'a> CellSeries<'a> {
    pub(super) fn new(
        plan: &'a RunPlan<'a>,
        folder: &'a RunFolder,
        interrupt: &'a Interrupt,
        runner: CellRunner<'a>,
        progress: &'a mut dyn RunProgress,
        deadline: Option<Instant>,
    ) -> CellSeries<'a> {
        CellSeries {
            plan,
            folder,
            interrupt,
            runner,
            progress,
            origin_ns: now_ns(),
            deadline,
            known: Vec::new(),
            are_loads_given: false,
            kept: 0,
            next_order: 0,
            retries_left: retries(&plan.sizes, 0, 0),
            failed: 0,
            measured: Vec::new(),
        }
    }

    /// Ends what the run has on other machines; returns how many cells there were, how many of them failed, and all of them.
    pub(super) fn finish(self) -> (u32, u32, Vec<Cell>) {
        self.runner.finish();
        (self.next_order, self.failed, self.measured)
    }

    /// Runs the probes; returns what each experiment's contenders can do.
    pub(super) fn probe(&mut self, probes: Vec<Turn>) -> Result<Vec<Capacities>, RecordError> {
        let mut capacities = vec![Capacities::default(); self.plan.experiments.len()];
        self.recall(&mut capacities);
        let probes = self.unprobed(probes);
        self.block(probes, Purpose::CapacityProbe, |experiment, cell| note(cell, &mut capacities[experiment]))?;
        Ok(capacities)
    }

    /// Allows more cells to be run again, for a further block of so many.
    pub(super) fn allow_retries(&mut self, block: u32, cells: usize) {
        self.retries_left += retries(&self.plan.sizes, block, cells);
    }

    /// Runs cells one after another, and those that were disturbed once more when the others are done: what disturbs a
    /// machine lasts. Each is written down as soon as it is not to be run again, and handed on with the place of its
    /// experiment in the plan. An interruption or the deadline ends it; then those that waited for another attempt are
    /// written as they are.
    pub(super) fn block(
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
            let retries_left = if self.has_time_for(again) { Some(&mut self.retries_left) } else { None };
            if let Some(cell) = queue.settle(waiting, cell, retries_left) {
                let cell = Cell { order: self.next_order, ..cell };
                self.write(&cell)?;
                done(experiment, &cell);
            }
        }
        Ok(())
    }

    /// One cell alone; nothing where it was interrupted or came to the deadline before there was a result.
    pub(super) fn cell(&mut self, turn: Turn, purpose: Purpose) -> Result<Option<Cell>, RecordError> {
        let mut found = None;
        self.block(vec![turn], purpose, |_, cell| found = Some(cell.clone()))?;
        Ok(found)
    }

    fn write(&mut self, cell: &Cell) -> Result<(), RecordError> {
        self.measured.push(cell.clone());
        self.folder.write_cell(cell)?;
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
        self.interrupt.is_set() || !self.has_time_for(Duration::ZERO)
    }

    fn has_time_for(&self, time: Duration) -> bool {
        self.deadline.is_none_or(|deadline| Instant::now() + time < deadline)
    }

    fn attempt(&mut self, mut turn: Turn, purpose: Purpose, attempts: u32) -> Cell {
        let plan = self.plan;
        let (experiment, story) = (plan.experiments[turn.experiment].name, &plan.experiments[turn.experiment].story);
        let contender = plan.contenders[turn.contender].label();
        let order = self.next_order;
        self.progress.begins(order, story.finds_out, contender);
        turn.task.kind.set_seed(arrival_seed(plan.seed, experiment, &turn.task.workload, &turn.task.point, turn.block));
        let begun_ns = now_ns();
        // A plan leaves out what it has no place for.
        let placement = plan.placement_of(&turn.task).unwrap_or_else(|| plan.placement.clone());
        let seen = self.runner.run(&turn.task.kind, &plan.contenders[turn.contender], &placement);
        let mut cell = Cell {
            schema_version: SCHEMA_VERSION,
            id: cell_id(experiment, &turn, contender),
            experiment: experiment.to_owned(),
            workload: turn.task.workload.to_string(),
            contender: contender.to_owned(),
            block: turn.block,
            order,
            attempts,
            purpose,
            load: turn.task.kind.to_record(),
            variation: turn.task.variation,
            placement: (placement != plan.placement).then(|| placement.clone()),
            disturbance: seen.task.disturbance,
            bounds: seen.task.bounds,
            started_at_ns: begun_ns - self.origin_ns,
            elapsed_ns: now_ns() - begun_ns,
            warnings: seen.task.warnings,
            outcome: seen.outcome,
            traffic: seen.task.traffic,
            generator: seen.task.generator,
            workers: seen.task.workers,
            start_skew_ns: seen.task.start_skew_ns,
            backend: seen.backend,
            server: seen.server,
            samples: seen.samples,
            inside: seen.inside,
            stages: seen.task.stages,
            noise: seen.noise,
        };
        let doubts = validity::warnings(&cell, placement.kind);
        cell.warnings.extend(doubts);
        cell
    }

    /// Takes over what the run has already: what follows is numbered, and begins, after it.
    pub(super) fn keep(&mut self, kept: Vec<Cell>) {
        self.next_order = kept.iter().map(|cell| cell.order + 1).max().unwrap_or(0);
        let ended_ns = kept.iter().map(|cell| cell.started_at_ns.saturating_add(cell.elapsed_ns)).max();
        self.origin_ns = self.origin_ns.saturating_sub(ended_ns.unwrap_or(0));
        let kept = of_answered_workloads(kept);
        self.kept = kept.len() as u32;
        self.failed = kept.iter().filter(|cell| is_failure(cell)).count() as u32;
        self.measured.clone_from(&kept);
        self.known = kept;
    }

    /// Takes the loads from the probes of another run, and probes nobody whose loads follow from them.
    pub(super) fn take_loads_from(&mut self, probes: Vec<Cell>) {
        self.known = of_answered_workloads(probes);
        self.are_loads_given = true;
    }

    /// The cell that a turn would give, where it is there already.
    pub(super) fn known(&self, turn: &Turn) -> Option<&Cell> {
        let plan = self.plan;
        let contender = plan.contenders[turn.contender].label();
        let id = cell_id(plan.experiments[turn.experiment].name, turn, contender);
        self.known.iter().find(|cell| cell.id == id)
    }

    /// Notes what the known probes found. Those of contenders too that another run had and this one has not bear on its loads.
    pub(super) fn recall(&self, capacities: &mut [Capacities]) {
        let experiments = &self.plan.experiments;
        for cell in self.known.iter().filter(|cell| cell.purpose == Purpose::CapacityProbe) {
            if let Some(place) = experiments.iter().position(|experiment| experiment.name == cell.experiment) {
                note(cell, &mut capacities[place]);
            }
        }
    }

    /// Those probes that are still to be run: none of a workload whose loads are given.
    pub(super) fn unprobed(&self, probes: Vec<Turn>) -> Vec<Turn> {
        let is_given = |turn: &Turn| {
            let experiment = self.plan.experiments[turn.experiment].name;
            let of_it = |cell: &Cell| cell.experiment == experiment && cell.workload == turn.task.workload;
            self.are_loads_given && self.known.iter().any(of_it)
        };
        self.unknown(probes).into_iter().filter(|turn| !is_given(turn)).collect()
    }

    /// Those turns whose cells are still to be run.
    pub(super) fn unknown(&self, turns: Vec<Turn>) -> Vec<Turn> {
        turns.into_iter().filter(|turn| self.known(turn).is_none()).collect()
    }
}

/// All but the probes of workloads of which none was answered. No load follows from them, so they are run again; where one
/// was answered, the loads that follow from it stay the same.
fn of_answered_workloads(cells: Vec<Cell>) -> Vec<Cell> {
    let workload = |cell: &Cell| (cell.experiment.clone(), cell.workload.clone());
    let told = cells.iter().filter(|cell| !validity::is_unanswered_probe(cell));
    let answered: BTreeSet<(String, String)> = told.map(workload).collect();
    cells.into_iter().filter(|cell| answered.contains(&workload(cell))).collect()
}

/// Notes what a probe found.
fn note(cell: &Cell, capacities: &mut Capacities) {
    // What a server did before it died is not what it can do.
    if let Some(traffic) = cell.traffic.as_ref().filter(|_| cell.outcome == Outcome::Completed) {
        let rps = traffic.ok_within_window as f64 * 1e9 / cell.load.window_ns as f64;
        capacities.insert(&cell.workload, &cell.contender, rps);
        let of_generator = cell.generator.map_or(0.0, |generator| generator.busiest_worker);
        // The two may have one CPU between them.
        let busy = of_generator + cell.backend.as_ref().map_or(0.0, |backend| backend.busy);
        capacities.insert_generator(&cell.workload, rps, busy);
    }
}
