//! `harness diff`: what has changed from one saved run to another, and whether it is too much. The arithmetic is that of
//! `reports::diff`; here are the question and the words.

use std::fmt::Write;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::Duration;

use clap::ValueEnum;
use comfy_table::presets::{ASCII_MARKDOWN, NOTHING};
use reports::diff::{
    ComparedFigure, DecidedBy, Diff, DiffRow, Gate, GateError, GateResult, between, of_contenders, within,
};
use reports::format::{count, counted};
use reports::machine::{Difference, differences};
use reports::plain;
use reports::record::Manifest;
use reports::record::store::{Run, RunFolder};

use super::ending::code_of_gates;
use super::output::{json_text, print, styled, tell, usage};
use super::progress::rough;
use crate::plan::PlanError;

/// Compare two saved runs, and say what has changed
#[derive(Debug, clap::Args)]
#[command(after_help = after_help())]
pub(super) struct DiffArgs {
    /// Folder of the earlier run; alone, of a run made with `compare --against`, or of any with --base and --new
    #[arg(value_name = "BASE_RUN")]
    base: PathBuf,

    /// Folder of the run that may have changed
    #[arg(value_name = "NEW_RUN")]
    new: Option<PathBuf>,

    /// Within one run: the server to compare with
    #[arg(long = "base", value_name = "SERVER", requires = "new_contender", conflicts_with = "new")]
    base_contender: Option<String>,

    /// Within one run: the server that may differ from --base
    #[arg(long = "new", value_name = "SERVER", requires = "base_contender", conflicts_with = "new")]
    new_contender: Option<String>,

    /// Fail where a figure has certainly changed by more than this, as in 'p99>+10%' or 'throughput<-5%', or only for one
    /// experiment, workload or load, as in 'p99>+10%@call 5 ms'; can be repeated
    #[arg(long, value_name = "GATE")]
    fail_on: Vec<String>,

    /// Compare the runs even if they are from different machines
    #[arg(long)]
    force: bool,

    /// How to print the comparison
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
    let names = ComparedFigure::all().map(|compared| format!("{} ({})", compared.name, compared.blocks_needed()));
    format!(
        "Gates, and the repetitions (--blocks) that each needs: {}; write > or < behind the name, and a change in percent. \
         `harness list` and `harness compare --dry-run` say which experiment has which.\nExit codes: 0 passed, 2 usage or \
         another machine, 4 a gate is inconclusive, 5 a gate has regressed",
        names.collect::<Vec<_>>().join(", ")
    )
}

pub(super) fn run(args: DiffArgs) -> anyhow::Result<ExitCode> {
    let gates = args.fail_on.iter().map(|text| text.parse()).collect::<Result<Vec<Gate>, GateError>>();
    let gates = gates.map_err(|error| PlanError::Usage(error.to_string()))?;
    let base = read(&args.base)?;
    let (diff, runs) = match (&args.new, args.base_contender.as_deref().zip(args.new_contender.as_deref())) {
        (Some(path), _) => {
            let new = read(path)?;
            if !args.force {
                refuse_other_machines(&differences(&base.manifest, &new.manifest))?;
            }
            let runs = vec![Extensible::new(&args.base, &base.manifest), Extensible::new(path, &new.manifest)];
            (between(&base, &new), runs)
        }
        (None, contenders) => {
            let diff = match contenders {
                Some((one, other)) => {
                    of_contenders(&base, one, other).ok_or_else(|| no_contender(&base, one, other))?
                }
                None => within(&base).ok_or_else(|| only_one_build(&args.base))?,
            };
            (diff, vec![Extensible::new(&args.base, &base.manifest)])
        }
    };
    if diff.rows.is_empty() {
        tell("note: the two runs share no measurement; `compare --like RUN` makes a run with the loads of another");
    }
    let held: Vec<GateResult> = gates.iter().map(|gate| gate.hold(&diff)).collect();
    print(&match args.format {
        DiffFormat::Table => table(&diff, &held, &runs),
        DiffFormat::Md => markdown(&diff, &held, &runs),
        DiffFormat::Json => json_text(&serde_json::json!({ "diff": diff, "gates": held }))?,
    })?;
    Ok(code_of_gates(held.iter().map(|held| held.outcome).max()))
}

fn read(path: &Path) -> anyhow::Result<Run> {
    Ok(RunFolder::open(path)?.read()?)
}

fn refuse_other_machines(differences: &[Difference]) -> Result<(), PlanError> {
    if differences.is_empty() {
        return Ok(());
    }
    let list: Vec<String> = differences.iter().map(Difference::words).collect();
    usage(format!(
        "the runs are from different machines, so a difference would say little about the servers: {}; run both on one \
         machine, or compare them anyway with --force",
        list.join("; ")
    ))
}

fn no_contender(run: &Run, base: &str, new: &str) -> PlanError {
    let labels: Vec<&str> = run.manifest.contenders.iter().map(|contender| contender.label.as_str()).collect();
    let wrong = [base, new].into_iter().find(|label| !labels.contains(label)).unwrap_or(base);
    let meant = servers::did_you_mean(wrong, labels.iter().copied());
    PlanError::Usage(format!("{} has no server {wrong:?}{meant} it has {}", run.manifest.run, labels.join(", ")))
}

fn only_one_build(path: &Path) -> PlanError {
    PlanError::Usage(format!(
        "{} has servers of one build only; name a second run, or two of its servers with --base and --new, or make a run \
         with `harness compare --against PROGRAM`",
        path.display()
    ))
}

/// A run that can be given more blocks.
struct Extensible {
    path: PathBuf,
    blocks: u32,
    /// How long it took; absent where that is not known.
    took: Option<Duration>,
}

impl Extensible {
    fn new(path: &Path, manifest: &Manifest) -> Extensible {
        let took = manifest.elapsed_ns.map(Duration::from_nanos);
        Extensible { path: path.to_owned(), blocks: manifest.blocks, took }
    }

    /// So many blocks more, if they take as long as those that there are.
    fn time_of(&self, more: u32) -> Option<Duration> {
        Some(self.took? / self.blocks.max(1) * more)
    }
}

/// What would decide a gate, as a sentence without its stop.
fn what_decides(decided_by: DecidedBy, runs: &[Extensible]) -> String {
    match decided_by {
        DecidedBy::Blocks(blocks) => more_blocks(blocks as u32, runs),
        DecidedBy::NoBlocks => "More repetitions would not decide it: the value is too close to the bound, or no farther from it \
                                than a server is from itself"
            .to_owned(),
        DecidedBy::MeasuringAgain => "More repetitions alone would not decide it: measure again what is missing, invalid or \
                                      without a ratio, or name another experiment, workload or load behind the gate, as in \
                                      'p99>+10%@call 5 ms'"
            .to_owned(),
    }
}

fn more_blocks(blocks: u32, runs: &[Extensible]) -> String {
    let short: Vec<&Extensible> = runs.iter().filter(|run| run.blocks < blocks).collect();
    let mut said = format!("Some {} repetitions would decide it", count(blocks.into()));
    let time: Option<Duration> = short.iter().map(|run| run.time_of(blocks - run.blocks)).sum();
    if let Some(time) = time.filter(|time| !time.is_zero()) {
        // Writing to a string does not fail.
        let _ = write!(said, ", about {} more", rough(time));
    }
    let commands = short.iter().map(|run| format!("harness compare --resume {} --blocks {blocks}", run.path.display()));
    let commands: Vec<String> = commands.collect();
    if !commands.is_empty() {
        let _ = write!(said, ": {}", commands.join(" && "));
    }
    said
}

/// As many as a reader of a pull request looks at.
const MOST_ROWS: usize = 8;

/// As many reasons as the line of a gate holds; all of them are in the JSON.
const MOST_REASONS: usize = 3;

/// Every row, and what came of the gates last.
fn table(diff: &Diff, held: &[GateResult], runs: &[Extensible]) -> String {
    let table = styled(header(), diff.rows.iter().map(cells), NOTHING);
    let lines = lines(diff.remarks().into_iter().chain(gates(diff, held, runs)), |line| line);
    format!("{}{table}\n\n{lines}", heading(diff, str::to_owned))
}

/// The rows that matter most, and how many others there are.
fn markdown(diff: &Diff, held: &[GateResult], runs: &[Extensible]) -> String {
    let ranked = diff.ranked();
    let (shown, rest) = ranked.split_at(ranked.len().min(MOST_ROWS));
    let plain_cells = |row: &&DiffRow| cells(row).iter().map(|cell| plain::markdown(cell)).collect();
    let table = styled(header(), shown.iter().map(plain_cells), ASCII_MARKDOWN);
    let different = rest.iter().filter(|row| row.is_different()).count() as u64;
    let more = match rest.len() as u64 {
        0 => String::new(),
        more => format!("- And {}, {different} of them different.\n", counted(more, "more row")),
    };
    let said = diff.remarks().into_iter().chain(gates(diff, held, runs));
    let lines = lines(said, |line| format!("- {}", plain::markdown(&line)));
    format!("{}{table}\n\n{more}{lines}", heading(diff, plain::markdown))
}

fn heading(diff: &Diff, written: fn(&str) -> String) -> String {
    format!("base: {}\nnew: {}\n\n", written(&diff.base), written(&diff.new))
}

fn lines(said: impl Iterator<Item = String>, written: fn(String) -> String) -> String {
    said.map(|line| written(line) + "\n").collect()
}

fn header() -> Vec<String> {
    ["server", "where", "figure", "base", "new", "new/base", "95% interval", "verdict"].map(str::to_owned).to_vec()
}

fn cells(row: &DiffRow) -> Vec<String> {
    vec![
        row.contender.clone(),
        row.place.at.clone(),
        row.label.to_owned(),
        row.base.clone(),
        row.new.clone(),
        row.ratio_words(),
        row.interval_words(),
        row.words(),
    ]
}

/// A line for each gate: what was held against what, what came of it, and what would decide it.
fn gates(diff: &Diff, held: &[GateResult], runs: &[Extensible]) -> Vec<String> {
    let line = |held: &GateResult| {
        let figures = counted(held.rows as u64, "figure");
        let said = format!("{} {}: {} against {}, {figures}", held.gate, held.outcome.word(), diff.new, diff.base);
        let shown: Vec<&str> = held.reasons.iter().take(MOST_REASONS).map(String::as_str).collect();
        let more = held.reasons.len().saturating_sub(MOST_REASONS) as u64;
        let more = if more > 0 { format!("; and {} more", count(more)) } else { String::new() };
        let reasons = if shown.is_empty() { String::new() } else { format!(": {}{more}", shown.join("; ")) };
        let way = held.decided_by.map_or(String::new(), |by| format!(". {}", what_decides(by, runs)));
        format!("{said}{reasons}{way}")
    };
    held.iter().map(line).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn run(path: &str, blocks: u32, took: Option<u64>) -> Extensible {
        Extensible { path: path.into(), blocks, took: took.map(Duration::from_secs) }
    }

    #[test]
    fn what_decides_comes_with_its_time_and_the_commands() {
        let both = [run("runs/a", 10, Some(600)), run("runs/b", 10, Some(600))];
        assert_eq!(
            what_decides(DecidedBy::Blocks(20), &both),
            "Some 20 repetitions would decide it, about 20 min more: harness compare --resume runs/a --blocks 20 && harness \
             compare --resume runs/b --blocks 20"
        );
        let one = [run("runs/a", 20, Some(600)), run("runs/b", 10, None)];
        assert_eq!(
            what_decides(DecidedBy::Blocks(20), &one),
            "Some 20 repetitions would decide it: harness compare --resume runs/b --blocks 20"
        );
        assert!(what_decides(DecidedBy::NoBlocks, &both).starts_with("More repetitions would not decide it"));
        assert!(what_decides(DecidedBy::MeasuringAgain, &both).contains("measure again"));
    }
}
