//! `harness diff`: what has changed from one saved run to another, and whether it is too much. The arithmetic is that of
//! `reports::diff`; here are the question and the words.

mod text;

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::ValueEnum;
use reports::diff::{COMPARED, Diff, Difference, Gate, GateError, Held, between, differences, within};
use reports::record::store::{Run, RunFolder};

use super::ending::code_of_gates;
use super::output::{print, tell};
use crate::plan::PlanError;

/// Hold one saved run against another, and say what has changed
#[derive(Debug, clap::Args)]
#[command(after_help = after_help())]
pub(super) struct DiffArgs {
    /// The folder of the run that the other is held against; alone, of a run made with `compare --against`
    base: PathBuf,

    /// The folder of the other run
    new: Option<PathBuf>,

    /// Fail where a figure has changed by more than this for sure: 'p99>+10%', 'throughput<-5%'. Can be given repeatedly
    #[arg(long, value_name = "GATE")]
    fail_on: Vec<String>,

    /// Compare runs of different machines all the same
    #[arg(long)]
    force: bool,

    /// How to write the comparison
    #[arg(long, value_enum, default_value_t = DiffFormat::Table)]
    format: DiffFormat,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum DiffFormat {
    /// Every row, for a terminal.
    Table,
    /// Everything as one JSON object.
    Json,
    /// The eight rows that matter most, for a pull request.
    Md,
}

fn after_help() -> String {
    let names: Vec<&str> = COMPARED.iter().map(|compared| compared.name).collect();
    format!(
        "Gates: {}, each with > or < and a change in percent.\nExit codes: 0 passed, 2 usage or another machine, \
         4 a gate can't be decided, 5 a gate was exceeded",
        names.join(", ")
    )
}

pub(super) fn run(args: DiffArgs) -> anyhow::Result<ExitCode> {
    let gates = args.fail_on.iter().map(|text| text.parse()).collect::<Result<Vec<Gate>, GateError>>();
    let gates = gates.map_err(|error| PlanError::Usage(error.to_string()))?;
    let base = read(&args.base)?;
    let diff = match &args.new {
        Some(new) => {
            let new = read(new)?;
            if !args.force {
                refuse_other_machines(&differences(&base.manifest, &new.manifest))?;
            }
            between(&base, &new)
        }
        None => within(&base).ok_or_else(|| only_one_build(&args.base))?,
    };
    if diff.rows.is_empty() {
        tell("note: the two have nothing in common; `compare --like RUN` makes a run with the loads of another");
    }
    let held: Vec<Held> = gates.iter().map(|gate| gate.hold(&diff)).collect();
    print(&written(&diff, &held, args.format)?)?;
    Ok(code_of_gates(held.iter().map(|held| held.outcome).max()))
}

fn read(path: &Path) -> anyhow::Result<Run> {
    Ok(RunFolder::open(path)?.read()?)
}

fn refuse_other_machines(differences: &[Difference]) -> Result<(), PlanError> {
    if differences.is_empty() {
        return Ok(());
    }
    let list: Vec<String> = differences.iter().map(text::difference).collect();
    Err(PlanError::Usage(format!(
        "the runs are of different machines, so a difference would say little of the servers: {}; run both on one \
         machine, or compare them all the same with --force",
        list.join("; ")
    )))
}

fn only_one_build(path: &Path) -> PlanError {
    PlanError::Usage(format!(
        "{} holds servers of one build only; name a second run, or make one with `harness compare --against PROGRAM`",
        path.display()
    ))
}

fn written(diff: &Diff, held: &[Held], format: DiffFormat) -> anyhow::Result<String> {
    Ok(match format {
        DiffFormat::Table => text::table(diff, held),
        DiffFormat::Md => text::markdown(diff, held),
        DiffFormat::Json => {
            let value = serde_json::json!({ "diff": diff, "gates": held });
            format!("{}\n", serde_json::to_string_pretty(&value)?)
        }
    })
}
