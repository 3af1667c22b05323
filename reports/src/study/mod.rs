//! The cells of a run gathered into what pictures and sentences speak of: a series per contender, a point per
//! offered load or per trial, the blocks of a point pooled.
//!
//! Must not know: which metrics there are (`metrics/`), how anything is drawn or said. Beside it: `pool.rs` decides
//! what counts, `colours.rs` whose colour is whose, `trial.rs` is for cells that are no point of a curve over the offered load.

use itertools::Itertools;

use std::collections::BTreeMap;

use crate::record::store::Run;
use crate::record::{ArrivalsRecord, Cell, ContenderRecord, ExperimentRecord, Phase, Purpose, Stage, WorkloadRecord};

pub(crate) use colours::{COLOURS, colours};
pub use inside::{InsideOf, TRACKS, Track, below_ns};
pub(crate) use pool::distribution_of;
pub use pool::{
    FAILURES_ALLOWED, KEPT_UP, Pool, ProbeTimes, Standing, counts, died_as_a_result, disturbed_by, is_failure,
    standing_of,
};
pub use trial::{During, Trial, is_a_trial};

mod colours;
mod inside;
mod pool;
mod trial;

/// One workload of one experiment, with a series per contender of the run, in the run's order.
#[derive(Debug)]
pub struct Group<'a> {
    /// The experiment.
    pub experiment: &'a ExperimentRecord,
    /// The workload.
    pub workload: &'a WorkloadRecord,
    /// A series per contender that has a cell here.
    pub series: Vec<Series<'a>>,
    /// Contenders of the experiment that have no cell here, where others have, with their place in the run.
    pub unmeasured: Vec<(usize, &'a ContenderRecord)>,
    /// What a contender run a second time under another name did: no contender of its own, but the measure of how far
    /// apart the same server is from itself.
    pub twins: Vec<Series<'a>>,
}

/// What one contender did with one workload.
#[derive(Debug)]
pub struct Series<'a> {
    /// Place of the contender in the run.
    pub index: usize,
    /// Number of its colour.
    pub colour: usize,
    /// The contender.
    pub contender: &'a ContenderRecord,
    /// What readers call the contender.
    pub name: String,
    /// Whether it is one of the two that the run is about.
    pub leads: bool,
    /// A point per offered load, in ascending order.
    pub points: Vec<Point<'a>>,
    /// Every stage at which connections were held.
    pub stages: Vec<HeldStage<'a>>,
    /// A trial per value of what the experiment sweeps, in ascending order.
    pub trials: Vec<Trial<'a>>,
}

/// One contender at one offered load.
#[derive(Debug)]
pub struct Point<'a> {
    /// Requests per second that were scheduled.
    pub offered_load_rps: f64,
    /// The blocks that count, together; all blocks where none counts.
    pub pool: Pool<'a>,
    /// Each block alone, those that do not count included.
    pub blocks: Vec<Pool<'a>>,
    /// What to make of the point.
    pub standing: Standing,
}

impl Point<'_> {
    /// Blocks that may be ranked.
    pub fn valid_blocks(&self) -> usize {
        self.blocks.iter().filter(|pool| pool.counts()).count()
    }
}

/// A stage of a cell that holds connections.
#[derive(Debug, Clone, Copy)]
pub struct HeldStage<'a> {
    /// The cell.
    pub cell: &'a Cell,
    /// The stage.
    pub stage: &'a Stage,
}

impl HeldStage<'_> {
    /// Whether it may be fitted and ranked.
    pub fn counts(&self) -> bool {
        counts(self.cell)
    }
}

/// A group per workload of each experiment, in declared order. Probes of capacity are left out.
pub fn groups(run: &Run) -> Vec<Group<'_>> {
    let mut groups = Vec::new();
    let colours = colours(&run.manifest);
    for experiment in &run.manifest.experiments {
        for workload in &experiment.workloads {
            let series = run.manifest.contenders.iter().enumerate();
            let series = series.filter_map(|(index, contender)| {
                let of_series = |cell: &&Cell| {
                    cell.experiment == experiment.name
                        && cell.workload == workload.key
                        && cell.contender == contender.label
                        && cell.purpose == Purpose::Measure
                };
                let cells: Vec<&Cell> = run.cells.iter().filter(of_series).collect();
                (!cells.is_empty()).then(|| Series {
                    leads: run.manifest.is_about(contender),
                    ..series_of((index, colours[index]), contender, experiment, &cells)
                })
            });
            let (twins, series): (Vec<_>, Vec<_>) = series.partition(|series| series.contender.twin_of.is_some());
            let contenders = run.manifest.contenders.iter().enumerate();
            let without = |(index, contender): &(usize, &ContenderRecord)| {
                let plays = experiment.has(contender) && contender.twin_of.is_none();
                plays && !series.iter().any(|series| series.index == *index)
            };
            let unmeasured = if series.is_empty() { Vec::new() } else { contenders.filter(without).collect() };
            groups.push(Group { experiment, workload, series, unmeasured, twins });
        }
    }
    groups
}

fn series_of<'a>(
    (index, colour): (usize, usize),
    contender: &'a ContenderRecord,
    experiment: &ExperimentRecord,
    cells: &[&'a Cell],
) -> Series<'a> {
    let mut by_load = BTreeMap::<u64, Vec<&'a Cell>>::new();
    let mut stages = Vec::new();
    let (trials, points): (Vec<&'a Cell>, Vec<&'a Cell>) = cells.iter().partition(|cell| is_a_trial(experiment, cell));
    for cell in points {
        stages.extend(cell.stages.iter().map(|stage| HeldStage { cell, stage }));
        // Positive numbers sort by their bits as they do by value.
        if let Some(load) = cell.load.offered_load_rps.filter(|&load| load > 0.0)
            && cell.load.arrivals != ArrivalsRecord::Held
        {
            by_load.entry(load.to_bits()).or_default().push(cell);
        }
    }
    let points = by_load.into_iter().map(|(bits, cells)| {
        let (pool, blocks, standing) = pooled(cells);
        Point { offered_load_rps: f64::from_bits(bits), pool, blocks, standing }
    });
    let trials = trial::gather(experiment, &trials);
    Series { index, colour, contender, name: contender.name(), leads: false, points: points.collect(), stages, trials }
}

/// Every value once, ascending.
pub(crate) fn ascending(values: impl Iterator<Item = f64>) -> Vec<f64> {
    values.sorted_by(f64::total_cmp).dedup().collect()
}

/// The blocks that count together, or all where none counts; each alone; and what to make of them.
fn pooled(mut cells: Vec<&Cell>) -> (Pool<'_>, Vec<Pool<'_>>, Standing) {
    cells.sort_by_key(|cell| (cell.block, cell.order));
    let blocks = cells.iter().map(|&cell| Pool::of(vec![cell])).collect();
    let counting: Vec<&Cell> = cells.iter().copied().filter(|cell| counts(cell)).collect();
    let valid = !counting.is_empty();
    let pool = Pool::of(if valid { counting } else { cells });
    let standing = Standing::of(&pool, valid);
    (pool, blocks, standing)
}

impl<'a> Series<'a> {
    /// The trial at a value of what is swept.
    pub fn trial(&self, variation: Option<f64>) -> Option<&Trial<'a>> {
        self.trials.iter().find(|trial| trial.variation == variation)
    }

    /// The point at an offered load.
    pub fn at(&self, load: f64) -> Option<&Point<'a>> {
        self.points.iter().find(|point| point.offered_load_rps == load)
    }

    /// Whether anything that was measured of it counts.
    pub fn has_valid_cell(&self) -> bool {
        self.points.iter().any(|point| point.standing != Standing::Invalid)
            || self.stages.iter().any(HeldStage::counts)
            || self.trials.iter().any(|trial| trial.standing != Standing::Invalid)
    }

    /// The highest load tried that it kept up with, below the first that it did not.
    pub fn kept_up_to(&self) -> Option<f64> {
        let sound = self.points.iter().take_while(|point| point.standing != Standing::Saturated);
        sound.filter(|point| point.standing == Standing::Sound).map(|point| point.offered_load_rps).last()
    }

    /// Whether the next load above [`Series::kept_up_to`] has no valid cell, so that it may have kept up with more.
    pub fn may_carry_more(&self) -> bool {
        let carried = self.kept_up_to().unwrap_or(0.0);
        let next = self.points.iter().find(|point| point.offered_load_rps > carried);
        next.is_some_and(|point| point.standing == Standing::Invalid)
    }

    /// The stages of a phase.
    pub fn phase(&self, phase: Phase) -> impl Iterator<Item = &HeldStage<'a>> {
        self.stages.iter().filter(move |held| held.stage.phase == phase)
    }

    /// The fewest that got an answer among the most connections held, and those connections; absent where no
    /// request was sent on them.
    pub fn answered_of_held(&self) -> Option<(u64, u64)> {
        let asked = self.stages.iter().filter_map(|held| Some((held.stage.answered?, held.stage.connections)));
        asked.max_by_key(|&(answered, connections)| (connections, std::cmp::Reverse(answered)))
    }

    /// Whether every connection that was held got an answer to its request; where none was sent, all count as served.
    pub fn serves_all(&self) -> bool {
        self.answered_of_held().is_none_or(|(answered, held)| answered == held)
    }
}

impl<'a> Group<'a> {
    /// The series of a contender, by its label.
    pub fn series_of(&self, label: &str) -> Option<&Series<'a>> {
        self.series.iter().find(|series| series.contender.label == label)
    }

    /// The names of the contenders without a single valid cell here.
    pub fn without_valid_cell(&self) -> Vec<String> {
        let measured = self.series.iter().filter(|series| !series.has_valid_cell());
        let all_invalid = measured.map(|series| series.name.clone());
        all_invalid.chain(self.unmeasured.iter().map(|(_, contender)| contender.name())).collect()
    }

    /// Every offered load of the group, ascending.
    pub fn loads(&self) -> Vec<f64> {
        let points = self.series.iter().flat_map(|series| &series.points);
        ascending(points.map(|point| point.offered_load_rps))
    }

    /// The series whose point at this load is sound.
    pub fn sound_at(&self, load: f64) -> Vec<&Series<'a>> {
        let sound = |series: &&Series<'_>| series.at(load).is_some_and(|point| point.standing == Standing::Sound);
        self.series.iter().filter(sound).collect()
    }

    /// The highest load at which at least this many series are sound.
    fn highest_load_with(&self, at_least: usize) -> Option<f64> {
        self.loads().into_iter().rev().find(|&load| self.sound_at(load).len() >= at_least)
    }

    /// Where contenders are told apart: the highest load that at least half of the series, and two, are sound at with so
    /// many valid blocks, or else with however many there are.
    pub fn busy_load(&self, blocks: usize) -> Option<f64> {
        let at_least = self.series.len().div_ceil(2).max(2);
        let has_blocks =
            |series: &&Series<'_>, load: f64| series.at(load).is_some_and(|point| point.valid_blocks() >= blocks);
        let enough = |load: &f64| self.sound_at(*load).iter().filter(|s| has_blocks(s, *load)).count() >= at_least;
        self.loads().into_iter().rev().find(enough).or_else(|| self.highest_load_with(at_least))
    }

    /// The load of tables and titles: the busy one, or else the highest that as many series as possible are sound at.
    pub fn telling_load(&self, blocks: usize) -> Option<f64> {
        let most_sound = || (1..=self.series.len()).rev().find_map(|at_least| self.highest_load_with(at_least));
        self.busy_load(blocks).or_else(most_sound)
    }
}
