//! A run whose next cell depends on what the ones before found, within a time that was given.
//!
//! Must not know: what is searched for. Beside it: `search/mod.rs`, which chooses the cells.

use std::time::{Duration, Instant};

use reports::record::Purpose;
use reports::record::store::RecordError;

use super::{Execution, Planned, Progress, RunEnd, Series};
use crate::search::Steering;

impl Execution<'_> {
    /// Runs the cells that `steering` chooses until it has enough, or it is interrupted, or the deadline has come. A cell
    /// that is under way then is cut off and no result.
    ///
    /// # Errors
    /// As [`Execution::run`].
    pub fn steer(
        self,
        steering: &mut dyn Steering,
        deadline: Instant,
        progress: &mut dyn Progress,
    ) -> Result<RunEnd, RecordError> {
        self.carry_out(Some(deadline), progress, |series| series.steered(steering, deadline))
    }
}

impl Series<'_> {
    /// What was planned is what was run: the most blocks that anything got.
    fn steered(&mut self, steering: &mut dyn Steering, deadline: Instant) -> Result<Planned, RecordError> {
        let (begun, mut blocks) = (Instant::now(), 0);
        loop {
            let left = deadline.saturating_duration_since(Instant::now());
            self.progress.planned(self.expected(begun.elapsed(), left), left);
            let Some(mut turn) = steering.next(left) else { break };
            // A search asks for an echo where a page is to stand for it.
            let Some(task) = self.execution.plan.as_asked(turn.task) else { break };
            turn.task = task;
            let Some(cell) = self.cell(turn, Purpose::Measure)? else { break };
            blocks = blocks.max(cell.block + 1);
            steering.found(&cell);
        }
        Ok(Planned { cells: self.next_order, blocks, bounds: Vec::new() })
    }

    /// Cells there will be, if the next take as long as those before.
    fn expected(&self, elapsed: Duration, left: Duration) -> usize {
        let ended = f64::from(self.next_order);
        let more = ended * left.as_secs_f64() / elapsed.as_secs_f64().max(0.001);
        (ended + more) as usize
    }
}
