//! `harness report --slides`: from saved records to a file of slides.

use std::path::{Path, PathBuf};

use anyhow::Context;
use reports::record::store::{Run, RunFolder};

use super::output::print;
use super::whole_file;
use crate::plan::PlanError;

/// Refuses what would put the slides of several runs, or of none, into one file.
pub(super) fn check(runs: &[PathBuf], out: Option<&Path>) -> Result<(), PlanError> {
    let Some(out) = out else { return Ok(()) };
    if runs.len() > 1 {
        let count = runs.len();
        let reason =
            format!("--out names one file, and there are {count} runs; leave it out, or name one run at a time");
        return Err(PlanError::Usage(reason));
    }
    if out.is_dir() {
        let reason = format!("--out {} is a folder; name a file in it", out.display());
        return Err(PlanError::Usage(reason));
    }
    Ok(())
}

/// Writes the slides of each run beside its records, or of one run to `out`; the paths to stdout.
pub(super) fn write(runs: &[(RunFolder, Run)], out: Option<&Path>) -> anyhow::Result<()> {
    for (folder, run) in runs {
        let path = out.map_or_else(|| folder.path().join("slides.html"), Path::to_owned);
        whole_file::write(&path, reports::slides::render(run).as_bytes())
            .with_context(|| format!("{} can't be written", path.display()))?;
        print(&format!("slides: {}\n", path.display()))?;
    }
    Ok(())
}
