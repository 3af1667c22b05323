//! `harness selftest`: the known answers, run and shown.

use std::process::ExitCode;
use std::time::Duration;

use anyhow::bail;
use serde_json::json;

use super::output::{print, tell};
use super::progress::rough;
use super::{ending, known_answers};
use crate::plan::PlanError;
use crate::run::MachineLock;
use crate::selftest::{Bench, Finding, ROWS, Row, Verdict, select};

/// Measure what is known already, and say whether the harness finds it
#[derive(Debug, clap::Args)]
pub(super) struct SelftestArgs {
    /// These rows alone, separated by commas; all without it
    #[arg(long, value_name = "NAME,...", value_delimiter = ',')]
    only: Vec<String>,

    /// Say which rows there are, and stop
    #[arg(long)]
    list: bool,

    /// How to write the findings
    #[arg(long, value_enum, default_value_t = SelftestFormat::Table)]
    format: SelftestFormat,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
enum SelftestFormat {
    /// For a terminal.
    Table,
    /// One JSON object.
    Json,
}

pub(super) fn run(args: SelftestArgs) -> anyhow::Result<ExitCode> {
    let rows = match select(&args.only) {
        Ok(rows) => rows,
        Err(unknown) => {
            let names: Vec<&str> = ROWS.iter().map(|row| row.name).collect();
            bail!(PlanError::Usage(format!("no row is called {unknown:?}; rows: {}", names.join(", "))));
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
    tell(&format!("{} known answers, about {}; longer where others use the machine", rows.len(), rough(usual)));
    let findings: Vec<Finding> = rows.iter().map(|row| find(row, &bench)).collect();
    let verdict = overall(&findings);
    let text = match args.format {
        SelftestFormat::Table => known_answers::table(&findings),
        SelftestFormat::Json => {
            let value = json!({ "verdict": verdict, "summary": known_answers::sentence(&findings), "rows": findings });
            format!("{}\n", serde_json::to_string_pretty(&value)?)
        }
    };
    print(&text)?;
    Ok(ending::code_of_selftest(verdict))
}

fn find(row: &Row, bench: &Bench) -> Finding {
    let finding = row.find(bench);
    tell(&format!("  {:<21} {}", row.name, known_answers::words(finding.verdict)));
    finding
}

/// The worst of all.
fn overall(findings: &[Finding]) -> Verdict {
    let any = |verdict: Verdict| findings.iter().any(|finding| finding.verdict == verdict);
    [Verdict::Wrong, Verdict::CannotTell].into_iter().find(|verdict| any(*verdict)).unwrap_or(Verdict::Right)
}

fn list(rows: &[&Row], format: SelftestFormat) -> anyhow::Result<String> {
    Ok(match format {
        SelftestFormat::Table => rows.iter().map(|row| format!("{:<21} {}\n", row.name, row.claim)).collect(),
        SelftestFormat::Json => {
            let rows = rows.iter().map(|row| json!({ "row": row.name, "claim": row.claim, "kind": row.kind }));
            format!("{}\n", serde_json::to_string_pretty(&json!({ "rows": rows.collect::<Vec<_>>() }))?)
        }
    })
}
