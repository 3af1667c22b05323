//! What can be measured, shown, ranked and compared. A new metric is one entry of `table.rs`.
//!
//! Experiments name these in their pictures. Must not know: contenders, charts. Beside it: `../study/`, whose pools and
//! stages the entries read, and `entry.rs`, what an entry says.

mod disturbing;
mod entry;
mod fairness;
mod goodput;
mod parts;
mod probe;
mod reading;
mod table;
mod values;

use crate::format::Unit;

pub(crate) use entry::{Column, ComparedAs, WhenSaturated, Wording};
pub use entry::{Measured, Metric, Of};
#[cfg(test)]
pub(crate) use goodput::tests::{MS, disturbed};
pub use parts::{Band, Bands, TIME_PARTS, TimePart};
pub(crate) use probe::slow_answers;
pub use reading::{Certainty, Reading};
pub use table::METRICS;
pub use values::{response_quantile, slope_per_connection};
pub(crate) use values::{slope_of, slopes_by_block, total_of};

/// The metric that a picture names; a `-` is as good as a `_`.
pub fn metric(name: &str) -> Option<&'static Metric> {
    let name = name.replace('-', "_");
    METRICS.iter().find(|metric| metric.name == name)
}

/// The metrics of load among those named.
pub(crate) fn metrics_of_load(names: &[String]) -> Vec<&'static Metric> {
    let named = names.iter().filter_map(|name| metric(name));
    named.filter(|metric| !matches!(metric.of, Of::Stage(_) | Of::PerConnection)).collect()
}

/// The metrics of held connections among those named.
pub(crate) fn metrics_of_stages(names: &[String]) -> Vec<&'static Metric> {
    let named = names.iter().filter_map(|name| metric(name));
    named.filter(|metric| matches!(metric.of, Of::Stage(_))).collect()
}

/// The parts that the memory of a connection is made of.
pub(crate) fn memory_parts() -> Vec<&'static Metric> {
    METRICS.iter().filter(|metric| matches!(metric.of, Of::Stage(_)) && metric.unit == Unit::Bytes).collect()
}

/// The metrics that tables of a kind have a column for.
pub(crate) fn metrics_in(column: Column) -> impl Iterator<Item = &'static Metric> {
    METRICS.iter().filter(move |metric| metric.column == column)
}

/// Blocks below which no metric gets a verdict.
pub fn fewest_blocks_for_a_verdict() -> usize {
    METRICS.iter().map(|metric| metric.blocks_for_verdict).min().unwrap_or(0)
}
