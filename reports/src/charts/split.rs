//! Where the response time of correct replies went: for each contender and load the parts of the median beside those
//! of the slowest hundredth, in shares of each.
//!
//! Shares, because response times range over orders of magnitude; the time itself stands beside the bar. Must not know:
//! which parts there are (`metrics::TIME_PARTS`).

use super::axes::Axis;
use super::backend::Ink;
use super::plot::{Plot, PlotFrame};
use super::sweep::standing_words;
use super::{DataRow, DataTable, Figure, PanelPicture, Scene};
use crate::format::{self, Unit};
use crate::metrics::{Band, Bands, TIME_PARTS, TimePart};
use crate::record::Scale;
use crate::study::{Group, Point, Series, Standing};
use crate::words::{DisplayedName, PartTimes, Title, largest_parts};

/// For one bar of a load, and for two.
const ROWS: [f64; 2] = [26.0, 40.0];
/// Height of a bar.
const BAR: f64 = 16.0;
const LEFT: f64 = 62.0;
const PLOT: f64 = 130.0;
/// Where the words beside a bar begin.
const WORDS: f64 = LEFT + PLOT + 8.0;

pub(super) fn draw(scene: &Scene<'_>) -> Option<Figure> {
    let all: Vec<&Series<'_>> = scene.group.series.iter().collect();
    let parts = known(&scene.picture.metrics, &all);
    let has_bars = |series: &&Series<'_>| series.points.iter().any(|point| !bars(point, &parts).is_empty());
    let split: Vec<&Series<'_>> = all.into_iter().filter(has_bars).collect();
    if split.is_empty() {
        return None;
    }
    let loads = scene.group.loads();
    let panels = split.iter().map(|series| PanelPicture {
        heading: series.name.clone(),
        contender: Some(series.index),
        svg: panel(scene, series, &loads, &parts),
        lines: Vec::new(),
    });
    let has_bands = split.iter().flat_map(|series| &series.points).any(|point| bars(point, &parts).len() > 1);
    let of = if has_bands { "the median and of the slowest 1%" } else { "the mean" };
    let axes = format!("Shares of {of} of the response times of correct replies: {}", scene.place());
    Some(Figure {
        panels: panels.collect(),
        parts: parts.iter().map(|part| (part.colour, part.label.to_owned())).collect(),
        notes: notes(&split, &parts, has_bands),
        table: table(&split, &parts),
        ..scene.titled(&title(scene.group, &split, &parts), &axes)
    })
}

/// The parts that the picture names, or else all, as far as they were measured; in the order of a request's way.
fn known(names: &[String], split: &[&Series<'_>]) -> Vec<&'static TimePart> {
    let measured = |part: &TimePart| {
        let points = split.iter().flat_map(|series| &series.points);
        points.into_iter().any(|point| part.mean_ns(&point.pool).is_some())
    };
    let named = |part: &&TimePart| (names.is_empty() || names.iter().any(|name| name == part.name)) && measured(part);
    TIME_PARTS.iter().filter(named).collect()
}

fn notes(split: &[&Series<'_>], parts: &[&TimePart], has_bands: bool) -> Vec<String> {
    let meanings = parts.iter().map(|part| format!("{}: {}.", format::capitalised(part.label), part.meaning));
    let meanings: Vec<String> = meanings.collect();
    let mut notes = vec![format!("The parts in the order of a request's way. {}", meanings.join(" "))];
    if has_bands {
        notes.push(
            "Median: the replies that took as long as the median one, to within 3%. Slowest 1%: those behind the p99. Each bar \
             shows the mean of every part over these replies."
                .into(),
        );
    }
    let unstamped = split.iter().filter(|series| {
        let pools = || series.points.iter().map(|point| &point.pool);
        let answering = parts.iter().find(|part| part.name == "answering");
        answering.is_some_and(|part| pools().any(|pool| part.mean_ns(pool).is_some()))
    });
    notes.extend(format::listed(unstamped.map(|series| &series.name)).map(|who| {
        format!("Not known of {who}: what came between sending and the answer, as its replies do not say.")
    }));
    notes.push(
        "Only correct replies have parts: where requests timed out, the worst are left out. Faded bars are of servers \
         that did not keep up, or of invalid measurements."
            .into(),
    );
    notes
}

fn panel(scene: &Scene<'_>, series: &Series<'_>, loads: &[f64], parts: &[&TimePart]) -> String {
    let ticks = [0.0, 0.25, 0.5, 0.75, 1.0].map(|share| (share, format!("{}%", share * 100.0)));
    let x = Axis { to: 1.0, ..Axis::at("share of the response time", Scale::Linear, ticks.into()) };
    let most_bars = series.points.iter().map(|point| bars(point, parts).len()).max().unwrap_or(1);
    let height = ROWS[most_bars.clamp(1, ROWS.len()) - 1];
    let rows = loads.len() as f64;
    let y = Axis::of_rows(rows);
    let frame = PlotFrame { left: LEFT, top: 34.0, width: PLOT, height: height * rows, right: 160.0, bottom: 44.0 };
    let panel = Plot::new(frame, &x, &y);
    panel.heading("Offered load");
    let index = series.index.to_string();
    panel.canvas.open(&[("data-c", &index)], &series.name);
    for (row, &load) in loads.iter().enumerate() {
        let middle = rows - row as f64 - 0.5;
        let baseline = |middle: f64| panel.pixel((0.0, y.place(middle))).1 + 4.5;
        panel.canvas.text((54.0, baseline(middle)), "tick", "end", &Unit::PerSecond.show(load));
        let drawn = series.at(load).map(|point| (point, bars(point, parts))).filter(|(_, bars)| !bars.is_empty());
        let Some((point, bars)) = drawn else {
            panel.canvas.text((WORDS, baseline(middle)), "value", "start", "-");
            continue;
        };
        let faint = if point.standing == Standing::Sound { "bar" } else { "bar faint" };
        panel.canvas.open(&[("class", faint)], standing_words(point.standing).unwrap_or(""));
        let count = bars.len() as f64;
        for (number, bar) in bars.iter().enumerate() {
            let middle = middle + ((count - 1.0) / 2.0 - number as f64) * (BAR + 2.0) / height;
            let half = BAR / 2.0 / height;
            draw_bar(&panel, bar, parts, load, (y.place(middle - half), y.place(middle + half)));
            let words = format!("{} {}", bar.of, Unit::Nanoseconds.show(bar.response_time_ns()));
            panel.canvas.text((WORDS, baseline(middle)), "value", "start", &words);
        }
        panel.canvas.close();
    }
    panel.canvas.close();
    panel.canvas.finish(&format!(
        "Stacked bars of the parts of response times by offered load for {}; {}. The numbers are in the table below.",
        series.name,
        scene.place()
    ))
}

fn draw_bar(panel: &Plot, bar: &Bar, parts: &[&TimePart], load: f64, (low, high): (f64, f64)) {
    let total = bar.response_time_ns().max(1.0);
    let mut from = 0.0;
    for (part, part_ns) in parts.iter().zip(&bar.parts_ns) {
        let Some(part_ns) = *part_ns else { continue };
        let to = (from + part_ns / total).min(1.0);
        let (x, y) = (load.to_string(), part_ns.to_string());
        let (took, share) = (Unit::Nanoseconds.show(part_ns), format::share(to - from));
        let title = format!("{}, {}: {took} ({share})", part.label, bar.of);
        let class = format!("q q{} pt", part.colour);
        panel.canvas.open(&[("class", &class), ("data-x", &x), ("data-y", &y)], &title);
        panel.surface(&[(from, low), (to, low), (to, high), (from, high)], Ink::Area);
        panel.canvas.close();
        from = to;
    }
}

/// Which part was largest for whom, at the highest load with a choice.
fn title(group: &Group<'_>, split: &[&Series<'_>], parts: &[&TimePart]) -> Title {
    let title = || {
        let load = group.telling_load(1)?;
        let times = split.iter().filter_map(|series| {
            let point = series.at(load).filter(|point| point.standing == Standing::Sound)?;
            let means = means(point, parts);
            // What is not known is not the largest.
            let known = means.iter().any(Option::is_some);
            known.then(|| PartTimes {
                name: DisplayedName::of(series.contender),
                leads: series.leads,
                means_ns: means.iter().map(|mean| mean.unwrap_or(0.0)).collect(),
            })
        });
        let labels: Vec<&str> = parts.iter().map(|part| part.label).collect();
        Some(largest_parts(&labels, &times.collect::<Vec<_>>())?.and(format!("at {}", Unit::PerSecond.show(load))))
    };
    title().unwrap_or_else(|| Title::of("Where the response time went"))
}

fn table(split: &[&Series<'_>], parts: &[&TimePart]) -> DataTable {
    let mut columns =
        vec!["server".to_owned(), "offered load".into(), "which replies".into(), "correct replies".into()];
    columns.extend(parts.iter().map(|part| part.label.to_owned()));
    columns.extend(["together".to_owned(), "state".into()]);
    let shown = |ns: Option<f64>| ns.map_or("-".to_owned(), |ns| Unit::Nanoseconds.show(ns));
    let row = |series: &Series<'_>, point: &Point<'_>, bar: Option<&Bar>| {
        let mut cells = vec![series.name.clone(), Unit::PerSecond.show(point.offered_load_rps)];
        cells.push(bar.map_or("-", |bar| bar.of).into());
        cells.push(bar.map_or("-".into(), |bar| format::count(bar.replies)));
        cells.extend((0..parts.len()).map(|number| shown(bar.and_then(|bar| bar.parts_ns[number]))));
        cells.push(shown(bar.map(Bar::response_time_ns)));
        cells.push(standing_words(point.standing).unwrap_or("kept up").into());
        DataRow { contender: series.index, cells }
    };
    let mut rows = Vec::new();
    for series in split {
        for point in &series.points {
            let bars = bars(point, parts);
            rows.extend(bars.iter().map(|bar| row(series, point, Some(bar))));
            rows.extend(bars.is_empty().then(|| row(series, point, None)));
        }
    }
    DataTable { columns, rows }
}

/// The parts of the response times of some correct replies.
pub(super) struct Bar {
    /// Which replies.
    pub(super) of: &'static str,
    /// How many they are.
    pub(super) replies: u64,
    /// Mean of each part in nanoseconds, absent where it is not known.
    pub(super) parts_ns: Vec<Option<f64>>,
}

impl Bar {
    pub(super) fn response_time_ns(&self) -> f64 {
        self.parts_ns.iter().flatten().sum()
    }
}

/// From the top down; none where no reply was split.
pub(super) fn bars(point: &Point<'_>, parts: &[&TimePart]) -> Vec<Bar> {
    if let Some(bands) = Bands::of_pool(&point.pool) {
        let bar = |of, band: &Band| Bar {
            of,
            replies: band.replies,
            parts_ns: parts.iter().map(|part| band.mean_ns(part)).collect(),
        };
        let slowest = bands.slowest.as_ref().map(|band| bar("slowest 1%", band));
        return [bar("median", &bands.median)].into_iter().chain(slowest).collect();
    }
    let parts_ns = means(point, parts);
    let replies = point.pool.sum(|cell| Some(cell.traffic.as_ref()?.ledger.ok)).unwrap_or(0);
    let any = parts_ns.iter().any(Option::is_some);
    any.then_some(Bar { of: "mean", replies, parts_ns }).into_iter().collect()
}

/// Over all correct replies.
pub(super) fn means(point: &Point<'_>, parts: &[&TimePart]) -> Vec<Option<f64>> {
    parts.iter().map(|part| part.mean_ns(&point.pool)).collect()
}
