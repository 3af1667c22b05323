//! The tables of who differs from whom, as the page shows them.
//!
//! Must not know: tags. Beside it: `verdict/matrix.rs`, which holds what they say.

use serde::Serialize;

use crate::format::number;
use crate::verdict::{Matrix, Pair, Verdict};

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
pub(super) fn tables(matrices: &[Matrix]) -> Vec<VerdictTable> {
    matrices.iter().filter(|matrix| matrix.has_verdicts()).map(table).collect()
}

fn table(matrix: &Matrix) -> VerdictTable {
    let rows = matrix.contenders.iter().map(|row| VerdictRow {
        index: row.index,
        label: row.label.clone(),
        cells: matrix.contenders.iter().map(|column| cell(matrix.pair(row.index, column.index))).collect(),
    });
    VerdictTable {
        title: matrix.title.clone(),
        columns: matrix.contenders.iter().map(|column| column.label.clone()).collect(),
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
        interval: interval.map(|(lo, hi)| format!("{} to {}", number(lo), number(hi))),
        detail: pair.detail(),
        is_different: pair.judged.is_some_and(|judged| judged.verdict == Verdict::Different),
    }
}
