//! Where each row finds its figures: by what the work asks of a server, how it was loaded, and what was done to it.
//!
//! Nothing here knows an experiment by its name, so one that is new fills a row as well. Where several would do, the one that
//! has blocks enough comes first. Must not know: how a figure is judged or said. Beside it: `cast.rs`, `duel.rs`.

use super::cast::{Player, differing, players};
use super::duel::{Direction, Duel, SideValue};
use super::{Protagonist, Remedy, Topic};
use crate::crossover::{ServedRate, served};
use crate::format::Unit;
use crate::metrics::{Metric, Reading, metric, metrics_of_stages, slopes_by_block};
use crate::objective::{BlockResult, carries};
use crate::record::{ArrivalsRecord, Bound, Demand, Manifest, PictureKind, ShapeRecord};
use crate::stats::BlockValue;
use crate::study::{Group, Pool, Series, Standing, Trial, ascending};
use crate::verdict::{BlockValues, Floor, block_values, floor, has_any, paired};

/// How many times better something must make a value to be called a remedy.
const HELPS: f64 = 2.0;

/// The rows that the run has data for, in the order in which they are shown.
pub(super) fn found(groups: &[Group<'_>], manifest: &Manifest, protagonists: &[Protagonist; 2]) -> Vec<Duel> {
    let scenes = groups.iter().filter_map(|group| {
        let players = players(group, manifest, protagonists)?;
        Some(Scene { group, demand: group.workload.demand, players })
    });
    let scenes: Vec<Scene<'_, '_>> = scenes.collect();
    let rows = [
        scenes.iter().find_map(Scene::memory),
        under_load(&scenes, "cpu_per_request", busiest, |place| Topic::CpuPerRequest {
            load: place.load,
            connections: place.connections,
        }),
        scenes.iter().find_map(Scene::waiting),
        under_load(&scenes, "response_time_p50", quietest, |place| Topic::FewClients { load: place.load }),
        under_load(&scenes, "response_time_p99", near_the_limit, |place| Topic::NearTheLimit { load: place.load }),
        scenes.iter().find_map(Scene::held_up),
        scenes.iter().find_map(Scene::held),
        scenes.iter().find_map(Scene::computation),
    ];
    rows.into_iter().flatten().collect()
}

/// A workload and who plays the two parts in it.
struct Scene<'g, 'a> {
    group: &'g Group<'a>,
    demand: Option<Demand>,
    players: [Player<'g, 'a>; 2],
}

/// A load that both keep up with.
struct Place {
    load: f64,
    /// Where connections stay open.
    connections: Option<u32>,
    /// Where connections are what is swept.
    variation: Option<f64>,
    /// Whether it is the highest load that both keep up with, of several.
    is_highest: bool,
}

/// A place is better than another where this is greater.
type Rank = [f64; 2];

fn busiest(place: &Place) -> Option<Rank> {
    Some([f64::from(place.connections.unwrap_or(0)), place.load])
}

fn quietest(place: &Place) -> Option<Rank> {
    Some([-f64::from(place.connections.unwrap_or(0)), -place.load])
}

fn near_the_limit(place: &Place) -> Option<Rank> {
    place.is_highest.then_some([place.load, 0.0])
}

/// A metric of requests that can be answered at once, at the best place of all; the more blocks up to what a verdict takes,
/// the better.
fn under_load(
    scenes: &[Scene<'_, '_>],
    name: &str,
    rank: fn(&Place) -> Option<Rank>,
    topic: fn(&Place) -> Topic,
) -> Option<Duel> {
    let metric = metric(name)?;
    let mut best: Option<([f64; 3], Duel)> = None;
    for scene in scenes.iter().filter(|scene| scene.demand == Some(Demand::Nothing)) {
        for place in scene.places() {
            let Some([major, minor]) = rank(&place) else { continue };
            let duel = scene.duel(topic(&place), metric, &|series| place.values(series, metric));
            let blocks = paired(&duel.sides[0], &duel.sides[1]).len().min(metric.blocks_for_verdict);
            let rank = [blocks as f64, major, minor];
            if blocks > 0 && best.as_ref().is_none_or(|(other, _)| rank > *other) {
                best = Some((rank, duel));
            }
        }
    }
    best.map(|(_, duel)| duel)
}

impl Place {
    fn values(&self, series: &Series<'_>, metric: &Metric) -> Option<BlockValues> {
        let (blocks, standing) = match self.variation {
            Some(_) => series.trial(self.variation).map(|trial| (&trial.blocks, trial.standing))?,
            None => series.at(self.load).map(|point| (&point.blocks, point.standing))?,
        };
        (standing == Standing::Sound).then(|| block_values(metric, blocks)).filter(has_any)
    }
}

impl Scene<'_, '_> {
    fn sides(&self) -> [&Series<'_>; 2] {
        self.players.each_ref().map(|player| player.series)
    }

    /// The loads that both keep up with: points of a curve, and trials that nothing was done in.
    fn places(&self) -> Vec<Place> {
        // A search under an objective visits other loads with either.
        if self.group.experiment.objective.is_some() {
            return Vec::new();
        }
        let [first, second] = self.sides();
        let is_sound =
            |series: &Series<'_>, load: f64| series.at(load).is_some_and(|at| at.standing == Standing::Sound);
        let loads: Vec<f64> =
            self.group.loads().into_iter().filter(|load| is_sound(first, *load) && is_sound(second, *load)).collect();
        let highest = loads.last().copied().filter(|_| loads.len() > 1);
        let points = loads.iter().map(|&load| Place {
            load,
            connections: first.at(load).and_then(|point| connections(&point.pool)),
            variation: None,
            is_highest: highest == Some(load),
        });
        let trials = first.trials.iter().filter_map(|trial| {
            let other = second.trial(trial.variation)?;
            let is_quiet = |trial: &Trial<'_>| {
                trial.standing == Standing::Sound && trial.pool.cells.iter().all(|cell| cell.disturbance.is_none())
            };
            let load = trial.shown()?.load.offered_load_rps?;
            (is_quiet(trial) && is_quiet(other)).then(|| Place {
                load,
                connections: connections(&trial.pool),
                variation: trial.variation,
                is_highest: false,
            })
        });
        points.chain(trials.filter(|place| place.variation.is_some())).collect()
    }

    fn duel(&self, topic: Topic, metric: &Metric, of: &dyn Fn(&Series<'_>) -> Option<BlockValues>) -> Duel {
        let values = |series: &Series<'_>| of(series).unwrap_or_default();
        Duel {
            topic,
            unit: metric.unit,
            better: Direction::Less,
            sides: self.sides().map(values),
            floor: floor(self.group, of).map_or(Floor::default(), |(floor, _)| floor),
            blocks_needed: metric.blocks_for_verdict,
            stand_ins: self.players.each_ref().map(|player| player.stands_in.clone()),
            remedies: [None, None],
            experiment: self.group.experiment.name.clone(),
            metric: Some(metric.name),
        }
    }

    fn memory(&self) -> Option<Duel> {
        let pictures = self.group.experiment.pictures.iter().filter(|it| it.kind == PictureKind::StackedParts);
        let names: Vec<String> = pictures.flat_map(|picture| &picture.metrics).cloned().collect();
        let parts = metrics_of_stages(&names);
        let first = *parts.first().filter(|part| part.unit == Unit::Bytes)?;
        // What a connection costs a server that does not serve it says nothing.
        if !self.sides().iter().all(|series| series.serves_all()) {
            return None;
        }
        let values = |series: &Series<'_>| Some(slopes_by_block(series, &parts)).filter(has_any);
        let duel = self.duel(Topic::MemoryPerConnection, first, &values);
        duel.sides.iter().all(has_any).then_some(duel)
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
            let duel = self.duel(Topic::Waiting { for_ns, offered: None }, achieved, &values);
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
        let load = *left_behind.or(loads.last())?;
        let topic = Topic::Waiting { for_ns, offered: Some(load) };
        let duel = self.duel(topic, achieved, &|series| values(series, load));
        Some(Duel { better: Direction::More, ..duel })
    }

    /// What is answered where clients ask as soon as they are answered, with the most clients.
    fn in_closed_loop(&self, for_ns: u64, achieved: &Metric) -> Option<Duel> {
        let [first, second] = self.sides();
        let blocks = |series: &Series<'_>, at: f64| {
            let trial = series.trial(Some(at))?;
            let is_closed = trial.pool.cells.iter().all(|cell| cell.load.arrivals == ArrivalsRecord::Closed);
            let of_block =
                |pool: &Pool<'_>| Some((pool.cells.first()?.block, answered_in_closed_loop(pool, for_ns, achieved)));
            is_closed.then(|| trial.blocks.iter().filter_map(of_block).collect::<BlockValues>())
        };
        let variations = ascending(first.trials.iter().filter_map(|trial| trial.variation));
        let most = variations
            .into_iter()
            .rev()
            .find(|at| [first, second].iter().all(|side| blocks(side, *at).as_ref().is_some_and(has_any)))?;
        let duel = self.duel(Topic::Waiting { for_ns, offered: None }, achieved, &|series| blocks(series, most));
        Some(Duel { better: Direction::More, ..duel })
    }

    /// What others wait while the fewest requests block.
    fn held_up(&self) -> Option<Duel> {
        let Some(Demand::Blocking { for_ns }) = self.demand else { return None };
        let metric = metric("probe_longest_wait")?;
        let [first, second] = self.sides();
        let variations = ascending(first.trials.iter().filter_map(|trial| trial.variation));
        let is_tried = |at: &f64| *at > 0.0 && [first, second].iter().all(|side| is_valid(side, Some(*at)));
        let fewest = variations.into_iter().find(is_tried)?;
        let topic = Topic::HeldUp { blocking: fewest as u32, for_ns };
        Some(self.of_trials(topic, metric, Some(fewest), Direction::Less))
    }

    /// How many connections are held until a newcomer gets no answer, where both have the same bounds.
    fn held(&self) -> Option<Duel> {
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
        let are_valid = [first, second].iter().all(|side| is_valid(side, None));
        if values(bounds) != values(others) || !are_valid || !trials.iter().all(|trial| holds(trial)) {
            return None;
        }
        let what = trials[0].shown()?.disturbance.as_ref()?.name.clone();
        let memory_bytes = match bounds.map(Vec::as_slice) {
            Some([only]) if only.resource == MEMORY => Some(only.value),
            _ => None,
        };
        Some(self.of_trials(Topic::Held { what, memory_bytes }, metric, None, Direction::More))
    }

    /// Computation on the most CPUs that it was tried on.
    fn computation(&self) -> Option<Duel> {
        let Some(Demand::Computing { .. }) = self.demand else { return None };
        let metric = metric("achieved_rps")?;
        let [first, second] = self.sides();
        let is_quiet = |side: &Series<'_>, at: f64| {
            let trial = side.trial(Some(at)).filter(|trial| trial.standing != Standing::Invalid);
            trial.is_some_and(|trial| trial.pool.cells.iter().all(|cell| cell.disturbance.is_none()))
        };
        let variations = ascending(first.trials.iter().filter_map(|trial| trial.variation));
        let most = variations.into_iter().rev().find(|at| is_quiet(first, *at) && is_quiet(second, *at))?;
        Some(self.of_trials(Topic::Computation { cpus: most as u32 }, metric, Some(most), Direction::More))
    }

    fn of_trials(&self, topic: Topic, metric: &Metric, variation: Option<f64>, better: Direction) -> Duel {
        let values = |series: &Series<'_>| Some(block_values(metric, &series.trial(variation)?.blocks)).filter(has_any);
        let duel = self.duel(topic, metric, &values);
        let remedies = [0, 1].map(|who| self.remedy(who, metric, variation, better));
        Duel { better, remedies, ..duel }
    }

    /// The contender of a player's model that does best with other options, where that is much better.
    fn remedy(&self, who: usize, metric: &Metric, variation: Option<f64>, better: Direction) -> Option<Remedy> {
        let player = self.players[who].series;
        let value = |series: &Series<'_>| {
            let trial = series.trial(variation).filter(|trial| trial.standing != Standing::Invalid)?;
            match metric.of_pool(&trial.pool) {
                Reading::Measured(value, _) => Some(SideValue { value, at_least: false }),
                Reading::Beyond(least) => Some(SideValue { value: least as f64, at_least: true }),
                Reading::TooFew(_) | Reading::Absent => None,
            }
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

/// What the bound on memory is called in a record.
const MEMORY: &str = "memory";

fn is_valid(series: &Series<'_>, variation: Option<f64>) -> bool {
    series.trial(variation).is_some_and(|trial| trial.standing != Standing::Invalid)
}

/// Who kept up may have carried more.
fn answered(block: &Pool<'_>, achieved: &Metric) -> BlockValue {
    match (Standing::of(block, true), BlockValue::from(achieved.of_pool(block))) {
        (Standing::Sound, BlockValue::Is(value)) => BlockValue::Beyond(value),
        (_, value) => value,
    }
}

/// Clients that wait for nothing but the wait itself say what they could ask, and not what the server could answer; likewise
/// a generator without CPU left.
const PART_OF_ALL_THAT_CLIENTS_CAN_ASK: f64 = 0.8;

fn answered_in_closed_loop(pool: &Pool<'_>, for_ns: u64, achieved: &Metric) -> BlockValue {
    let most = pool.cells.first().and_then(|cell| match cell.load.shape {
        ShapeRecord::Connections { connections } => Some(f64::from(connections) * 1e9 / for_ns as f64),
        ShapeRecord::Sessions { .. } => None,
    });
    let is_all = |rate: f64| most.is_some_and(|most| rate >= PART_OF_ALL_THAT_CLIENTS_CAN_ASK * most);
    match served(achieved, pool) {
        Some(ServedRate::Exactly(rate)) if !is_all(rate) => BlockValue::Is(rate),
        Some(ServedRate::Exactly(rate) | ServedRate::AtLeast(rate)) => BlockValue::Beyond(rate),
        None => BlockValue::Missing,
    }
}

fn connections(pool: &Pool<'_>) -> Option<u32> {
    match pool.cells.first()?.load.shape {
        ShapeRecord::Connections { connections } => Some(connections),
        ShapeRecord::Sessions { .. } => None,
    }
}
