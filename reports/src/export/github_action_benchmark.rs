//! The JSON of github-action-benchmark's tool `customSmallerIsBetter`.
//!
//! See <https://github.com/benchmark-action/github-action-benchmark#examples>: an array of `name`, `unit` and `value`,
//! with `range` and `extra` as texts that its charts show beside the value. Of `compare` all headline figures are better when
//! smaller. Those of `capacity` are loads that are carried, for `customBiggerIsBetter`, which takes the same.

use serde_json::{Value, json};

use super::name;
use crate::format::Unit;
use crate::summary::Headline;

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
