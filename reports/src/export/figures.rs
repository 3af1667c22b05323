//! All figures of a finished run, one after another, in the unit that the records have; and the same as CSV.
//!
//! What was not measured, or is not valid, is not among them. A server that did not keep up with a load has no response times
//! there, since they say how long the load lasted. In the CSV every number of a column that has the same `figure` has the
//! same unit, and tables of several runs can be put one below the other. Beside it: `../metrics/table.rs`, whose names these
//! are; `../summary/headlines.rs`, for what has no load; `openmetrics.rs`, which writes them too.

use super::unit;
use crate::format::Unit;
use crate::metrics::{Certainty, METRICS, Metric, Of, Reading};
use crate::plain::csv_field;
use crate::record::store::Run;
use crate::study::{Group, Pool, Series, Standing, groups};
use crate::summary::{ContenderFigure, headlines};

/// A figure, and where it was measured.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct RunFigure {
    pub(super) of: ContenderFigure,
    /// What the experiment sweeps, where it is no load.
    pub(super) variation: Option<f64>,
}

/// Whether a contender kept up with a load.
const KEPT_UP: &str = "kept_up";
const HEADER: &str = "run,experiment,workload,contender,load_rps,variation,figure,unit,value,low,high\n";

/// In the order of experiments, contenders and loads.
pub(super) fn run_figures(groups: &[Group<'_>]) -> Vec<RunFigure> {
    let all_series = groups.iter().flat_map(|group| group.series.iter().map(move |series| (group, series)));
    let measured = all_series.flat_map(|(group, series)| of_series(group, series));
    let is_of_pools = |metric: &Metric| matches!(metric.of, Of::Load(_) | Of::ResponseTime(_));
    let of_pools = |name: &str| METRICS.iter().any(|metric| metric.name == name && is_of_pools(metric));
    let others = headlines(groups).into_iter().filter(|figure| !of_pools(&figure.metric));
    measured.chain(others.map(|of| RunFigure { of, variation: None })).collect()
}

/// What was measured at each load, and at each value of what an experiment sweeps.
fn of_series(group: &Group<'_>, series: &Series<'_>) -> Vec<RunFigure> {
    let mut found = Vec::new();
    for point in series.points.iter().filter(|point| point.standing != Standing::Invalid) {
        let has_kept_up = point.standing == Standing::Sound;
        let said = Reading::Measured(f64::from(u8::from(has_kept_up)), Certainty::Unknown);
        let label = "1 where the contender kept up with the offered load, 0 where it did not";
        let kept_up = ContenderFigure::of(group, series, (KEPT_UP, label, Unit::Count), said);
        let figures = kept_up.into_iter().chain(of_pool(group, series, &point.pool, has_kept_up));
        let load = Some(point.offered_load_rps);
        found.extend(
            figures.map(|of| RunFigure { of: ContenderFigure { offered_load_rps: load, ..of }, variation: None }),
        );
    }
    for trial in series.trials.iter().filter(|trial| trial.standing != Standing::Invalid) {
        let figures = of_pool(group, series, &trial.pool, trial.standing == Standing::Sound);
        found.extend(figures.map(|of| RunFigure { of, variation: trial.variation }));
    }
    found
}

fn of_pool(
    group: &Group<'_>,
    series: &Series<'_>,
    pool: &Pool<'_>,
    has_kept_up: bool,
) -> impl Iterator<Item = ContenderFigure> {
    let told = METRICS.iter().filter(move |metric| has_kept_up || !matches!(metric.of, Of::ResponseTime(_)));
    told.filter_map(|metric| ContenderFigure::of(group, series, metric.called(), metric.of_pool(pool)))
}

/// The figures of a run under a header. `low` and `high` are the ends of 95% intervals; what there is none of is empty.
pub fn csv(run: &Run) -> String {
    let figures = run_figures(&groups(run));
    HEADER.to_owned() + &figures.iter().map(|figure| line(&run.manifest.run, figure)).collect::<String>()
}

fn line(run: &str, RunFigure { of, variation }: &RunFigure) -> String {
    let number = |value: Option<f64>| value.map_or_else(String::new, |value| value.to_string());
    let names = [run, &of.experiment, &of.workload, &of.contender].map(csv_field);
    let figures = [
        number(of.offered_load_rps),
        number(*variation),
        of.metric.clone(),
        unit(of.unit).to_owned(),
        number(Some(of.value)),
        number(of.lo),
        number(of.hi),
    ];
    format!("{},{}\n", names.join(","), figures.join(","))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::export::tests::figures;

    #[test]
    fn a_figure_is_a_line_and_no_name_is_a_formula() {
        let [p99, _] = figures();
        let of = ContenderFigure { contender: "=cmd|a,b".into(), value: 1_250_000.5, lo: Some(1e6), ..p99 };
        assert_eq!(
            line("one", &RunFigure { of, variation: None }),
            "one,latency-curve,echo,\"'=cmd|a,b\",3300,,response_time_p99,ns,1250000.5,1000000,\n"
        );
        assert_eq!(HEADER.matches(',').count(), 10);
    }
}
