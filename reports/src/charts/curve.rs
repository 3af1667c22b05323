//! A line per contender over the swept variable, one panel per metric, each on a scale of its own: on a common one a
//! median is flat beside a p99.
//!
//! A value beyond the timeout has no height: such points stand in a lane of their own above the axis. Must not know:
//! which metrics there are. Beside it: `plot.rs`.

use super::axes::Axis;
use super::axes::CHARACTER;
use super::backend::Ink;
use super::plot::{EndLabel, Plot, PlotFrame, Position};
use super::sweep::{Sweep, SweptPoint, marker_style, standing_words};
use super::{DataRow, DataTable, Figure, PanelPicture, Scene, titles};
use crate::format::{self, Unit};
use crate::metrics::{Certainty, Metric, Reading, metrics_of_load};
use crate::study::{Group, Series, Standing};

const PLOT_HEIGHT: f64 = 280.0;
const NARROW: f64 = 380.0;
const WIDE: f64 = 620.0;
const LANE: f64 = 16.0;

pub(super) fn draw(scene: &Scene<'_>) -> Option<Figure> {
    let metrics = metrics_of_load(&scene.picture.metrics);
    let sweep = Sweep::of(scene);
    let tried = sweep.tried(scene.group);
    if tried.is_empty() || metrics.is_empty() {
        return None;
    }
    let x = sweep.axis(scene, &tried);
    let y = |metric: &Metric| Axis::over("", metric.unit, scene.picture.y_scale, &values(scene, &sweep, &[metric]));
    // Panels side by side have their axes at one height, so the one with most lanes makes room in all.
    let lanes = metrics.iter().map(|metric| lanes(scene.group, &sweep, metric).len()).max().unwrap_or(0) as f64;
    let over = if lanes > 0.0 { lanes * LANE + 24.0 } else { 0.0 };
    let width = if metrics.len() > 1 { NARROW } else { WIDE };
    let panels = metrics
        .iter()
        .map(|metric| PanelPicture::unnamed(panel(scene, &sweep, metric, (&x, &y(metric)), (width, over))));
    let mut notes: Vec<String> = metrics.iter().map(|metric| metric.how_to_read.to_owned()).collect();
    notes.dedup();
    let names = format::list(metrics.iter().map(|metric| metric.label));
    let axes = format!("{} by {}: {}", format::capitalised(&names), sweep.label(), scene.place());
    Some(Figure {
        panels: panels.collect(),
        notes,
        table: table(scene.group, &sweep, &metrics),
        ..scene.titled(&titles::curve(scene.group, &sweep, &metrics), &axes)
    })
}

/// Whether all that is drawn of a curve has a place on a log scale.
pub(super) fn is_above_zero(scene: &Scene<'_>) -> bool {
    values(scene, &Sweep::of(scene), &metrics_of_load(&scene.picture.metrics)).iter().all(|&value| value > 0.0)
}

/// All heights in the figure: points, blocks and the ends of intervals.
fn values(scene: &Scene<'_>, sweep: &Sweep<'_>, metrics: &[&Metric]) -> Vec<f64> {
    let mut values = Vec::new();
    for point in scene.group.series.iter().flat_map(|series| sweep.points(series)) {
        for metric in metrics {
            for pool in point.blocks.iter().chain([point.pool]) {
                if let Reading::Measured(value, certainty) = metric.of_pool(pool) {
                    let interval = certainty.ends();
                    values.push(value);
                    values.extend(interval.map(|(lo, _)| lo));
                    values.extend(interval.and_then(|(_, hi)| hi));
                }
            }
        }
    }
    values
}

/// The series with a point beyond the timeout, in the order of their lanes from the bottom up.
fn lanes(group: &Group<'_>, sweep: &Sweep<'_>, metric: &Metric) -> Vec<usize> {
    let beyond = |point: &SweptPoint<'_, '_>| matches!(metric.of_pool(point.pool), Reading::Beyond(_));
    let mut lanes: Vec<(usize, usize)> = Vec::new();
    for series in &group.series {
        if let Some(first) = sweep.points(series).iter().position(beyond) {
            lanes.push((first, series.index));
        }
    }
    // Who went beyond first is topmost, so that lines on their way up cross no lane of another.
    lanes.sort_by_key(|&(first, index)| (std::cmp::Reverse(first), std::cmp::Reverse(index)));
    lanes.into_iter().map(|(_, index)| index).collect()
}

fn panel(
    scene: &Scene<'_>,
    sweep: &Sweep<'_>,
    metric: &Metric,
    (x, y): (&Axis, &Axis),
    (width, over): (f64, f64),
) -> String {
    let lanes = lanes(scene.group, sweep, metric);
    let labels = scene.group.series.iter().map(|series| series.name.as_str());
    let right = PlotFrame::room_for(labels);
    let left = room_for_ticks(y);
    let frame = PlotFrame { left, top: 30.0 + over, width, height: PLOT_HEIGHT, right, bottom: 46.0 };
    let panel = Plot::new(frame, x, y);
    panel.heading(&format::capitalised(metric.label));
    if let Some(text) = beyond_what(scene.group, sweep, metric) {
        panel.canvas.text((left, 36.0), "tick", "start", &text);
        panel.line(&[(0.0, 1.0 + 6.0 / PLOT_HEIGHT), (1.0, 1.0 + 6.0 / PLOT_HEIGHT)], Ink::Grid);
    }
    let mut ends = Vec::new();
    for series in &scene.group.series {
        let lane = lanes.iter().position(|&index| index == series.index).unwrap_or(0) as f64;
        let lane = 1.0 + (LANE * (lane + 1.0)) / PLOT_HEIGHT;
        ends.extend(draw_series(&panel, (series, sweep), metric, x, y, lane));
    }
    panel.end_labels(&ends, 1.0 + over / PLOT_HEIGHT);
    panel.canvas.finish(&aria_label(scene, sweep, metric))
}

/// Room for the names of the y axis: the usual, unless a throughput is longer.
fn room_for_ticks(y: &Axis) -> f64 {
    let longest = y.ticks.iter().map(|(_, text)| text.chars().count()).max().unwrap_or(0);
    (longest as f64 * CHARACTER + 9.0).max(58.0)
}

/// What the lanes over the axis stand for, where there are any.
fn beyond_what(group: &Group<'_>, sweep: &Sweep<'_>, metric: &Metric) -> Option<String> {
    let mut points = group.series.iter().flat_map(|series| sweep.points(series));
    points.find_map(|point| match metric.of_pool(point.pool) {
        beyond @ Reading::Beyond(_) => beyond.remark(metric.unit),
        _ => None,
    })
}

fn draw_series<'a>(
    panel: &Plot,
    (series, sweep): (&'a Series<'_>, &Sweep<'_>),
    metric: &Metric,
    x: &Axis,
    y: &Axis,
    lane: f64,
) -> Option<EndLabel<'a>> {
    let label = &series.name;
    panel.canvas.open_of(series.index, &format!("k k{}", series.colour), label);
    let points = sweep.points(series);
    let placed = |point: &SweptPoint<'_, '_>| -> Option<Position> {
        let height = match metric.of_pool(point.pool) {
            Reading::Measured(value, _) => y.place(value),
            Reading::Beyond(_) => lane,
            Reading::TooFew(_) | Reading::Absent => return None,
        };
        Some((x.place(point.x), height))
    };
    for stretch in points.split(|point| point.standing == Standing::Invalid || placed(point).is_none()) {
        panel.line(&stretch.iter().filter_map(placed).collect::<Vec<_>>(), Ink::Line);
    }
    for point in &points {
        if let Some(at) = placed(point) {
            draw_point(panel, (series.colour, sweep), point, metric, y, at);
        }
    }
    panel.canvas.close();
    let end = points.iter().rev().find_map(placed)?;
    Some(EndLabel { series: series.index, colour: series.colour, text: label, at: end })
}

fn draw_point(
    panel: &Plot,
    (colour, sweep): (usize, &Sweep<'_>),
    point: &SweptPoint<'_, '_>,
    metric: &Metric,
    y: &Axis,
    at: Position,
) {
    let reading = metric.of_pool(point.pool);
    let x = point.x.to_string();
    let value = reading.value().map_or(String::new(), |value| value.to_string());
    let title = format!(
        "{}, {}{}",
        sweep.show(point.x),
        reading.show(metric.unit),
        standing_words(point.standing).map_or(String::new(), |words| format!(", {words}"))
    );
    panel.canvas.open(&[("class", "pt"), ("data-x", &x), ("data-y", &value)], &title);
    if point.blocks.len() > 1 {
        let blocks = point.blocks.iter().filter(|pool| pool.counts());
        for value in blocks.filter_map(|pool| metric.of_pool(pool).value()) {
            panel.dot((at.0, y.place(value)));
        }
    }
    if let Some((lo, hi)) = reading.certainty().ends() {
        panel.line(&[(at.0, y.place(lo)), (at.0, hi.map_or(1.0, |hi| y.place(hi)))], Ink::Whisker);
    }
    panel.marker(colour, at, marker_style(point.standing));
    panel.canvas.close();
}

fn aria_label(scene: &Scene<'_>, sweep: &Sweep<'_>, metric: &Metric) -> String {
    format!(
        "Line chart of {} over {} for {}; {}. The numbers are in the table below.",
        metric.label,
        sweep.label(),
        format::list(scene.group.series.iter().map(|series| &series.name)),
        scene.place()
    )
}

fn table(group: &Group<'_>, sweep: &Sweep<'_>, metrics: &[&Metric]) -> DataTable {
    let mut columns = vec!["server".to_owned(), sweep.label().into(), "throughput".into()];
    for metric in metrics {
        columns.push(metric.label.into());
        let points = group.series.iter().flat_map(|series| sweep.points(series));
        columns.push(Certainty::heading(points.map(|point| metric.of_pool(point.pool).certainty())).into());
    }
    columns.extend(["times measured".to_owned(), "state".into()]);
    let mut rows = Vec::new();
    for series in &group.series {
        for point in sweep.points(series) {
            let achieved = point.pool.achieved_rps().map_or("-".into(), |rps| Unit::PerSecond.show(rps));
            let mut cells = vec![series.name.clone(), sweep.show(point.x), achieved];
            for metric in metrics {
                let reading = metric.of_pool(point.pool);
                cells.push(reading.show(metric.unit));
                cells.push(reading.ends(metric.unit).unwrap_or_else(|| "-".into()));
            }
            cells.push(point.pool.cells.len().to_string());
            cells.push(standing_words(point.standing).unwrap_or(sweep.sound()).into());
            rows.push(DataRow { contender: series.index, cells });
        }
    }
    DataTable { columns, rows }
}
