//! A scorecard as HTML: the first thing in a report and on the slides, and small in a list of runs.
//!
//! A table that can be read aloud, with a drawing in each row. Must not know: what is compared. Beside it: `card.html.jinja`
//! (the layout), `card.css`, `../charts/ratios.rs` (the bars).

use minijinja::context;
use minijinja::value::{Serde, Value};
use serde::Serialize;

use super::filled;
use crate::charts::ratios::{RatioAxis, bar, near_axis, no_bar};
use crate::scorecard::{RowVerdict, Scorecard, ScorecardRow};
use crate::words::scorecard::{disturbed, question, remedy, stand_ins, value, verdict, would_take};

const LAYOUT: &str = include_str!("card.html.jinja");

#[derive(Debug, Serialize)]
struct CardRow {
    question: String,
    /// The anchor of its section; empty where there is none.
    link: String,
    values: Vec<String>,
    bar: String,
    verdict: String,
    /// Whether nothing is decided, and the values are estimates.
    is_undecided: bool,
    /// The colour of the better one; absent where there is none.
    colour: Option<usize>,
    /// Under the question, a line each.
    notes: Vec<String>,
}

/// The table. `link` finds the anchor of a row's section.
pub(crate) fn html(card: &Scorecard, link: impl Fn(&ScorecardRow) -> Option<String>) -> String {
    let rows = card.rows.iter().map(|row| row_of(card, row, link(row).unwrap_or_default())).collect();
    table(card, rows, RatioAxis::of(card).drawn())
}

/// The table with its questions and without an answer.
pub(crate) fn questions(card: &Scorecard) -> String {
    let asked = |row: &ScorecardRow| CardRow {
        question: question(&row.topic),
        link: String::new(),
        values: vec!["?".into(), "?".into()],
        bar: no_bar(),
        verdict: "?".into(),
        is_undecided: false,
        colour: None,
        notes: Vec::new(),
    };
    table(card, card.rows.iter().map(asked).collect(), near_axis())
}

fn table(card: &Scorecard, rows: Vec<CardRow>, axis: String) -> String {
    let heads = Value::from(Serde(&card.protagonists));
    filled(LAYOUT, context! { rows => Value::from(Serde(rows)), heads, axis })
}

fn row_of(card: &Scorecard, row: &ScorecardRow, link: String) -> CardRow {
    let shorts = card.shorts();
    let measured = stand_ins(row, shorts).map(|who| format!("measured: {who}"));
    CardRow {
        question: question(&row.topic),
        link,
        values: row.values.iter().map(|side| value(*side, row.unit)).collect(),
        bar: bar(card, row),
        verdict: verdict(row, shorts),
        is_undecided: matches!(row.verdict, RowVerdict::CannotTell(_)),
        colour: match row.verdict {
            RowVerdict::Better { who, .. } => Some(card.protagonists[who].colour),
            RowVerdict::Alike { .. } | RowVerdict::CannotTell(_) => None,
        },
        notes: [remedy(row, shorts), measured, would_take(row), disturbed(row)].into_iter().flatten().collect(),
    }
}
