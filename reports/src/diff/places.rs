//! A run taken apart into places: one contender of a workload at one load, one trial, or over the connections it held,
//! with a figure per block each; and the table of these figures, with the names that a gate knows.
//!
//! More is worse in all figures but throughput, which only says something where clients ask as fast as they are answered.
//! Must not know: the other run.

use super::PlaceName;
use crate::format::Unit;
use crate::metrics::{ComparedAs, METRICS, Measured, Metric, memory_parts, slope_per_connection, slopes_by_block};
use crate::record::store::Run;
use crate::record::{ArrivalsRecord, Cell, Load, Phase};
use crate::study::{Group, HeldStage, Pool, Series, Standing, counts, groups};
use crate::verdict::{BlockValues, block_values};

/// What is measured where, the contender left out: the same in two runs of one plan.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct PlaceKey {
    pub(super) experiment: String,
    /// Key of the workload.
    pub(super) workload: String,
    pub(super) at: At,
    /// What was asked of the generator, its seed left out.
    load: Load,
}

/// The value of what is swept.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum At {
    Load(f64),
    Trial(Option<f64>),
    Connections,
}

/// One contender somewhere.
#[derive(Debug, Clone)]
pub(super) struct MeasuredPlace {
    pub(super) contender: String,
    /// Label of the contender that this one is the twin of.
    pub(super) twin_of: Option<String>,
    pub(super) place: PlaceKey,
    /// Label of the workload.
    pub(super) label: String,
    /// For a reader: `echo at 8,000/s`.
    pub(super) words: String,
    pub(super) standing: Standing,
    /// The same of each block that counts; empty where connections are held.
    pub(super) of_blocks: Vec<Standing>,
    pub(super) figures: Vec<PlaceFigure>,
}

/// One figure of one place.
#[derive(Debug, Clone)]
pub(super) struct PlaceFigure {
    pub(super) of: ComparedFigure,
    /// All blocks together, as a reader sees it.
    pub(super) shown: String,
    pub(super) blocks: BlockValues,
}

impl MeasuredPlace {
    pub(super) fn name(&self) -> PlaceName {
        PlaceName {
            experiment: self.place.experiment.clone(),
            workload: self.place.workload.clone(),
            workload_label: self.label.clone(),
            at: self.words.clone(),
        }
    }

    pub(super) fn figure(&self, of: &ComparedFigure) -> Option<&PlaceFigure> {
        self.figures.iter().find(|values| values.of.name == of.name)
    }
}

/// Every place of a run, twins included. A search under an objective visits other loads in every run and has none.
pub(super) fn places(run: &Run) -> Vec<MeasuredPlace> {
    let groups = groups(run);
    let compared = groups.iter().filter(|group| group.experiment.objective.is_none());
    let of_group = |group: &Group<'_>| -> Vec<MeasuredPlace> {
        group.series.iter().chain(&group.twins).flat_map(|series| of_series(group, series)).collect()
    };
    compared.flat_map(of_group).collect()
}

fn of_series(group: &Group<'_>, series: &Series<'_>) -> Vec<MeasuredPlace> {
    let place =
        |at: At, cell: &Cell, words: String, (standing, blocks): (Standing, &[Pool<'_>]), figures| MeasuredPlace {
            contender: series.contender.label.clone(),
            twin_of: series.contender.twin_of.clone(),
            place: PlaceKey {
                experiment: group.experiment.name.clone(),
                workload: group.workload.key.clone(),
                at,
                load: Load { seed: 0, ..cell.load.clone() },
            },
            label: group.workload.label.clone(),
            words,
            standing,
            of_blocks: blocks
                .iter()
                .filter(|pool| pool.cells.iter().any(|cell| counts(cell)))
                .map(standing_of_block)
                .collect(),
            figures,
        };
    let mut found = Vec::new();
    for point in &series.points {
        let Some(cell) = point.pool.cells.first() else { continue };
        let words = format!("{} at {}", group.workload.label, Unit::PerSecond.show(point.offered_load_rps));
        let figures = of_load(cell, &point.pool, &point.blocks);
        found.push(place(At::Load(point.offered_load_rps), cell, words, (point.standing, &point.blocks), figures));
    }
    for trial in &series.trials {
        let Some(cell) = trial.pool.cells.first() else { continue };
        let words = group.experiment.name_of(&group.workload.label, trial.variation);
        let figures = of_load(cell, &trial.pool, &trial.blocks);
        found.push(place(At::Trial(trial.variation), cell, words, (trial.standing, &trial.blocks), figures));
    }
    if let Some(held) = series.phase(Phase::Idle).next() {
        let valid = series.phase(Phase::Idle).any(HeldStage::counts);
        let standing = if valid { Standing::Sound } else { Standing::Invalid };
        // What a connection costs a server that does not serve it is no figure to be held against another.
        let figures = if series.serves_all() { of_held(series) } else { Vec::new() };
        found.push(place(At::Connections, held.cell, group.workload.label.clone(), (standing, &[]), figures));
    }
    found
}

fn standing_of_block(pool: &Pool<'_>) -> Standing {
    Standing::of(pool, true)
}

fn of_load(cell: &Cell, pool: &Pool<'_>, blocks: &[Pool<'_>]) -> Vec<PlaceFigure> {
    let (disturbed, closed) = (cell.disturbance.is_some(), cell.load.arrivals == ArrivalsRecord::Closed);
    let measured = match (disturbed, closed) {
        (true, _) => Measured::Disturbed,
        (false, true) => Measured::ClosedLoop,
        (false, false) => Measured::Scheduled,
    };
    let values = |of: ComparedFigure| {
        let metric = of.metric;
        PlaceFigure { of, shown: metric.of_pool(pool).show(metric.unit), blocks: block_values(metric, blocks) }
    };
    ComparedFigure::of(measured).map(values).collect()
}

fn of_held(series: &Series<'_>) -> Vec<PlaceFigure> {
    let parts = memory_parts();
    let shown = slope_per_connection(series, &parts).map_or("-".to_owned(), |slope| Unit::Bytes.show(slope.value));
    let values = |of: ComparedFigure| PlaceFigure { of, shown: shown.clone(), blocks: slopes_by_block(series, &parts) };
    ComparedFigure::of(Measured::Held).map(values).collect()
}

/// A metric that is compared, as the table of metrics has it.
#[derive(Debug, Clone, Copy)]
pub struct ComparedFigure {
    /// What a gate calls it, `p99`.
    pub name: &'static str,
    pub(super) metric: &'static Metric,
    pub(super) how: ComparedAs,
}

impl ComparedFigure {
    /// Everything that is compared, in the order of the rows.
    pub fn all() -> impl Iterator<Item = ComparedFigure> {
        METRICS.iter().filter_map(|metric| {
            let how = metric.compared?;
            Some(ComparedFigure { name: how.gate, metric, how })
        })
    }

    /// The figures of a cell that is measured so.
    pub fn of(measured: Measured) -> impl Iterator<Item = ComparedFigure> {
        ComparedFigure::all().filter(move |compared| compared.how.measured.contains(&measured))
    }

    /// The figure that a gate calls so.
    pub(super) fn named(name: &str) -> Option<ComparedFigure> {
        ComparedFigure::all().find(|compared| compared.name == name)
    }

    /// For a column.
    pub(super) fn label(&self) -> &'static str {
        self.metric.label
    }

    /// Blocks that a verdict on it takes.
    pub fn blocks_needed(&self) -> usize {
        self.metric.blocks_for_verdict
    }
}
