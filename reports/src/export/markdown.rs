//! A run as a table for a pull request.
//!
//! Must not know: files, command lines, where the report lies. Beside it: `plain.rs`, which leaves labels text.

use std::fmt::Write;

use crate::format::{self, Unit};
use crate::machine::MachineIdentity;
use crate::plain::{markdown as plain, markdown_code};
use crate::record::store::Run;
use crate::scorecard::{RowVerdict, Scorecard, run_question};
use crate::study::groups;
use crate::summary::{self, BadgeState, ContenderFigure, Rank, Summary};
use crate::words::advice::advice;
use crate::words::answer::answer;
use crate::words::scorecard as words;

/// Rows that the table has at most; what is left out is said under it.
pub const MOST_ROWS: usize = 8;

/// The run as GitHub-flavoured Markdown: sentences, a row per contender and a column per headline figure, the claims
/// folded away, and every badge that is in doubt.
pub fn markdown(run: &Run) -> String {
    let groups = groups(run);
    let summary = summary::of_groups(run, &groups);
    let mut text = format!("### {}\n\n", plain(&run_question(&run.manifest)));
    if let Some(card) = Scorecard::of_groups(run, &groups).filter(|card| !card.rows.is_empty()) {
        scorecard_table(&mut text, &card);
    }
    for answer in summary.answers.iter().filter(|answer| answer.rank == Rank::Lead) {
        line(&mut text, &format!("- {}: {}", format::capitalised(&plain(&answer.label)), plain(&answer.sentence)));
    }
    text.push('\n');
    table(&mut text, run, &summary::headlines(&groups));
    claims(&mut text, &summary);
    for badge in summary.validity.badges.iter().filter(|badge| badge.state == BadgeState::Doubt) {
        line(&mut text, &format!("- ⚠ {}: {}", plain(&badge.label), plain(&badge.detail)));
    }
    let manifest = &run.manifest;
    let blocks = manifest.blocks_in_words();
    let machine = plain(&MachineIdentity::of(manifest).label);
    line(
        &mut text,
        &format!(
            "\nRun {} of {}, preset {}, {blocks}. {machine}.",
            plain(&manifest.run),
            plain(&manifest.started_at),
            plain(&manifest.preset)
        ),
    );
    text
}

/// Writing to a string does not fail.
fn line(text: &mut String, line: &str) {
    let _ = writeln!(text, "{line}");
}

fn table(text: &mut String, run: &Run, figures: &[ContenderFigure]) {
    let mut columns: Vec<&ContenderFigure> = Vec::new();
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
    line(text, &row("server", headings));
    line(text, &row("---", columns.iter().map(|_| "---:".to_owned())));
    for label in rows.iter().take(MOST_ROWS) {
        let own = |column: &&ContenderFigure| {
            let figure = figures.iter().find(|figure| figure.contender == *label && same_column(figure, column));
            figure.map_or_else(|| "-".into(), cell)
        };
        line(text, &row(&markdown_code(label), columns.iter().map(own)));
    }
    let left_out = rows.len().saturating_sub(MOST_ROWS) as u64;
    let more = if left_out > 0 {
        format!(" {} more in the report.", format::counted(left_out, "server"))
    } else {
        String::new()
    };
    line(text, &format!("\nWith 95% intervals; `-` where a server did not keep up or has no valid figure.{more}\n"));
}

fn scorecard_table(text: &mut String, card: &Scorecard) {
    let shorts = card.shorts();
    for sentence in answer(card).into_iter().chain(advice(card)) {
        line(text, &plain(&sentence));
    }
    line(text, "");
    line(text, &row("", shorts.iter().map(|short| plain(short)).chain(["verdict".to_owned()])));
    line(text, &row("---", ["---:", "---:", ":---"].map(str::to_owned).into_iter()));
    for of in &card.rows {
        let verdict = words::verdict(of, shorts);
        let verdict = if matches!(of.verdict, RowVerdict::CannotTell(_)) { verdict } else { format!("**{verdict}**") };
        let why = format::bracketed(words::would_take(of).or_else(|| words::remedy(of, shorts)));
        let values = of.values.iter().map(|value| words::value(*value, of.unit));
        let cells: Vec<String> = values.chain([plain(&format!("{verdict}{why}"))]).collect();
        line(text, &row(&plain(&words::question(&of.topic)), cells.into_iter()));
    }
    line(text, "");
}

fn same_column(one: &ContenderFigure, other: &ContenderFigure) -> bool {
    (&one.experiment, &one.workload, &one.metric) == (&other.experiment, &other.workload, &other.metric)
}

fn heading(column: &ContenderFigure) -> String {
    match column.offered_load_rps {
        Some(load) => {
            format!("{}, {} at {}", plain(&column.label), plain(&column.workload_label), Unit::PerSecond.show(load))
        }
        None => plain(&column.label),
    }
}

fn cell(figure: &ContenderFigure) -> String {
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
