//! A run for a pull request: what it says, and one table that can be taken in at a glance.
//!
//! Must not know: where the report lies. Beside it: `summary/headlines.rs`.

use std::fmt::Write;

use crate::format::{self, Unit};
use crate::record::store::Run;
use crate::site::Machine;
use crate::study::groups;
use crate::summary::{self, Headline, Rank, State, Summary};

/// Rows that the table has at most; what is left out is said under it.
pub const MOST_ROWS: usize = 8;

/// The run as GitHub-flavoured Markdown: sentences, a row per contender and a column per headline figure, the claims
/// folded away, and every badge that is in doubt.
pub fn markdown(run: &Run) -> String {
    let groups = groups(run);
    let summary = summary::of_groups(run, &groups);
    let mut text = String::from("### tokio or OS threads?\n\n");
    for answer in summary.answers.iter().filter(|answer| answer.rank == Rank::Lead) {
        line(&mut text, &format!("- {}: {}", format::capitalised(&plain(&answer.label)), plain(&answer.sentence)));
    }
    text.push('\n');
    table(&mut text, run, &summary::headlines(&groups));
    claims(&mut text, &summary);
    for badge in summary.validity.badges.iter().filter(|badge| badge.state == State::Doubt) {
        line(&mut text, &format!("- ⚠ {}: {}", badge.label, plain(&badge.detail)));
    }
    let manifest = &run.manifest;
    let blocks = manifest.blocks_in_words();
    let machine = plain(&Machine::of(manifest).label);
    line(
        &mut text,
        &format!(
            "\nRun {} of {}, preset {}, {blocks}. {machine}.",
            plain(&manifest.run),
            manifest.started_at,
            manifest.preset
        ),
    );
    text
}

/// Writing to a string does not fail.
fn line(text: &mut String, line: &str) {
    let _ = writeln!(text, "{line}");
}

fn table(text: &mut String, run: &Run, figures: &[Headline]) {
    let mut columns: Vec<&Headline> = Vec::new();
    for figure in figures {
        if !columns.iter().any(|column| same_column(column, figure)) {
            columns.push(figure);
        }
    }
    let labels = run.manifest.contenders.iter().map(|contender| contender.label.as_str());
    let rows: Vec<&str> = labels.filter(|label| figures.iter().any(|figure| figure.contender == *label)).collect();
    if rows.is_empty() {
        return;
    }
    let headings = columns.iter().map(|column| heading(column));
    line(text, &row("contender", headings));
    line(text, &row("---", columns.iter().map(|_| "---:".to_owned())));
    for label in rows.iter().take(MOST_ROWS) {
        let own = |column: &&Headline| {
            let figure = figures.iter().find(|figure| figure.contender == *label && same_column(figure, column));
            figure.map_or_else(|| "-".into(), cell)
        };
        line(text, &row(&format!("`{}`", plain(label)), columns.iter().map(own)));
    }
    let left_out = rows.len().saturating_sub(MOST_ROWS) as u64;
    let more = if left_out > 0 {
        format!(" {} more in the report.", format::counted(left_out, "contender"))
    } else {
        String::new()
    };
    line(text, &format!("\nWith 95% intervals; `-` where a contender did not keep up or has no valid figure.{more}\n"));
}

fn same_column(one: &Headline, other: &Headline) -> bool {
    (&one.experiment, &one.workload, &one.metric) == (&other.experiment, &other.workload, &other.metric)
}

fn heading(column: &Headline) -> String {
    match column.offered_load_rps {
        Some(load) => format!("{}, {} at {}", column.label, plain(&column.workload_label), Unit::PerSecond.show(load)),
        None => column.label.clone(),
    }
}

fn cell(figure: &Headline) -> String {
    let interval = figure.interval().map_or(String::new(), |interval| format!(" ({interval})"));
    format!("{}{interval}", figure.unit.show(figure.value))
}

fn row(first: &str, cells: impl Iterator<Item = String>) -> String {
    let cells: String = cells.map(|cell| format!(" {cell} |")).collect();
    format!("| {first} |{cells}")
}

fn claims(text: &mut String, summary: &Summary) {
    if summary.claims.is_empty() {
        return;
    }
    let claims = format::counted(summary.claims.len() as u64, "claim");
    line(text, &format!("<details><summary>What people say: {claims}</summary>\n"));
    for claim in &summary.claims {
        line(text, &format!("- {}", plain(&claim.line())));
    }
    line(text, "\n</details>\n");
}

/// Text that stays text in a cell of a table.
fn plain(text: &str) -> String {
    text.replace(['\n', '\r'], " ").replace('|', "\\|").replace('<', "&lt;").replace('`', "'")
}
