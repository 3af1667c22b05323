//! What goes out: text to stdout, whole and once (a reader that leaves early, as `head` does, is no error), and the summary of
//! a run in each of its formats.

use std::borrow::Cow;
use std::io::{self, ErrorKind, Write};
use std::sync::Arc;
use std::sync::atomic::AtomicBool;

use clap::ValueEnum;
use comfy_table::presets::NOTHING;
use comfy_table::{CellAlignment, ContentArrangement, Table, TableStyle};
use reports::export::{RunBeside, RunSummary};
use reports::machine::MachineIdentity;
use reports::record::store::Run;
use reports::scorecard::Scorecard;
use reports::study::groups;
use reports::summary::{BadgeState, Headline, Rank, Statement, Summary, SummaryTable, Validity, headlines, summarise};
use reports::verdict::Matrix;
use reports::words::predicted::Predicted;
use reports::{export, format, plain};
use serde::Serialize;

use super::card;
use crate::plan::PlanError;

/// How what was found is written, where there are just these two.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(super) enum TableOrJson {
    /// For a terminal.
    Table,
    /// One JSON object.
    Json,
}

/// How the summary is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(super) enum SummaryFormat {
    /// Which of the two is better at what, in twenty lines.
    Scorecard,
    /// All figures of all servers, for a terminal.
    Table,
    /// The summary as one JSON object.
    Json,
    /// A line for each figure: whose and which it is, its unit, its value and the ends of its interval.
    Csv,
    /// For a pull request: what the run found, and a table of eight rows at most.
    Md,
    /// For github-action-benchmark, as input of its tool customSmallerIsBetter.
    GithubActionBenchmark,
    /// For Bencher, in its Bencher Metric Format.
    Bencher,
    /// For Prometheus: every figure of one run as a gauge, in seconds and bytes.
    #[value(name = "openmetrics")]
    OpenMetrics,
}

/// From now on a file that would grow beyond the limit of this process (`ulimit -f`) can't be written, as on a full disk,
/// and whoever writes says which file it is. The kernel would end the process without a word.
pub(super) fn outlive_file_limit() {
    // A handler that only sets a flag. A program that this one becomes or starts has the kernel's way again. Where the
    // handler is refused, all is as it would be without.
    let _ = signal_hook::flag::register(rustix::process::Signal::XFSZ.as_raw(), Arc::new(AtomicBool::new(false)));
}

/// Writes to stdout, what could command a terminal made visible.
pub(super) fn print(text: &str) -> io::Result<()> {
    let mut stdout = io::stdout().lock();
    match stdout.write_all(visible(text).as_bytes()).and_then(|()| stdout.flush()) {
        Err(error) if error.kind() == ErrorKind::BrokenPipe => Ok(()),
        done => done,
    }
}

/// The text with escape sequences, and all else that a terminal obeys instead of showing it, written out as JSON does. Labels, and what
/// servers said last, come from others: they must not move the cursor, change a title, or turn the order of what stands
/// beside them.
pub(super) fn visible(text: &str) -> Cow<'_, str> {
    let obeyed = |c: char| {
        let turns_order = matches!(c, '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}');
        (c.is_control() && c != '\n' && c != '\t') || turns_order
    };
    if !text.contains(obeyed) {
        return Cow::Borrowed(text);
    }
    let shown = |c: char| if obeyed(c) { format!("\\u{:04x}", c as u32) } else { c.to_string() };
    Cow::Owned(text.chars().map(shown).collect())
}

/// Writes a line to stderr, as [`print`] does. It, too, may have a reader that leaves early, as in `2>&1 | head`: that ends no run, which
/// `eprintln!` would.
pub(super) fn tell(line: &str) {
    let _ = writeln!(io::stderr(), "{}", visible(line));
}

/// What was typed can't be done; `sentence` says why, and what to type instead.
pub(super) fn usage<T>(sentence: impl Into<String>) -> Result<T, PlanError> {
    Err(PlanError::Usage(sentence.into()))
}

/// In place of a report's path, where its folder can't be written.
pub(super) const NO_REPORT: &str = "none was written";

/// Why there is nothing to hand on.
#[derive(Debug, thiserror::Error)]
#[error(
    "the run has no headline figure for other tools: no valid measurement under a load that servers kept up with, and no \
     memory per connection; run the experiments latency-curve or memory"
)]
pub(super) struct NoFigures;

/// What a run says in a format, with what comes last in it: the report's path, where one was written.
pub(super) fn summary(run: &Run, format: SummaryFormat, report: Option<&str>) -> anyhow::Result<String> {
    let summary = || summarise(run);
    Ok(match format {
        // By way of a value, so that fields are in the order of their names.
        SummaryFormat::Json => json_text(&serde_json::to_value(RunSummary::of(run, report))?)?,
        SummaryFormat::Scorecard => match report.zip(Scorecard::of(run).filter(|card| !card.rows.is_empty())) {
            Some((report, card)) => {
                let next = card::next(&card, run, report);
                card::text(&card, (&next, report), &doubts(&summary().validity))
            }
            // Nobody was held against anybody, or there is no report for the rest.
            None => self::summary(run, SummaryFormat::Table, report)?,
        },
        SummaryFormat::Csv => export::csv(run),
        SummaryFormat::Table => {
            let summary = summary();
            let said = format!("{}{}{}{}", tables(&summary), matrices(&summary), predicted(run), sentences(&summary));
            format!("{said}{}\nreport: {}\n", doubts(&summary.validity), report.unwrap_or(NO_REPORT))
        }
        SummaryFormat::Md => export::markdown(run),
        SummaryFormat::Bencher => export::bencher(&figures(run)?),
        SummaryFormat::OpenMetrics => export::openmetrics(run),
        SummaryFormat::GithubActionBenchmark => {
            let manifest = &run.manifest;
            let origin =
                format!("run {} of {}, {}", manifest.run, manifest.started_at, MachineIdentity::of(manifest).label);
            export::github_action_benchmark(&figures(run)?, &origin)
        }
    })
}

/// The summaries of several runs, each in the format already: name, machine and text. One document where the format has
/// such.
pub(super) fn beside(runs: &[(&str, String, String)], format: SummaryFormat) -> anyhow::Result<String> {
    if matches!(format, SummaryFormat::Json | SummaryFormat::Bencher | SummaryFormat::GithubActionBenchmark) {
        let value = |(run, machine, text): &(&str, String, String)| {
            let of: serde_json::Value = serde_json::from_str(text)?;
            serde_json::to_value(RunBeside { run, machine, of })
        };
        let values = runs.iter().map(value).collect::<Result<Vec<_>, serde_json::Error>>()?;
        return Ok(json_text(&values)?);
    }
    if format == SummaryFormat::Csv {
        // Every line says which run it is of, so one header does.
        let rows = runs.iter().map(|(_, _, text)| text.split_once('\n').map_or("", |(_, rows)| rows));
        let header = runs.iter().find_map(|(_, _, text)| Some(text.split_once('\n')?.0));
        return Ok(format!("{}\n{}", header.unwrap_or_default(), rows.collect::<String>()));
    }
    let heading = |(run, machine, text): &(&str, String, String)| match format {
        SummaryFormat::Md => format!("## {}\n\n{}\n\n{text}", plain::markdown(run), plain::markdown(machine)),
        _ => format!("{run}: {machine}\n\n{text}"),
    };
    Ok(runs.iter().map(heading).collect::<Vec<_>>().join("\n"))
}

fn figures(run: &Run) -> Result<Vec<Headline>, NoFigures> {
    let figures = headlines(&groups(run));
    if figures.is_empty() { Err(NoFigures) } else { Ok(figures) }
}

fn tables(summary: &Summary) -> String {
    let drawn = |table: &SummaryTable| drawn(header(table), table.rows.iter().map(|row| cells(row, &row.name)));
    let title = |table: &SummaryTable| match table.note.as_str() {
        "" => table.title.clone(),
        note => format!("{}\n{note}", table.title),
    };
    summary.tables.iter().map(|table| format!("{}\n\n{}\n\n", title(table), drawn(table))).collect()
}

/// All against all, where there are blocks enough to say anything.
fn matrices(summary: &Summary) -> String {
    let told = summary.matrices.iter().filter(|matrix| matrix.has_verdicts());
    let text = |matrix: &Matrix| {
        let names = || matrix.contenders.iter().map(|contender| contender.name.clone());
        let header = std::iter::once("row over column".to_owned()).chain(names()).collect();
        let cell = |row: usize, column: usize| match matrix.pair(row, column) {
            Some(pair) => format!("{} {}", pair.times(), pair.sign()),
            None => ".".to_owned(),
        };
        let rows = matrix.contenders.iter().map(|row| {
            let columns = matrix.contenders.iter().map(|column| cell(row.index, column.index));
            std::iter::once(row.name.clone()).chain(columns).collect()
        });
        let drawn = drawn(header, rows);
        let undecided = matrix.undecided_words().map_or(String::new(), |words| format!(" {words}"));
        let floor = matrix.floor_words();
        format!("{}\n\n{drawn}\n\n≠ different, = equivalent, ? cannot tell.{undecided} {floor}\n\n", matrix.title)
    };
    told.map(text).collect()
}

fn drawn(header: Vec<String>, rows: impl Iterator<Item = Vec<String>>) -> String {
    styled(header, rows, NOTHING)
}

/// A table, its first column to the left and the others to the right.
pub(super) fn styled(header: Vec<String>, rows: impl Iterator<Item = Vec<String>>, style: TableStyle) -> String {
    let mut drawn = Table::new();
    drawn.load_style(style);
    if let Some(columns) = terminal_columns() {
        drawn.set_content_arrangement(ContentArrangement::Dynamic).set_width(columns);
    }
    drawn.set_header(header);
    for row in rows {
        drawn.add_row(row);
    }
    for column in drawn.column_iter_mut().skip(1) {
        column.set_cell_alignment(CellAlignment::Right);
    }
    drawn.trim_fmt()
}

/// Width of the terminal that stdout is; nothing where it is none, and lines may be as long as they like.
fn terminal_columns() -> Option<u16> {
    rustix::termios::tcgetwinsize(io::stdout()).ok().map(|size| size.ws_col).filter(|columns| *columns > 0)
}

fn header(table: &SummaryTable) -> Vec<String> {
    let columns = table.columns.iter().map(|column| column.label.clone());
    std::iter::once("server".to_owned()).chain(columns).collect()
}

/// A row that begins with one of the contender's names.
fn cells(row: &reports::summary::TableRow, name: &str) -> Vec<String> {
    std::iter::once(name.to_owned()).chain(row.values.iter().map(|value| value.text.clone())).collect()
}

/// What not to believe, in a line; nothing where there is no doubt.
pub(super) fn doubts(validity: &Validity) -> String {
    let badges = validity.badges.iter().filter(|badge| badge.state == BadgeState::Doubt);
    let doubtful: Vec<String> =
        badges.map(|badge| format!("{} ({})", badge.label.to_lowercase(), badge.detail)).collect();
    if doubtful.is_empty() {
        return String::new();
    }
    format!("\ndoubtful: {}; the report says where, and what to do\n", doubtful.join(", "))
}

/// What was expected, beside what was measured, a line each.
fn predicted(run: &Run) -> String {
    Predicted::of_all(&run.predictions).iter().map(|one| format!("  {}\n", one.line())).collect()
}

/// What people say with its verdict, a line each, then the leads, likewise. A lead that is not the only one of its experiment says which workload it is of.
fn sentences(summary: &Summary) -> String {
    let leads = || summary.answers.iter().filter(|answer| answer.rank == Rank::Lead);
    let line = |answer: &Statement| match leads().filter(|other| other.experiment == answer.experiment).count() {
        1 => format!("  {}\n", answer.sentence),
        _ => format!("  {}: {}\n", answer.label, answer.sentence),
    };
    let claims = summary.claims.iter().map(|claim| format!("  {}\n", claim.line()));
    claims.chain(leads().map(line)).collect()
}

/// What is so rare is shown as a power of ten.
const RARE: f64 = 1e-6;

/// Three significant digits, without zeros behind the point that say nothing: `0.2/s`, `1.25/s`, `12,300/s`.
pub(super) fn per_second(rps: f64) -> String {
    if rps > 0.0 && rps < RARE {
        return format!("{rps:e}/s");
    }
    let number = format::number(rps);
    let number = if number.contains('.') { number.trim_end_matches('0').trim_end_matches('.') } else { &number };
    format!("{number}/s")
}

/// A value as JSON for people, and the end of its line.
pub(super) fn json_text(value: &impl Serialize) -> serde_json::Result<String> {
    Ok(format!("{}\n", serde_json::to_string_pretty(value)?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_terminal_would_obey_is_shown() {
        assert_eq!(visible("a label\twith 5 µs\nand a line"), "a label\twith 5 µs\nand a line");
        assert_eq!(visible("\u{1b}]0;owned\u{7}\u{1b}[2J"), "\\u001b]0;owned\\u0007\\u001b[2J");
        assert_eq!(visible("a\rb \u{9b}31m \u{202e}desrever"), "a\\u000db \\u009b31m \\u202edesrever");
        let json = serde_json::to_string("\u{202e}\u{85}").unwrap();
        assert_eq!(serde_json::from_str::<String>(&visible(&json)).unwrap(), "\u{202e}\u{85}", "JSON stays JSON");
    }

    #[test]
    fn a_rate_has_three_digits_whatever_its_size() {
        let shown = [0.2, 0.0312, 1.25, 5.004, 100.0, 812.4, 12_345.0, 2_000.0, 0.0, 1e-12, 1e-300].map(per_second);
        let expected = [
            "0.2/s", "0.0312/s", "1.25/s", "5/s", "100/s", "812/s", "12,300/s", "2,000/s", "0/s", "1e-12/s", "1e-300/s",
        ];
        assert_eq!(shown, expected);
    }
}
