//! Where the response time of correct replies went: a bar per contender and load, in shares of its mean.
//!
//! Shares, because means range over orders of magnitude; the mean itself stands beside the bar. Must not know: which
//! parts there are (`metrics::TIME_PARTS`).

use super::axes::Axis;
use super::backend::Ink;
use super::panel::{Frame, Panel};
use super::spots::standing_words;
use super::{DataRow, DataTable, Figure, PanelPicture, Scene};
use crate::format::{self, Unit};
use crate::metrics::{TIME_PARTS, TimePart};
use crate::record::Scale;
use crate::study::{Group, Point, Series, Standing};
use crate::summary::titles::largest_parts;

const ROW: f64 = 26.0;
const BAR: f64 = 0.62;

pub(super) fn draw(scene: &Scene<'_>) -> Option<Figure> {
    let parts = declared(&scene.picture.metrics);
    let split = scene.group.series.iter().filter(|series| series.points.iter().any(|p| means(p, &parts).is_some()));
    let split: Vec<&Series<'_>> = split.collect();
    if split.is_empty() {
        return None;
    }
    let loads = scene.group.loads();
    let panels = split.iter().map(|series| PanelPicture {
        heading: series.contender.label.clone(),
        contender: Some(series.index),
        svg: panel(scene, series, &loads, &parts),
        lines: Vec::new(),
    });
    let meanings = parts.iter().map(|part| format!("{} is {}", part.label, part.meaning));
    Some(Figure {
        id: scene.id.clone(),
        experiment: scene.group.experiment.name.clone(),
        kind: scene.picture.kind,
        title: title(scene.group, &split, &parts),
        subtitle: format!("Shares of the mean response time of correct replies: {}", scene.place()),
        panels: panels.collect(),
        parts: parts.iter().enumerate().map(|(index, part)| (index, part.label.to_owned())).collect(),
        notes: vec![
            format!("In the order of a request's way: {}.", meanings.collect::<Vec<_>>().join("; ")),
            "Only correct replies have parts: where requests timed out, the mean leaves out the worst. Faded bars are of saturated or invalid points.".into(),
        ],
        table: table(&split, &parts),
    })
}

/// The parts that the picture names, or all.
fn declared(names: &[String]) -> Vec<&'static TimePart> {
    let named = TIME_PARTS.iter().filter(|part| names.iter().any(|name| name == part.name));
    let named: Vec<_> = named.collect();
    if named.is_empty() { TIME_PARTS.iter().collect() } else { named }
}

fn means(point: &Point<'_>, parts: &[&TimePart]) -> Option<Vec<f64>> {
    parts.iter().map(|part| part.mean_ns(&point.pool)).collect()
}

fn panel(scene: &Scene<'_>, series: &Series<'_>, loads: &[f64], parts: &[&TimePart]) -> String {
    let ticks = [0.0, 0.25, 0.5, 0.75, 1.0].map(|share| (share, format!("{}%", share * 100.0)));
    let mut x = Axis::at("share of the mean response time", Scale::Linear, ticks.into());
    x.to = 1.0;
    let rows = loads.len() as f64;
    let y = Axis { title: String::new(), scale: Scale::Linear, from: 0.0, to: rows, ticks: Vec::new() };
    let frame = Frame { left: 62.0, top: 34.0, width: 200.0, height: ROW * rows, right: 74.0, bottom: 44.0 };
    let panel = Panel::new(frame, &x, &y);
    panel.heading("Offered load");
    panel.canvas.text((336.0, 14.0), "title", "end", "mean");
    let index = series.index.to_string();
    panel.canvas.open(&[("data-c", &index)], &series.contender.label);
    for (row, &load) in loads.iter().enumerate() {
        let middle = rows - row as f64 - 0.5;
        let baseline = panel.pixel((0.0, y.place(middle))).1 + 4.5;
        panel.canvas.text((54.0, baseline), "tick", "end", &Unit::PerSecond.show(load));
        let point = series.at(load);
        let Some((point, means)) = point.and_then(|point| Some((point, means(point, parts)?))) else {
            panel.canvas.text((270.0, baseline), "value", "start", "-");
            continue;
        };
        let total: f64 = means.iter().sum();
        let faint = if point.standing == Standing::Sound { "bar" } else { "bar faint" };
        panel.canvas.open(&[("class", faint)], standing_words(point.standing).unwrap_or(""));
        let mut from = 0.0;
        for (number, mean) in means.iter().enumerate() {
            let to = (from + mean / total.max(1.0)).min(1.0);
            bar(
                &panel,
                parts[number],
                (number, from, to),
                (load, *mean),
                (y.place(middle - BAR / 2.0), y.place(middle + BAR / 2.0)),
            );
            from = to;
        }
        panel.canvas.close();
        panel.canvas.text((270.0, baseline), "value", "start", &Unit::Nanoseconds.show(total));
    }
    panel.canvas.close();
    panel.canvas.finish(&format!(
        "Stacked bars of the parts of the mean response time by offered load for {}; {}. The numbers are in the table \
         below.",
        series.contender.label,
        scene.place()
    ))
}

fn bar(
    panel: &Panel,
    part: &TimePart,
    (number, from, to): (usize, f64, f64),
    (load, mean): (f64, f64),
    (low, high): (f64, f64),
) {
    let (x, y) = (load.to_string(), mean.to_string());
    let title = format!("{}: {} ({})", part.label, Unit::Nanoseconds.show(mean), format::share(to - from));
    panel.canvas.open(&[("class", &format!("q q{number} pt")), ("data-x", &x), ("data-y", &y)], &title);
    panel.surface(&[(from, low), (to, low), (to, high), (from, high)], Ink::Area);
    panel.canvas.close();
}

/// Which part was largest for whom, at the highest load with a choice.
fn title(group: &Group<'_>, split: &[&Series<'_>], parts: &[&TimePart]) -> String {
    let title = || {
        let load = group.busy_load(1).or_else(|| group.comparison_load())?;
        let times = split.iter().filter_map(|series| {
            let point = series.at(load).filter(|point| point.standing == Standing::Sound)?;
            Some((series.contender.label.as_str(), means(point, parts)?))
        });
        let times: Vec<(&str, Vec<f64>)> = times.collect();
        let labels: Vec<&str> = parts.iter().map(|part| part.label).collect();
        largest_parts(&Unit::PerSecond.show(load), &labels, &times)
    };
    title().unwrap_or_else(|| "Where the response time went".to_owned())
}

fn table(split: &[&Series<'_>], parts: &[&TimePart]) -> DataTable {
    let mut columns = vec!["contender".to_owned(), "offered load".into()];
    columns.extend(parts.iter().map(|part| part.label.to_owned()));
    columns.extend(["mean".to_owned(), "standing".into()]);
    let mut rows = Vec::new();
    for series in split {
        for point in &series.points {
            let mut cells = vec![series.contender.label.clone(), Unit::PerSecond.show(point.offered_load_rps)];
            let means = means(point, parts);
            for number in 0..parts.len() {
                cells.push(means.as_ref().map_or("-".into(), |means| Unit::Nanoseconds.show(means[number])));
            }
            cells.push(means.map_or("-".into(), |means| Unit::Nanoseconds.show(means.iter().sum())));
            cells.push(standing_words(point.standing).unwrap_or("kept up").into());
            rows.push(DataRow { contender: series.index, cells });
        }
    }
    DataTable { columns, rows }
}
