//! What is known of a metric, and how an entry of the table is written.
//!
//! Must not know: which metrics there are. Beside it: `table.rs`, which has them.

use super::{Reading, response_quantile};
use crate::format::Unit;
use crate::record::Stage;
use crate::study::Pool;

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

impl Metric {
    /// Its name, what a reader calls it, and its unit.
    pub(crate) fn called(&self) -> (&'static str, &'static str, Unit) {
        (self.name, self.label, self.unit)
    }

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

const RESPONSE: &str = "From the moment at which the request was due to the last byte of its reply, so it includes all \
                        waiting. Requests without a correct reply rank last.";

/// A metric of which nothing else is said.
pub(super) const fn metric(
    name: &'static str,
    label: &'static str,
    unit: Unit,
    how_to_read: &'static str,
    of: Of,
) -> Metric {
    Metric {
        name,
        label,
        unit,
        how_to_read,
        short: label,
        blocks_for_verdict: 10,
        column: Column::OfPictures,
        wording: None,
        compared: None,
        of,
    }
}

pub(super) const fn load(
    name: &'static str,
    label: &'static str,
    unit: Unit,
    how_to_read: &'static str,
    of: fn(&Pool<'_>) -> Reading,
) -> Metric {
    metric(name, label, unit, how_to_read, Of::Load(of))
}

pub(super) const fn response(name: &'static str, label: &'static str, p: f64) -> Metric {
    metric(name, label, Unit::Nanoseconds, RESPONSE, Of::ResponseTime(p))
}

pub(super) const fn time(
    name: &'static str,
    label: &'static str,
    how_to_read: &'static str,
    of: fn(&Pool<'_>) -> Reading,
) -> Metric {
    load(name, label, Unit::Nanoseconds, how_to_read, of)
}

pub(super) const fn stage(
    name: &'static str,
    label: &'static str,
    unit: Unit,
    how_to_read: &'static str,
    of: fn(&Stage) -> Option<u64>,
) -> Metric {
    metric(name, label, unit, how_to_read, Of::Stage(of))
}

impl Metric {
    /// The same with as many blocks as rare requests take, whose times scatter more.
    pub(super) const fn of_a_tail(self) -> Metric {
        Metric { blocks_for_verdict: 20, ..self }
    }

    pub(super) const fn short(self, short: &'static str) -> Metric {
        Metric { short, ..self }
    }

    pub(super) const fn within(self, share: &'static str, short: &'static str) -> Metric {
        Metric { wording: Some(Wording::Within(share, short)), ..self }
    }

    pub(super) const fn did(self, before: &'static str, after: &'static str) -> Metric {
        Metric { wording: Some(Wording::Did(before, after)), ..self }
    }

    pub(super) const fn befell(self, before: &'static str) -> Metric {
        Metric { wording: Some(Wording::Befell(before)), ..self }
    }

    pub(super) const fn column(self, column: Column) -> Metric {
        Metric { column, ..self }
    }

    pub(super) const fn compared(
        self,
        gate: &'static str,
        measured: &'static [Measured],
        when_saturated: WhenSaturated,
    ) -> Metric {
        Metric { compared: Some(ComparedAs { gate, measured, when_saturated }), ..self }
    }
}
