//! What the title of a figure is made from: readings of the contenders at one place, and the verdicts on them.
//!
//! Must not know: how a title reads. Beside it: `../words/`, which words it; `sweep.rs`.

use super::sweep::{Sweep, SweptPoint};
use crate::format::{self, Unit};
use crate::metrics::{Metric, Of, Reading, metric};
use crate::objective::carries;
use crate::record::Objective;
use crate::study::{Group, Series, Standing, ascending};
use crate::verdict::{Matrix, Pair};
use crate::words::{self, LoadCurve, LoadCurvePoint, RankedEntry};

/// Of a curve: who stays under a bound where it is of response times over the load, or else a comparison where most
/// is asked.
pub(super) fn curve(group: &Group<'_>, sweep: &Sweep<'_>, metrics: &[&Metric]) -> String {
    let first = metrics[0];
    if !sweep.is_over_load() {
        let Some((x, _)) = sweep.busiest(group) else { return trials(group, sweep, first) };
        return at_trials(group, first, Some(x), &format!("At {}", sweep.at(x)));
    }
    if let Some(objective) = &group.experiment.objective {
        return under_objective(group, objective);
    }
    let of_time = metrics.iter().rev().filter(|metric| matches!(metric.of, Of::ResponseTime(_)));
    let load_curve = of_time.filter_map(|metric| load_curve(group, sweep, metric)).next();
    load_curve.unwrap_or_else(|| match group.telling_load(first.blocks_for_verdict) {
        Some(load) => at_load(group, first, load),
        None => format!("{}: no contender kept up with any load in a valid cell", format::capitalised(first.label)),
    })
}

/// Of a metric at one load.
pub(super) fn at_load(group: &Group<'_>, metric: &Metric, load: f64) -> String {
    let of = |series: &Series<'_>| {
        let point = series.at(load).filter(|point| point.standing == Standing::Sound)?;
        Some(metric.of_pool(&point.pool))
    };
    let at = format!("At {}", Unit::PerSecond.show(load));
    words::compared(&at, metric, &entries(group, of), &pairs(Matrix::at(group, metric, load)))
}

/// Of the rarest percentile that all who kept up with a load have a number for.
pub(super) fn percentile(group: &Group<'_>, load: f64) -> Option<String> {
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
pub(super) fn bars(group: &Group<'_>, metric: &Metric) -> String {
    let tried = ascending(group.trials().filter_map(|(_, trial)| trial.variation));
    let label = group.experiment.variation_label().unwrap_or("value");
    match tried.last() {
        Some(most) => at_trials(group, metric, Some(*most), &format!("At {} {label}", Unit::Count.show(*most))),
        None => at_trials(group, metric, None, ""),
    }
}

fn trials(group: &Group<'_>, sweep: &Sweep<'_>, metric: &Metric) -> String {
    match sweep.tried(group).last() {
        Some(most) => at_trials(group, metric, Some(*most), &format!("At {}", sweep.at(*most))),
        None => at_trials(group, metric, None, ""),
    }
}

fn at_trials(group: &Group<'_>, metric: &Metric, variation: Option<f64>, at: &str) -> String {
    let of = |series: &Series<'_>| {
        let trial = series.trial(variation)?;
        (trial.standing != Standing::Invalid).then(|| metric.of_pool(&trial.pool))
    };
    words::compared(at, metric, &entries(group, of), &pairs(Matrix::of_trials(group, metric, variation)))
}

fn entries<'a>(group: &'a Group<'_>, of: impl Fn(&Series<'_>) -> Option<Reading>) -> Vec<RankedEntry<'a>> {
    let entry = |series: &'a Series<'_>| {
        Some(RankedEntry { index: series.index, label: &series.contender.label, reading: of(series)? })
    };
    group.series.iter().filter_map(entry).collect()
}

fn pairs(matrix: Option<Matrix>) -> Vec<Pair> {
    matrix.map_or_else(Vec::new, |matrix| matrix.pairs)
}

fn under_objective(group: &Group<'_>, objective: &Objective) -> String {
    let carried = group.series.iter().map(|s| (s.contender.label.as_str(), carries(objective, s)));
    words::carried(&objective.words(), &carried.collect::<Vec<_>>())
}

fn load_curve(group: &Group<'_>, sweep: &Sweep<'_>, metric: &Metric) -> Option<String> {
    let valid = |series: &&Series<'_>| sweep.points(series).iter().any(|point| point.standing != Standing::Invalid);
    let curves = group.series.iter().filter(valid).map(|series| LoadCurve {
        label: &series.contender.label,
        steps: sweep.points(series).iter().map(|point| step(metric, point)).collect(),
    });
    let points = group.series.iter().flat_map(|series| sweep.points(series));
    let sound = points.filter(|point| point.standing == Standing::Sound);
    let blocks = sound.map(|point| point.blocks.iter().filter(|pool| pool.counts()).count()).min().unwrap_or(0);
    words::load_curve(metric, &curves.collect::<Vec<_>>(), blocks)
}

/// The interval of all blocks together, widened to what any of them shows.
fn step(metric: &Metric, point: &SweptPoint<'_, '_>) -> LoadCurvePoint {
    let ends = |reading: Reading| match reading {
        Reading::Measured(value, certainty) => {
            Some(certainty.ends().map_or((value, value), |(lo, hi)| (lo, hi.unwrap_or(f64::INFINITY))))
        }
        Reading::Beyond(least) => Some((least as f64, f64::INFINITY)),
        Reading::TooFew(_) | Reading::Absent => None,
    };
    let unknown = (0.0, f64::INFINITY);
    let (mut lo, mut hi) = ends(metric.of_pool(point.pool)).unwrap_or(unknown);
    // A block may hold too few requests for an interval of its own, and still shows a value.
    for block in point.blocks.iter().filter(|pool| pool.counts()) {
        let (least, most) = match metric.of_pool(block) {
            Reading::Measured(value, _) => (value, value),
            other => ends(other).unwrap_or((lo, hi)),
        };
        (lo, hi) = (lo.min(least), hi.max(most));
    }
    LoadCurvePoint { load: point.x, standing: point.standing, lo, hi }
}
