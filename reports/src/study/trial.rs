//! Cells that are no point of a curve over the offered load: those in which something was done to the server, those of
//! another swept variable, those that only stand beside each other.
//!
//! Must not know: metrics, how anything is drawn or said. Beside it: `mod.rs`, whose series hold these.

use super::{Group, Pool, Series, Standing, ascending, pooled};
use crate::format::Unit;
use crate::record::{ArrivalsRecord, Cell, ExperimentRecord, Fate, PictureKind, RequestEvent, ShapeRecord, Swept};

/// What became of one contender at one value of what its experiment sweeps.
#[derive(Debug)]
pub struct Trial<'a> {
    /// The value of the swept variable; absent where nothing is swept.
    pub variation: Option<f64>,
    /// The blocks that count, together; all blocks where none counts.
    pub pool: Pool<'a>,
    /// Each block alone, those that do not count included.
    pub blocks: Vec<Pool<'a>>,
    /// What to make of it.
    pub standing: Standing,
}

/// Which requests of a probe are looked at.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum During {
    /// Those that were due while something was done to the server.
    Disturbance,
    /// The others.
    RestOfTheTime,
}

/// Whether a cell is a trial, and not a point over the offered load or a stage of held connections.
pub fn is_a_trial(experiment: &ExperimentRecord, cell: &Cell) -> bool {
    let varied = cell.disturbance.is_some() || cell.variation.is_some();
    cell.load.arrivals != ArrivalsRecord::Held && (varied || experiment.is_made_of_trials())
}

impl ExperimentRecord {
    /// Whether its pictures show trials: one over a variable of its own, over time, or a value per contender.
    pub fn is_made_of_trials(&self) -> bool {
        self.pictures.iter().any(|picture| match picture.x {
            Swept::Variation | Swept::Time | Swept::Nothing => true,
            Swept::Connections => {
                matches!(picture.kind, PictureKind::Curve | PictureKind::Bars | PictureKind::Crossover)
            }
            Swept::OfferedLoadRps | Swept::Percentile => false,
        })
    }

    /// What it sweeps, as an axis says it; absent where nothing is swept.
    pub fn variation_label(&self) -> Option<&str> {
        let connections = self.pictures.iter().any(|picture| picture.x == Swept::Connections);
        let declared = self.pictures.iter().find_map(|picture| picture.x_label.as_deref());
        declared.or_else(|| connections.then_some("connections"))
    }

    /// A contender at a value of what is swept: `threaded, connections: 4`.
    pub fn name_of(&self, contender: &str, variation: Option<f64>) -> String {
        match (variation.map(|value| Unit::Count.show(value)), self.variation_label()) {
            (None, _) => contender.to_owned(),
            (Some(value), None) => format!("{contender} ({value})"),
            (Some(value), Some(label)) => format!("{contender}, {label}: {value}"),
        }
    }

    /// The value of what it sweeps, for one of its cells.
    fn variation_of(&self, cell: &Cell) -> Option<f64> {
        let by_connections = self.pictures.iter().any(|picture| picture.x == Swept::Connections);
        cell.variation.or_else(|| match cell.load.shape {
            ShapeRecord::Connections { connections } if by_connections => Some(f64::from(connections)),
            _ => None,
        })
    }
}

impl Group<'_> {
    /// Whether its trials differ in what the experiment sweeps, and not only in the contender.
    pub fn is_swept(&self) -> bool {
        ascending(self.trials().filter_map(|(_, trial)| trial.variation)).len() > 1
    }

    /// What a heading calls a trial: `tokio (4 workers), connections that block: 8`.
    pub fn name_of(&self, series: &Series<'_>, trial: &Trial<'_>) -> String {
        let is_told = self.is_swept() || self.experiment.variation_label().is_some();
        self.experiment.name_of(&series.name, trial.variation.filter(|_| is_told))
    }
}

/// The trials of a series, the blocks of each pooled.
pub(super) fn gather<'a>(experiment: &ExperimentRecord, cells: &[&'a Cell]) -> Vec<Trial<'a>> {
    let mut gathered: Vec<(Option<f64>, Vec<&'a Cell>)> = Vec::new();
    for &cell in cells {
        let variation = experiment.variation_of(cell);
        match gathered.iter_mut().find(|(other, _)| *other == variation) {
            Some((_, together)) => together.push(cell),
            None => gathered.push((variation, vec![cell])),
        }
    }
    gathered.sort_by(|(a, _), (b, _)| a.unwrap_or(0.0).total_cmp(&b.unwrap_or(0.0)));
    let trials = gathered.into_iter().map(|(variation, cells)| {
        let (pool, blocks, standing) = pooled(cells);
        Trial { variation, pool, blocks, standing }
    });
    trials.collect()
}

impl<'a> Group<'a> {
    /// Every trial with its series, in the order of the run.
    pub fn trials(&self) -> impl Iterator<Item = (&Series<'a>, &Trial<'a>)> {
        self.series.iter().flat_map(|series| series.trials.iter().map(move |trial| (series, trial)))
    }
}

impl Trial<'_> {
    /// The cell that pictures show: the first that counts, or the first of all.
    pub fn shown(&self) -> Option<&Cell> {
        self.pool.cells.first().copied()
    }
}

impl Cell {
    /// Requests of the probe, the warm-up left out.
    pub fn probed(&self, during: During) -> impl Iterator<Item = &RequestEvent> {
        let warm_up_ns = self.load.warm_up_ns;
        self.events().filter(move |event| match during {
            During::Disturbance => self.is_disturbed_at(event.at_ns),
            During::RestOfTheTime => !self.is_disturbed_at(event.at_ns) && event.at_ns >= warm_up_ns,
        })
    }

    fn events(&self) -> impl Iterator<Item = &RequestEvent> {
        self.traffic.iter().flat_map(|traffic| &traffic.events)
    }

    fn is_disturbed_at(&self, at_ns: u64) -> bool {
        self.disturbance.as_ref().is_some_and(|it| (it.from_ns..it.until_ns).contains(&at_ns))
    }

    /// The first request of the probe, by when it was due, that was due during the disturbance or after and got no
    /// correct reply.
    pub fn first_failure(&self) -> Option<&RequestEvent> {
        let from_ns = self.disturbance.as_ref()?.from_ns;
        let failed = self.events().filter(|event| event.at_ns >= from_ns && event.fate != Fate::Ok);
        failed.min_by_key(|event| event.at_ns)
    }

    /// From the moment at which the first failing request was due to the first correct reply to one that was due later;
    /// absent where nothing failed, or nothing was answered any more.
    pub fn recovery_ns(&self) -> Option<u64> {
        let failed_at_ns = self.first_failure()?.at_ns;
        let answered = self.events().filter(|event| event.at_ns > failed_at_ns && event.fate == Fate::Ok);
        let replied_ns = answered.map(|event| event.at_ns.saturating_add(event.took_ns)).min()?;
        Some(replied_ns - failed_at_ns)
    }

    /// Connections that the disturbance held at a moment, as last noted before it.
    pub fn held_at(&self, at_ns: u64) -> Option<u64> {
        let course = &self.disturbance.as_ref()?.course;
        let noted = course.iter().rfind(|progress| progress.at_ns <= at_ns);
        (!course.is_empty()).then(|| noted.map_or(0, |progress| progress.held))
    }
}
