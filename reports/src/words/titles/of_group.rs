//! Titles that compare the contenders of a group: their readings at one place, with the verdicts on them.
//!
//! Must not know: how a title reads, how anything is drawn. Beside it: `compared.rs`, which words it.

use super::compared::{RankedEntry, compared};
use super::fact::Fact;
use super::name::DisplayedName;
use super::title::Title;
use crate::format::Unit;
use crate::metrics::{Metric, Reading, metric};
use crate::study::{Group, Series, Standing, ascending};
use crate::verdict::{Matrix, Pair};

/// Of a metric at one load.
pub(crate) fn at_load(group: &Group<'_>, metric: &Metric, load: f64) -> Title {
    let of = |series: &Series<'_>| {
        let point = series.at(load).filter(|point| point.standing == Standing::Sound)?;
        Some(metric.of_pool(&point.pool))
    };
    let at = format!("at {}", Unit::PerSecond.show(load));
    compared(&at, metric, &entries(group, metric, of), &pairs(Matrix::at(group, metric, load)))
}

/// Of the rarest percentile that all who kept up with a load have a number for.
pub(crate) fn percentile(group: &Group<'_>, load: f64) -> Option<Title> {
    let mut rarest_first =
        ["response_time_p99", "response_time_p90", "response_time_p50"].into_iter().filter_map(metric);
    let sound = group.sound_at(load);
    let is_known = |metric: &&Metric| {
        let mut readings = sound.iter().filter_map(|series| Some(metric.of_pool(&series.at(load)?.pool)));
        !sound.is_empty() && readings.all(|reading| matches!(reading, Reading::Measured(..) | Reading::Beyond(_)))
    };
    rarest_first.find(is_known).map(|metric| at_load(group, metric, load))
}

/// Of trials that a value per contender, or one more variable, tells apart.
pub(crate) fn bars(group: &Group<'_>, metric: &Metric) -> Title {
    let tried = ascending(group.trials().filter_map(|(_, trial)| trial.variation));
    let at = tried.last().zip(group.experiment.variation_label());
    let at = at.map_or(String::new(), |(most, label)| format!("with {} {label}", Unit::Count.show(*most)));
    at_trials(group, metric, tried.last().copied(), &at)
}

pub(crate) fn at_trials(group: &Group<'_>, metric: &Metric, variation: Option<f64>, at: &str) -> Title {
    let of = |series: &Series<'_>| {
        let trial = series.trial(variation)?;
        (trial.standing != Standing::Invalid).then(|| metric.of_pool(&trial.pool))
    };
    compared(at, metric, &entries(group, metric, of), &pairs(Matrix::of_trials(group, metric, variation)))
}

fn entries(group: &Group<'_>, metric: &Metric, of: impl Fn(&Series<'_>) -> Option<Reading>) -> Vec<RankedEntry> {
    let entry = |series: &Series<'_>| {
        let fact = Fact::new(of(series)?, metric.unit);
        Some(RankedEntry { index: series.index, name: DisplayedName::of(series.contender), leads: series.leads, fact })
    };
    group.series.iter().filter_map(entry).collect()
}

fn pairs(matrix: Option<Matrix>) -> Vec<Pair> {
    matrix.map_or_else(Vec::new, |matrix| matrix.pairs)
}
