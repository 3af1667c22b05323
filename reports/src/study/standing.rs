//! What counts: which cells may be ranked, and whether a contender kept up.
//!
//! Must not know: series, metrics. Beside it: `record/warning.rs`, which knows what makes a cell invalid.

use super::Pool;
use crate::record::{ArrivalsRecord, Cell, Outcome, Warning};

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
