//! `compare --dry-run`: what a run would do and need, without a server or a packet.

use std::fmt::Write;
use std::time::Duration;

use reports::record::{PlacementKind, Warning};

use super::progress::rough;
use crate::plan::{Participant, RunPlan, Turn, Work, is_twin};
use crate::run::{Preflight, time_of};

/// The plan in words.
pub(super) fn describe(plan: &RunPlan, preflight: &Preflight) -> String {
    let (probes, block) = (plan.probes(), plan.fullest_block());
    let blocks = plan.sizes.blocks;
    let cells = probes.len() + block.len() * blocks as usize;
    let time = time_of(&probes) + time_of(&block) * blocks;
    let mut text = String::new();
    let mut line = |what: &str, value: String| {
        // Writing to a string does not fail.
        let _ = writeln!(text, "{what:<12} {value}");
    };
    line("contenders", plan.contenders.iter().map(|named| named.label()).collect::<Vec<_>>().join(", "));
    for command in plan.contenders.iter().filter(|named| !is_twin(named)).filter_map(Participant::command) {
        line("command", format!("{}: {}", command.name, command.text));
    }
    if let Some(page) = &plan.page {
        line("page", format!("{}, in place of an echo", Work::Page(page.clone())));
    }
    for (index, experiment) in plan.experiments.iter().enumerate() {
        line("experiment", format!("{}: {}", experiment.name, points(index, &block)));
    }
    line("blocks", blocks.to_string());
    line("cells", format!("at most {cells}, {} of them capacity probes", probes.len()));
    line("time", format!("about {} at most", rough(time.max(Duration::from_secs(1)))));
    let peak = block.iter().map(|turn| turn.task.kind.peak_connections()).max().unwrap_or(0);
    line("connections", format!("at most {peak} at once, all to 127.0.0.1"));
    line("placement", placement(plan));
    line("seed", plan.seed.to_string());
    for warning in &preflight.warnings {
        match warning {
            Warning::MachineLimit { limit, consequence, remedy } => {
                line("limit", format!("{limit}: {consequence}; to raise it: {remedy}"));
            }
            Warning::LeftOut { contender, experiment, reason } => {
                line("left out", format!("{contender} in {experiment}: {reason}"));
            }
            _ => {}
        }
    }
    text
}

fn points(experiment: usize, block: &[Turn]) -> String {
    let count = block.iter().filter(|turn| turn.experiment == experiment).count();
    format!("at most {count} cells a block")
}

fn placement(plan: &RunPlan) -> String {
    let list = |cpus: &[u32]| cpus.iter().map(u32::to_string).collect::<Vec<_>>().join(",");
    let placement = &plan.placement;
    let (server, generator) = (list(&placement.server_cpus), list(&placement.generator_cpus));
    match placement.kind {
        PlacementKind::Isolated => format!("isolated: server on CPU {server}, generator on CPU {generator}"),
        PlacementKind::Shared => format!("shared: server and generator on CPU {server}"),
    }
}
