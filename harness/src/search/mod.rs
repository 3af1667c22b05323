//! Runs that choose each cell by what the ones before found: where contenders change places (`map.rs`), and how much
//! load each carries under an objective (`capacity.rs`).
//!
//! What is under way when the time is over is cut off and is no result. Nothing else is different from a run with a plan:
//! the cells are records, and what is said of them follows from the records alone, also when they are rendered again.
//!
//! Data and pure functions: time comes in as a number, cells come back as records, so that a test can play the servers.
//! Must not know: clocks, I/O, how a cell is run, how a result is shown. Beside it: `run/execution.rs`, which obeys.

pub mod capacity;
mod forecast;
mod ladder;
pub mod map;
#[cfg(test)]
mod played;
mod refinement;

use std::time::Duration;

use reports::record::Cell;

use crate::plan::Turn;

/// Chooses cells one after another.
pub trait Steering {
    /// The cell to run next, with so much time left; nothing ends the run.
    fn next(&mut self, left: Duration) -> Option<Turn>;
    /// What became of the cell that was chosen last.
    fn found(&mut self, cell: &Cell);
}
