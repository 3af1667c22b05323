//! `harness selftest`: the known answers, run and shown: eighty columns, no colour, the sentence that matters last.

use std::fmt::Write;
use std::process::ExitCode;
use std::time::Duration;

use serde_json::json;

use super::ending;
use super::output::{TableOrJson, json_text, print, usage};
use super::progress::{QuietArg, rough};
use crate::run::MachineLock;
use crate::selftest::{Bench, Fit, ROWS, SelftestFigure, SelftestFinding, SelftestRow, SelftestVerdict, select};

/// Test the harness itself: measure what is known already, and check what it finds
#[derive(Debug, clap::Args)]
pub(super) struct SelftestArgs {
    /// Check only these known answers, separated by commas [default: all]
    #[arg(long, value_name = "NAME,...", value_delimiter = ',')]
    only: Vec<String>,

    /// List the known answers, and stop
    #[arg(long)]
    list: bool,

    #[command(flatten)]
    quiet: QuietArg,

    /// How to print the findings
    #[arg(long, value_enum, default_value_t = TableOrJson::Table)]
    format: TableOrJson,
}

pub(super) fn run(args: SelftestArgs) -> anyhow::Result<ExitCode> {
    let rows = match select(&args.only) {
        Ok(rows) => rows,
        Err(unknown) => {
            let names: Vec<&str> = ROWS.iter().map(|row| row.name).collect();
            return usage(servers::no_such("known answer", &unknown, &names));
        }
    };
    if args.list {
        print(&list(&rows, args.format)?)?;
        return Ok(ExitCode::SUCCESS);
    }
    let _lock = MachineLock::take()?;
    let bench = Bench::new()?;
    bench.leave_server_cpus()?;
    let usual: Duration = rows.iter().map(|row| row.usual).sum();
    args.quiet.tell(&format!(
        "{} known answers, about {}; longer if other programs use the machine",
        rows.len(),
        rough(usual)
    ));
    let findings: Vec<SelftestFinding> = rows.iter().map(|row| find(row, &bench, args.quiet)).collect();
    let verdict = overall(&findings);
    let text = match args.format {
        TableOrJson::Table => table(&findings),
        TableOrJson::Json => {
            let value = json!({ "verdict": verdict, "summary": sentence(&findings), "rows": findings });
            json_text(&value)?
        }
    };
    print(&text)?;
    Ok(ending::code_of_selftest(verdict))
}

fn find(row: &SelftestRow, bench: &Bench, quiet: QuietArg) -> SelftestFinding {
    let finding = row.find(bench);
    quiet.tell(&format!("  {:<21} {}", row.name, words(finding.verdict)));
    finding
}

/// The worst of all.
fn overall(findings: &[SelftestFinding]) -> SelftestVerdict {
    findings.iter().map(|finding| finding.verdict).max().unwrap_or(SelftestVerdict::Right)
}

fn list(rows: &[&SelftestRow], format: TableOrJson) -> anyhow::Result<String> {
    Ok(match format {
        TableOrJson::Table => rows.iter().map(|row| format!("{:<21} {}\n", row.name, row.claim)).collect(),
        TableOrJson::Json => {
            let rows = rows.iter().map(|row| json!({ "row": row.name, "claim": row.claim, "kind": row.kind }));
            json_text(&json!({ "rows": rows.collect::<Vec<_>>() }))?
        }
    })
}

/// A row of the self-test per paragraph, a figure per line.
fn table(findings: &[SelftestFinding]) -> String {
    let mut text = line(["", "truth", "measured", "tolerance", ""]);
    for finding in findings {
        // Writing to a string does not fail.
        let _ = writeln!(text, "{}: {}", finding.row, finding.claim);
        for figure in &finding.figures {
            text.push_str(&of_figure(figure));
        }
        if let Some(reason) = &finding.reason {
            let tries = if finding.attempts == 1 { "1 try".to_owned() } else { format!("{} tries", finding.attempts) };
            let _ = writeln!(text, "  cannot tell here, after {tries}: {reason}");
        }
    }
    let _ = writeln!(text, "\n{}", sentence(findings));
    text
}

fn of_figure(figure: &SelftestFigure) -> String {
    let fit = match figure.fit {
        Fit::Right => "right",
        Fit::Disturbed => "disturbed",
        Fit::Wrong => "WRONG",
    };
    line([&figure.name, &figure.truth.text, &figure.measured.text, &figure.tolerance, fit])
}

fn line([name, truth, measured, tolerance, fit]: [&str; 5]) -> String {
    let line = format!("  {name:<27} {truth:>13} {measured:>14} {tolerance:>10}  {fit}");
    format!("{}\n", line.trim_end())
}

/// All of it in one sentence.
fn sentence(findings: &[SelftestFinding]) -> String {
    let named = |verdict: SelftestVerdict| -> Vec<&str> {
        findings.iter().filter(|finding| finding.verdict == verdict).map(|finding| finding.row).collect()
    };
    let (wrong, undecided) = (named(SelftestVerdict::Wrong), named(SelftestVerdict::CannotTell));
    let all = findings.len();
    match (wrong.is_empty(), undecided.is_empty()) {
        (true, true) => format!("All {all} known answers are right: this harness measures what is there."),
        (true, false) => format!(
            "{} of {all} known answers are right; this machine was too busy or not fit to tell {}: try again when it is \
             quiet.",
            all - undecided.len(),
            undecided.join(", ")
        ),
        (false, _) => format!("WRONG: {}. Do not believe what this harness measures here.", wrong.join(", ")),
    }
}

/// A verdict as it is said.
fn words(verdict: SelftestVerdict) -> &'static str {
    match verdict {
        SelftestVerdict::Right => "right",
        SelftestVerdict::Wrong => "WRONG",
        SelftestVerdict::CannotTell => "cannot tell",
    }
}
