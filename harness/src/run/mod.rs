//! Carries a plan out: probes, then block after block in random order, a fresh server process for every cell, each
//! cell written down as soon as it has ended.
//!
//! Must not know: how a report looks, how progress is shown. Beside it: `series.rs` takes the cells one after another,
//! `cell.rs` runs one.

mod cell;
mod disturbed;
mod found;
mod held;
mod interrupt;
mod lock;
mod preflight;
mod provenance;
mod queue;
mod series;
mod steered;
mod validity;

use std::path::Path;
use std::time::{Duration, Instant};

use reports::record::store::{RecordError, RunFolder};
use reports::record::{Cell, Ending, Manifest, Outcome};

pub(crate) use held::{Held, hold};
pub use interrupt::Interrupt;
pub use lock::{LockError, MachineLock};
pub use preflight::{Preflight, Unfit, preflight, preflight_connections, preflight_for};
pub use provenance::{commit, utc_now};
pub(crate) use validity::warnings;
pub use validity::{generator_doubts, traffic_doubts};

use crate::plan::{RunPlan, Turn};
use series::{Planned, Series};

/// What a cell costs besides its task: starting, stopping and reaping the server, reading the last figures. Measured
/// on two cores; only the forecast of the time left depends on it.
const CELL_OVERHEAD: Duration = Duration::from_millis(120);

/// Who wants to know how a run is going.
pub trait Progress {
    /// The number of cells and the time they should take are known, or known better than before.
    fn planned(&mut self, cells: usize, time: Duration);
    /// A cell begins, number `order` of the run from 0.
    fn begins(&mut self, order: u32, what: &str);
    /// A cell has ended.
    fn ended(&mut self, cell: &Cell);
}

/// How a run came out, beyond what its folder says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RunEnd {
    /// How it ended.
    pub ending: Ending,
    /// Cells written.
    pub cells: u32,
    /// Cells whose server could not be started, or died where nothing was done to it.
    pub failed: u32,
}

/// Everything a run needs besides its plan.
pub struct Execution<'a> {
    /// What to run.
    pub plan: &'a RunPlan,
    /// Where cells are written.
    pub folder: &'a RunFolder,
    /// The manifest as written at the start; it is completed and written again at the end.
    pub manifest: Manifest,
    /// Set by a signal.
    pub interrupt: &'a Interrupt,
    /// The program that is executed as a server; this very one where none is given.
    pub program: Option<&'a Path>,
    /// The cells of a run that is resumed: they are not run again.
    pub before: &'a [Cell],
}

impl Execution<'_> {
    /// Runs the plan to its end or until it is interrupted.
    ///
    /// # Errors
    /// Where a record can't be written. What was written before stays. Whatever a server does is data.
    pub fn run(self, progress: &mut dyn Progress) -> Result<RunEnd, RecordError> {
        self.carry_out(None, progress, |series| series.run())
    }

    /// Runs a series of cells, and completes the manifest with what was planned.
    fn carry_out(
        mut self,
        deadline: Option<Instant>,
        progress: &mut dyn Progress,
        run: impl FnOnce(&mut Series<'_>) -> Result<Planned, RecordError>,
    ) -> Result<RunEnd, RecordError> {
        let begun = Instant::now();
        let mut series = Series::new(&self, deadline, progress);
        let planned = run(&mut series)?;
        let (cells, failed) = series.written();
        let ending = if self.interrupt.is_set() { Ending::Interrupted } else { Ending::Completed };
        self.manifest.planned_cells = planned.cells;
        self.manifest.blocks = planned.blocks;
        for bound in planned.bounds {
            if !self.manifest.warnings.contains(&bound) {
                self.manifest.warnings.push(bound);
            }
        }
        let before_s = self.manifest.elapsed_s.unwrap_or(0.0);
        self.manifest.elapsed_s = Some(before_s + begun.elapsed().as_secs_f64());
        self.manifest.ending = ending;
        self.folder.write_manifest(&self.manifest)?;
        Ok(RunEnd { ending, cells, failed })
    }
}

/// Whether the cell failed. A server that died of what was done to it is what the cell was run to find out.
pub fn is_failure(cell: &Cell) -> bool {
    let died_of_it = cell.disturbance.is_some() && cell.server.died_at_ns.is_some();
    matches!(cell.outcome, Outcome::Failed { .. }) && !died_of_it
}

/// About how long the cells of `turns` take.
pub fn time_of(turns: &[Turn]) -> Duration {
    turns.iter().map(|turn| turn.task.kind.usual_duration() + CELL_OVERHEAD).sum()
}
