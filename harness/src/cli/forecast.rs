//! How long a comparison will take, said before it begins: its cells, and all that comes before and after them.
//!
//! Must not know: how a run is carried out. Beside it: `run/forecast.rs`, which has the cells.

use std::time::Duration;

use super::progress::rough;
use super::trace::Timelines;
use crate::plan::RunPlan;
use crate::run::{time_of, time_of_retries};

/// What comes before the first cell: the looks at the machine and at who uses it, the folder. Measured, rounded up.
const BEFORE: Duration = Duration::from_millis(500);

/// What comes after everything: reading the cells, verdicts, the report. Measured with a run of 174 cells, rounded up.
const REPORT: Duration = Duration::from_millis(500);

/// The parts of the time that a comparison takes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct RunForecast {
    /// Every cell once, probes among them, if every contender runs every load.
    cells: Duration,
    /// The windows that are traced afterwards.
    tracing: Duration,
    /// Cells that are run again, at most.
    retries: Duration,
}

impl RunForecast {
    pub(super) fn of(plan: &RunPlan<'_>, timelines: Timelines) -> RunForecast {
        RunForecast {
            cells: time_of(&plan.probes()) + time_of(&plan.fullest()),
            tracing: timelines.usual_time(plan),
            retries: time_of_retries(plan),
        }
    }

    /// On a machine that nobody else uses.
    fn usual(self) -> Duration {
        BEFORE + self.cells + self.tracing + REPORT
    }

    /// Where others use the machine so much that everything that may be run again is.
    fn disturbed(self) -> Duration {
        self.usual() + self.retries
    }

    /// `about 61 s, up to 71 s if other programs use the machine`. Servers that hang are in neither.
    pub(super) fn words(self) -> String {
        let (usual, disturbed) = (rough(self.usual()), rough(self.disturbed()));
        if usual == disturbed {
            return format!("about {usual}");
        }
        format!("about {usual}, up to {disturbed} if other programs use the machine")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cli::compare::plan_of;

    #[test]
    fn the_time_that_is_said_has_every_part_of_the_run() {
        for preset in ["smoke", "quick", "full"] {
            let (plan, _) = plan_of(&["compare", "--preset", preset]).unwrap();
            let overhead = Duration::from_millis(40);
            let turns = [plan.probes(), plan.fullest()].concat();
            let cells: Duration = turns.iter().map(|turn| turn.task.kind.usual_duration() + overhead).sum();
            let bare = RunForecast::of(&plan, Timelines::Off);
            assert_eq!(bare.usual(), cells + BEFORE + REPORT, "{preset}");
            let traced = RunForecast::of(&plan, Timelines::Protagonists);
            assert!(traced.usual() > bare.usual(), "{preset}: tracing takes time");
            assert!(RunForecast::of(&plan, Timelines::On).usual() > traced.usual(), "{preset}: and more of it for all");
            let longest = turns.iter().map(|turn| turn.task.kind.usual_duration()).max().unwrap();
            let again = bare.disturbed() - bare.usual();
            assert!(again >= longest * plan.sizes.retries, "{preset}: {again:?} for cells that are run again");
        }
    }

    #[test]
    fn what_is_said_is_an_estimate_and_rounded_up() {
        let ms = Duration::from_millis;
        let forecast = RunForecast { cells: ms(58_900), tracing: ms(800), retries: ms(10_000) };
        assert_eq!(forecast.words(), "about 61 s, up to 71 s if other programs use the machine");
        let undisturbed = RunForecast { retries: Duration::ZERO, ..forecast };
        assert_eq!(undisturbed.words(), "about 61 s");
    }
}
