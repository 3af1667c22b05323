//! A comparison of two runs in words: all of it for a terminal, the rows that matter most for a pull request.

use std::fmt::Write;

use comfy_table::presets::{ASCII_MARKDOWN, NOTHING};
use reports::diff::{Diff, DiffRow, GateResult};
use reports::format::{counted, number};
use reports::machine::Difference;

use super::ways::Ways;
use crate::cli::output::styled;

/// As many as a reader of a pull request looks at.
const MOST_ROWS: usize = 8;

/// As many reasons as the line of a gate holds; all of them are in the JSON.
const MOST_REASONS: usize = 3;

/// As many as are named of what only one run has.
const MOST_NAMED: usize = 6;

/// Every row, and what came of the gates last.
pub(super) fn table(diff: &Diff, held: &[GateResult], ways: &Ways) -> String {
    let rows: Vec<&DiffRow> = diff.rows.iter().collect();
    let table = styled(header(), rows.into_iter().map(cells), NOTHING);
    format!("{}{table}\n\n{}{}", heading(diff), remarks(diff, ""), gates(diff, held, ways, ""))
}

/// The rows that matter most, and how many others there are.
pub(super) fn markdown(diff: &Diff, held: &[GateResult], ways: &Ways) -> String {
    let ranked = diff.ranked();
    let (shown, rest) = ranked.split_at(ranked.len().min(MOST_ROWS));
    let table = styled(header(), shown.iter().copied().map(cells), ASCII_MARKDOWN);
    let different = rest.iter().filter(|row| row.is_different()).count() as u64;
    let more = match rest.len() as u64 {
        0 => String::new(),
        more => format!("- And {}, {different} of them different.\n", counted(more, "more row")),
    };
    format!("{}{table}\n\n{more}{}{}", heading(diff), remarks(diff, "- "), gates(diff, held, ways, "- "))
}

/// `kernel: 6.1.0 and 6.5.0`.
pub(super) fn difference(difference: &Difference) -> String {
    let Difference { what, base, new } = difference;
    format!("{what}: {base} and {new}")
}

fn heading(diff: &Diff) -> String {
    format!("base: {}\nnew: {}\n\n", diff.base, diff.new)
}

fn header() -> Vec<String> {
    ["contender", "where", "figure", "base", "new", "new/base", "95% interval", "verdict"].map(str::to_owned).to_vec()
}

fn cells(row: &DiffRow) -> Vec<String> {
    let ratio = row.ratio.ok();
    let interval = ratio.and_then(|ratio| ratio.interval).map(|(lo, hi)| format!("{} to {}", number(lo), number(hi)));
    vec![
        row.contender.clone(),
        row.place.at.clone(),
        row.label.to_owned(),
        row.base.clone(),
        row.new.clone(),
        ratio.map_or("-".to_owned(), |ratio| number(ratio.value)),
        interval.unwrap_or_else(|| "-".to_owned()),
        row.words(),
    ]
}

fn remarks(diff: &Diff, bullet: &str) -> String {
    let mut text = String::new();
    // Writing to a string does not fail.
    let mut line = |words: String| {
        let _ = writeln!(text, "{bullet}{words}");
    };
    line(diff.method.words().to_owned());
    if !diff.machines_differ.is_empty() {
        let list: Vec<String> = diff.machines_differ.iter().map(difference).collect();
        line(format!("The machines differ, so a difference says little of the servers: {}.", list.join("; ")));
    }
    for run in &diff.cut_short {
        line(format!("{run}."));
    }
    if !diff.has_twin && diff.rows.iter().any(|row| row.judged.is_some_and(|judged| judged.verdict.is_one())) {
        line(
            "No contender was run twice in either: how far one is from itself is not known, and 1.05 times counts."
                .into(),
        );
    }
    for (which, alone) in [("base", &diff.only_in_base), ("new run", &diff.only_in_new)] {
        if !alone.is_empty() {
            let named: Vec<&str> = alone.iter().take(MOST_NAMED).map(String::as_str).collect();
            let more = alone.len().saturating_sub(MOST_NAMED) as u64;
            let rest = if more > 0 { format!("; and {} more", counted(more, "place")) } else { String::new() };
            line(format!("Only in the {which}: {}{rest}.", named.join("; ")));
        }
    }
    text
}

/// A line for each gate: what was held against what, what came of it, and what would decide it.
fn gates(diff: &Diff, held: &[GateResult], ways: &Ways, bullet: &str) -> String {
    let line = |held: &GateResult| {
        let figures = counted(held.rows as u64, "figure");
        let said =
            format!("{bullet}{} {}: {} against {}, {figures}", held.gate, held.outcome.word(), diff.new, diff.base);
        let shown: Vec<&str> = held.reasons.iter().take(MOST_REASONS).map(String::as_str).collect();
        let more = held.reasons.len().saturating_sub(MOST_REASONS) as u64;
        let more = if more > 0 { format!("; and {}", counted(more, "more")) } else { String::new() };
        let reasons = if shown.is_empty() { String::new() } else { format!(": {}{more}", shown.join("; ")) };
        let way = held.decided_by.map_or(String::new(), |decided_by| format!(". {}", ways.to(decided_by)));
        format!("{said}{reasons}{way}\n")
    };
    held.iter().map(line).collect()
}
