//! A run for other tools: a table for a pull request, and the files of two services that keep figures over time.
//!
//! Must not know: files, command lines, where the report lies. Beside it: `summary/headlines.rs`, which has the figures;
//! `export/said.rs`, what the run says as one JSON object; `export/figures.rs`, all figures,
//! which `export/csv.rs` and `export/openmetrics.rs` write.

mod csv;
mod figures;
mod openmetrics;
mod said;

pub use self::csv::csv;
pub use self::openmetrics::openmetrics;
pub use self::said::{ProtagonistEntry, RunBeside, RunSummary, ScorecardEntry};

use std::fmt::Write;

use serde_json::{Map, Value, json};

use crate::format::{self, Unit};
use crate::machine::MachineIdentity;
use crate::plain::{csv_field, markdown as plain, markdown_code};
use crate::record::store::Run;
use crate::record::{Confidence, PredictionRecord};
use crate::scorecard::{RowVerdict, Scorecard};
use crate::study::groups;
use crate::summary::{self, BadgeState, Headline, Rank, Summary};
use crate::words::advice::advice;
use crate::words::answer::answer;
use crate::words::predicted::{self as words_of_predictions, lettered};
use crate::words::scorecard as words;

/// What a figure is filed under. The load is not a part of it: it is chosen anew in every run, from what the contenders
/// can do, and stands beside the figure instead.
fn name(headline: &Headline) -> String {
    format!("{}/{}/{}", headline.experiment, headline.workload, headline.contender)
}

/// The figures, each with its 95% interval as bounds, in nanoseconds and bytes. The load that was offered is a measure
/// of its own beside those that depend on it. A bound that there is none of, as where an interval ends beyond the
/// timeout, is left out.
pub fn bencher(figures: &[Headline]) -> String {
    let mut benchmarks = Map::new();
    for figure in figures {
        let measures = benchmarks.entry(name(figure)).or_insert_with(|| json!({}));
        measures[figure.metric.replace('_', "-")] = metric(figure);
        if let Some(load) = figure.offered_load_rps {
            measures["offered-load"] = json!({ "value": load });
        }
    }
    format!("{:#}\n", Value::Object(benchmarks))
}

fn metric(figure: &Headline) -> Value {
    let mut metric = json!({ "value": figure.value });
    if let Some(lo) = figure.lo {
        metric["lower_value"] = json!(lo);
    }
    if let Some(hi) = figure.hi {
        metric["upper_value"] = json!(hi);
    }
    metric
}

/// The figures, each with its 95% interval as range, in nanoseconds and bytes. `origin` says which run they are of.
pub fn github_action_benchmark(figures: &[Headline], origin: &str) -> String {
    let figures: Vec<Value> = figures.iter().map(|figure| entry(figure, origin)).collect();
    format!("{:#}\n", Value::Array(figures))
}

fn entry(figure: &Headline, origin: &str) -> Value {
    let load = figure.offered_load_rps.map(|load| format!("{} offered\n", Unit::PerSecond.show(load)));
    let mut entry = json!({
        "name": format!("{}: {}", name(figure), figure.label),
        "unit": unit(figure.unit),
        "value": figure.value,
        "extra": format!("{}{origin}", load.unwrap_or_default()),
    });
    if let Some(range) = range(figure) {
        entry["range"] = json!(range);
    }
    entry
}

/// The interval, in the unit of the value and without a separator, for programs and people.
fn range(figure: &Headline) -> Option<String> {
    let beyond = if figure.unit == Unit::Nanoseconds { "beyond the timeout" } else { "beyond what was tried" };
    let hi = figure.hi.map_or_else(|| beyond.to_owned(), |hi| format!("{hi:.0}"));
    Some(format!("{:.0} to {hi}", figure.lo?))
}

fn unit(unit: Unit) -> &'static str {
    match unit {
        Unit::Nanoseconds => "ns",
        Unit::Bytes => "bytes",
        Unit::PerSecond => "1/s",
        Unit::Count => "1",
        Unit::Share => "share",
    }
}

/// What people expected, a line each, as CSV: nobody is named, and no field is a formula. What is not known is empty.
pub fn predictions_csv(predictions: &[&PredictionRecord]) -> String {
    let sure = |confidence: Confidence| words_of_predictions::sure(confidence).trim_end_matches('.').to_lowercase();
    let line = |one: &&PredictionRecord| {
        let answer = |place: Option<usize>| place.map_or_else(String::new, |place| lettered(&one.answers, place));
        let settings: Vec<String> = one.settings.iter().map(|(name, value)| format!("{name} {value}")).collect();
        let result = one.result.as_ref();
        let was_right = one.was_right().map_or("", |was_right| if was_right { "yes" } else { "no" });
        let fields = [
            one.lesson.clone(),
            one.question.clone(),
            settings.join("; "),
            answer(one.before.map(|before| before.chosen)),
            one.before.map_or_else(String::new, |before| sure(before.confidence)),
            answer(Some(one.chosen)),
            sure(one.confidence),
            answer(result.and_then(|result| result.right)),
            was_right.to_owned(),
            result.map_or_else(String::new, |result| result.measured.clone()),
        ];
        format!("{}\n", fields.map(|field| csv_field(&field)).join(","))
    };
    let heads = "lesson,question,settings,answer before discussion,how sure then,answer,how sure,right answer,was right,measured\n";
    heads.to_owned() + &predictions.iter().map(line).collect::<String>()
}

/// Rows that the table has at most; what is left out is said under it.
pub const MOST_ROWS: usize = 8;

/// The run as GitHub-flavoured Markdown: sentences, a row per contender and a column per headline figure, the claims
/// folded away, and every badge that is in doubt.
pub fn markdown(run: &Run) -> String {
    let groups = groups(run);
    let summary = summary::of_groups(run, &groups);
    let mut text = String::from("### tokio or OS threads?\n\n");
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
    line(text, &row("server", headings));
    line(text, &row("---", columns.iter().map(|_| "---:".to_owned())));
    for label in rows.iter().take(MOST_ROWS) {
        let own = |column: &&Headline| {
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

fn same_column(one: &Headline, other: &Headline) -> bool {
    (&one.experiment, &one.workload, &one.metric) == (&other.experiment, &other.workload, &other.metric)
}

fn heading(column: &Headline) -> String {
    match column.offered_load_rps {
        Some(load) => {
            format!("{}, {} at {}", plain(&column.label), plain(&column.workload_label), Unit::PerSecond.show(load))
        }
        None => plain(&column.label),
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

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;
    use crate::format::Unit;

    #[test]
    fn predictions_are_lines_without_names_and_without_formulas() {
        let record = json!({
            "schema_version": 2, "lesson": "pool", "question": "How long, \"roughly\"?", "answers": ["=1+1", "@SUM(A1)"],
            "settings": [["workers", 4]], "chosen": 1, "confidence": "high",
            "before": { "chosen": 0, "confidence": "low" },
            "result": { "right": 1, "points_to": 1, "measured": "-2+3" },
        });
        let mut one: PredictionRecord = serde_json::from_value(record).unwrap();
        let table = predictions_csv(&[&one]);
        let (heads, line) = table.split_once('\n').unwrap();
        assert_eq!(heads.split(',').count(), 10);
        assert_eq!(
            line,
            "pool,\"How long, \"\"roughly\"\"?\",workers 4,A. =1+1,a guess,B. @SUM(A1),very sure,B. @SUM(A1),yes,'-2+3\n"
        );
        (one.before, one.result) = (None, None);
        assert!(predictions_csv(&[&one]).ends_with("workers 4,,,B. @SUM(A1),very sure,,,\n"));
    }

    fn figures() -> Vec<Headline> {
        let p99 = Headline {
            experiment: "latency-curve".into(),
            workload: "echo".into(),
            workload_label: "echo".into(),
            contender: "threaded".into(),
            metric: "response_time_p99".into(),
            label: "p99 response time".into(),
            unit: Unit::Nanoseconds,
            offered_load_rps: Some(3_300.0),
            value: 5.2e6,
            lo: Some(5.1e6),
            hi: None,
        };
        let memory = Headline {
            experiment: "memory".into(),
            workload: "held".into(),
            metric: "memory_per_connection".into(),
            label: "memory per idle connection".into(),
            unit: Unit::Bytes,
            offered_load_rps: None,
            value: 28_000.0,
            lo: Some(27_500.0),
            hi: Some(28_500.0),
            ..p99.clone()
        };
        vec![p99, memory]
    }

    #[test]
    fn bencher_has_a_measure_each_with_its_bounds() {
        let found: Value = serde_json::from_str(&bencher(&figures())).unwrap();
        let expected = json!({
            "latency-curve/echo/threaded": {
                "response-time-p99": { "value": 5.2e6, "lower_value": 5.1e6 },
                "offered-load": { "value": 3_300.0 },
            },
            "memory/held/threaded": {
                "memory-per-connection": { "value": 28_000.0, "lower_value": 27_500.0, "upper_value": 28_500.0 },
            },
        });
        assert_eq!(found, expected);
    }

    #[test]
    fn github_action_benchmark_has_a_figure_each_with_its_range() {
        let found: Value = serde_json::from_str(&github_action_benchmark(&figures(), "run x")).unwrap();
        let expected = json!([
            {
                "name": "latency-curve/echo/threaded: p99 response time", "unit": "ns", "value": 5.2e6,
                "range": "5100000 to beyond the timeout", "extra": "3,300/s offered\nrun x",
            },
            {
                "name": "memory/held/threaded: memory per idle connection", "unit": "bytes", "value": 28_000.0,
                "range": "27500 to 28500", "extra": "run x",
            },
        ]);
        assert_eq!(found, expected);
    }
}
