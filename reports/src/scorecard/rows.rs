//! Where each row finds its figures: by what the work asks of a server, how it was loaded, and what was done to it.
//!
//! Nothing here knows an experiment by its name, so one that is new fills a row as well. Where several would do, the one that
//! has blocks enough comes first. Must not know: how a figure is judged or said. Beside it: `trials.rs` (the rows of
//! trials), `cast.rs`, `duel.rs`.

use std::collections::BTreeSet;

use super::cast::{Player, players};
use super::duel::{Direction, Duel};
use super::{MeasuredAt, Protagonist, RowSource, Topic};
use crate::metrics::{Metric, Reading, memory_parts, metric, slopes_by_block};
use crate::objective::{BlockResult, carries};
use crate::record::{Demand, Manifest, Phase, ShapeRecord};
use crate::stats::BlockValue;
use crate::study::{Group, Pool, Series, Standing, Trial, disturbed_by};
use crate::verdict::{BlockValues, Floor, block_values, floor, has_any};

/// The rows that the run has data for, in the order in which they are shown.
pub(super) fn found(groups: &[Group<'_>], manifest: &Manifest, protagonists: &[Protagonist; 2]) -> Vec<Duel> {
    let scenes = groups.iter().filter_map(|group| {
        let players = players(group, manifest, protagonists)?;
        Some(PlayedGroup { group, demand: group.workload.demand, players })
    });
    let scenes: Vec<PlayedGroup<'_, '_>> = scenes.collect();
    let rows = [
        best(scenes.iter().filter_map(PlayedGroup::memory)),
        under_load(&scenes, "cpu_per_request", busiest, |place| Topic::CpuPerRequest {
            load: place.load,
            connections: place.connections,
        }),
        best(scenes.iter().filter_map(PlayedGroup::waiting)),
        under_load(&scenes, "response_time_p50", quietest, |place| Topic::FewClients {
            load: place.load,
            waits_ns: place.waits_ns,
        }),
        under_load(&scenes, "response_time_p99", highest, |place| Topic::TailUnderLoad {
            load: place.is_sound.then_some(place.load),
        }),
        best(scenes.iter().filter_map(PlayedGroup::held_up)),
        best(scenes.iter().filter_map(PlayedGroup::held)),
        best(scenes.iter().filter_map(PlayedGroup::computation)),
    ];
    rows.into_iter().flatten().collect()
}

/// The first with a number of both or, where there is none, the first.
fn best(duels: impl Iterator<Item = Duel>) -> Option<Duel> {
    duels.min_by_key(|duel| duel.numbers() == 0)
}

/// What the blocks say that count; absent where none of them has measured it.
pub(super) fn measured(metric: &Metric, blocks: &[Pool<'_>]) -> Option<BlockValues> {
    let is_measured = |pool: &Pool<'_>| pool.counts() && metric.of_pool(pool) != Reading::Absent;
    blocks.iter().any(is_measured).then(|| block_values(metric, blocks))
}

/// A workload and who plays the two parts in it.
pub(super) struct PlayedGroup<'g, 'a> {
    pub(super) group: &'g Group<'a>,
    pub(super) demand: Option<Demand>,
    pub(super) players: [Player<'g, 'a>; 2],
}

/// A load that both were put under.
struct Place {
    load: f64,
    /// Whether both keep up with it.
    is_sound: bool,
    /// How long each request waits, where it does.
    waits_ns: Option<u64>,
    /// Where connections stay open.
    connections: Option<u32>,
    /// Where connections are what is swept.
    variation: Option<f64>,
    /// Whether it is the highest load that both keep up with, of several; of the others the highest, where there is none.
    is_highest: bool,
}

/// A place is better than another where this is greater.
type PlaceRank = [f64; 2];

fn busiest(place: &Place) -> Option<PlaceRank> {
    place.waits_ns.is_none().then(|| [f64::from(place.connections.unwrap_or(0)), place.load])
}

fn quietest(place: &Place) -> Option<PlaceRank> {
    Some([-f64::from(place.connections.unwrap_or(0)), -place.load])
}

fn highest(place: &Place) -> Option<PlaceRank> {
    (place.is_highest && place.waits_ns.is_none()).then_some([place.load, 0.0])
}

/// A metric of requests that can be answered at once, or wait and need no CPU for it, at the best place of all; the more
/// blocks up to what a verdict takes, the better.
fn under_load(
    scenes: &[PlayedGroup<'_, '_>],
    name: &str,
    rank: fn(&Place) -> Option<PlaceRank>,
    topic: fn(&Place) -> Topic,
) -> Option<Duel> {
    let metric = metric(name)?;
    let mut best: Option<([f64; 3], Duel)> = None;
    for scene in scenes {
        for place in scene.places() {
            let Some([major, minor]) = rank(&place) else { continue };
            let duel = scene.duel(topic(&place), metric, place.at(), &|series| place.values(series, metric));
            // Where both keep up, what is not there was not looked at.
            if place.is_sound && duel.sides.iter().any(BlockValues::is_empty) {
                continue;
            }
            let rank = [duel.numbers().min(metric.blocks_for_verdict) as f64, major, minor];
            if best.as_ref().is_none_or(|(other, _)| rank > *other) {
                best = Some((rank, duel));
            }
        }
    }
    best.map(|(_, duel)| duel)
}

impl Place {
    fn at(&self) -> MeasuredAt {
        self.variation.map_or(MeasuredAt::Load(self.load), |variation| MeasuredAt::Trial(Some(variation)))
    }

    fn values(&self, series: &Series<'_>, metric: &Metric) -> Option<BlockValues> {
        let (blocks, standing) = match self.variation {
            Some(_) => series.trial(self.variation).map(|trial| (&trial.blocks, trial.standing))?,
            None => series.at(self.load).map(|point| (&point.blocks, point.standing))?,
        };
        (standing == Standing::Sound).then(|| measured(metric, blocks)).flatten()
    }
}

impl PlayedGroup<'_, '_> {
    pub(super) fn sides(&self) -> [&Series<'_>; 2] {
        self.players.each_ref().map(|player| player.series)
    }

    /// The loads that both were put under: points of a curve, and trials that nothing was done in.
    fn places(&self) -> Vec<Place> {
        // A search under an objective visits other loads with either.
        if self.group.experiment.objective.is_some() {
            return Vec::new();
        }
        let waits_ns = match self.demand {
            Some(Demand::Nothing) => None,
            Some(Demand::Waiting { for_ns }) => Some(for_ns),
            _ => return Vec::new(),
        };
        let [first, second] = self.sides();
        let highest = self.highest_of_both();
        let points = self.loads_of_both().into_iter().map(|load| Place {
            load,
            is_sound: self.both_keep_up_with(load),
            waits_ns,
            connections: first.at(load).and_then(|point| connections(&point.pool)),
            variation: None,
            is_highest: highest == Some(load),
        });
        let trials = first.trials.iter().filter(|trial| trial.variation.is_some()).filter_map(|trial| {
            let both = [trial, second.trial(trial.variation)?];
            let is_quiet = |trial: &&Trial<'_>| trial.pool.cells.iter().all(|cell| cell.disturbance.is_none());
            both.iter().all(is_quiet).then_some(Place {
                load: trial.shown()?.load.offered_load_rps?,
                is_sound: both.iter().all(|trial| trial.standing == Standing::Sound),
                waits_ns,
                connections: connections(&trial.pool),
                variation: trial.variation,
                is_highest: false,
            })
        });
        points.chain(trials).collect()
    }

    /// The loads of a curve that both were put under, in ascending order.
    fn loads_of_both(&self) -> Vec<f64> {
        let is_of_both = |load: &f64| self.sides().iter().all(|side| side.at(*load).is_some());
        self.group.loads().into_iter().filter(is_of_both).collect()
    }

    fn both_keep_up_with(&self, load: f64) -> bool {
        let keeps_up = |side: &&Series<'_>| side.at(load).is_some_and(|point| point.standing == Standing::Sound);
        self.sides().iter().all(keeps_up)
    }

    /// The highest load that both keep up with, of several; of the others the highest, where there is none; absent where one
    /// load was tried.
    fn highest_of_both(&self) -> Option<f64> {
        let tried = self.loads_of_both();
        let (kept, others): (Vec<f64>, Vec<f64>) = tried.iter().partition(|load| self.both_keep_up_with(**load));
        let highest = if kept.len() > 1 { kept.last() } else { others.last() };
        highest.copied().filter(|_| tried.len() > 1)
    }

    pub(super) fn duel(
        &self,
        topic: Topic,
        metric: &Metric,
        at: MeasuredAt,
        of: &dyn Fn(&Series<'_>) -> Option<BlockValues>,
    ) -> Duel {
        let values = |series: &Series<'_>| of(series).unwrap_or_default();
        Duel {
            topic,
            unit: metric.unit,
            better: Direction::Less,
            sides: self.sides().map(values),
            disturbed: self.sides().into_iter().flat_map(|series| disturbed_blocks(series, at)).collect(),
            floor: floor(self.group, of).map_or(Floor::default(), |(floor, _)| floor),
            blocks_needed: metric.blocks_for_verdict,
            stand_ins: self.players.each_ref().map(|player| player.stands_in.clone()),
            remedies: [None, None],
            experiment: self.group.experiment.name.clone(),
            metric: Some(metric.name),
            source: RowSource {
                workload: self.group.workload.key.clone(),
                at,
                players: self.sides().map(|series| series.index),
            },
        }
    }

    fn memory(&self) -> Option<Duel> {
        let parts = memory_parts();
        let first = *parts.first()?;
        // What a connection costs a server that does not serve it says nothing.
        let is_tried = |series: &&Series<'_>| series.serves_all() && series.phase(Phase::Idle).next().is_some();
        let values = |series: &Series<'_>| Some(slopes_by_block(series, &parts)).filter(has_any);
        let duel = || self.duel(Topic::MemoryPerConnection, first, MeasuredAt::Everywhere, &values);
        self.sides().iter().all(is_tried).then(duel)
    }

    /// Whether the server asked a backend for what its requests wait for.
    pub(super) fn calls_a_backend(&self) -> bool {
        let calls = |series: &Series<'_>| {
            let of_points = series.points.iter().map(|point| &point.pool);
            let mut pools = of_points.chain(series.trials.iter().map(|trial| &trial.pool));
            pools.any(|pool| pool.cells.iter().any(|cell| cell.backend.is_some()))
        };
        self.sides().into_iter().any(calls)
    }

    /// What is carried of requests that wait: found by a search, or answered where at least one is left behind.
    fn waiting(&self) -> Option<Duel> {
        let Some(Demand::Waiting { for_ns }) = self.demand else { return None };
        let achieved = metric("achieved_rps")?;
        if let Some(objective) = &self.group.experiment.objective {
            let values = |series: &Series<'_>| {
                let found = carries(objective, series).blocks.into_iter().map(|found| match found {
                    BlockResult::Carried(load) => BlockValue::Is(load),
                    BlockResult::AtLeast(load) => BlockValue::Beyond(load),
                    BlockResult::LessThan(_) | BlockResult::Unfinished => BlockValue::Missing,
                });
                Some((0..).zip(found).collect::<BlockValues>())
            };
            let topic = Topic::Waiting { for_ns, at_backend: self.calls_a_backend(), offered: None };
            let duel = self.duel(topic, achieved, MeasuredAt::Everywhere, &values);
            return Some(Duel { better: Direction::More, metric: None, ..duel });
        }
        if let Some(duel) = self.in_closed_loop(for_ns, achieved) {
            return Some(duel);
        }
        let [first, second] = self.sides();
        let values = |series: &Series<'_>, load: f64| {
            let point = series.at(load).filter(|point| point.standing != Standing::Invalid)?;
            let blocks = point.blocks.iter().filter(|block| block.counts());
            Some(blocks.filter_map(|block| Some((block.cells.first()?.block, answered(block, achieved)))).collect())
        };
        let both = |load: &f64| values(first, *load).is_some() && values(second, *load).is_some();
        let is_behind =
            |series: &Series<'_>, load: f64| series.at(load).is_some_and(|point| point.standing == Standing::Saturated);
        let loads: Vec<f64> = self.group.loads().into_iter().filter(both).collect();
        let left_behind = loads.iter().rev().find(|load| is_behind(first, **load) || is_behind(second, **load));
        let load = left_behind.or(loads.last()).copied().or_else(|| self.loads_of_both().last().copied())?;
        let topic = Topic::Waiting { for_ns, at_backend: self.calls_a_backend(), offered: Some(load) };
        let duel = self.duel(topic, achieved, MeasuredAt::Load(load), &|series| values(series, load));
        Some(Duel { better: Direction::More, ..duel })
    }
}

/// Who kept up may have carried more.
fn answered(block: &Pool<'_>, achieved: &Metric) -> BlockValue {
    match (Standing::of(block, true), BlockValue::from(achieved.of_pool(block))) {
        (Standing::Sound, BlockValue::Is(value)) => BlockValue::Beyond(value),
        (_, value) => value,
    }
}

/// Blocks of what a row's figures are from in which something disturbed the machine, or nobody could see whether.
fn disturbed_blocks(series: &Series<'_>, at: MeasuredAt) -> BTreeSet<u32> {
    let points = series.points.iter().filter(|point| match at {
        MeasuredAt::Everywhere => true,
        MeasuredAt::Load(load) => point.offered_load_rps == load,
        MeasuredAt::Trial(_) => false,
    });
    let trials = series.trials.iter().filter(|trial| match at {
        MeasuredAt::Everywhere => true,
        MeasuredAt::Load(_) => false,
        MeasuredAt::Trial(variation) => trial.variation == variation,
    });
    let stages = series.stages.iter().filter(|_| at == MeasuredAt::Everywhere).map(|stage| stage.cell);
    let pools = points.flat_map(|point| &point.blocks).chain(trials.flat_map(|trial| &trial.blocks));
    let cells = pools.flat_map(|pool| pool.cells.iter().copied()).chain(stages);
    cells.filter(|cell| disturbed_by(cell).is_some()).map(|cell| cell.block).collect()
}

fn connections(pool: &Pool<'_>) -> Option<u32> {
    match pool.cells.first()?.load.shape {
        ShapeRecord::Connections { connections } => Some(connections),
        ShapeRecord::Sessions { .. } => None,
    }
}
