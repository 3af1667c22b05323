//! Tables as the page shows them: bars behind the numbers, and who differs from whom.
//!
//! A bar begins at zero, and the greatest of a column is full. Bars repeat what the numbers say, for the eye alone. Must
//! not know: tags. Beside it: `page.html.jinja`, which draws them, `verdict/matrix.rs`.

use serde::Serialize;

use crate::format;
use crate::summary::SummaryTable;
use crate::verdict::{Matrix, Pair, Verdict};

/// The longest, in pixels: less than the narrowest column is wide.
const LONGEST: f64 = 60.0;

/// A table with a bar for each of its numbers that can be compared.
#[derive(Debug, Serialize)]
pub(super) struct BarredTable {
    #[serde(flatten)]
    table: SummaryTable,
    /// Pixels, a row per row; absent where there is no number, or nobody to compare with.
    bars: Vec<Vec<Option<u32>>>,
}

impl BarredTable {
    pub(super) fn of(table: &SummaryTable) -> BarredTable {
        let number = |row: usize, column: usize| table.rows[row].values.get(column).and_then(|value| value.number);
        let greatest = |column: usize| {
            let numbers: Vec<f64> = (0..table.rows.len()).filter_map(|row| number(row, column)).collect();
            // A bar that goes below zero would need an axis.
            let fit = numbers.len() > 1 && numbers.iter().all(|number| *number >= 0.0 && number.is_finite());
            Some(numbers.into_iter().fold(0.0, f64::max)).filter(|most| fit && *most > 0.0)
        };
        let most: Vec<Option<f64>> = (0..table.columns.len()).map(greatest).collect();
        let length = |row: usize, column: usize| {
            let share = number(row, column)? / most[column]?;
            Some((share * LONGEST).round() as u32)
        };
        let row = |row: usize| (0..table.columns.len()).map(|column| length(row, column)).collect();
        BarredTable { bars: (0..table.rows.len()).map(row).collect(), table: table.clone() }
    }
}

#[derive(Debug, Serialize)]
pub(super) struct VerdictTable {
    title: String,
    columns: Vec<String>,
    rows: Vec<VerdictRow>,
    note: String,
}

#[derive(Debug, Serialize)]
struct VerdictRow {
    index: usize,
    label: String,
    cells: Vec<VerdictCell>,
}

#[derive(Debug, Default, Serialize)]
struct VerdictCell {
    times: String,
    interval: Option<String>,
    detail: String,
    is_different: bool,
}

/// Those that have blocks enough for a verdict.
pub(super) fn verdict_tables(matrices: &[Matrix]) -> Vec<VerdictTable> {
    matrices.iter().filter(|matrix| matrix.has_verdicts()).map(table).collect()
}

fn table(matrix: &Matrix) -> VerdictTable {
    let rows = matrix.contenders.iter().map(|row| VerdictRow {
        index: row.index,
        label: row.name.clone(),
        cells: matrix.contenders.iter().map(|column| cell(matrix.pair(row.index, column.index))).collect(),
    });
    VerdictTable {
        title: matrix.title.clone(),
        columns: matrix.contenders.iter().map(|column| column.name.clone()).collect(),
        rows: rows.collect(),
        note: matrix.floor_words(),
    }
}

/// Nothing where a contender meets itself.
fn cell(pair: Option<Pair>) -> VerdictCell {
    let Some(pair) = pair else { return VerdictCell::default() };
    let interval = pair.ratio.ok().and_then(|ratio| ratio.interval);
    VerdictCell {
        times: format!("{} {}", pair.times(), pair.sign()),
        interval: interval.map(format::interval),
        detail: pair.detail(),
        is_different: pair.judged.is_some_and(|judged| judged.verdict == Verdict::Different),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::summary::{TableColumn, TableRow, TableValue};

    fn bars(columns: &[[Option<f64>; 3]]) -> Vec<Vec<Option<u32>>> {
        let row = |at: usize| TableRow {
            index: at,
            contender: "a".into(),
            name: "a".into(),
            values: columns.iter().map(|of| TableValue { text: "-".into(), number: of[at], remark: None }).collect(),
        };
        let column = |_: &[Option<f64>; 3]| TableColumn { label: "p50".into(), help: String::new() };
        let table = SummaryTable {
            experiment: "e".into(),
            workload: "w".into(),
            title: "t".into(),
            note: String::new(),
            columns: columns.iter().map(column).collect(),
            rows: (0..3).map(row).collect(),
        };
        BarredTable::of(&table).bars
    }

    #[test]
    fn bars_begin_at_zero_and_the_greatest_is_full() {
        let column = [Some(5.0), Some(0.0), Some(20.0)];
        assert_eq!(bars(&[column]), [[Some(15)], [Some(0)], [Some(60)]]);
    }

    #[test]
    fn what_cannot_be_compared_has_none() {
        let alone = [Some(5.0), None, None];
        let below = [Some(5.0), Some(-1.0), None];
        let nothing = [Some(0.0), Some(0.0), None];
        assert_eq!(bars(&[alone, below, nothing]), [[None; 3]; 3]);
    }
}
