//! How the findings of a load are written: for a terminal, as one JSON object, as a row of a spreadsheet, and as the files that
//! other tools read.
//!
//! Must not know: how any of them was found.

pub(super) mod csv;
pub(super) mod histogram_files;
pub(super) mod table;

use instruments::load::LoadSpec;

use self::csv::csv;
use super::args::LoadFormat;
use super::findings::LoadFindings;
use crate::cli::output::{json_text, print, tell};

/// Prints the findings in a format, and says on stderr what has no place in it.
///
/// # Errors
/// Where stdout can't be written to.
pub(super) fn print_findings(findings: &LoadFindings, spec: &LoadSpec, format: LoadFormat) -> anyhow::Result<()> {
    match format {
        LoadFormat::Table => print(&table::drawn(findings, spec))?,
        LoadFormat::Json => print(&json_text(findings)?)?,
        LoadFormat::Csv => {
            print(&csv(&serde_json::to_value(findings)?))?;
            // There is no column for sentences.
            findings.notices.iter().chain(&findings.warnings).for_each(|sentence| tell(sentence));
        }
    }
    if format != LoadFormat::Table {
        // Nobody sees them in there who only keeps the figures.
        findings.gates.iter().for_each(|gate| tell(&gate.line()));
    }
    Ok(())
}
