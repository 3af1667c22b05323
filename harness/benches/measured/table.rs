//! What a bench ends with: a row per figure, with its spread, its target, and whether that is met.

use comfy_table::presets::NOTHING;
use comfy_table::{CellAlignment, Table};
use reports::format::number;
use serde_json::{Value, json};

use super::figure::{RoundFigure, Target};

/// How the table is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub(crate) enum TableFormat {
    /// For a terminal.
    Table,
    /// One JSON object.
    Json,
}

/// A figure, or why there is none.
#[derive(Debug, Clone)]
pub(crate) struct BenchRow {
    /// What was measured.
    pub(crate) what: String,
    /// The unit; empty for a ratio.
    pub(crate) unit: &'static str,
    /// Absent where nothing is promised and the figure is there to be compared with.
    pub(crate) target: Option<Target>,
    /// The figure, or why there is none, in words that can stand alone.
    pub(crate) figure: Result<RoundFigure, String>,
    /// What it is made of, where that is worth a word.
    pub(crate) detail: String,
}

impl BenchRow {
    /// Of one figure per round, with its unit and what it should be.
    pub(crate) fn over(
        what: String,
        (unit, target): (&'static str, Option<Target>),
        rounds: impl Iterator<Item = f64>,
    ) -> BenchRow {
        let figure = RoundFigure::of(&rounds.collect::<Vec<_>>()).ok_or_else(|| "no figure".to_owned());
        BenchRow { what, unit, target, figure, detail: String::new() }
    }

    /// What the row comes to, in words.
    pub(crate) fn outcome(&self) -> String {
        match (&self.figure, self.target) {
            (Err(reason), _) => reason.clone(),
            (Ok(_), None) => String::new(),
            (Ok(figure), Some(target)) => target.verdict(figure).to_string(),
        }
    }

    fn cells(&self) -> [String; 6] {
        let (median, spread) = match &self.figure {
            Ok(figure) => {
                (with_unit(figure.median, self.unit), format!("{} to {}", shown(figure.low), shown(figure.high)))
            }
            Err(_) => Default::default(),
        };
        let target = self.target.map(|target| target.to_string()).unwrap_or_default();
        [self.what.clone(), median, spread, target, self.outcome(), self.detail.clone()]
    }

    fn json(&self) -> Value {
        let target = self.target.map(|target| target.to_string());
        let mut value = json!({ "what": self.what, "unit": self.unit, "target": target, "outcome": self.outcome(), "detail": self.detail });
        if let Ok(figure) = self.figure {
            value["figure"] = json!(figure);
        }
        value
    }
}

/// Three digits hide whether 0.9994 or 0.9986 was reached, so that shares close to one get four.
fn shown(value: f64) -> String {
    if (0.99..1.0).contains(&value) { format!("{value:.4}") } else { number(value) }
}

fn with_unit(value: f64, unit: &str) -> String {
    format!("{} {unit}", shown(value)).trim_end().to_owned()
}

/// All rows, for stdout.
pub(crate) fn written(rows: &[BenchRow], format: TableFormat) -> String {
    match format {
        TableFormat::Json => format!("{:#}\n", json!({ "rows": rows.iter().map(BenchRow::json).collect::<Vec<_>>() })),
        TableFormat::Table => {
            let mut table = Table::new();
            table.load_style(NOTHING).set_header(["what", "median", "spread", "target", "", ""]);
            for row in rows {
                table.add_row(row.cells());
            }
            for column in table.column_iter_mut().skip(1).take(3) {
                column.set_cell_alignment(CellAlignment::Right);
            }
            format!("{}\n", table.trim_fmt())
        }
    }
}
