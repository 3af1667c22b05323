//! `compare --dry-run`: what a run would do and need, without a server or a packet.

use std::fmt::Write;
use std::time::Duration;

use reports::format::{count, counted};
use reports::record::{PlacementKind, Warning};

use super::forecast::RunForecast;
use super::left_out::left_out;
use super::progress::rough;
use crate::plan::{Experiment, Participant, Repeated, RunPlan, Turn, Work, is_twin};
use crate::run::{Preflight, time_of};

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
