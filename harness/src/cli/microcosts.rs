//! `harness microcosts`: what a thread and a task cost on this machine, one by one.

use std::process::ExitCode;
use std::time::Duration;

use clap::ValueEnum;
use comfy_table::presets::{ASCII_MARKDOWN, NOTHING};
use comfy_table::{CellAlignment, Table, TableStyle};
use instruments::microcosts::{
    CpuSet, MicrocostFindings, MicrocostRow, RoundSettings, Side, conclude, measure, take_rounds,
};
use instruments::observe::{allowed_cpus, raise_soft_descriptor_limit};
use reports::format::number;

use super::output::{json_text, print};
use super::progress::QuietArg;

/// Measure what a thread and a task cost on this machine: spawning, handing over, switching
#[derive(Debug, clap::Args)]
pub(super) struct MicrocostsArgs {
    /// How often to measure everything; it takes two rounds to tell anything apart
    #[arg(long, default_value_t = 11, value_parser = clap::value_parser!(u32).range(1..))]
    rounds: u32,

    /// About how long to measure each figure in a round
    #[arg(long, value_name = "TIME", default_value = "10ms", value_parser = humantime::parse_duration)]
    round_time: Duration,

    #[command(flatten)]
    quiet: QuietArg,

    /// How to print the findings
    #[arg(long, value_enum, default_value_t = MicrocostsFormat::Table)]
    format: MicrocostsFormat,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum MicrocostsFormat {
    /// For a terminal.
    Table,
    /// One JSON object, every round in it.
    Json,
    /// For a document.
    Md,
}

pub(super) fn run(args: MicrocostsArgs) -> anyhow::Result<ExitCode> {
    let placements = CpuSet::of(&allowed_cpus()?);
    // A refusal is told by the measurement that needs the descriptors.
    let _ = raise_soft_descriptor_limit();
    let settings = RoundSettings { rounds: args.rounds, round_time: args.round_time, placements };
    args.quiet.tell("finding out how often each figure fits into a round");
    let samples =
        take_rounds(&settings, measure, |done| args.quiet.tell(&format!("{done} of {} rounds", args.rounds)))?;
    print(&written(&conclude(&samples), args.format)?)?;
    Ok(ExitCode::SUCCESS)
}

fn written(findings: &MicrocostFindings, format: MicrocostsFormat) -> anyhow::Result<String> {
    Ok(match format {
        MicrocostsFormat::Json => json_text(findings)?,
        MicrocostsFormat::Table => text(findings, NOTHING, "  "),
        MicrocostsFormat::Md => text(findings, ASCII_MARKDOWN, "- "),
    })
}

/// A table for each placement, with the sentences under it, and the noise last.
fn text(findings: &MicrocostFindings, style: TableStyle, bullet: &str) -> String {
    let mut placements: Vec<&str> = findings.rows.iter().map(|row| row.placement.as_str()).collect();
    placements.dedup();
    let mut text = String::new();
    for placement in placements {
        let of_it = |rows: &'_ [MicrocostRow]| -> Vec<MicrocostRow> {
            rows.iter().filter(|row| row.placement == placement).cloned().collect()
        };
        let (rows, amortised) = (of_it(&findings.rows), of_it(&findings.amortised));
        let table = drawn(&rows, style);
        text.push_str(&format!("On {placement}: nanoseconds for one, median (quartiles of the rounds)\n\n{table}\n\n"));
        for row in rows.iter().chain(&amortised) {
            text.push_str(&format!("{bullet}{}\n", row.sentence));
        }
        text.push('\n');
    }
    text + &findings.noise + "\n"
}

fn drawn(rows: &[MicrocostRow], style: TableStyle) -> String {
    let mut table = Table::new();
    table.load_style(style);
    table.set_header(["what", "threads", "tasks", "of runtime", "threads/tasks round by round (95%)"]);
    for row in rows {
        let runtime = row.second.as_ref().and_then(|side| side.runner?.flavour()).unwrap_or("-");
        let tasks = row.second.as_ref().map_or("-".to_owned(), figure);
        table.add_row([row.operation.name().to_owned(), figure(&row.first), tasks, runtime.to_owned(), ratio(row)]);
    }
    for column in [1, 2, 4] {
        if let Some(column) = table.column_mut(column) {
            column.set_cell_alignment(CellAlignment::Right);
        }
    }
    table.trim_fmt()
}

fn figure(side: &Side) -> String {
    let spread = &side.spread_ns;
    let [median, lower, upper] = [spread.median, spread.lower_quartile, spread.upper_quartile].map(number);
    format!("{median} ({lower} to {upper})")
}

fn ratio(row: &MicrocostRow) -> String {
    match row.times {
        None => "-".to_owned(),
        Some(times) => match times.interval {
            None => number(times.value),
            Some((lo, hi)) => format!("{} ({} to {})", number(times.value), number(lo), number(hi)),
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use instruments::microcosts::{Microcost, MicrocostRounds, Runner};

    fn findings() -> MicrocostFindings {
        let sampled = |subject: Microcost| MicrocostRounds {
            placement: CpuSet { cpus: vec![0, 1] },
            subject,
            rounds_ns: if subject.kind == Runner::Thread {
                vec![800.0, 800.0, 880.0]
            } else {
                vec![200.0, 200.0, 220.0]
            },
        };
        conclude(&Microcost::all().map(sampled).collect::<Vec<_>>())
    }

    #[test]
    fn a_table_has_figures_ratios_and_sentences() {
        let text = written(&findings(), MicrocostsFormat::Md).unwrap();
        let row = "| spawn and join | 800 (800 to 840) | 200 (200 to 210) | current-thread | 4 (4 to 4) |";
        let squeezed = text.split(' ').filter(|word| !word.is_empty()).collect::<Vec<_>>().join(" ");
        assert!(squeezed.contains(row), "{text}");
        assert!(text.contains("- On CPUs 0 and 1, spawning and joining one costs 4 times"), "{text}");
        assert!(text.ends_with("meanwhile.\n"), "{text}");
    }

    #[test]
    fn what_has_no_counterpart_has_a_dash() {
        let text = written(&findings(), MicrocostsFormat::Table).unwrap();
        let line = text.lines().find(|line| line.contains("its system calls alone")).unwrap();
        assert_eq!(line.split_whitespace().filter(|word| *word == "-").count(), 3, "{line}");
    }

    #[test]
    fn json_holds_every_round() {
        let json: serde_json::Value =
            serde_json::from_str(&written(&findings(), MicrocostsFormat::Json).unwrap()).unwrap();
        assert_eq!(json["rows"][0]["first"]["spread_ns"]["rounds"], serde_json::json!([800.0, 800.0, 880.0]));
        assert_eq!(json["rows"][0]["first_costs"], "more");
        assert_eq!(json["rows"][0]["times"]["interval"].as_array().unwrap().len(), 2);
    }
}
