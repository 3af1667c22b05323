//! Who waited for what: the facts behind a row of a scorecard, read from the same records as the row.
//!
//! What a connection is made of, what a request costs, where its time went, which thread ran it, or how a server fared while
//! something was done to it: the first of these that the run has recorded for both protagonists. Must not know: sentences
//! (`words/card/why.rs`), pixels. Beside it: `scorecard/`, whose rows it explains; `charts/why.rs`, which draws it; `mechanism/moments.rs`, a traced window in
//! a few of its moments.

pub(crate) mod moments;

use crate::metrics::{Bands, Metric, TIME_PARTS, TimePart, memory_parts, metric, slope_of};
use crate::placement::cpus_of_cell;
use crate::record::store::Run;
use crate::record::{ArrivalsRecord, Demand, Load, Phase, ShapeRecord, Timeline};
use crate::scorecard::{MeasuredAt, Scorecard, ScorecardRow, Topic};
use crate::study::{Group, HeldStage, Pool, Series, Trial};

/// What explains a row. Whatever there are two of is in the order of the protagonists.
#[derive(Debug)]
pub(crate) enum Mechanism<'g, 'a> {
    /// What one more connection is made of.
    Connection {
        /// The parts that were measured, in bytes.
        parts: Vec<&'static Metric>,
        /// Of either protagonist.
        sides: [ConnectionParts; 2],
    },
    /// What a request costs a server.
    Request([ServingCost; 2]),
    /// Where the response time went.
    Time(TimeOfEither),
    /// Which thread ran which request, in a traced window.
    Lanes {
        /// The windows.
        timelines: [&'g Timeline; 2],
        /// What a request costs where the row was measured; nothing in it where that is not known.
        costs: [ServingCost; 2],
    },
    /// How either fared while something was done to it.
    Course {
        /// The workload.
        group: &'g Group<'a>,
        /// The trials.
        sides: [(&'g Series<'a>, &'g Trial<'a>); 2],
    },
}

/// What one more held connection adds to a server.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct ConnectionParts {
    /// Bytes of each part; absent where it could not be fitted.
    pub(crate) bytes: Vec<Option<f64>>,
    /// Threads.
    pub(crate) threads: Option<f64>,
}

/// What serving costs a server. What was not measured is absent.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub(crate) struct ServingCost {
    /// CPU time of a request in nanoseconds.
    pub(crate) cpu_ns: Option<f64>,
    /// Context switches of a request.
    pub(crate) switches: Option<f64>,
    /// The most threads that were seen.
    pub(crate) threads: Option<f64>,
    /// Part of the time of its CPUs in which they were busy, 0 to 1.
    pub(crate) busy: Option<f64>,
    /// Requests under way at a time, where clients ask as soon as they are answered.
    pub(crate) clients: Option<u32>,
}

/// Of which replies the time is taken apart.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum RepliesApart {
    /// All: the mean.
    All,
    /// Those that took about as long as the median one.
    Median,
    /// The slowest hundredth.
    Slowest,
}

/// Where the response time of both went.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct TimeOfEither {
    /// Of which replies.
    pub(crate) of: RepliesApart,
    /// The parts, in the order of a request's way.
    pub(crate) parts: Vec<&'static TimePart>,
    /// Nanoseconds of each part, of either protagonist; absent where it is not known.
    pub(crate) sides: [Vec<Option<f64>>; 2],
}

impl<'g, 'a> Mechanism<'g, 'a> {
    /// What explains a row of the run's scorecard; absent where nothing was recorded that does. `groups` are those of the
    /// same run.
    pub(crate) fn of(
        run: &'g Run,
        groups: &'g [Group<'a>],
        card: &Scorecard,
        row: &ScorecardRow,
    ) -> Option<Mechanism<'g, 'a>> {
        let scene = PlayedRow::of(run, groups, row)?;
        match &row.topic {
            Topic::MemoryPerConnection => scene.connection(),
            Topic::CpuPerRequest { .. } | Topic::Computation { .. } => scene.request(),
            Topic::Waiting { .. } => {
                let lanes = lanes(run, card, |demand| matches!(demand, Demand::Waiting { .. }));
                let lanes = lanes.map(|timelines| Mechanism::Lanes { timelines, costs: scene.costs() });
                lanes.or_else(|| scene.time(RepliesApart::All)).or_else(|| scene.request())
            }
            Topic::FewClients { .. } => scene.time(RepliesApart::Median),
            Topic::TailUnderLoad { .. } => scene.time(RepliesApart::Slowest),
            Topic::HeldUp { .. } => {
                let lanes = lanes(run, card, |demand| matches!(demand, Demand::Blocking { .. }));
                let lanes = lanes.map(|timelines| Mechanism::Lanes { timelines, costs: [ServingCost::default(); 2] });
                lanes.or_else(|| scene.course())
            }
            Topic::Held { .. } => scene.course(),
        }
    }

    /// What a request that waits costs either, in place of the lanes, where that is known.
    pub(crate) fn without_waiting_lanes(self, row: &ScorecardRow) -> Option<Mechanism<'g, 'a>> {
        match self {
            Mechanism::Lanes { costs, .. } if matches!(row.topic, Topic::Waiting { .. }) => {
                costs.iter().all(|cost| cost.cpu_ns.is_some()).then_some(Mechanism::Request(costs))
            }
            other => Some(other),
        }
    }
}

/// Windows of both protagonists under such a load, the first of each.
pub(crate) fn lanes<'g>(
    run: &'g Run,
    card: &Scorecard,
    is_asked: impl Fn(Demand) -> bool,
) -> Option<[&'g Timeline; 2]> {
    let of = |label: &String| {
        run.timelines.iter().find(|timeline| timeline.contender == *label && timeline.demand.is_some_and(&is_asked))
    };
    let [first, second] = card.protagonists.each_ref().map(|protagonist| of(&protagonist.label));
    // A picture of both has one load.
    let (first, second) = (first?, second?);
    ((&first.work, first.connections) == (&second.work, second.connections)).then_some([first, second])
}

/// A row with the series of those who played its parts.
struct PlayedRow<'g, 'a, 'r> {
    group: &'g Group<'a>,
    players: [&'g Series<'a>; 2],
    row: &'r ScorecardRow,
    run: &'r Run,
}

impl<'g, 'a, 'r> PlayedRow<'g, 'a, 'r> {
    fn of(run: &'r Run, groups: &'g [Group<'a>], row: &'r ScorecardRow) -> Option<PlayedRow<'g, 'a, 'r>> {
        let group = groups
            .iter()
            .find(|group| group.experiment.name == row.experiment && group.workload.key == row.source.workload)?;
        let player = |index: usize| group.series.iter().find(|series| series.index == index);
        let [first, second] = row.source.players.map(player);
        Some(PlayedRow { group, players: [first?, second?], row, run })
    }

    fn pools(&self) -> Option<[&'g Pool<'a>; 2]> {
        let pool = |series: &'g Series<'a>| match self.row.source.at {
            MeasuredAt::Load(load) => series.at(load).map(|point| &point.pool),
            MeasuredAt::Trial(variation) => series.trial(variation).map(|trial| &trial.pool),
            MeasuredAt::Everywhere => None,
        };
        let [first, second] = self.players.map(pool);
        Some([first?, second?])
    }

    fn connection(&self) -> Option<Mechanism<'g, 'a>> {
        let held =
            self.players.map(|series| series.phase(Phase::Idle).filter(|held| held.counts()).collect::<Vec<_>>());
        let slope = |held: &[&HeldStage<'_>], part: &Metric| Some(slope_of(held, |stage| part.of_stage(stage))?.value);
        let parts: Vec<&'static Metric> =
            memory_parts().into_iter().filter(|part| held.iter().any(|held| slope(held, part).is_some())).collect();
        let threads = metric("threads")?;
        let sides = held.each_ref().map(|held| ConnectionParts {
            bytes: parts.iter().map(|part| slope(held, part)).collect(),
            threads: slope(held, threads),
        });
        let is_known = |side: &ConnectionParts| side.bytes.iter().any(Option::is_some);
        sides.iter().all(is_known).then_some(Mechanism::Connection { parts, sides })
    }

    fn request(&self) -> Option<Mechanism<'g, 'a>> {
        let costs = self.costs();
        costs.iter().all(|cost| cost.cpu_ns.is_some()).then_some(Mechanism::Request(costs))
    }

    fn costs(&self) -> [ServingCost; 2] {
        let cost = |pool: &Pool<'_>| ServingCost::of(pool, self.run);
        let mut costs = self.pools().map(|pools| pools.map(cost)).unwrap_or_default();
        if matches!(self.row.topic, Topic::CpuPerRequest { .. }) {
            // What the row says of it is over blocks, and this is the same thing.
            for (cost, value) in costs.iter_mut().zip(self.row.values) {
                cost.cpu_ns = value.map(|value| value.value);
            }
        }
        costs
    }

    fn time(&self, of: RepliesApart) -> Option<Mechanism<'g, 'a>> {
        let pools = self.pools()?;
        let parts = |pool: &Pool<'_>| -> Option<Vec<Option<f64>>> {
            let bands = Bands::of_pool(pool);
            let means = match of {
                RepliesApart::All => TIME_PARTS.iter().map(|part| part.mean_ns(pool)).collect::<Vec<_>>(),
                RepliesApart::Median => TIME_PARTS.iter().map(|part| bands.as_ref()?.median.mean_ns(part)).collect(),
                RepliesApart::Slowest => {
                    TIME_PARTS.iter().map(|part| bands.as_ref()?.slowest.as_ref()?.mean_ns(part)).collect()
                }
            };
            means.iter().any(Option::is_some).then_some(means)
        };
        let [first, second] = [parts(pools[0])?, parts(pools[1])?];
        let is_known = |place: &usize| first[*place].is_some() || second[*place].is_some();
        let known: Vec<usize> = (0..TIME_PARTS.len()).filter(is_known).collect();
        let of_known = |side: &Vec<Option<f64>>| known.iter().map(|place| side[*place]).collect();
        Some(Mechanism::Time(TimeOfEither {
            of,
            parts: known.iter().map(|place| &TIME_PARTS[*place]).collect(),
            sides: [of_known(&first), of_known(&second)],
        }))
    }

    fn course(&self) -> Option<Mechanism<'g, 'a>> {
        let MeasuredAt::Trial(variation) = self.row.source.at else { return None };
        let side = |series: &'g Series<'a>| Some((series, series.trial(variation)?));
        let [first, second] = self.players.map(side);
        Some(Mechanism::Course { group: self.group, sides: [first?, second?] })
    }
}

impl ServingCost {
    fn of(pool: &Pool<'_>, run: &Run) -> ServingCost {
        let value = |name: &str| metric(name)?.of_pool(pool).value();
        let cpu_ns = pool.sum(|cell| cell.server.window_cpu_ns);
        let offered_ns = pool.sum(|cell| Some(cell.load.window_ns.saturating_mul(cpus_of_cell(run, cell) as u64)));
        ServingCost {
            cpu_ns: value("cpu_per_request"),
            switches: value("switches_per_request"),
            threads: value("peak_threads"),
            busy: cpu_ns.zip(offered_ns.filter(|ns| *ns > 0)).map(|(cpu, offered)| cpu as f64 / offered as f64),
            clients: pool.cells.first().and_then(|cell| clients_in_closed_loop(&cell.load)),
        }
    }
}

fn clients_in_closed_loop(load: &Load) -> Option<u32> {
    match (load.arrivals, load.shape) {
        (ArrivalsRecord::Closed, ShapeRecord::Connections { connections }) => Some(connections),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::record::{Cell, Machine, Manifest, PlacementRecord, ServerUsage};

    #[test]
    fn a_server_is_busy_on_the_cpus_that_it_had() {
        let load = Load {
            arrivals: ArrivalsRecord::Closed,
            shape: ShapeRecord::Connections { connections: 8 },
            offered_load_rps: None,
            work: "spin 1ms".to_owned(),
            seed: 1,
            warm_up_ns: 0,
            window_ns: 1_000,
            timeout_ns: 1,
        };
        let of_cpus = |cpus: u32| PlacementRecord { server_cpus: (0..cpus).collect(), ..PlacementRecord::default() };
        let used = |cpu_ns: u64, cpus: Option<u32>| Cell {
            server: ServerUsage { window_cpu_ns: Some(cpu_ns), ..ServerUsage::default() },
            placement: cpus.map(of_cpus),
            ..Cell::new(load.clone())
        };
        let manifest = Manifest::new(Machine::default(), of_cpus(4));
        let run = Run { manifest, cells: Vec::new(), timelines: Vec::new(), predictions: Vec::new() };
        let busy = |cells: &[Cell]| ServingCost::of(&Pool::of(cells.iter().collect()), &run).busy;
        assert_eq!(busy(&[used(1_000, None)]), Some(0.25));
        assert_eq!(busy(&[used(1_000, Some(1)), used(1_000, Some(1))]), Some(1.0));
        assert_eq!(busy(&[used(1_000, Some(2))]), Some(0.5));
    }
}
