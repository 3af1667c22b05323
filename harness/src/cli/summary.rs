//! What a run says at its end, in each of its formats: a scorecard, all figures, or what other programs read.
//!
//! Must not know: how anything was found. Read `summary/card.rs`, the scorecard. Beside it: `reports::summary`, the figures.

use clap::ValueEnum;
use comfy_table::presets::NOTHING;
use reports::export::{RunBeside, RunSummary};
use reports::machine::MachineIdentity;
use reports::record::store::Run;
use reports::scorecard::Scorecard;
use reports::study::groups;
use reports::summary::{
    BadgeState, ContenderFigure, Rank, Statement, Summary, SummaryTable, TableRow, Validity, headlines, summarise,
};
use reports::verdict::Matrix;
use reports::words::predicted::Predicted;
use reports::{export, plain};

use super::output::{json_text, styled};

mod card;

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

fn figures(run: &Run) -> Result<Vec<ContenderFigure>, NoFigures> {
    let figures = headlines(&groups(run));
    if figures.is_empty() { Err(NoFigures) } else { Ok(figures) }
}

fn tables(summary: &Summary) -> String {
    let drawn = |table: &SummaryTable| styled(header(table), table.rows.iter().map(cells), NOTHING);
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
        let drawn = styled(header, rows, NOTHING);
        let undecided = matrix.undecided_words().map_or(String::new(), |words| format!(" {words}"));
        let floor = matrix.floor_words();
        format!("{}\n\n{drawn}\n\n≠ different, = equivalent, ? cannot tell.{undecided} {floor}\n\n", matrix.title)
    };
    told.map(text).collect()
}

fn header(table: &SummaryTable) -> Vec<String> {
    let columns = table.columns.iter().map(|column| column.label.clone());
    std::iter::once("server".to_owned()).chain(columns).collect()
}

fn cells(row: &TableRow) -> Vec<String> {
    std::iter::once(row.name.clone()).chain(row.values.iter().map(|value| value.text.clone())).collect()
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
