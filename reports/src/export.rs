//! A run for other tools: the files of two services that keep figures over time, and what people expected.
//!
//! Must not know: files, command lines, where the report lies. Beside it: `summary/headlines.rs`, which has the figures;
//! `export/markdown.rs`, a table for a pull request; `export/said.rs`, what the run says as one JSON object;
//! `export/figures.rs`, all figures and the same as CSV; `export/openmetrics.rs`.

mod figures;
mod markdown;
mod openmetrics;
mod said;

pub use self::figures::csv;
pub use self::markdown::{MOST_ROWS, markdown};
pub use self::openmetrics::openmetrics;
pub use self::said::{ProtagonistEntry, RunBeside, RunSummary, ScorecardEntry};

use serde_json::{Map, Value, json};

use crate::format::Unit;
use crate::plain::csv_field;
use crate::record::{Confidence, PredictionRecord};
use crate::summary::ContenderFigure;
use crate::words::predicted::{self as words, lettered};

/// What a figure is filed under. The load is not a part of it: it is chosen anew in every run, from what the contenders
/// can do, and stands beside the figure instead.
fn name(headline: &ContenderFigure) -> String {
    format!("{}/{}/{}", headline.experiment, headline.workload, headline.contender)
}

/// The figures, each with its 95% interval as bounds, in nanoseconds and bytes. The load that was offered is a measure
/// of its own beside those that depend on it. A bound that there is none of, as where an interval ends beyond the
/// timeout, is left out.
pub fn bencher(figures: &[ContenderFigure]) -> String {
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

fn metric(figure: &ContenderFigure) -> Value {
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
pub fn github_action_benchmark(figures: &[ContenderFigure], origin: &str) -> String {
    let figures: Vec<Value> = figures.iter().map(|figure| entry(figure, origin)).collect();
    format!("{:#}\n", Value::Array(figures))
}

fn entry(figure: &ContenderFigure, origin: &str) -> Value {
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
fn range(figure: &ContenderFigure) -> Option<String> {
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
    let sure = |confidence: Confidence| words::sure(confidence).trim_end_matches('.').to_lowercase();
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

    pub(super) fn figures() -> [ContenderFigure; 2] {
        let p99 = ContenderFigure {
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
        let memory = ContenderFigure {
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
        [p99, memory]
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
