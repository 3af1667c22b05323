//! One figure of one contender, for programs and for lists.
//!
//! It stands with what it was measured under, since two that differ in that are not to be compared. Must not know: which
//! figures there are. Beside it: `headlines.rs`, which chooses a few; `../export/figures.rs`, which has all of them.

use serde::{Deserialize, Serialize};

use crate::format::Unit;
use crate::metrics::{Certainty, Reading};
use crate::study::{Group, Series};

/// A figure of one contender.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ContenderFigure {
    /// Name of the experiment.
    pub experiment: String,
    /// Key of the workload.
    pub workload: String,
    /// Label of the workload.
    pub workload_label: String,
    /// Label of the contender.
    pub contender: String,
    /// Such as `response_time_p99`; `memory_per_connection` is the slope over connections held idle.
    pub metric: String,
    /// What a reader calls the metric.
    pub label: String,
    /// What `value`, `lo` and `hi` count.
    pub unit: Unit,
    /// Requests per second that were offered; absent where connections were only held.
    #[serde(default)]
    pub offered_load_rps: Option<f64>,
    /// The figure.
    pub value: f64,
    /// Lower end of its 95% interval, where there is one.
    #[serde(default)]
    pub lo: Option<f64>,
    /// Upper end; absent too where it lies beyond the timeout.
    #[serde(default)]
    pub hi: Option<f64>,
}

impl ContenderFigure {
    /// What was read of a contender, under no load, by the name, the label and the unit of the figure; absent where it is no
    /// number.
    pub(crate) fn of(
        group: &Group<'_>,
        series: &Series<'_>,
        (metric, label, unit): (&str, &str, Unit),
        reading: Reading,
    ) -> Option<ContenderFigure> {
        let interval = reading.certainty().interval();
        Some(ContenderFigure {
            experiment: group.experiment.name.clone(),
            workload: group.workload.key.clone(),
            workload_label: group.workload.label.clone(),
            contender: series.contender.label.clone(),
            metric: metric.to_owned(),
            label: label.to_owned(),
            unit,
            offered_load_rps: None,
            value: reading.value()?,
            lo: interval.map(|(lo, _)| lo),
            hi: interval.and_then(|(_, hi)| hi),
        })
    }

    /// The interval as a reader sees it; absent where there is none.
    pub fn interval(&self) -> Option<String> {
        Reading::Measured(self.value, Certainty::WithinRun { lo: self.lo?, hi: self.hi }).remark(self.unit)
    }
}
