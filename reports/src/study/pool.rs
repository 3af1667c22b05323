//! Cells of one contender that differ in their block only, taken together, and what counts: which cells may be ranked,
//! and whether a contender kept up.
//!
//! Histograms and counts are summed, never averaged. Must not know: series, what is read from a pool (`../metrics/`). Beside
//! it: `../record/warning.rs`, which knows what makes a cell invalid.

use std::sync::OnceLock;

use super::During;
use crate::record::{
    ArrivalsRecord, Cell, Fate, HistogramRecord, Outcome, RequestEvent, ShapeRecord, Traffic, Warning,
};
use crate::stats::Distribution;

/// Fewer correct replies within the window than this share of the requests due in it is saturation, two sessions' worth
/// of requests aside.
pub const KEPT_UP: f64 = 0.95;
/// More requests than this share without a correct reply is saturation too.
pub const FAILURES_ALLOWED: f64 = 0.01;

/// Cells of one contender at one load, taken together.
#[derive(Debug)]
pub struct Pool<'a> {
    /// The cells.
    pub cells: Vec<&'a Cell>,
    // To decode and to sum histograms, and to sort the times of a probe, is most of the time that a report takes. Most pools
    // are asked for counts only, and the others again and again.
    response: OnceLock<Distribution>,
    service: OnceLock<Distribution>,
    disturbed: OnceLock<ProbeTimes>,
    undisturbed: OnceLock<ProbeTimes>,
}

/// How the requests of a probe fared.
#[derive(Debug)]
pub struct ProbeTimes {
    /// How many there were.
    pub requests: u64,
    /// How long those with a correct reply took.
    pub answered: Distribution,
}

impl<'a> Pool<'a> {
    /// These cells together.
    pub fn of(cells: Vec<&'a Cell>) -> Pool<'a> {
        let (response, service) = (OnceLock::new(), OnceLock::new());
        Pool { cells, response, service, disturbed: OnceLock::new(), undisturbed: OnceLock::new() }
    }

    /// Response times of all of them; empty in closed loop.
    pub fn response(&self) -> &Distribution {
        self.response
            .get_or_init(|| distribution_of(self.traffic().filter_map(|traffic| traffic.response_time.as_ref())))
    }

    /// Service times of correct replies of all of them.
    pub fn service(&self) -> &Distribution {
        self.service.get_or_init(|| distribution_of(self.traffic().map(|traffic| &traffic.service_time)))
    }

    /// Requests of a probe; none of cells in which nothing was done to the server.
    pub fn probed(&self, during: During) -> impl Iterator<Item = &'a RequestEvent> {
        let disturbed = self.cells.iter().filter(|cell| cell.disturbance.is_some());
        disturbed.flat_map(move |cell| cell.probed(during))
    }

    /// How those fared.
    pub fn probe_times(&self, during: During) -> &ProbeTimes {
        let times = match during {
            During::Disturbance => &self.disturbed,
            During::RestOfTheTime => &self.undisturbed,
        };
        times.get_or_init(|| {
            let ok = self.probed(during).filter(|event| event.fate == Fate::Ok);
            let answered = Distribution::of_values(ok.map(|event| event.took_ns));
            ProbeTimes { requests: self.probed(during).count() as u64, answered }
        })
    }

    fn traffic(&self) -> impl Iterator<Item = &'a Traffic> {
        self.cells.iter().filter_map(|cell| cell.traffic.as_ref())
    }

    /// Whether all of it may be ranked.
    pub fn counts(&self) -> bool {
        self.cells.iter().all(|cell| counts(cell))
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
    pub(super) fn kept_up(&self) -> bool {
        let Some((scheduled, ok)) = self.scheduled_and_ok().filter(|(scheduled, _)| *scheduled > 0) else {
            return false;
        };
        let Some(in_window) = self.sum(|cell| Some(cell.traffic.as_ref()?.ok_within_window)) else { return false };
        let slack: f64 = self.cells.iter().map(|cell| straddling(cell)).sum();
        let failed = scheduled.saturating_sub(ok) as f64;
        in_window as f64 + slack >= KEPT_UP * scheduled as f64 && failed <= FAILURES_ALLOWED * scheduled as f64
    }
}

/// The sum of saved histograms. One that does not decode counts as not measured; reading a run from its folder has refused
/// those before.
pub(crate) fn distribution_of<'a>(records: impl Iterator<Item = &'a HistogramRecord>) -> Distribution {
    Distribution::of(records.filter_map(|record| record.to_histogram().ok()))
}

/// Replies that may fall on the other side of a window's end without any delay: those of two sessions, since a
/// session at its end may have most of its requests after it. It matters only where few requests are scheduled.
fn straddling(cell: &Cell) -> f64 {
    match cell.load.shape {
        ShapeRecord::Connections { .. } => 0.0,
        ShapeRecord::Sessions { requests, .. } => 2.0 * f64::from(requests),
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

/// Whether a cell may be ranked: it ended as planned, and no warning makes it invalid. Where something was done to the
/// server, its death is what came of it, and no reason to leave the cell out.
pub fn counts(cell: &Cell) -> bool {
    let fatal = died_as_a_result(cell);
    let excused = |warning: &Warning| fatal && matches!(warning, Warning::ServerDied { .. });
    let invalid = cell.warnings.iter().any(|warning| warning.invalidates() && !excused(warning));
    (cell.outcome == Outcome::Completed || fatal) && !invalid
}

/// What others did to the machine meanwhile, where they did something: the cell counts, and no claim rests on it.
pub fn disturbed_by(cell: &Cell) -> Option<&Warning> {
    cell.warnings.iter().find(|warning| warning.is_of_the_machine())
}

/// Whether the server of a cell died of what was done to it. A server that nothing was done to has no business dying.
pub fn died_as_a_result(cell: &Cell) -> bool {
    let died = cell.warnings.iter().any(|warning| matches!(warning, Warning::ServerDied { .. }));
    cell.disturbance.is_some() && (died || cell.server.died_at_ns.is_some())
}

/// Whether the cell failed, and not because its server died of what was done to it.
pub fn is_failure(cell: &Cell) -> bool {
    matches!(cell.outcome, Outcome::Failed { .. }) && !died_as_a_result(cell)
}

/// What to make of one cell by itself.
pub fn standing_of(cell: &Cell) -> Standing {
    Standing::of(&Pool::of(vec![cell]), counts(cell))
}

impl Standing {
    /// What to make of the blocks of a point. Where something was done to the server, and in closed loop, keeping up
    /// is not asked for.
    pub(crate) fn of(pool: &Pool<'_>, valid: bool) -> Standing {
        let measured_load =
            pool.cells.iter().all(|cell| cell.disturbance.is_none() && cell.load.arrivals != ArrivalsRecord::Closed);
        match valid {
            false => Standing::Invalid,
            true if !measured_load || pool.kept_up() => Standing::Sound,
            true => Standing::Saturated,
        }
    }
}
