//! The cells of a run gathered into what pictures and sentences speak of: a series per contender, a point per
//! offered load, the blocks of a point pooled.
//!
//! Decides what counts: which cells are left out, and whether a point kept up. Must not know: which metrics there
//! are (`metrics.rs`), how anything is drawn or said.

use std::collections::BTreeMap;

use crate::record::store::Run;
use crate::record::{
    Arrivals, Cell, Contender, ExperimentRecord, Outcome, Phase, Purpose, Shape, Stage, WorkloadRecord,
};
use crate::stats::Distribution;

/// Fewer correct replies within the window than this share of the requests due in it is saturation, two sessions' worth
/// of requests aside.
pub const KEPT_UP: f64 = 0.95;
/// More requests than this share without a correct reply is saturation too.
pub const FAILURES_ALLOWED: f64 = 0.01;

/// One workload of one experiment, with a series per contender of the run, in the run's order.
#[derive(Debug)]
pub struct Group<'a> {
    /// The experiment.
    pub experiment: &'a ExperimentRecord,
    /// The workload.
    pub workload: &'a WorkloadRecord,
    /// A series per contender that has a cell here.
    pub series: Vec<Series<'a>>,
    /// Contenders of the run that have no cell here, where others have, with their place in the run.
    pub unmeasured: Vec<(usize, &'a Contender)>,
}

/// What one contender did with one workload.
#[derive(Debug)]
pub struct Series<'a> {
    /// Place of the contender in the run, which decides its colour.
    pub index: usize,
    /// The contender.
    pub contender: &'a Contender,
    /// A point per offered load, in ascending order.
    pub points: Vec<Point<'a>>,
    /// Every stage at which connections were held.
    pub stages: Vec<HeldStage<'a>>,
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

/// What to make of a point.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Standing {
    /// The contender kept up and the measurement holds.
    Sound,
    /// The contender did not keep up: the figures depend on how long the load lasted.
    Saturated,
    /// The measurement does not hold; it is in no ranking and no sentence.
    Invalid,
}

/// Cells of one contender at one load, taken together.
#[derive(Debug, Default)]
pub struct Pool<'a> {
    /// The cells.
    pub cells: Vec<&'a Cell>,
    /// Response times of all of them; empty in closed loop.
    pub response: Distribution,
    /// Service times of correct replies of all of them.
    pub service: Distribution,
}

impl<'a> Pool<'a> {
    /// Sums the histograms of the cells. A histogram that does not decode counts as not measured; reading a run
    /// from its folder has refused those before.
    pub fn of(cells: Vec<&'a Cell>) -> Pool<'a> {
        let traffic = || cells.iter().filter_map(|cell| cell.traffic.as_ref());
        let response: Vec<_> =
            traffic().filter_map(|t| t.response_time.as_ref()).filter_map(|r| r.to_histogram().ok()).collect();
        let service: Vec<_> = traffic().filter_map(|t| t.service_time.to_histogram().ok()).collect();
        Pool { response: Distribution::of(&response), service: Distribution::of(&service), cells }
    }

    /// Sum of a count over the cells; absent where a cell lacks it.
    pub fn sum(&self, of: impl Fn(&Cell) -> Option<u64>) -> Option<u64> {
        let counts = self.cells.iter().map(|cell| of(cell)).collect::<Option<Vec<u64>>>()?;
        (!counts.is_empty()).then(|| counts.into_iter().fold(0, u64::saturating_add))
    }

    /// Requests that were scheduled, and those with a correct reply in time.
    pub fn scheduled_and_ok(&self) -> Option<(u64, u64)> {
        let scheduled = self.sum(|cell| Some(cell.traffic.as_ref()?.ledger.scheduled))?;
        Some((scheduled, self.sum(|cell| Some(cell.traffic.as_ref()?.ledger.ok))?))
    }

    /// Correct replies per second within the windows.
    pub fn achieved_rps(&self) -> Option<f64> {
        let replies = self.sum(|cell| Some(cell.traffic.as_ref()?.ok_within_window))?;
        let window_ns = self.sum(|cell| Some(cell.load.window_ns)).filter(|&ns| ns > 0)?;
        Some(replies as f64 * 1e9 / window_ns as f64)
    }

    /// The longest that a request of these cells may take.
    pub fn timeout_ns(&self) -> u64 {
        self.cells.iter().map(|cell| cell.load.timeout_ns).max().unwrap_or(0)
    }

    /// Compares with what the random schedules held, of which the offered load is only the mean.
    fn kept_up(&self) -> bool {
        let Some((scheduled, ok)) = self.scheduled_and_ok().filter(|(scheduled, _)| *scheduled > 0) else {
            return false;
        };
        let Some(in_window) = self.sum(|cell| Some(cell.traffic.as_ref()?.ok_within_window)) else { return false };
        let slack: f64 = self.cells.iter().map(|cell| straddling(cell)).sum();
        let failed = scheduled.saturating_sub(ok) as f64;
        in_window as f64 + slack >= KEPT_UP * scheduled as f64 && failed <= FAILURES_ALLOWED * scheduled as f64
    }
}

/// Replies that may fall on the other side of a window's end without any delay: those of two sessions, since a
/// session at its end may have most of its requests after it. It matters only where few requests are scheduled.
fn straddling(cell: &Cell) -> f64 {
    match cell.load.shape {
        Shape::Connections { .. } => 0.0,
        Shape::Sessions { requests, .. } => 2.0 * f64::from(requests),
    }
}

/// Whether a cell may be ranked: it ended as planned, and no warning makes it invalid.
pub fn counts(cell: &Cell) -> bool {
    cell.outcome == Outcome::Completed && !cell.warnings.iter().any(|warning| warning.invalidates())
}

/// A group per workload of each experiment, in declared order. Probes of capacity are left out.
pub fn groups(run: &Run) -> Vec<Group<'_>> {
    let mut groups = Vec::new();
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
                (!cells.is_empty()).then(|| series_of(index, contender, &cells))
            });
            let series: Vec<Series<'_>> = series.collect();
            let contenders = run.manifest.contenders.iter().enumerate();
            let without = |(index, _): &(usize, &Contender)| !series.iter().any(|series| series.index == *index);
            let unmeasured = if series.is_empty() { Vec::new() } else { contenders.filter(without).collect() };
            groups.push(Group { experiment, workload, series, unmeasured });
        }
    }
    groups
}

fn series_of<'a>(index: usize, contender: &'a Contender, cells: &[&'a Cell]) -> Series<'a> {
    let mut by_load = BTreeMap::<u64, Vec<&'a Cell>>::new();
    let mut stages = Vec::new();
    for &cell in cells {
        stages.extend(cell.stages.iter().map(|stage| HeldStage { cell, stage }));
        // Positive numbers sort by their bits as they do by value.
        if let Some(load) = cell.load.offered_load_rps.filter(|&load| load > 0.0)
            && cell.load.arrivals != Arrivals::Held
        {
            by_load.entry(load.to_bits()).or_default().push(cell);
        }
    }
    let points = by_load.into_iter().map(|(bits, cells)| point(f64::from_bits(bits), cells));
    Series { index, contender, points: points.collect(), stages }
}

fn point(offered_load_rps: f64, mut cells: Vec<&Cell>) -> Point<'_> {
    cells.sort_by_key(|cell| (cell.block, cell.order));
    let blocks = cells.iter().map(|&cell| Pool::of(vec![cell])).collect();
    let counting: Vec<&Cell> = cells.iter().copied().filter(|cell| counts(cell)).collect();
    let valid = !counting.is_empty();
    let pool = Pool::of(if valid { counting } else { cells });
    let standing = match valid {
        false => Standing::Invalid,
        true if pool.kept_up() => Standing::Sound,
        true => Standing::Saturated,
    };
    Point { offered_load_rps, pool, blocks, standing }
}

impl<'a> Series<'a> {
    /// The point at an offered load.
    pub fn at(&self, load: f64) -> Option<&Point<'a>> {
        self.points.iter().find(|point| point.offered_load_rps == load)
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
}

impl<'a> Group<'a> {
    /// Labels of the contenders without a single valid cell here.
    pub fn without_valid_cell(&self) -> Vec<&'a str> {
        let valid = |series: &&Series<'_>| {
            series.points.iter().any(|point| point.standing != Standing::Invalid)
                || series.stages.iter().any(HeldStage::counts)
        };
        let measured = self.series.iter().filter(|series| !valid(series));
        let all_invalid = measured.map(|series| series.contender.label.as_str());
        all_invalid.chain(self.unmeasured.iter().map(|(_, contender)| contender.label.as_str())).collect()
    }

    /// Every offered load of the group, ascending.
    pub fn loads(&self) -> Vec<f64> {
        let points = self.series.iter().flat_map(|series| &series.points);
        let mut loads: Vec<f64> = points.map(|point| point.offered_load_rps).collect();
        loads.sort_by(f64::total_cmp);
        loads.dedup();
        loads
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

    /// The highest load that every series kept up with.
    pub fn common_load(&self) -> Option<f64> {
        self.highest_load_with(self.series.len().max(1))
    }

    /// Where contenders are told apart: the highest load that at least half of the series, and two, are sound at.
    pub fn busy_load(&self) -> Option<f64> {
        self.highest_load_with(self.series.len().div_ceil(2).max(2))
    }

    /// The load of the summary table: the highest with every series sound, or else with as many as possible.
    pub fn comparison_load(&self) -> Option<f64> {
        (1..=self.series.len()).rev().find_map(|at_least| self.highest_load_with(at_least))
    }
}
