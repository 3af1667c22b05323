//! Small multiples: every request of a probe over time, a panel per trial on one shared pair of scales.
//!
//! What was answered is a dot, so a probe that is served is a flat band; what was not stands in a lane over the axis,
//! so one that is not is a wall. Must not know: metrics, other blocks than the one that is shown. Beside it: `plot.rs`,
//! `../words/probe.rs` for the words.

use std::collections::{BTreeSet, HashSet};

use super::axes::Axis;
use super::axes::{CHARACTER, shortened, width};
use super::backend::Ink;
use super::plot::{Plot, PlotFrame};
use super::sweep::trial_table;
use super::{DataTable, Figure, PanelPicture, Scene};
use crate::format::{self, Unit};
use crate::record::{Cell, DisturbanceRecord, Fate, RequestEvent};
use crate::study::{Series, Standing, Trial};
use crate::words::{probe, served};

const LEFT: f64 = 110.0;
const WIDTH: f64 = 240.0;
const HEIGHT: f64 = 130.0;
const LANE: f64 = 15.0;
/// The y axis is named in the first row, what was done in the second.
const ROWS: f64 = 36.0;
const LONGEST_DEATH: usize = 34;

/// What is drawn in one panel.
struct ProbePanel<'g, 'a> {
    series: &'g Series<'a>,
    trial: &'g Trial<'a>,
    colour: usize,
    cell: &'g Cell,
    disturbance: &'g DisturbanceRecord,
    events: &'g [RequestEvent],
}

/// What all panels share.
struct Scales {
    x: Axis,
    y: Axis,
    lanes: Vec<Fate>,
}

pub(super) fn draw(scene: &Scene<'_>) -> Option<Figure> {
    let trials: Vec<_> = scene.group.trials().map(|(series, trial)| (series, trial, series.colour)).collect();
    let drawn = draw_trials(scene, &trials)?;
    let title = served(scene.group)?;
    let subtitle = title.subtitle(&format!("Every request of the other clients over time: {}", scene.place()));
    Some(Figure { title: title.said, subtitle, ..drawn })
}

/// As [`draw`], of these trials only, each with the number of its colour, and without a title.
pub(super) fn draw_trials<'g>(scene: &Scene<'g>, trials: &[(&'g Series<'g>, &'g Trial<'g>, usize)]) -> Option<Figure> {
    let shown = trials.iter().filter_map(|(series, trial, colour)| shown(series, trial, *colour));
    let shown: Vec<ProbePanel<'_, '_>> = shown.collect();
    let first = shown.first()?;
    let scales = Scales::over(scene, &shown);
    let panels = shown.iter().map(|one| PanelPicture {
        heading: scene.group.name_of(one.series, one.trial),
        contender: Some(one.series.index),
        svg: panel(scene, one, &scales),
        lines: lines(one),
    });
    Some(Figure {
        panels: panels.collect(),
        notes: notes(&shown),
        table: table(scene),
        subtitle: format!("Every request of the other clients, beside {}: {}", first.disturbance.name, scene.place()),
        ..scene.empty()
    })
}

fn shown<'g, 'a>(series: &'g Series<'a>, trial: &'g Trial<'a>, colour: usize) -> Option<ProbePanel<'g, 'a>> {
    let cell = trial.shown()?;
    let events = cell.traffic.as_ref().map(|traffic| traffic.events.as_slice()).unwrap_or_default();
    let disturbance = cell.disturbance.as_ref()?;
    (!events.is_empty()).then_some(ProbePanel { series, trial, colour, cell, disturbance, events })
}

impl Scales {
    fn over(scene: &Scene<'_>, shown: &[ProbePanel<'_, '_>]) -> Scales {
        let events = || shown.iter().flat_map(|one| one.events);
        let planned = shown.iter().map(|one| one.cell.load.end_ns());
        let end = planned.chain(events().map(|event| event.at_ns)).max().unwrap_or(1).max(1) as f64;
        let took: Vec<f64> = events().filter(|e| e.fate == Fate::Ok).map(|event| event.took_ns as f64).collect();
        let lanes: BTreeSet<Fate> = events().map(|event| event.fate).filter(|fate| *fate != Fate::Ok).collect();
        Scales {
            x: Axis::of_time("time since the start of the load", end),
            y: Axis::over("", Unit::Nanoseconds, scene.picture.y_scale, &took),
            lanes: lanes.into_iter().collect(),
        }
    }

    /// Room for the lanes over the plotting area, in pixels.
    fn over_the_axis(&self) -> f64 {
        if self.lanes.is_empty() { 6.0 } else { self.lanes.len() as f64 * LANE + 14.0 }
    }

    /// Height of a fate's lane: the first is topmost.
    fn lane(&self, fate: Fate) -> f64 {
        let place = self.lanes.iter().position(|other| *other == fate).unwrap_or(0) as f64;
        1.0 + (self.over_the_axis() - LANE * (place + 0.6)) / HEIGHT
    }
}

/// The mark of a fate, as path data from its middle: one is told from the other without colour.
fn glyph(fate: Fate) -> &'static str {
    match fate {
        Fate::Ok => "h0",
        Fate::Error => "m0-3.5l3.5 6h-7z",
        Fate::Timeout => "m-2.5-2.5l5 5m0-5l-5 5",
        Fate::NeverAnswered => "m-2.5-2.5h5v5h-5z",
        Fate::Malformed => "m-3 0l3-3l3 3l-3 3z",
        Fate::Refused => "m0-4v8",
        Fate::Reset => "m-3 0h6m-3-3v6",
        Fate::Dropped => "m-2 0h4",
        Fate::InFlight => "m-2-3l4 3l-4 3",
    }
}

fn panel(scene: &Scene<'_>, one: &ProbePanel<'_, '_>, scales: &Scales) -> String {
    let over = scales.over_the_axis();
    let frame = PlotFrame { left: LEFT, top: ROWS + over, width: WIDTH, height: HEIGHT, right: 22.0, bottom: 44.0 };
    let panel = Plot::new(frame, &scales.x, &scales.y);
    panel.heading("Response time");
    draw_disturbance(&panel, one.disturbance, scales);
    for fate in &scales.lanes {
        let (x, y) = panel.pixel((0.0, scales.lane(*fate)));
        panel.canvas.text((x - 8.0, y + 4.0), "tick", "end", fate.words());
    }
    let faint = if one.trial.standing == Standing::Invalid { " faint" } else { "" };
    panel.canvas.open_of(one.series.index, &format!("k k{}{faint}", one.colour), &one.series.name);
    draw_fate(&panel, one.events, Fate::Ok, scales, "pin");
    panel.canvas.close();
    panel.canvas.open(&[("class", &format!("warn{faint}"))], "");
    for fate in &scales.lanes {
        draw_fate(&panel, one.events, *fate, scales, "strike");
    }
    draw_death(&panel, one.cell, scales);
    panel.canvas.close();
    panel.canvas.finish(&format!(
        "Dots over time: the response time of every request of the other clients with {}; {}. The server {}. The numbers are in the table below.",
        one.series.name,
        scene.place(),
        probe::answered(&one.trial.pool)
    ))
}

/// The requests of one fate, each on its pixel, those on the same pixel once.
fn draw_fate(panel: &Plot, events: &[RequestEvent], fate: Fate, scales: &Scales, class: &str) {
    let of_fate = events.iter().filter(|event| event.fate == fate);
    let mut taken = HashSet::new();
    let points = of_fate.map(|event| {
        let height = if fate == Fate::Ok { scales.y.place(event.took_ns as f64) } else { scales.lane(fate) };
        let (x, y) = panel.pixel((scales.x.place(event.at_ns as f64), height));
        (x.round(), y.round())
    });
    let points: Vec<(f64, f64)> = points.filter(|(x, y)| taken.insert((*x as i64, *y as i64))).collect();
    if points.is_empty() {
        return;
    }
    let title = format!("{}: {}", fate.words(), format::count(events.iter().filter(|e| e.fate == fate).count() as u64));
    panel.canvas.open(&[("class", "pt")], &title);
    panel.canvas.glyphs(&points, glyph(fate), class);
    panel.canvas.close();
}

/// A shade behind the time in which something was done, named above.
fn draw_disturbance(panel: &Plot, disturbance: &DisturbanceRecord, scales: &Scales) {
    let [from, until] = [disturbance.from_ns, disturbance.until_ns].map(|ns| scales.x.place(ns as f64));
    let top = 1.0 + scales.over_the_axis() / HEIGHT;
    panel.surface(&[(from, 0.0), (until, 0.0), (until, top), (from, top)], Ink::Band);
    let most = disturbance.course.iter().map(|progress| progress.held).max().filter(|&most| most > 0);
    let held = most.map_or(String::new(), |most| format!(", up to {}", format::count(most)));
    let text = shortened(&format!("{}{held}", disturbance.name), 44);
    let (left, right) = (panel.pixel((from, top)).0, panel.pixel((1.0, top)).0);
    let y = ROWS - 5.0;
    if left + width(&text) <= right {
        panel.canvas.text((left, y), "tick", "start", &text);
    } else {
        panel.canvas.text((right, y), "tick", "end", &text);
    }
}

fn draw_death(panel: &Plot, cell: &Cell, scales: &Scales) {
    let Some(died_at_ns) = cell.server.died_at_ns else { return };
    let at = scales.x.place(died_at_ns as f64);
    panel.line(&[(at, 0.0), (at, 1.0 + scales.over_the_axis() / HEIGHT)], Ink::Line);
    // Half a sentence says less than that it died; the words under the panel have all of it.
    let how = probe::death(cell).filter(|how| how.chars().count() <= LONGEST_DEATH);
    let text = how.unwrap_or_else(|| "the server died".into());
    let (x, y) = panel.pixel((at, 0.5));
    let room = panel.pixel((1.0, 0.0)).0 - x - 6.0;
    // Where it has room on neither side, it ends at the frame.
    let written = text.chars().count() as f64 * CHARACTER * 0.92;
    if written <= room {
        panel.canvas.text((x + 6.0, y), "value", "start", &text);
    } else if written <= x - LEFT - 6.0 {
        panel.canvas.text((x - 6.0, y), "value", "end", &text);
    } else {
        panel.canvas.text((x + room + 6.0, y), "value", "end", &text);
    }
}

/// What to see in a panel, in words.
fn lines(one: &ProbePanel<'_, '_>) -> Vec<String> {
    if one.trial.standing == Standing::Invalid {
        return vec!["Invalid: in no ranking and in no sentence.".into()];
    }
    let mut lines: Vec<String> =
        probe::service(&one.trial.pool).iter().map(|sentence| format::capitalised(sentence)).collect();
    if let Some(how) = probe::death(one.cell) {
        let said = probe::last_words(one.cell).map_or(String::new(), |said| format!(" {said}"));
        lines.push(format!("The server {how}.{said}"));
    }
    lines
}

fn notes(shown: &[ProbePanel<'_, '_>]) -> Vec<String> {
    let blocks = shown.iter().map(|one| one.trial.blocks.len()).max().unwrap_or(1);
    let mut notes = vec![
        "A dot is a request that was answered: across, when it was due; up, how long it took. A request without a correct \
         reply stands over the axis, in the row that says how it ended. Marks on the same pixel are drawn once. An answer \
         is slow if it took more than ten times the median when undisturbed. All panels share their scales; the \
         shade is the time in which the server was disturbed."
            .to_owned(),
    ];
    if blocks > 1 {
        notes.push(format!(
            "Shown is the first valid of {blocks} measurements; the words and the table hold all of them."
        ));
    }
    notes
}

fn table(scene: &Scene<'_>) -> DataTable {
    let names = [
        "probe_success",
        "probe_p50",
        "probe_p99",
        "probe_slow",
        "probe_longest_wait",
        "undisturbed_p50",
        "undisturbed_p99",
        "held_at_first_failure",
        "probe_recovery",
        "peak_threads",
    ];
    trial_table(scene, &names.map(str::to_owned))
}
