//! Where the time of a response went: the means of its parts, of the usual responses and of the slowest.
//!
//! Beside it: `findings.rs`, which holds them; the parts are those of `reports::metrics`.

use std::collections::BTreeMap;

use comfy_table::presets::NOTHING;
use comfy_table::{CellAlignment, Table};
use reports::format::Unit;
use reports::metrics::{Band, Bands, TIME_PARTS};
use reports::record::TimeSplit;
use serde::Serialize;

/// The parts of the usual and of the slowest response times.
#[derive(Debug, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(super) struct TimeParts {
    median: TimePartsOf,
    /// Absent where too few requests carry a p99.
    slowest_1_percent: Option<TimePartsOf>,
}

/// Means over some correct replies, in nanoseconds. A part that is not known is not there.
#[derive(Debug, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
struct TimePartsOf {
    replies: u64,
    response_time: f64,
    #[serde(flatten)]
    parts: BTreeMap<&'static str, f64>,
}

impl TimeParts {
    /// Absent where there are no response times.
    pub(super) fn of(split: Option<&TimeSplit>) -> Option<TimeParts> {
        let Bands { median, slowest } = Bands::of(&[split?])?;
        Some(TimeParts { median: TimePartsOf::new(&median), slowest_1_percent: slowest.as_ref().map(TimePartsOf::new) })
    }

    /// For a terminal: a row per part, in the order in which a request passes through them.
    pub(super) fn table(&self) -> String {
        let mut table = Table::new();
        table.load_style(NOTHING);
        let shown = |of: Option<&TimePartsOf>, part: &str| {
            of.and_then(|of| of.parts.get(part)).map_or_else(|| "-".to_owned(), |&ns| Unit::Nanoseconds.show(ns))
        };
        table.set_header(["where it went", "median", "slowest 1%"]);
        for part in TIME_PARTS.iter().filter(|part| self.median.parts.contains_key(part.name)) {
            let slowest = shown(self.slowest_1_percent.as_ref(), part.name);
            table.add_row([part.label.to_owned(), shown(Some(&self.median), part.name), slowest]);
        }
        for column in table.column_iter_mut().skip(1) {
            column.set_cell_alignment(CellAlignment::Right);
        }
        table.trim_fmt()
    }
}

impl TimePartsOf {
    fn new(band: &Band) -> TimePartsOf {
        let parts = TIME_PARTS.iter().filter_map(|part| Some((part.name, band.mean_ns(part)?)));
        TimePartsOf { replies: band.replies, response_time: band.response_time_ns(), parts: parts.collect() }
    }
}
