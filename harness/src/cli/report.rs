//! `harness report`: from saved records to the page or to slides. `compare` ends by calling just this.

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::Context;
use clap::ValueEnum;
use reports::format::counted;
use reports::machine::{MachineIdentity, differences};
use reports::record::Ending;
use reports::record::store::{Run, RunFolder, write_whole};
use reports::slides::{DeckChoice, FigureChoice};

use super::compare::resume_machines::to_go_on;
use super::ending::{code_of_run, sentence, unproven};
use super::output::{print, tell, usage};
use super::protagonists;
use super::summary::{self, SummaryFormat};
use super::under_way::as_summary;
use crate::plan::{PlanError, Preset};
use crate::run::{Interrupt, RunEnd, UnwrittenRun};

/// Write the report of a saved run again, or slides about it
#[derive(Debug, clap::Args)]
pub(super) struct ReportArgs {
    /// Folder of the run, the one with manifest.json in it; several runs get a report each
    #[arg(required = true, value_name = "RUN")]
    runs: Vec<PathBuf>,

    /// How to print the summary
    #[arg(long, value_enum, default_value_t = SummaryFormat::Scorecard)]
    format: SummaryFormat,

    /// The two servers that the report is about [default: those that the run was made for]
    #[arg(long, value_name = "A,B")]
    protagonists: Option<String>,

    /// Write slides instead: a talk of at most fifteen, with votes, answers and notes for the speaker
    #[arg(long, conflicts_with = "format")]
    slides: bool,

    /// Add these figures of the report to the slides, by their anchors; `all` shows every figure in place of the talk
    #[arg(long, value_name = "LIST", value_delimiter = ',', requires = "slides")]
    figures: Vec<String>,

    /// Show only these servers on the slides, separated by commas
    #[arg(long, value_name = "LIST", requires = "slides")]
    models: Option<String>,

    /// File for the slides [default: slides.html in the run's folder]
    #[arg(long, value_name = "FILE", requires = "slides")]
    out: Option<PathBuf>,
}

pub(super) fn run(args: ReportArgs) -> anyhow::Result<ExitCode> {
    let read = |path: &PathBuf| -> anyhow::Result<(RunFolder, Run)> {
        let folder = RunFolder::open(path)?;
        let run = protagonists::read(&folder, args.protagonists.as_deref())?;
        Ok((folder, run))
    };
    check(&args.runs, args.out.as_deref())?;
    if args.format == SummaryFormat::OpenMetrics && args.runs.len() > 1 {
        return usage("--format openmetrics is for one run; call it for each, and give each file labels of its own");
    }
    // All are read before any is written, so that a wrong name changes nothing.
    let runs = args.runs.iter().map(read).collect::<anyhow::Result<Vec<_>>>()?;
    if args.slides {
        write(&runs, &chosen(&args), args.out.as_deref())?;
        return Ok(ExitCode::SUCCESS);
    }
    match &runs[..] {
        [(folder, run)] => render(folder, run, as_summary(args.format))?,
        several => render_beside(several, args.format)?,
    }
    Ok(ExitCode::SUCCESS)
}

/// Renders each run by itself, under its name and machine: figures of different machines have no mean.
fn render_beside(runs: &[(RunFolder, Run)], format: SummaryFormat) -> anyhow::Result<()> {
    let mut several = Vec::new();
    for (folder, run) in runs {
        let report = write_page(folder, run)?.display().to_string();
        let text = summary::summary(run, format, Some(&report))?;
        several.push((run.manifest.run.as_str(), MachineIdentity::of(&run.manifest).label, text));
    }
    print(&summary::beside(&several, format)?)?;
    let (_, first) = &runs[0];
    if runs.iter().any(|(_, run)| !differences(&first.manifest, &run.manifest).is_empty()) {
        tell("note: the runs are from different machines; compare servers within a run, not figures across runs");
    }
    Ok(())
}

/// What is there of a run that was interrupted.
pub(super) fn interrupted(end: &RunEnd, folder: &RunFolder) -> String {
    format!("interrupted: {} saved in {}", counted(end.cells.into(), "measurement"), folder.path().display())
}

/// Says how a run came out, and renders it.
pub(super) fn conclude(
    folder: &RunFolder,
    end: &RunEnd,
    format: SummaryFormat,
    interrupt: &Interrupt,
) -> anyhow::Result<ExitCode> {
    let run = protagonists::read(folder, None)?;
    if end.ending == Ending::Interrupted {
        let go_on = to_go_on(&run.manifest, folder.path());
        let go_on = go_on.map_or_else(String::new, |command| format!("; to go on: {command}"));
        tell(&format!("{}{go_on}", interrupted(end, folder)));
    }
    if let Some((contender, experiment, workload)) = unproven(&run) {
        tell(&format!(
            "invalid: no measurement of {contender} in {experiment}, {workload}, can be believed; the report says why"
        ));
    }
    render(folder, &run, as_summary(format))?;
    Ok(code_of_run(end, &run, interrupt))
}

/// Writes `report.html` beside the records, and prints the run as `shown`, with the report's path. Where the one can't be
/// written, the other is printed all the same.
pub(super) fn render(
    folder: &RunFolder,
    run: &Run,
    shown: impl FnOnce(&Run, Option<&str>) -> anyhow::Result<String>,
) -> anyhow::Result<()> {
    let written = write_page(folder, run);
    let report = written.as_ref().ok().map(|path| path.display().to_string());
    print(&shown(run, report.as_deref())?)?;
    written.map(drop)
}

/// Prints what was measured of a run whose records can't be written any more, as `shown`; returns the error to end with.
pub(super) fn salvaged(
    unwritten: UnwrittenRun,
    folder: &RunFolder,
    shown: impl FnOnce(&Run) -> anyhow::Result<String>,
) -> anyhow::Error {
    let (error, run) = unwritten.into_parts();
    let preset = Preset::from_str(&run.manifest.preset, false).ok();
    let to_go_on = preset.and_then(|_| to_go_on(&run.manifest, folder.path()));
    let remedy = match (RunFolder::open(folder.path()), to_go_on) {
        (Ok(_), Some(command)) => format!("what was saved before is whole; make room, and go on: {command}"),
        (Ok(_), None) => "what was saved before is whole; make room, and make a new run".to_owned(),
        (Err(_), _) => "make a new run, and leave its folder where it is until the end".to_owned(),
    };
    tell(&format!("not all of the run's {} can be saved; {remedy}", counted(run.cells.len() as u64, "measurement")));
    if let Err(error) = shown(&run).and_then(|text| Ok(print(&text)?)) {
        tell(&format!("note: what was measured can't be shown: {}", sentence(&error)));
    }
    error.into()
}

/// Writes `report.html` beside the records; returns its path.
pub(super) fn write_page(folder: &RunFolder, run: &Run) -> anyhow::Result<PathBuf> {
    let report = folder.path().join("report.html");
    write_whole(&report, reports::page::render(run).as_bytes())
        .with_context(|| format!("{} can't be written", report.display()))?;
    Ok(report)
}

/// Refuses what would put the slides of several runs, or of none, into one file.
fn check(runs: &[PathBuf], out: Option<&Path>) -> Result<(), PlanError> {
    let Some(out) = out else { return Ok(()) };
    if runs.len() > 1 {
        let count = runs.len();
        return usage(format!(
            "--out names one file, and there are {count} runs; leave it out, or name one run at a time"
        ));
    }
    if out.is_dir() {
        return usage(format!("--out {} is a folder; name a file in it", out.display()));
    }
    Ok(())
}

/// What was typed of `--figures` and `--models`.
fn chosen(args: &ReportArgs) -> DeckChoice {
    let figures = match &args.figures[..] {
        [] => FigureChoice::Talk,
        [all] if all == ALL => FigureChoice::All,
        named => FigureChoice::Named(named.to_vec()),
    };
    DeckChoice { figures, contenders: args.models.as_deref().map_or_else(Vec::new, protagonists::named) }
}

/// Names every figure.
const ALL: &str = "all";

/// Writes the slides of each run beside its records, or of one run to `out`; the paths to stdout.
fn write(runs: &[(RunFolder, Run)], choice: &DeckChoice, out: Option<&Path>) -> anyhow::Result<()> {
    let slides = |run: &Run| {
        reports::slides::render_chosen(run, choice).map_err(|unknown| PlanError::Usage(unknown.to_string()))
    };
    // As with the runs, a wrong name changes nothing.
    let all = runs.iter().map(|(_, run)| slides(run)).collect::<Result<Vec<_>, _>>()?;
    for ((folder, _), html) in runs.iter().zip(all) {
        let path = out.map_or_else(|| folder.path().join("slides.html"), Path::to_owned);
        write_whole(&path, html.as_bytes()).with_context(|| format!("{} can't be written", path.display()))?;
        print(&format!("slides: {}\n", path.display()))?;
    }
    Ok(())
}
