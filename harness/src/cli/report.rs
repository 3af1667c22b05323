//! `harness report`: from saved records to the page. `compare` ends by calling just this.

use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::Context;
use reports::machine::MachineIdentity;
use reports::machine::differences;
use reports::record::store::{Run, RunFolder};

use super::output::{self, Format, print, tell};
use super::{slides, whole_file};

/// Render the report of a saved run again
#[derive(Debug, clap::Args)]
pub(super) struct ReportArgs {
    /// The run's folder, the one with manifest.json in it; of several runs each stays by itself
    #[arg(required = true, value_name = "RUN")]
    runs: Vec<PathBuf>,

    /// How to write the summary
    #[arg(long, value_enum, default_value_t = Format::Table)]
    format: Format,

    /// Write slides instead, the same figures one to a page, with questions to vote on and notes for the speaker
    #[arg(long, conflicts_with = "format")]
    slides: bool,

    /// Where the slides go [default: slides.html in the run's folder]
    #[arg(long, value_name = "FILE", requires = "slides")]
    out: Option<PathBuf>,
}

pub(super) fn run(args: ReportArgs) -> anyhow::Result<ExitCode> {
    let read = |path: &PathBuf| -> anyhow::Result<(RunFolder, Run)> {
        let folder = RunFolder::open(path)?;
        let run = folder.read()?;
        Ok((folder, run))
    };
    slides::check(&args.runs, args.out.as_deref())?;
    // All are read before any is written, so that a wrong name changes nothing.
    let runs = args.runs.iter().map(read).collect::<anyhow::Result<Vec<_>>>()?;
    if args.slides {
        slides::write(&runs, args.out.as_deref())?;
        return Ok(ExitCode::SUCCESS);
    }
    match &runs[..] {
        [(folder, run)] => render(folder, run, args.format)?,
        several => render_beside(several, args.format)?,
    }
    Ok(ExitCode::SUCCESS)
}

/// Renders each run by itself, under its name and machine: figures of different machines have no mean.
fn render_beside(runs: &[(RunFolder, Run)], format: Format) -> anyhow::Result<()> {
    let mut summaries = Vec::new();
    for (folder, run) in runs {
        let report = write_page(folder, run)?.display().to_string();
        let summary = output::summary(run, format, &report)?;
        summaries.push((&run.manifest, summary));
    }
    let several: Vec<(&str, String, String)> = summaries
        .into_iter()
        .map(|(manifest, text)| (&*manifest.run, MachineIdentity::of(manifest).label, text))
        .collect();
    print(&output::beside(&several, format)?)?;
    let (_, first) = &runs[0];
    if runs.iter().any(|(_, run)| !differences(&first.manifest, &run.manifest).is_empty()) {
        tell("note: the runs are of different machines; compare contenders within each, not figures across them");
    }
    Ok(())
}

/// Writes `report.html` beside the records, and the summary to stdout with the report's path last.
pub(super) fn render(folder: &RunFolder, run: &Run, format: Format) -> anyhow::Result<()> {
    let report = write_page(folder, run)?;
    print(&output::summary(run, format, &report.display().to_string())?)?;
    Ok(())
}

/// Writes `report.html` beside the records; returns its path.
pub(super) fn write_page(folder: &RunFolder, run: &Run) -> anyhow::Result<PathBuf> {
    let report = folder.path().join("report.html");
    whole_file::write(&report, reports::page::render(run).as_bytes())
        .with_context(|| format!("{} can't be written", report.display()))?;
    Ok(report)
}
