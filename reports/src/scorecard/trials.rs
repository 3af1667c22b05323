//! The rows that come from trials: what others wait while requests block, connections held until a newcomer gets no answer,
//! computation; and what helps in them.
//!
//! Must not know: how a figure is judged or said. Beside it: `rows.rs`, whose scenes these are of.

use super::cast::differing;
use super::duel::{Direction, Duel, SideValue};
use super::rows::{PlayedGroup, measured};
use super::{MeasuredAt, Remedy, Topic};
use crate::crossover::{ServedRate, served};
use crate::format::Unit;
use crate::metrics::{Metric, Reading, metric};
use crate::record::{ArrivalsRecord, Bound, Demand, ShapeRecord, Swept};
use crate::stats::BlockValue;
use crate::study::{Pool, Series, Standing, Trial, ascending};
use crate::verdict::{BlockValues, has_any};

/// How many times better something must make a value to be called a remedy.
const HELPS: f64 = 2.0;

impl PlayedGroup<'_, '_> {
    /// What is answered where clients ask as soon as they are answered, with the most clients.
    pub(super) fn in_closed_loop(&self, for_ns: u64, achieved: &Metric) -> Option<Duel> {
        let [first, second] = self.sides();
        let blocks = |series: &Series<'_>, at: f64| {
            let trial = series.trial(Some(at))?;
            let is_closed = trial.pool.cells.iter().all(|cell| cell.load.arrivals == ArrivalsRecord::Closed);
            let of_block =
                |pool: &Pool<'_>| Some((pool.cells.first()?.block, answered_in_closed_loop(pool, for_ns, achieved)?));
            is_closed.then(|| trial.blocks.iter().filter_map(of_block).collect::<BlockValues>())
        };
        let variations = ascending(first.trials.iter().filter_map(|trial| trial.variation));
        let of_both = |at: f64, suffice: fn(&BlockValues) -> bool| {
            [first, second].iter().all(|side| blocks(side, at).as_ref().is_some_and(suffice))
        };
        let tried = variations.into_iter().rev().filter(|at| of_both(*at, |_| true));
        let most = tried.min_by_key(|at| !of_both(*at, has_any))?;
        let (topic, at) = (
            Topic::Waiting { for_ns, at_backend: self.calls_a_backend(), offered: None },
            MeasuredAt::Trial(Some(most)),
        );
        let duel = self.duel(topic, achieved, at, &|series| blocks(series, most));
        Some(Duel { better: Direction::More, ..duel })
    }

    /// What all but one in a hundred of the others wait at most while the fewest requests block. The longest wait of all would
    /// be one that the machine took as often as one that the server took.
    pub(super) fn held_up(&self) -> Option<Duel> {
        let Some(Demand::Blocking { for_ns }) = self.demand else { return None };
        let metric = metric("probe_p99")?;
        let [first, second] = self.sides();
        let variations = ascending(first.trials.iter().filter_map(|trial| trial.variation));
        let tried = variations.into_iter().filter(|at| *at > 0.0 && second.trial(Some(*at)).is_some());
        let fewest = tried.min_by_key(|at| !self.are_valid(Some(*at)))?;
        let topic = Topic::HeldUp { blocking: fewest as u32, for_ns };
        self.of_trials(topic, metric, Some(fewest), Direction::Less)
    }

    /// How many connections are held until a newcomer gets no answer, where both have the same bounds.
    pub(super) fn held(&self) -> Option<Duel> {
        if self.demand != Some(Demand::Nothing) {
            return None;
        }
        let metric = metric("held_at_first_failure")?;
        let [first, second] = self.sides();
        let trials = [first.trial(None)?, second.trial(None)?];
        let [bounds, others] = trials.map(|trial| trial.shown().map(|cell| &cell.bounds));
        let holds = |trial: &Trial<'_>| {
            let course = trial.shown().and_then(|cell| cell.disturbance.as_ref()).map(|done| &done.course);
            course.is_some_and(|course| course.iter().any(|progress| progress.held > 0))
        };
        let values = |bounds: Option<&Vec<Bound>>| -> Vec<(String, u64)> {
            bounds.into_iter().flatten().map(|bound| (bound.resource.clone(), bound.value)).collect()
        };
        if values(bounds) != values(others) || !trials.iter().all(|trial| holds(trial)) {
            return None;
        }
        let what = trials[0].shown()?.disturbance.as_ref()?.name.clone();
        // Of bounds that were chosen for each resource by itself, the choice would decide.
        let memory_bytes = match bounds.map(Vec::as_slice) {
            Some([only]) if only.resource == MEMORY => Some(only.value),
            Some([]) | None => None,
            Some(_) => return None,
        };
        self.of_trials(Topic::Held { what, memory_bytes }, metric, None, Direction::More)
    }

    /// Computation at the greatest value of a variable of its own, such as the CPUs of the server.
    pub(super) fn computation(&self) -> Option<Duel> {
        let Some(Demand::Computing { .. }) = self.demand else { return None };
        let experiment = self.group.experiment;
        let label = experiment.variation_label()?;
        if !experiment.pictures.iter().any(|picture| picture.x == Swept::Variation) {
            return None;
        }
        let metric = metric("achieved_rps")?;
        let [first, second] = self.sides();
        let is_quiet = |trial: &Trial<'_>| trial.pool.cells.iter().all(|cell| cell.disturbance.is_none());
        let are_quiet = |at: &f64| [first, second].iter().all(|side| side.trial(Some(*at)).is_some_and(is_quiet));
        let variations = ascending(first.trials.iter().filter_map(|trial| trial.variation));
        let most = variations.into_iter().rev().filter(are_quiet).min_by_key(|at| !self.are_valid(Some(*at)))?;
        let at = format!("{label}: {}", Unit::Count.show(most));
        self.of_trials(Topic::Computation { at }, metric, Some(most), Direction::More)
    }

    /// Absent where both are valid and one was not measured.
    fn of_trials(&self, topic: Topic, metric: &Metric, variation: Option<f64>, better: Direction) -> Option<Duel> {
        let values = |series: &Series<'_>| measured(metric, &valid(series, variation)?.blocks);
        let duel = self.duel(topic, metric, MeasuredAt::Trial(variation), &values);
        if self.are_valid(variation) && duel.sides.iter().any(BlockValues::is_empty) {
            return None;
        }
        let remedies = [0, 1].map(|who| self.remedy(who, metric, variation, better));
        Some(Duel { better, remedies, ..duel })
    }

    fn are_valid(&self, variation: Option<f64>) -> bool {
        self.sides().into_iter().all(|side| valid(side, variation).is_some())
    }

    /// The contender of a player's model that does best with other options, where that is much better.
    fn remedy(&self, who: usize, metric: &Metric, variation: Option<f64>, better: Direction) -> Option<Remedy> {
        let player = self.players[who].series;
        let value = |series: &Series<'_>| match metric.of_pool(&valid(series, variation)?.pool) {
            Reading::Measured(value, _) => Some(SideValue { value, at_least: false }),
            Reading::Beyond(least) => Some(SideValue { value: least as f64, at_least: true }),
            Reading::TooFew(_) | Reading::Absent => None,
        };
        let now = value(player)?;
        let helps = |with: &SideValue| match better {
            Direction::Less => !with.at_least && with.value * HELPS <= now.value,
            Direction::More => !now.at_least && (with.at_least || with.value >= now.value * HELPS),
        };
        let others = self.group.series.iter().filter(|other| {
            let taken = self.players.iter().any(|player| player.series.index == other.index);
            !taken && other.contender.model == player.contender.model
        });
        let with =
            others.filter_map(|other| Some((differing(other.contender, player.contender).join(", "), value(other)?)));
        let with = with.filter(|(options, value)| !options.is_empty() && helps(value));
        let good = |value: &SideValue| match better {
            Direction::Less => -value.value,
            Direction::More => value.value,
        };
        let (options, value) = with.max_by(|(_, a), (_, b)| good(a).total_cmp(&good(b)))?;
        Some(Remedy { helps: who, options, value })
    }
}

/// Clients that wait for nothing but the wait itself say what they could ask, and not what the server could answer; likewise
/// a generator without CPU left.
const PART_OF_ALL_THAT_CLIENTS_CAN_ASK: f64 = 0.8;

/// Absent where the block is not valid for any reason but that limit: then it is left out, as in every other row.
fn answered_in_closed_loop(pool: &Pool<'_>, for_ns: u64, achieved: &Metric) -> Option<BlockValue> {
    let most = pool.cells.first().and_then(|cell| match cell.load.shape {
        ShapeRecord::Connections { connections } => Some(f64::from(connections) * 1e9 / for_ns as f64),
        ShapeRecord::Sessions { .. } => None,
    });
    let is_all = |rate: f64| most.is_some_and(|most| rate >= PART_OF_ALL_THAT_CLIENTS_CAN_ASK * most);
    match served(achieved, pool) {
        Some(ServedRate::Exactly(rate)) if !is_all(rate) => Some(BlockValue::Is(rate)),
        Some(ServedRate::Exactly(rate) | ServedRate::AtLeast(rate)) => Some(BlockValue::Beyond(rate)),
        None => pool.counts().then_some(BlockValue::Missing),
    }
}

/// What the bound on memory is called in a record.
const MEMORY: &str = "memory";

fn valid<'s, 'a>(series: &'s Series<'a>, variation: Option<f64>) -> Option<&'s Trial<'a>> {
    series.trial(variation).filter(|trial| trial.standing != Standing::Invalid)
}
