//! What the title of a curve is made from: who stays under a bound over the load, or a comparison at one place.
//!
//! Must not know: how a title reads. Beside it: `../words/`, which words it; `sweep.rs`.

use super::sweep::{Sweep, SweptPoint};
use crate::metrics::{Metric, Of, Reading};
use crate::objective::carries;
use crate::record::Objective;
use crate::study::{Group, Series, Standing};
use crate::words::{self, DisplayedName, LoadCarried, LoadCurve, LoadCurvePoint, Title};

/// Of a curve: who stays under a bound where it is of response times over the load, or else a comparison where most
/// is asked.
pub(super) fn curve(group: &Group<'_>, sweep: &Sweep<'_>, metrics: &[&Metric]) -> Title {
    let first = metrics[0];
    if !sweep.is_over_load() {
        let Some((x, _)) = sweep.busiest(group) else { return trials(group, sweep, first) };
        return words::at_trials(group, first, Some(x), &sweep.at(x));
    }
    if let Some(objective) = &group.experiment.objective {
        return under_objective(group, objective);
    }
    let of_time = metrics.iter().rev().filter(|metric| matches!(metric.of, Of::ResponseTime(_)));
    let load_curve = of_time.filter_map(|metric| load_curve(group, sweep, metric)).next();
    load_curve.unwrap_or_else(|| match group.telling_load(first.blocks_for_verdict) {
        Some(load) => words::at_load(group, first, load),
        None => Title::of(format!("No valid {}", first.label))
            .and("no valid measurement shows anybody keep up with any load"),
    })
}

fn trials(group: &Group<'_>, sweep: &Sweep<'_>, metric: &Metric) -> Title {
    match sweep.tried(group).last() {
        Some(most) => words::at_trials(group, metric, Some(*most), &sweep.at(*most)),
        None => words::at_trials(group, metric, None, ""),
    }
}

fn under_objective(group: &Group<'_>, objective: &Objective) -> Title {
    let carried = group
        .series
        .iter()
        .map(|series| LoadCarried { name: DisplayedName::of(series.contender), carries: carries(objective, series) });
    words::carried(&objective.words(), &carried.collect::<Vec<_>>())
}

fn load_curve(group: &Group<'_>, sweep: &Sweep<'_>, metric: &Metric) -> Option<Title> {
    let valid = |series: &&Series<'_>| sweep.points(series).iter().any(|point| point.standing != Standing::Invalid);
    let curves = group.series.iter().filter(valid).map(|series| LoadCurve {
        name: DisplayedName::of(series.contender),
        leads: series.leads,
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
