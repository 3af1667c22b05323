//! `harness report`: from saved records to the page. `compare` ends by calling just this.

use std::fs;
use std::io::Write;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::Context;
use reports::diff::{differences, machine_line};
use reports::record::store::{Run, RunFolder};

use super::output::{self, Format, print, tell};

/// Render the report of a saved run again
#[derive(Debug, clap::Args)]
pub(super) struct ReportArgs {
    /// The run's folder, the one with manifest.json in it; of several runs each stays by itself
    #[arg(required = true, value_name = "RUN")]
    runs: Vec<PathBuf>,

    /// How to write the summary
    #[arg(long, value_enum, default_value_t = Format::Table)]
    format: Format,
}

pub(super) fn run(args: ReportArgs) -> anyhow::Result<ExitCode> {
    let read = |path: &PathBuf| -> anyhow::Result<(RunFolder, Run)> {
        let folder = RunFolder::open(path)?;
        let run = folder.read()?;
        Ok((folder, run))
    };
    // All are read before any is written, so that a wrong name changes nothing.
    let runs = args.runs.iter().map(read).collect::<anyhow::Result<Vec<_>>>()?;
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
        let summary = output::summary(&reports::summary::summarise(run), format, &report)?;
        summaries.push((&run.manifest, summary));
    }
    let several: Vec<(&str, String, String)> =
        summaries.into_iter().map(|(manifest, text)| (&*manifest.run, machine_line(manifest), text)).collect();
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
    let summary = reports::summary::summarise(run);
    print(&output::summary(&summary, format, &report.display().to_string())?)?;
    Ok(())
}

/// Writes `report.html` beside the records; returns its path.
pub(super) fn write_page(folder: &RunFolder, run: &Run) -> anyhow::Result<PathBuf> {
    let report = folder.path().join("report.html");
    write(&report, &reports::page::render(run)).with_context(|| format!("{} can't be written", report.display()))?;
    Ok(report)
}

/// Whole or not at all: a reader never sees half a page.
fn write(path: &Path, page: &str) -> std::io::Result<()> {
    let folder = path.parent().unwrap_or(Path::new("."));
    let mut file = tempfile::Builder::new().suffix(".html").tempfile_in(folder)?;
    file.write_all(page.as_bytes())?;
    let file = file.persist(path)?;
    // Temporary files are private; a report is to be served and shared.
    file.set_permissions(fs::Permissions::from_mode(0o644))
}
