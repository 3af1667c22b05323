//! What can be measured, shown, ranked and compared. A new metric is one entry of `table.rs`.
//!
//! Experiments name these in their pictures. Must not know: contenders, charts. Beside it: `../study/`, whose pools and
//! stages the entries read.

mod disturbing;
mod fairness;
mod goodput;
mod parts;
mod probe;
mod reading;
mod table;
mod values;

use crate::format::Unit;
use crate::record::Stage;
use crate::study::Pool;
pub(crate) use probe::slow_answers;

pub use parts::{Band, Bands, TIME_PARTS, TimePart};
pub use reading::{Certainty, Reading};
pub use table::METRICS;
pub use values::{response_quantile, slope_per_connection};
pub(crate) use values::{slope_of, slopes_by_block, total_of};

/// One thing that can be shown.
#[derive(Debug)]
pub struct Metric {
    /// What pictures call it.
    pub name: &'static str,
    /// For an axis or a column.
    pub label: &'static str,
    /// What its numbers count.
    pub unit: Unit,
    /// One sentence for a reader who meets it the first time.
    pub how_to_read: &'static str,
    /// Where there is little room: `p99`.
    pub short: &'static str,
    /// Blocks that a verdict on it takes.
    pub blocks_for_verdict: usize,
    /// Where it comes from.
    pub of: Of,
    /// Which tables have a column for it, whatever the pictures show.
    pub(crate) column: Column,
    /// How a title says it; by its name where it has no wording.
    pub(crate) wording: Option<Wording>,
    /// How one run's is held against another's; none where it is not.
    pub(crate) compared: Option<ComparedAs>,
}

/// Which tables have a column for a metric.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Column {
    /// None but those of pictures that show it.
    OfPictures,
    /// All at one load.
    AtOneLoad,
    /// All of trials in which something was done to the server.
    OfProbes,
    /// The same where it was too much for some.
    OfFailures,
}

/// How a title says a metric.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Wording {
    /// `threads answered 99% of requests within 9 ms`, or only `99%` where there is little room: who took less is named first.
    Within(&'static str, &'static str),
    /// `threads served 900/s`: what stands before the number and after it.
    Did(&'static str, &'static str),
    /// `Others waited 9 ms with threads`: what stands before the number.
    Befell(&'static str),
}

/// How a metric of one run is held against that of another.
#[derive(Debug, Clone, Copy)]
pub(crate) struct ComparedAs {
    /// What a gate calls it, `p99`.
    pub(crate) gate: &'static str,
    /// How cells are measured that have it.
    pub(crate) measured: &'static [Measured],
    /// Whether a server that does not keep up still has one that can be compared.
    pub(crate) when_saturated: WhenSaturated,
}

/// How a cell is measured, on which depends what can be compared of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Measured {
    /// Nothing is done to the server, and requests are due by a schedule.
    Scheduled,
    /// Nothing is done to the server, and each reply is followed by the next request.
    ClosedLoop,
    /// Something is done to the server.
    Disturbed,
    /// Connections are held.
    Held,
}

/// What becomes of a figure when a queue grows as long as the load lasts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum WhenSaturated {
    /// It says how long the load lasted.
    Meaningless,
    /// It stays what it is.
    Holds,
}

/// Where a metric comes from.
#[derive(Debug)]
pub enum Of {
    /// Cells under load, their blocks together.
    Load(fn(&Pool<'_>) -> Reading),
    /// A percentile of the response time, 0 to 1, likewise.
    ResponseTime(f64),
    /// A stage at which connections are held; in the metric's unit.
    Stage(fn(&Stage) -> Option<u64>),
    /// What each further connection adds to all stages' bytes together, from several stages.
    PerConnection,
}

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

impl Metric {
    /// The short name within a sentence: `p99`, `the median`.
    pub(crate) fn short_label(&self) -> &'static str {
        match self.of {
            Of::ResponseTime(0.5) => "the median",
            _ => self.short,
        }
    }

    /// The value for cells under load; absent for a metric of held connections.
    pub fn of_pool(&self, pool: &Pool<'_>) -> Reading {
        match self.of {
            Of::Load(of) => of(pool),
            Of::ResponseTime(p) => response_quantile(pool, p),
            Of::Stage(_) | Of::PerConnection => Reading::Absent,
        }
    }

    /// The value at a stage; absent for a metric of load.
    pub fn of_stage(&self, stage: &Stage) -> Option<u64> {
        match self.of {
            Of::Load(_) | Of::ResponseTime(_) | Of::PerConnection => None,
            Of::Stage(of) => of(stage),
        }
    }
}
