//! A bar per trial, a panel per metric: what one value per contender is compared with.
//!
//! A linear bar begins at zero. On a log scale there is no zero to begin at, so a dot stands for the bar. Must not
//! know: which metrics there are. Beside it: `plot.rs`, `sweep.rs`.

use super::axes::Axis;
use super::axes::{shortened, width};
use super::backend::Ink;
use super::plot::{Plot, PlotFrame};
use super::sweep::{marker_style, trial_table};
use super::{Figure, PanelPicture, Scene};
use crate::format;
use crate::metrics::{Metric, Reading, metrics_of_load};
use crate::record::Scale;
use crate::study::{Series, Standing, Trial};
use crate::words;

const ROW: f64 = 26.0;
const BAR: f64 = 0.62;
const PLOT: f64 = 160.0;
const VALUE: f64 = 110.0;
const LONGEST_NAME: usize = 46;

/// A row of every panel.
struct BarRow<'g, 'a> {
    series: &'g Series<'a>,
    trial: &'g Trial<'a>,
    name: String,
}

pub(super) fn draw(scene: &Scene<'_>) -> Option<Figure> {
    let metrics = metrics_of_load(&scene.picture.metrics);
    let experiment = scene.group.experiment;
    let rows = scene.group.trials().map(|(series, trial)| {
        let value = trial.variation.filter(|_| scene.group.is_swept());
        let value = value.map_or(String::new(), |value| format!(", {}", format::number(value)));
        BarRow { series, trial, name: format!("{}{value}", series.name) }
    });
    let rows: Vec<BarRow<'_, '_>> = rows.collect();
    if rows.is_empty() || metrics.is_empty() {
        return None;
    }
    let by = experiment
        .variation_label()
        .filter(|_| scene.group.is_swept())
        .map_or(String::new(), |label| format!(" by {label}"));
    let panels = metrics.iter().map(|metric| PanelPicture::unnamed(panel(scene, metric, &rows)));
    let names = format::list(metrics.iter().map(|metric| metric.label));
    let mut notes: Vec<String> =
        metrics.iter().map(|metric| format!("{}: {}", format::capitalised(metric.label), metric.how_to_read)).collect();
    if scene.picture.y_scale == Scale::Log {
        notes.push("On a log scale there is no zero for a bar to begin at, so a mark stands for the value.".into());
    }
    let axes = format!("{}{by}: {}", format::capitalised(&names), scene.place());
    Some(Figure {
        panels: panels.collect(),
        notes,
        table: trial_table(scene, &scene.picture.metrics),
        ..scene.titled(&words::bars(scene.group, metrics[0]), &axes)
    })
}

fn panel(scene: &Scene<'_>, metric: &Metric, rows: &[BarRow<'_, '_>]) -> String {
    let mut values = Vec::new();
    for row in rows {
        match metric.of_pool(&row.trial.pool) {
            Reading::Measured(value, certainty) => {
                let interval = certainty.ends();
                values.push(value);
                values.extend(interval.map(|(lo, _)| lo).filter(|_| scene.picture.y_scale == Scale::Log));
                values.extend(interval.and_then(|(_, hi)| hi));
            }
            Reading::Beyond(least) => values.push(least as f64),
            Reading::TooFew(_) | Reading::Absent => {}
        }
    }
    let x = Axis::over("", metric.unit, scene.picture.y_scale, &values);
    let count = rows.len() as f64;
    let y = Axis::of_rows(count);
    let left = rows.iter().map(|row| width(&shortened(&row.name, LONGEST_NAME))).fold(0.0, f64::max) + 16.0;
    let frame = PlotFrame { left, top: 26.0, width: PLOT, height: ROW * count, right: VALUE, bottom: 30.0 };
    let panel = Plot::new(frame, &x, &y);
    panel.heading(&format::capitalised(metric.label));
    for (place, row) in rows.iter().enumerate() {
        let middle = y.place(count - place as f64 - 0.5);
        draw_row(&panel, &x, row, metric, middle, BAR / 2.0 / count);
    }
    panel.canvas.finish(&format!(
        "Bars of {} for {}; {}. The numbers are in the table below.",
        metric.label,
        format::list(rows.iter().map(|row| &row.name)),
        scene.place()
    ))
}

fn draw_row(panel: &Plot, x: &Axis, row: &BarRow<'_, '_>, metric: &Metric, middle: f64, half: f64) {
    let reading = metric.of_pool(&row.trial.pool);
    let at = |value: f64| x.place(value);
    let data = reading.value().map_or(String::new(), |value| value.to_string());
    let number = row.trial.variation.map_or(String::new(), |value| value.to_string());
    let title = format!("{}: {}", row.name, reading.show(metric.unit));
    panel.canvas.open_of(row.series.index, &format!("k k{}", row.series.colour), &title);
    let baseline = panel.pixel((0.0, middle)).1 + 4.5;
    panel.canvas.text((panel.pixel((0.0, 0.0)).0 - 8.0, baseline), "label", "end", &shortened(&row.name, LONGEST_NAME));
    panel.canvas.open(&[("class", "pt"), ("data-x", &number), ("data-y", &data)], "");
    let invalid = row.trial.standing == Standing::Invalid;
    let end = match reading {
        Reading::Measured(value, _) => Some(at(value)),
        Reading::Beyond(least) => Some(at(least as f64)),
        Reading::TooFew(_) | Reading::Absent => None,
    };
    if let Some(end) = end {
        if x.scale == Scale::Log {
            panel.marker(row.series.colour, (end, middle), marker_style(row.trial.standing));
        } else {
            let ink = if invalid { Ink::Hollow } else { Ink::Area };
            panel.surface(
                &[(0.0, middle - half), (end, middle - half), (end, middle + half), (0.0, middle + half)],
                ink,
            );
        }
    }
    if let Some((lo, hi)) = reading.certainty().ends() {
        panel.line(&[(at(lo), middle), (hi.map_or(1.0, at), middle)], Ink::Whisker);
    }
    let right = panel.pixel((1.0, middle)).0 + 8.0;
    let words = if invalid { "invalid".into() } else { reading.show(metric.unit) };
    panel.canvas.text((right, baseline), "value", "start", &words);
    panel.canvas.close();
    panel.canvas.close();
}
