//! Bencher Metric Format, the JSON that `bencher run --adapter json` takes.
//!
//! See <https://bencher.dev/docs/reference/bencher-metric-format/>: benchmarks by name, in each its measures by slug, in
//! each a `value` and perhaps a `lower_value` and an `upper_value`.

use serde_json::{Map, Value, json};

use super::name;
use crate::summary::Headline;

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
