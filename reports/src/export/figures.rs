//! All figures of a finished run, one after another: what was measured of whom, at which load, in the unit that the records
//! have.
//!
//! What was not measured, or is not valid, is not among them. A server that did not keep up with a load has no response times
//! there, since they say how long the load lasted. Beside it: `../metrics/table.rs`, whose names these are;
//! `../summary/headlines.rs`, for what has no load; `csv.rs` and `openmetrics.rs`, which write them.

use crate::format::Unit;
use crate::metrics::{METRICS, Metric, Of};
use crate::study::{Group, Pool, Series, Standing};
use crate::summary::headlines;

/// A figure, with the ends of its 95% interval where it has them.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct RunFigure {
    pub(super) of: FigurePlace,
    pub(super) name: String,
    pub(super) label: String,
    pub(super) unit: Unit,
    pub(super) value: f64,
    pub(super) low: Option<f64>,
    pub(super) high: Option<f64>,
}

/// What a figure is of.
#[derive(Debug, Clone, Default, PartialEq)]
pub(super) struct FigurePlace {
    pub(super) contender: String,
    pub(super) experiment: String,
    pub(super) workload: String,
    /// Offered requests per second, where the figure is of a load.
    pub(super) load: Option<String>,
    /// What the experiment sweeps, where it is no load.
    pub(super) variation: Option<String>,
}

/// Whether a contender kept up with a load.
pub(super) const KEPT_UP: &str = "kept_up";

/// In the order of experiments, contenders and loads.
pub(super) fn run_figures(groups: &[Group<'_>]) -> Vec<RunFigure> {
    let mut found = Vec::new();
    for group in groups {
        for series in &group.series {
            found.extend(of_series(group, series));
        }
    }
    let of_pools = |name: &str| METRICS.iter().any(|metric| metric.name == name && is_of_pools(metric));
    let others = headlines(groups).into_iter().filter(|figure| !of_pools(&figure.metric));
    found.extend(others.map(|figure| RunFigure {
        of: FigurePlace {
            contender: figure.contender,
            experiment: figure.experiment,
            workload: figure.workload,
            ..FigurePlace::default()
        },
        name: figure.metric,
        label: figure.label,
        unit: figure.unit,
        value: figure.value,
        low: figure.lo,
        high: figure.hi,
    }));
    found
}

/// What was measured at each load, and at each value of what an experiment sweeps.
fn of_series(group: &Group<'_>, series: &Series<'_>) -> Vec<RunFigure> {
    let own = || FigurePlace {
        contender: series.contender.label.clone(),
        experiment: group.experiment.name.clone(),
        workload: group.workload.key.clone(),
        ..FigurePlace::default()
    };
    let mut found = Vec::new();
    for point in series.points.iter().filter(|point| point.standing != Standing::Invalid) {
        let at = FigurePlace { load: Some(point.offered_load_rps.to_string()), ..own() };
        let has_kept_up = point.standing == Standing::Sound;
        found.push(RunFigure {
            of: at.clone(),
            name: KEPT_UP.to_owned(),
            label: "1 where the contender kept up with the offered load, 0 where it did not".to_owned(),
            unit: Unit::Count,
            value: f64::from(u8::from(has_kept_up)),
            low: None,
            high: None,
        });
        found.extend(of_pool(&point.pool, &at, has_kept_up));
    }
    for trial in series.trials.iter().filter(|trial| trial.standing != Standing::Invalid) {
        let at = FigurePlace { variation: trial.variation.map(|value| value.to_string()), ..own() };
        found.extend(of_pool(&trial.pool, &at, trial.standing == Standing::Sound));
    }
    found
}

fn of_pool(pool: &Pool<'_>, at: &FigurePlace, has_kept_up: bool) -> Vec<RunFigure> {
    let told = METRICS.iter().filter(|metric| has_kept_up || !matches!(metric.of, Of::ResponseTime(_)));
    let figure = |metric: &Metric| {
        let reading = metric.of_pool(pool);
        let interval = reading.certainty().interval();
        Some(RunFigure {
            of: at.clone(),
            name: metric.name.to_owned(),
            label: metric.label.to_owned(),
            unit: metric.unit,
            value: reading.value()?,
            low: interval.map(|(low, _)| low),
            high: interval.and_then(|(_, high)| high),
        })
    };
    told.filter_map(figure).collect()
}

/// Whether it is read from cells under load.
fn is_of_pools(metric: &Metric) -> bool {
    matches!(metric.of, Of::Load(_) | Of::ResponseTime(_))
}
