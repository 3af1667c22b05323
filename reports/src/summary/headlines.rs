//! The few figures and the one sentence that a run is known by: for a list of runs, for trends, for other tools.
//!
//! Each figure stands with what it was measured under, since two that differ in that are not to be compared. Must not
//! know: how they are shown. Beside it: `tables.rs`, which has all figures.

use serde::{Deserialize, Serialize};

use super::tables::BLOCKS_OF_A_TABLE;
use super::{Rank, Statement, Summary, stacked};
use crate::format::{self, Unit};
use crate::metrics::{Certainty, Reading, metric, slope_per_connection};
use crate::objective::carries;
use crate::study::{Group, Series};
use crate::verdict::PER_CONNECTION;

/// A figure of one contender.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Headline {
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

impl Headline {
    /// What was read of a contender, under no load, by the name, the label and the unit of the figure; absent where it is no
    /// number.
    pub(crate) fn of(
        group: &Group<'_>,
        series: &Series<'_>,
        (metric, label, unit): (&str, &str, Unit),
        reading: Reading,
    ) -> Option<Headline> {
        let interval = reading.certainty().interval();
        Some(Headline {
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

const AT_LOAD: [&str; 2] = ["response_time_p99", "cpu_per_request"];

/// The headline figures of a run, workload by workload in the order of the run. A contender that has no valid figure, or
/// that did not keep up with the load at which contenders are told apart, has none.
pub fn headlines(groups: &[Group<'_>]) -> Vec<Headline> {
    let of_group = |group| under_load(group).into_iter().chain(per_connection(group)).chain(under_objective(group));
    groups.iter().flat_map(of_group).collect()
}

/// The first answer of an experiment that measures, or else the first claim with its verdict.
pub fn headline(summary: &Summary) -> String {
    let decided = |experiment: &str| summary.claims.iter().any(|claim| claim.experiment == experiment);
    let leads = || summary.answers.iter().filter(|answer| answer.rank == Rank::Lead);
    let lead = leads().find(|answer| !decided(&answer.experiment));
    let claim = summary.claims.first().map(|claim| format!("{}.", claim.line()));
    let sentence = |answer: &Statement| format!("{}: {}", format::capitalised(&answer.label), answer.sentence);
    let said = lead.map(sentence).or(claim).or_else(|| leads().next().map(sentence));
    said.unwrap_or_else(|| "Nothing was measured that would be an answer.".into())
}

fn under_load(group: &Group<'_>) -> Vec<Headline> {
    // A search under an objective visits other loads with each contender, so there is none to compare them at.
    if group.experiment.objective.is_some() {
        return Vec::new();
    }
    // The load of the tables, or a reader of both would take one for the other.
    let Some(load) = group.telling_load(BLOCKS_OF_A_TABLE) else { return Vec::new() };
    let mut found = Vec::new();
    for metric in AT_LOAD.iter().filter_map(|name| metric(name)) {
        let of = |series: &Series<'_>| {
            let figure = Headline::of(group, series, metric.called(), metric.of_pool(&series.at(load)?.pool))?;
            Some(Headline { offered_load_rps: Some(load), ..figure })
        };
        found.extend(group.sound_at(load).into_iter().filter_map(of));
    }
    found
}

/// What each contender carries under an objective, with its interval over blocks.
fn under_objective(group: &Group<'_>) -> Vec<Headline> {
    let Some(objective) = &group.experiment.objective else { return Vec::new() };
    let label = format!("load carried with {}", objective.words());
    let of = |series: &Series<'_>| {
        let carries = carries(objective, series);
        let load = carries.load?;
        let certainty = load.interval.map_or(Certainty::Unknown, |(lo, hi)| Certainty::OverBlocks {
            lo,
            hi: Some(hi * carries.step).filter(|_| !carries.may_be_more()),
        });
        let called = ("load_carried", label.as_str(), Unit::PerSecond);
        Headline::of(group, series, called, Reading::Measured(load.value, certainty))
    };
    group.series.iter().filter_map(of).collect()
}

fn per_connection(group: &Group<'_>) -> Vec<Headline> {
    let parts = stacked(group);
    let Some(unit) = parts.first().map(|part| part.unit) else { return Vec::new() };
    let called = ("memory_per_connection", PER_CONNECTION, unit);
    let of =
        |series: &Series<'_>| Headline::of(group, series, called, Reading::from(slope_per_connection(series, &parts)));
    // What a connection costs a server that does not serve it is no figure to be known by.
    group.series.iter().filter(|series| series.serves_all()).filter_map(of).collect()
}
