//! How long the cells of a plan take, before any of them is run.
//!
//! Must not know: what comes before the cells and after them; `cli/forecast.rs` adds that. Beside it: `series.rs`, which runs
//! the cells, and asks here how many of them it may run again.

use std::time::Duration;

use crate::plan::{RunPlan, Sizes, Turn};

/// What a cell costs besides its task: starting, stopping and reaping the server, reading the last figures. Measured
/// on two cores; only forecasts depend on it.
const CELL_OVERHEAD: Duration = Duration::from_millis(40);

/// About how long the cells of `turns` take.
pub fn time_of(turns: &[Turn]) -> Duration {
    turns.iter().map(time_of_one).sum()
}

/// How much longer a plan takes at most for cells that are run again because the machine was disturbed.
pub fn time_of_retries(plan: &RunPlan<'_>) -> Duration {
    let of_a_block = |block: u32| {
        let turns = plan.at_its_fullest(block);
        let longest = turns.iter().map(time_of_one).max().unwrap_or(Duration::ZERO);
        longest * retries(&plan.sizes, block, turns.len())
    };
    (0..plan.most_blocks()).map(of_a_block).sum()
}

/// How many cells may be run again on account of a block of so many cells: of a further block half of them at most.
pub(super) fn retries(sizes: &Sizes, block: u32, cells: usize) -> u32 {
    if block == 0 { sizes.retries } else { sizes.retries.min((cells / 2) as u32) }
}

fn time_of_one(turn: &Turn) -> Duration {
    turn.task.kind.usual_duration() + CELL_OVERHEAD
}
