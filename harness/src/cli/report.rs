//! `harness report`: from saved records to the page. `compare` ends by calling just this.

use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::Context;
use reports::record::store::{Run, RunFolder};

use super::output::{self, Format, print};
use super::whole_file;

/// Render the report of a saved run again
#[derive(Debug, clap::Args)]
pub(super) struct ReportArgs {
    /// The run's folder, the one with manifest.json in it
    run: PathBuf,

    /// How to write the summary
    #[arg(long, value_enum, default_value_t = Format::Table)]
    format: Format,
}

pub(super) fn run(args: ReportArgs) -> anyhow::Result<ExitCode> {
    let folder = RunFolder::open(&args.run)?;
    let run = folder.read()?;
    render(&folder, &run, args.format)?;
    Ok(ExitCode::SUCCESS)
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
