//! `harness diff`: what has changed from one saved run to another, and whether it is too much. The arithmetic is that of
//! `reports::diff`; here are the question and the words.

mod text;
mod ways;

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::ValueEnum;
use reports::diff::{COMPARED, Diff, Gate, GateError, GateResult, between, of_contenders, within};
use reports::machine::{Difference, differences};
use reports::record::store::{Run, RunFolder};

use self::ways::Ways;
use super::ending::code_of_gates;
use super::output::{print, tell};
use crate::plan::PlanError;

/// Hold one saved run against another, and say what has changed
#[derive(Debug, clap::Args)]
#[command(after_help = after_help())]
pub(super) struct DiffArgs {
    /// The folder of the run that the other is held against; alone, of a run made with `compare --against`, or with --base
    /// and --new
    #[arg(value_name = "BASE_RUN")]
    base: PathBuf,

    /// The folder of the other run
    #[arg(value_name = "NEW_RUN")]
    new: Option<PathBuf>,

    /// Of one run, the contender that another one of it is held against
    #[arg(long = "base", value_name = "CONTENDER", requires = "new_contender", conflicts_with = "new")]
    base_contender: Option<String>,

    /// Of one run, the contender that is held against that of --base
    #[arg(long = "new", value_name = "CONTENDER", requires = "base_contender", conflicts_with = "new")]
    new_contender: Option<String>,

    /// Fail where a figure has changed by more than this for sure: 'p99>+10%', 'throughput<-5%'; of one experiment, workload
    /// or load with its name behind an @: 'p99>+10%@sleep 5 ms'. Can be given repeatedly
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
    let names = COMPARED.iter().map(|compared| format!("{} ({} blocks)", compared.name, compared.blocks_needed()));
    format!(
        "Gates, and the blocks that each takes: {}; each with > or < and a change in percent. Which experiment carries \
         which is said by `harness list` and `harness compare --dry-run`.\nExit codes: 0 passed, 2 usage or another \
         machine, 4 a gate is inconclusive, 5 a gate has regressed",
        names.collect::<Vec<_>>().join(", ")
    )
}

pub(super) fn run(args: DiffArgs) -> anyhow::Result<ExitCode> {
    let gates = args.fail_on.iter().map(|text| text.parse()).collect::<Result<Vec<Gate>, GateError>>();
    let gates = gates.map_err(|error| PlanError::Usage(error.to_string()))?;
    let base = read(&args.base)?;
    let (diff, ways) = match (&args.new, args.base_contender.as_deref().zip(args.new_contender.as_deref())) {
        (Some(path), _) => {
            let new = read(path)?;
            if !args.force {
                refuse_other_machines(&differences(&base.manifest, &new.manifest))?;
            }
            let runs = [(args.base.clone(), &base.manifest), (path.clone(), &new.manifest)];
            (between(&base, &new), Ways::of(runs))
        }
        (None, contenders) => {
            let diff = match contenders {
                Some((one, other)) => {
                    of_contenders(&base, one, other).ok_or_else(|| no_contender(&base, one, other))?
                }
                None => within(&base).ok_or_else(|| only_one_build(&args.base))?,
            };
            (diff, Ways::of([(args.base.clone(), &base.manifest)]))
        }
    };
    if diff.rows.is_empty() {
        tell("note: the two have nothing in common; `compare --like RUN` makes a run with the loads of another");
    }
    let held: Vec<GateResult> = gates.iter().map(|gate| gate.hold(&diff)).collect();
    print(&written(&diff, &held, &ways, args.format)?)?;
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

fn no_contender(run: &Run, base: &str, new: &str) -> PlanError {
    let labels: Vec<&str> = run.manifest.contenders.iter().map(|contender| contender.label.as_str()).collect();
    let wrong = [base, new].into_iter().find(|label| !labels.contains(label)).unwrap_or(base);
    PlanError::Usage(format!("{} has no contender {wrong:?}; it has {}", run.manifest.run, labels.join(", ")))
}

fn only_one_build(path: &Path) -> PlanError {
    PlanError::Usage(format!(
        "{} holds servers of one build only; name a second run, or two of its contenders with --base and --new, or make one \
         with `harness compare --against PROGRAM`",
        path.display()
    ))
}

fn written(diff: &Diff, held: &[GateResult], ways: &Ways, format: DiffFormat) -> anyhow::Result<String> {
    Ok(match format {
        DiffFormat::Table => text::table(diff, held, ways),
        DiffFormat::Md => text::markdown(diff, held, ways),
        DiffFormat::Json => {
            let value = serde_json::json!({ "diff": diff, "gates": held });
            format!("{}\n", serde_json::to_string_pretty(&value)?)
        }
    })
}
