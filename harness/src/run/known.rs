//! Runs that do not begin from nothing: cells that are there already are not run again.
//!
//! A cell is known by its id, which says experiment, workload, point, contender and block. Must not know: whether the
//! cells are of the same machine and build; who calls has seen to that.

use reports::record::store::RecordError;
use reports::record::{Cell, Outcome, Purpose};

use super::{Execution, Progress, RunEnd, Series, cell_id, is_failure};
use crate::plan::{Capacities, Turn};

impl Execution<'_> {
    /// Runs what is missing in a run that was cut off, or that gets more blocks: all of the plan but `kept`, the cells
    /// that its folder holds.
    ///
    /// # Errors
    /// As [`Execution::run`].
    pub fn resume(self, kept: Vec<Cell>, progress: &mut dyn Progress) -> Result<RunEnd, RecordError> {
        self.carry_out(None, progress, |series| {
            series.keep(kept);
            series.run()
        })
    }

    /// Runs the plan under the loads that follow from the probes of another run, so that the two can be compared.
    ///
    /// # Errors
    /// As [`Execution::run`].
    pub fn run_with_probes(self, probes: Vec<Cell>, progress: &mut dyn Progress) -> Result<RunEnd, RecordError> {
        self.carry_out(None, progress, |series| {
            series.known = probes;
            series.are_loads_given = true;
            series.run()
        })
    }
}

impl Series<'_> {
    /// Takes over what the run has already: what follows is numbered, and begins, after it.
    fn keep(&mut self, kept: Vec<Cell>) {
        self.kept = kept.len() as u32;
        self.next_order = kept.iter().map(|cell| cell.order + 1).max().unwrap_or(0);
        self.failed = kept.iter().filter(|cell| is_failure(cell)).count() as u32;
        let ended_ns = kept.iter().map(|cell| cell.started_at_ns.saturating_add(cell.elapsed_ns)).max();
        self.origin_ns = self.origin_ns.saturating_sub(ended_ns.unwrap_or(0));
        self.known = kept;
    }

    /// The cell that a turn would give, where it is there already.
    pub(super) fn known(&self, turn: &Turn) -> Option<&Cell> {
        let plan = self.execution.plan;
        let contender = plan.contenders[turn.contender].label();
        let id = cell_id(plan.experiments[turn.experiment].name, turn, contender);
        self.known.iter().find(|cell| cell.id == id)
    }

    /// Notes what the known probes found. Those of contenders too that another run had and this one has not bear on its loads.
    pub(super) fn recall(&self, capacities: &mut [Capacities]) {
        let experiments = &self.execution.plan.experiments;
        for cell in self.known.iter().filter(|cell| cell.purpose == Purpose::CapacityProbe) {
            if let Some(place) = experiments.iter().position(|experiment| experiment.name == cell.experiment) {
                note(cell, &mut capacities[place]);
            }
        }
    }

    /// Those probes that are still to be run: none of a workload whose loads are given.
    pub(super) fn unprobed(&self, probes: Vec<Turn>) -> Vec<Turn> {
        let is_given = |turn: &Turn| {
            let experiment = self.execution.plan.experiments[turn.experiment].name;
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

/// Notes what a probe found.
pub(super) fn note(cell: &Cell, capacities: &mut Capacities) {
    // What a server did before it died is not what it can do.
    if let Some(traffic) = cell.traffic.as_ref().filter(|_| cell.outcome == Outcome::Completed) {
        let rps = traffic.ok_within_window as f64 * 1e9 / cell.load.window_ns as f64;
        capacities.insert(&cell.workload, &cell.contender, rps);
        let busy = cell.generator.map_or(0.0, |generator| generator.busiest_worker);
        capacities.insert_generator(&cell.workload, rps, busy);
    }
}
