//! A run that is under way: announced, carried out and followed, and shown at its end.
//!
//! Must not know: what is run, or how that was chosen. Beside it: `new_run.rs`, how any run begins; `report.rs`, what is written
//! of it.

use std::process::ExitCode;

use reports::record::store::{Run, RunFolder};
use reports::record::{Cell, Ending, Manifest, Warning};

use super::limits::tell_limits;
use super::live::{Followed, Live};
use super::new_run::HeldMachine;
use super::output::tell;
use super::progress::{QuietArg, TerminalProgress};
use super::protagonists;
use super::report::{self, interrupted, salvaged};
use super::summary::{SummaryFormat, summary};
use crate::plan::RunPlan;
use crate::run::{Elsewhere, Execution, RunEnd, RunProgress, UnwrittenRun};

/// A run that is about to begin: the machine is its own, and its folder is made.
pub(super) struct OpenRun {
    pub(super) held: HeldMachine,
    /// The page in a browser, where one is wanted.
    pub(super) live: Option<Live>,
    pub(super) folder: RunFolder,
    pub(super) manifest: Manifest,
    /// The other machines, where there are any.
    pub(super) elsewhere: Option<Elsewhere>,
    pub(super) quiet: QuietArg,
}

impl OpenRun {
    /// Says what begins, where it will be, and which limits bind it, unless it is to be quiet.
    pub(super) fn announce(&self, what: &str, limits: &[Warning]) {
        self.quiet.tell(what);
        self.quiet.tell(&format!("the results go to {}", self.folder.path().display()));
        tell_limits(limits, self.quiet);
    }

    /// Has `run` carry the plan out, beside the cells that the run has already.
    ///
    /// # Errors
    /// Where a record can't be written any more; what was measured is printed then as `shown`.
    pub(super) fn carry_out(
        self,
        plan: &RunPlan<'_>,
        has: Vec<Cell>,
        run: impl FnOnce(Execution<'_>, Vec<Cell>, &mut dyn RunProgress) -> Result<RunEnd, Box<UnwrittenRun>>,
        shown: impl FnOnce(&Run, Option<&str>) -> anyhow::Result<String>,
    ) -> anyhow::Result<EndedRun> {
        let OpenRun { held, mut live, folder, manifest, elsewhere, quiet } = self;
        let mut progress = Followed::new(TerminalProgress::new(quiet), live.as_mut(), &manifest, &has);
        let interrupt = &held.interrupt;
        let execution = Execution { plan, folder: &folder, manifest, interrupt, program: None, elsewhere };
        let end = run(execution, has, &mut progress);
        progress.end();
        let end = end.map_err(|lost| salvaged(*lost, &folder, |run| shown(run, None)))?;
        Ok(EndedRun { held, live, folder, end })
    }
}

/// A run that came to its end, or was interrupted.
pub(super) struct EndedRun {
    /// It is held until nothing more is done.
    pub(super) held: HeldMachine,
    live: Option<Live>,
    pub(super) folder: RunFolder,
    pub(super) end: RunEnd,
}

impl EndedRun {
    /// Shows a comparison, says on its page how it ended, and returns its exit code. `traced` is how the windows came out that
    /// were traced after it.
    ///
    /// # Errors
    /// Where the run can't be read, the report can't be written, or `traced` is an error.
    pub(super) fn conclude(self, format: SummaryFormat, traced: anyhow::Result<()>) -> anyhow::Result<ExitCode> {
        let EndedRun { held, live, folder, end } = self;
        let code = report::conclude(&folder, &end, format, &held.interrupt)?;
        // The figures are there without the picture that could not be saved.
        traced?;
        if let Some(live) = live {
            live.conclude(&folder, end.ending, &held.interrupt);
        }
        Ok(code)
    }

    /// Shows the run of a search, and returns it.
    ///
    /// # Errors
    /// Where the run can't be read, or the report can't be written.
    pub(super) fn show(&self, shown: impl FnOnce(&Run, Option<&str>) -> anyhow::Result<String>) -> anyhow::Result<Run> {
        let run = protagonists::read(&self.folder, None)?;
        if self.end.ending == Ending::Interrupted {
            tell(&interrupted(&self.end, &self.folder));
        }
        report::render(&self.folder, &run, shown)?;
        Ok(run)
    }
}

/// How the summary of a run is shown in a format.
pub(super) fn as_summary(format: SummaryFormat) -> impl Fn(&Run, Option<&str>) -> anyhow::Result<String> {
    move |run, report| summary(run, format, report)
}
