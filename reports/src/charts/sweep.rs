//! What curves, bars and tables are drawn from: points over the offered load, or trials over another swept variable, as
//! one type.
//!
//! Must not know: how a picture looks. Beside it: `curve.rs`, `bars.rs`, `probe.rs`.

use super::axes::Axis;
use super::plot::MarkerStyle;
use super::{DataRow, DataTable, Scene};
use crate::format::Unit;
use crate::metrics::{Certainty, metrics_of_load};
use crate::record::Swept;
use crate::study::{Group, Pool, Series, Standing, ascending};

/// One contender at one value of the swept variable.
#[derive(Debug, Clone, Copy)]
pub(super) struct SweptPoint<'g, 'a> {
    pub(super) x: f64,
    pub(super) pool: &'g Pool<'a>,
    pub(super) blocks: &'g [Pool<'a>],
    pub(super) standing: Standing,
}

/// The variable that a picture sweeps.
#[derive(Debug, Clone, Copy)]
pub(super) struct Sweep<'s> {
    over_load: bool,
    label: &'s str,
}

impl<'s> Sweep<'s> {
    pub(super) fn of(scene: &'s Scene<'_>) -> Sweep<'s> {
        match scene.picture.x {
            Swept::OfferedLoadRps | Swept::Percentile => Sweep { over_load: true, label: "offered load" },
            _ => {
                let declared = scene.picture.x_label.as_deref();
                let label = declared.or(scene.group.experiment.variation_label()).unwrap_or("value");
                Sweep { over_load: false, label }
            }
        }
    }

    /// As the heading of a column and in a subtitle.
    pub(super) fn label(&self) -> &'s str {
        self.label
    }

    /// `8,000/s`, `40`.
    pub(super) fn show(&self, x: f64) -> String {
        if self.over_load { Unit::PerSecond.show(x) } else { Unit::Count.show(x) }
    }

    /// `at 8,000/s`, `with 8 connections that block`.
    pub(super) fn at(&self, x: f64) -> String {
        if self.over_load { format!("at {}", self.show(x)) } else { format!("with {} {}", self.show(x), self.label) }
    }

    /// Whether it is the offered load.
    pub(super) fn is_over_load(&self) -> bool {
        self.over_load
    }

    /// What is said of a sound point.
    pub(super) fn sound(&self) -> &'static str {
        if self.over_load { "kept up" } else { "valid" }
    }

    /// An axis whose named values are those that were tried.
    pub(super) fn axis(&self, scene: &Scene<'_>, tried: &[f64]) -> Axis {
        let unit = if self.over_load { ", requests per second" } else { "" };
        let ticks = tried.iter().map(|&x| (x, Unit::Count.show(x))).collect();
        Axis::at(&format!("{}{unit}", self.label), scene.picture.x_scale, ticks)
    }

    /// What a series has, in ascending order.
    pub(super) fn points<'g, 'a>(&self, series: &'g Series<'a>) -> Vec<SweptPoint<'g, 'a>> {
        if self.over_load {
            let points = series.points.iter();
            let point = points.map(|p| SweptPoint {
                x: p.offered_load_rps,
                pool: &p.pool,
                blocks: &p.blocks,
                standing: p.standing,
            });
            return point.collect();
        }
        let trials = series.trials.iter();
        let point = trials.filter_map(|t| {
            Some(SweptPoint { x: t.variation?, pool: &t.pool, blocks: &t.blocks, standing: t.standing })
        });
        point.collect()
    }

    /// Every value tried, ascending.
    pub(super) fn tried(&self, group: &Group<'_>) -> Vec<f64> {
        let points = group.series.iter().flat_map(|series| self.points(series));
        ascending(points.map(|point| point.x))
    }

    /// The greatest value at which at least half of the series, and two, are sound; and their points there.
    pub(super) fn busiest<'g, 'a>(
        &self,
        group: &'g Group<'a>,
    ) -> Option<(f64, Vec<(&'g Series<'a>, SweptPoint<'g, 'a>)>)> {
        let at_least = group.series.len().div_ceil(2).max(2);
        let at = |x: f64| -> Vec<(&'g Series<'a>, SweptPoint<'g, 'a>)> {
            let points =
                group.series.iter().flat_map(|series| self.points(series).into_iter().map(move |s| (series, s)));
            points.filter(|(_, point)| point.x == x && point.standing == Standing::Sound).collect()
        };
        self.tried(group).into_iter().rev().map(|x| (x, at(x))).find(|(_, points)| points.len() >= at_least)
    }
}

/// What a reader should know of a point that is not sound.
pub(super) fn standing_words(standing: Standing) -> Option<&'static str> {
    match standing {
        Standing::Sound => None,
        Standing::Saturated => Some("saturated"),
        Standing::Invalid => Some("invalid"),
    }
}

/// How the marker of a point is drawn.
pub(super) fn marker_style(standing: Standing) -> MarkerStyle {
    match standing {
        Standing::Sound => MarkerStyle::Full,
        Standing::Saturated => MarkerStyle::Hollow,
        Standing::Invalid => MarkerStyle::Struck,
    }
}

/// The named metrics of every trial.
pub(super) fn trial_table(scene: &Scene<'_>, names: &[String]) -> DataTable {
    let experiment = scene.group.experiment;
    let swept = scene.group.trials().any(|(_, trial)| trial.variation.is_some());
    let metrics = metrics_of_load(names);
    let mut columns = vec!["server".to_owned()];
    columns.extend(swept.then(|| experiment.variation_label().unwrap_or("value").to_owned()));
    for metric in &metrics {
        let readings = scene.group.trials().map(|(_, trial)| metric.of_pool(&trial.pool).certainty());
        columns.extend([metric.label.to_owned(), Certainty::heading(readings).into()]);
    }
    columns.extend(["times measured".to_owned(), "state".into()]);
    let rows = scene.group.trials().map(|(series, trial)| {
        let mut cells = vec![series.name.clone()];
        cells.extend(swept.then(|| trial.variation.map_or("-".into(), |value| Unit::Count.show(value))));
        for metric in &metrics {
            let reading = metric.of_pool(&trial.pool);
            cells.push(reading.show(metric.unit));
            cells.push(reading.ends(metric.unit).unwrap_or_else(|| "-".into()));
        }
        cells.push(trial.pool.cells.len().to_string());
        cells.push(standing_words(trial.standing).unwrap_or("valid").into());
        DataRow { contender: series.index, cells }
    });
    DataTable { rows: rows.collect(), columns }
}
