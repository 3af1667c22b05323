//! Why a row of a scorecard is so, in one picture of the two protagonists.
//!
//! Bars of what a connection is made of, of what a request costs and of where its time went are drawn here, a panel each
//! with a scale of its own; lanes and probes as everywhere else. Must not know: how a mechanism is found. Beside it:
//! `../mechanism.rs` (the facts), `../words/card/why.rs` (what is said of them), `lanes.rs`, `probe.rs`.

use super::axes::{Axis, shortened, width};
use super::backend::Ink;
use super::plot::{Plot, PlotFrame};
use super::{DataRow, DataTable, Figure, PanelPicture, Scene, lanes, probe};
use crate::format::{Unit, capitalised, counted};
use crate::mechanism::{ConnectionParts, Mechanism, RepliesApart, ServingCost, TimeOfEither};
use crate::metrics::{Metric, metric};
use crate::placement::server_cpus;
use crate::record::store::Run;
use crate::record::{PictureKind, Scale, Timeline};
use crate::scorecard::{Scorecard, ScorecardRow};
use crate::study::{Group, Series, Trial};
use crate::words::scorecard::value;
use crate::words::why;

const ROW: f64 = 40.0;
const BAR: f64 = 24.0;
const PLOT: f64 = 220.0;
/// To the right of a bar, for its number.
const VALUE: f64 = 96.0;
const LONGEST_NAME: usize = 26;

/// One bar: whose, what it is made of, and what stands at its end.
struct SideBar {
    side: usize,
    segments: Vec<Segment>,
    text: String,
}

/// A part of a bar.
struct Segment {
    /// Number of its colour among parts; absent where the bar has no parts and takes its contender's.
    colour: Option<usize>,
    label: String,
    value: f64,
}

/// What is drawn in a panel.
struct BarPanel {
    heading: String,
    unit: Unit,
    bars: Vec<SideBar>,
}

/// The picture of what explains a row, with its title; absent where there is nothing to draw. Its anchor is the row's.
pub(crate) fn figure(run: &Run, card: &Scorecard, row: &ScorecardRow, mechanism: &Mechanism<'_, '_>) -> Option<Figure> {
    let names = [0, 1].map(|side| why::name(row, card.shorts(), side));
    let place = server_cpus(run);
    let bars = |subtitle: String, panels: Vec<BarPanel>, parts: Vec<(usize, String)>| Figure {
        id: String::new(),
        experiment: row.experiment.clone(),
        kind: PictureKind::Bars,
        title: String::new(),
        subtitle: format!("{subtitle}: {place}"),
        table: table(row, &names, &panels),
        panels: panels.iter().map(|it| PanelPicture::unnamed(panel(it, card, row, &names))).collect(),
        parts,
        notes: Vec::new(),
    };
    let figure = match mechanism {
        Mechanism::Connection { parts, sides } => {
            let named = parts.iter().enumerate().map(|(colour, part)| (colour, part.label.to_owned()));
            bars(
                "Memory of one more idle connection, by part".into(),
                vec![connection(parts, sides, row)],
                named.collect(),
            )
        }
        Mechanism::Request(costs) => bars("What a request costs the server".into(), requests(costs), Vec::new()),
        Mechanism::Time(time) => {
            let named = time.parts.iter().map(|part| (part.colour, part.label.to_owned()));
            bars(replies(time.of).into(), vec![times(time, row)], named.collect())
        }
        Mechanism::Lanes { timelines, .. } => of_lanes(run, card, *timelines)?,
        Mechanism::Course { group, sides } => {
            let mut course = course(run, card, group, sides)?;
            // What is said beside it says it shorter.
            course.panels.iter_mut().for_each(|panel| panel.lines.clear());
            let subtitle =
                format!("A dot is a request of another client: when it was due, and how long it took; {place}");
            headed(Figure { subtitle, ..course }, &names)
        }
    };
    Some(Figure { id: anchor(row), title: why::title(mechanism, row, card.shorts()), ..figure })
}

/// The traced windows of both, without an anchor and a title.
pub(crate) fn of_lanes(run: &Run, card: &Scorecard, timelines: [&Timeline; 2]) -> Option<Figure> {
    let mut drawn = lanes::drawn(run, &timelines)?;
    drawn.panels.iter_mut().for_each(|panel| panel.lines.truncate(1));
    let clients = counted(u64::from(timelines[0].connections), "client");
    let place = capitalised(&server_cpus(run));
    let subtitle = format!("A lane is a thread, a colour one of {clients}. Solid: it runs. Light: it waits. {place}");
    Some(headed(Figure { subtitle, ..drawn }, &card.shorts().map(str::to_owned)))
}

/// The anchor of what explains a row.
pub(crate) fn anchor(row: &ScorecardRow) -> String {
    format!("why-{}", row.topic.key())
}

/// The panels under the names of the protagonists.
fn headed(mut figure: Figure, names: &[String; 2]) -> Figure {
    for (panel, name) in figure.panels.iter_mut().zip(names) {
        panel.heading = capitalised(name);
    }
    figure
}

/// In the colours of the protagonists, whoever stood in for them.
fn course<'g>(
    run: &'g Run,
    card: &Scorecard,
    group: &'g Group<'g>,
    sides: &[(&'g Series<'g>, &'g Trial<'g>); 2],
) -> Option<Figure> {
    let pictures = &group.experiment.pictures;
    let is_of_it = |key: &Option<String>| key.as_ref().is_none_or(|key| *key == group.workload.key);
    let picture = pictures.iter().find(|it| it.kind == PictureKind::ProbeOverTime && is_of_it(&it.workload))?;
    let scene = Scene { run, picture, group, groups: std::slice::from_ref(group), id: String::new() };
    let of = |side: usize| (sides[side].0, sides[side].1, card.protagonists[side].colour);
    probe::draw_trials(&scene, &[of(0), of(1)])
}

fn connection(parts: &[&Metric], sides: &[ConnectionParts; 2], row: &ScorecardRow) -> BarPanel {
    let bar = |side: usize| {
        let known = parts.iter().zip(&sides[side].bytes).enumerate();
        let segments = known.filter_map(|(colour, (part, bytes))| {
            Some(Segment { colour: Some(colour), label: part.label.into(), value: bytes.filter(|bytes| *bytes > 0.0)? })
        });
        as_in_the_row(stacked(side, segments.collect(), Unit::Bytes), row)
    };
    BarPanel { heading: "Memory of a connection".into(), unit: Unit::Bytes, bars: vec![bar(0), bar(1)] }
}

fn times(time: &TimeOfEither, row: &ScorecardRow) -> BarPanel {
    let bar = |side: usize| {
        let known = time.parts.iter().zip(&time.sides[side]);
        let segments = known.filter_map(|(part, ns)| {
            Some(Segment { colour: Some(part.colour), label: part.label.into(), value: ns.filter(|ns| *ns > 0.0)? })
        });
        let bar = stacked(side, segments.collect(), Unit::Nanoseconds);
        if time.of == RepliesApart::Median { as_in_the_row(bar, row) } else { bar }
    };
    BarPanel { heading: "Response time".into(), unit: Unit::Nanoseconds, bars: vec![bar(0), bar(1)] }
}

fn stacked(side: usize, segments: Vec<Segment>, unit: Unit) -> SideBar {
    let text = unit.show(segments.iter().map(|segment| segment.value).sum());
    SideBar { side, segments, text }
}

/// The row's value is over blocks, and may differ in its last digit from what all of them together give.
fn as_in_the_row(bar: SideBar, row: &ScorecardRow) -> SideBar {
    SideBar { text: value(row.values[bar.side], row.unit), ..bar }
}

/// A panel for each thing that is known of both.
fn requests(costs: &[ServingCost; 2]) -> Vec<BarPanel> {
    let panel = |name: &str, of: fn(&ServingCost) -> Option<f64>| {
        let metric = metric(name)?;
        let bar = |side: usize| {
            let value = of(&costs[side])?;
            let segment = Segment { colour: None, label: metric.label.into(), value };
            let text = if metric.unit == Unit::Count { why::few_digits(value) } else { metric.unit.show(value) };
            Some(SideBar { side, segments: vec![segment], text })
        };
        let bars = vec![bar(0)?, bar(1)?];
        Some(BarPanel { heading: capitalised(metric.label), unit: metric.unit, bars })
    };
    let panels = [panel("cpu_per_request", |cost| cost.cpu_ns), panel("switches_per_request", |cost| cost.switches)];
    panels.into_iter().flatten().collect()
}

fn replies(of: RepliesApart) -> &'static str {
    match of {
        RepliesApart::All => "Where the response time went, on average",
        RepliesApart::Median => "Where the time of the median reply went",
        RepliesApart::Slowest => "Where the time of the slowest 1% went",
    }
}

fn panel(it: &BarPanel, card: &Scorecard, row: &ScorecardRow, names: &[String; 2]) -> String {
    let totals: Vec<f64> = it.bars.iter().map(|bar| bar.segments.iter().map(|part| part.value).sum()).collect();
    let x = Axis::over("", it.unit, Scale::Linear, &totals);
    let count = it.bars.len() as f64;
    let y = Axis::of_rows(count);
    let left = names.iter().map(|name| width(&shortened(name, LONGEST_NAME))).fold(0.0, f64::max) + 16.0;
    let frame = PlotFrame { left, top: 26.0, width: PLOT, height: ROW * count, right: VALUE, bottom: 30.0 };
    let panel = Plot::new(frame, &x, &y);
    panel.heading(&it.heading);
    for (place, bar) in it.bars.iter().enumerate() {
        let (middle, half) = (y.place(count - place as f64 - 0.5), BAR / 2.0 / (ROW * count));
        let name = shortened(&names[bar.side], LONGEST_NAME);
        let class = format!("k k{}", card.protagonists[bar.side].colour);
        panel.canvas.open_of(row.source.players[bar.side], &class, "");
        draw_bar(&panel, bar, &name, (&x, it.unit), (middle, half));
        panel.canvas.close();
    }
    let said: Vec<String> = it.bars.iter().map(|bar| format!("{}: {}", names[bar.side], bar.text)).collect();
    panel.canvas.finish(&format!("Bars of {}. {}. The numbers are in the table below.", it.heading, said.join("; ")))
}

fn draw_bar(panel: &Plot, bar: &SideBar, name: &str, (x, unit): (&Axis, Unit), (middle, half): (f64, f64)) {
    let (start, baseline) = panel.pixel((0.0, middle));
    panel.canvas.text((start - 8.0, baseline + 4.5), "label", "end", name);
    let mut from = 0.0;
    for segment in &bar.segments {
        let to = from + segment.value;
        let class = segment.colour.map_or("pt".to_owned(), |colour| format!("q q{colour} pt"));
        panel.canvas.open(&[("class", &class)], &format!("{}: {}", segment.label, unit.show(segment.value)));
        let [low, high] = [from, to].map(|value| x.place(value));
        let corners = [(low, middle - half), (high, middle - half), (high, middle + half), (low, middle + half)];
        panel.surface(&corners, Ink::Area);
        panel.canvas.close();
        from = to;
    }
    let end = panel.pixel((x.place(from), middle)).0;
    panel.canvas.text((end + 8.0, baseline + 4.5), "value", "start", &bar.text);
}

fn table(row: &ScorecardRow, names: &[String; 2], panels: &[BarPanel]) -> DataTable {
    let mut labels: Vec<(&str, Unit)> = Vec::new();
    for panel in panels {
        for segment in panel.bars.iter().flat_map(|bar| &bar.segments) {
            if !labels.iter().any(|(label, _)| *label == segment.label) {
                labels.push((&segment.label, panel.unit));
            }
        }
    }
    let value = |side: usize, label: &str| {
        let bars = panels.iter().flat_map(|panel| &panel.bars).filter(|bar| bar.side == side);
        let mut segments = bars.flat_map(|bar| &bar.segments).filter(|segment| segment.label == label);
        segments.next().map(|segment| segment.value)
    };
    let row_of = |side: usize| {
        let values =
            labels.iter().map(|(label, unit)| value(side, label).map_or("-".to_owned(), |value| unit.show(value)));
        DataRow {
            contender: row.source.players[side],
            cells: [names[side].clone()].into_iter().chain(values).collect(),
        }
    };
    let columns = ["server".to_owned()].into_iter().chain(labels.iter().map(|(label, _)| (*label).to_owned()));
    DataTable { columns: columns.collect(), rows: [0, 1].map(row_of).into() }
}
