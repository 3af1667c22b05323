//! The few figures and the one sentence that a run is known by: for a list of runs, for trends, for other tools.
//!
//! Must not know: how they are shown. Beside it: `tables.rs`, which has all figures.

use super::tables::BLOCKS_OF_A_TABLE;
use super::{ContenderFigure, Rank, Statement, Summary, stacked};
use crate::format::{self, Unit};
use crate::metrics::{Certainty, Reading, metric, slope_per_connection};
use crate::objective::carries;
use crate::study::{Group, Series};
use crate::verdict::PER_CONNECTION;

const AT_LOAD: [&str; 2] = ["response_time_p99", "cpu_per_request"];

/// The headline figures of a run, workload by workload in the order of the run. A contender that has no valid figure, or
/// that did not keep up with the load at which contenders are told apart, has none.
pub fn headlines(groups: &[Group<'_>]) -> Vec<ContenderFigure> {
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

fn under_load(group: &Group<'_>) -> Vec<ContenderFigure> {
    // A search under an objective visits other loads with each contender, so there is none to compare them at.
    if group.experiment.objective.is_some() {
        return Vec::new();
    }
    // The load of the tables, or a reader of both would take one for the other.
    let Some(load) = group.telling_load(BLOCKS_OF_A_TABLE) else { return Vec::new() };
    let mut found = Vec::new();
    for metric in AT_LOAD.iter().filter_map(|name| metric(name)) {
        let of = |series: &Series<'_>| {
            let figure = ContenderFigure::of(group, series, metric.called(), metric.of_pool(&series.at(load)?.pool))?;
            Some(ContenderFigure { offered_load_rps: Some(load), ..figure })
        };
        found.extend(group.sound_at(load).into_iter().filter_map(of));
    }
    found
}

/// What each contender carries under an objective, with its interval over blocks.
fn under_objective(group: &Group<'_>) -> Vec<ContenderFigure> {
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
        ContenderFigure::of(group, series, called, Reading::Measured(load.value, certainty))
    };
    group.series.iter().filter_map(of).collect()
}

fn per_connection(group: &Group<'_>) -> Vec<ContenderFigure> {
    let parts = stacked(group);
    let Some(unit) = parts.first().map(|part| part.unit) else { return Vec::new() };
    let called = ("memory_per_connection", PER_CONNECTION, unit);
    let of = |series: &Series<'_>| {
        ContenderFigure::of(group, series, called, Reading::from(slope_per_connection(series, &parts)))
    };
    // What a connection costs a server that does not serve it is no figure to be known by.
    group.series.iter().filter(|series| series.serves_all()).filter_map(of).collect()
}
