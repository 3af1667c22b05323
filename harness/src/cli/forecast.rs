//! What a comparison would do and how long that takes, said before it begins: `compare --dry-run`, without a server or a packet,
//! and the time in the first line of a run.
//!
//! Must not know: how a run is carried out. Beside it: `run/queue.rs`, which has the cells.

use std::fmt::Write;
use std::time::Duration;

use instruments::load::Work;
use reports::format::{count, counted};
use reports::record::{PlacementKind, Warning};

use super::limits::left_out;
use super::progress::rough;
use super::trace::Timelines;
use crate::plan::{Experiment, Participant, Repeated, RunPlan, Turn, is_twin};
use crate::run::{Preflight, time_of, time_of_retries};

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

    /// `about 61 s, up to 71 s if other programs use the machine`. Servers that hang, or answer no probe, are in neither.
    pub(super) fn words(self) -> String {
        let (usual, disturbed) = (rough(self.usual()), rough(self.disturbed()));
        if usual == disturbed {
            return format!("about {usual}");
        }
        format!("about {usual}, up to {disturbed} if other programs use the machine")
    }
}

/// The plan in words; loads go the `way` that was typed.
pub(super) fn describe(plan: &RunPlan<'_>, preflight: &Preflight, forecast: RunForecast, way: &str) -> String {
    let (probes, all) = (plan.probes(), plan.fullest());
    let cells = probes.len() + all.len();
    let mut text = String::new();
    let mut line = |what: &str, value: String| {
        // Writing to a string does not fail.
        let _ = writeln!(text, "{what:<12} {value}");
    };
    line("servers", plan.contenders.iter().map(|named| named.label()).collect::<Vec<_>>().join(", "));
    for command in plan.contenders.iter().filter(|named| !is_twin(named)).filter_map(Participant::command) {
        line("command", format!("{}: {}", command.name, command.text));
    }
    if let Some(page) = &plan.page {
        line("page", format!("{}, in place of an echo", Work::Page(page.clone())));
    }
    for (index, experiment) in plan.experiments.iter().enumerate() {
        line("experiment", format!("{}: {}", experiment.name, points(plan, &all, index)));
    }
    line("repetitions", repetitions(plan));
    let finding = match probes.len() {
        0 => String::new(),
        some => format!(", {some} of them to find the capacity"),
    };
    line("measurements", format!("at most {cells}{finding}"));
    line("time", forecast.words());
    let peak = all.iter().map(|turn| turn.task.kind.peak_connections()).max().unwrap_or(0);
    line("connections", format!("at most {} at once, {way}", count(peak.into())));
    line("placement", placement(plan));
    line("seed", plan.seed.to_string());
    for warning in &preflight.warnings {
        if let Warning::MachineLimit { limit, consequence, remedy } = warning {
            line("limit", format!("{limit}: {consequence}; {remedy}"));
        }
    }
    for said in left_out(&preflight.warnings) {
        line("left out", said);
    }
    text
}

fn points(plan: &RunPlan<'_>, all: &[Turn], experiment: usize) -> String {
    let of_it: Vec<Turn> = all.iter().filter(|turn| turn.experiment == experiment).cloned().collect();
    let block = of_it.iter().filter(|turn| turn.block == 0).count();
    let blocks = plan.blocks_of(plan.experiments[experiment]);
    let time = rough(time_of(&of_it).max(Duration::from_secs(1)));
    let blocks = counted(u64::from(blocks), "repetition");
    let gates = gates(plan.experiments[experiment]);
    format!("{blocks} of at most {}, about {time}; gates: {gates}", counted(block as u64, "measurement"))
}

/// What `harness diff --fail-on` can look at: `p50, p99`.
pub(super) fn gates(experiment: &Experiment) -> String {
    experiment.gates().iter().map(|compared| compared.name).collect::<Vec<_>>().join(", ")
}

/// `1`, or `1, 3 for claims, 10 for the scorecard` where those experiments have more.
fn repetitions(plan: &RunPlan<'_>) -> String {
    let mut said = plan.sizes.blocks.to_string();
    for (repeated, why) in [(Repeated::ForAClaim, "claims"), (Repeated::ForTheScorecard, "the scorecard")] {
        let experiment = plan.experiments.iter().find(|experiment| Repeated::of(experiment) == repeated);
        let blocks = experiment.map(|experiment| plan.blocks_of(experiment)).filter(|it| *it != plan.sizes.blocks);
        said.extend(blocks.map(|blocks| format!(", {blocks} for {why}")));
    }
    said
}

fn placement(plan: &RunPlan<'_>) -> String {
    let list = |cpus: &[u32]| cpus.iter().map(u32::to_string).collect::<Vec<_>>().join(",");
    let placement = &plan.placement;
    let (server, generator) = (list(&placement.server_cpus), list(&placement.generator_cpus));
    match placement.kind {
        PlacementKind::Isolated => format!("isolated: server on CPU {server}, generator on CPU {generator}"),
        PlacementKind::Shared => format!("shared: server and generator on CPU {server}"),
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
