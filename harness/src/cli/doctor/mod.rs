//! `harness doctor`: a look of some seconds at this machine, and whether what it finds will spoil a run.
//!
//! It finds nothing that a run would not find for itself, and asks the same code; it only says all of it, before anybody has
//! waited. Nothing is changed: each remedy is for the person to type. Read in this order: `row.rs` (what is said of one thing),
//! `leftovers.rs`, `limits.rs`, `noise.rs`, `settings.rs`.

mod leftovers;
mod limits;
mod noise;
mod row;
mod settings;

use std::path::PathBuf;
use std::process::ExitCode;

use serde_json::json;

use self::noise::NoiseWatch;
use self::row::{DoctorRow, RowState, sentence, table};
use super::ending;
use super::output::{TableOrJson, json_text, print};
use super::progress::QuietArg;

/// Check whether this machine is fit for a run: its limits, other programs, what a killed run left behind
#[derive(Debug, clap::Args)]
pub(super) struct DoctorArgs {
    /// Folder with your runs, to look for half-written files in
    #[arg(long, value_name = "DIR", default_value = "runs")]
    runs: PathBuf,

    #[command(flatten)]
    quiet: QuietArg,

    /// How to print the findings
    #[arg(long, value_enum, default_value_t = TableOrJson::Table)]
    format: TableOrJson,
}

pub(super) fn run(args: &DoctorArgs) -> anyhow::Result<ExitCode> {
    args.quiet.tell("looking at this machine for a few seconds; nothing is changed");
    let watch = NoiseWatch::start();
    let mut rows = leftovers::rows(&args.runs);
    rows.extend(limits::rows()?);
    rows.extend(watch.rows());
    rows.extend(settings::rows());
    let is_fit = rows.iter().all(|row| row.state != RowState::Spoils);
    print(&match args.format {
        TableOrJson::Table => table(&rows),
        TableOrJson::Json => json_text(&told(&rows, is_fit))?,
    })?;
    Ok(ending::code_of_doctor(is_fit))
}

fn told(rows: &[DoctorRow], is_fit: bool) -> serde_json::Value {
    json!({ "verdict": if is_fit { "fit" } else { "unfit" }, "summary": sentence(rows), "rows": rows })
}
