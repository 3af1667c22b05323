//! Values of one metric from run to run, a line per contender.
//!
//! Runs stand in their order and not at their times, since weeks without a run would leave no room for the rest. Must
//! not know: sites, records. Beside it: `plot.rs`, `curve.rs`.

use super::axes::Axis;
use super::axes::width;
use super::backend::Ink;
use super::plot::{EndLabel, MarkerStyle, Plot, PlotFrame, Position};
use crate::format::{self, Unit};
use crate::record::Scale;

const WIDTH: f64 = 420.0;
const HEIGHT: f64 = 200.0;

/// One metric over runs.
#[derive(Debug)]
pub(crate) struct Trend<'a> {
    /// Over the drawing.
    pub(crate) heading: &'a str,
    /// What the values count.
    pub(crate) unit: Unit,
    /// What each run is called under the axis, the oldest first.
    pub(crate) runs: &'a [String],
    /// The contenders.
    pub(crate) lines: &'a [TrendLine],
    /// What changed from one run to the next that is none of the contenders.
    pub(crate) changes: &'a [TrendChange],
}

/// A mark between two runs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct TrendChange {
    /// The place of the run that is the first with the change, counted from 0.
    pub(crate) before_run: usize,
    /// What changed.
    pub(crate) text: String,
}

/// One contender.
#[derive(Debug)]
pub(crate) struct TrendLine {
    pub(crate) index: usize,
    pub(crate) colour: usize,
    pub(crate) label: String,
    /// A value per run; absent where the run has none.
    pub(crate) values: Vec<Option<TrendValue>>,
}

/// One value with its interval.
#[derive(Debug, Clone, Copy)]
pub(crate) struct TrendValue {
    pub(crate) value: f64,
    pub(crate) lo: Option<f64>,
    pub(crate) hi: Option<f64>,
}

/// Draws the trend. A run without a value breaks the line: what was not measured is not drawn through.
pub(crate) fn draw(trend: &Trend<'_>) -> String {
    let x = runs_axis(trend.runs);
    let values = trend.lines.iter().flat_map(|line| line.values.iter().flatten());
    let values: Vec<f64> = values.flat_map(|v| [Some(v.value), v.lo, v.hi]).flatten().collect();
    // Bytes have their zero, which two kinds of server may well be near; times differ by orders of magnitude.
    let scale = if trend.unit == Unit::Bytes { Scale::Linear } else { Scale::Log };
    let y = Axis::over("", trend.unit, scale, &values);
    let left = y.ticks.iter().map(|(_, text)| width(text)).fold(40.0, f64::max) + 14.0;
    let right = PlotFrame::room_for(trend.lines.iter().map(|line| line.label.as_str()));
    let panel = Plot::new(PlotFrame { left, top: 30.0, width: WIDTH, height: HEIGHT, right, bottom: 46.0 }, &x, &y);
    panel.heading(trend.heading);
    for change in trend.changes {
        let place = x.place(change.before_run as f64 + 0.5);
        panel.canvas.open(&[("class", "change")], &change.text);
        panel.line(&[(place, 0.0), (place, 1.0)], Ink::Leader);
        panel.canvas.close();
    }
    let ends: Vec<EndLabel<'_>> =
        trend.lines.iter().filter_map(|line| draw_line(&panel, trend, line, (&x, &y))).collect();
    panel.end_labels(&ends, 1.0);
    panel.canvas.finish(&aria_label(trend))
}

/// Runs at equal distances, with room at both ends.
fn runs_axis(runs: &[String]) -> Axis {
    let ticks = runs.iter().enumerate().map(|(place, name)| (place as f64 + 1.0, name.clone()));
    Axis { to: runs.len() as f64 + 0.5, from: 0.5, ..Axis::at("run", Scale::Linear, ticks.collect()) }
}

fn draw_line<'a>(panel: &Plot, trend: &Trend<'_>, line: &'a TrendLine, (x, y): (&Axis, &Axis)) -> Option<EndLabel<'a>> {
    panel.canvas.open_of(line.index, &format!("k k{}", line.colour), &line.label);
    let place = |run: usize, value: f64| -> Position { (x.place(run as f64 + 1.0), y.place(value)) };
    let placed: Vec<Option<Position>> =
        line.values.iter().enumerate().map(|(run, value)| Some(place(run, (*value)?.value))).collect();
    for stretch in placed.split(Option::is_none) {
        panel.line(&stretch.iter().flatten().copied().collect::<Vec<_>>(), Ink::Line);
    }
    for (run, value) in line.values.iter().enumerate() {
        let Some(value) = value else { continue };
        let shown = trend.unit.show(value.value);
        panel.canvas.open(&[("class", "pt")], &format!("{}, {}: {shown}", line.label, trend.runs[run]));
        if let (Some(lo), Some(hi)) = (value.lo, value.hi) {
            panel.line(&[place(run, lo), place(run, hi)], Ink::Whisker);
        }
        panel.marker(line.colour, place(run, value.value), MarkerStyle::Full);
        panel.canvas.close();
    }
    panel.canvas.close();
    let at = placed.iter().rev().find_map(|place| *place)?;
    Some(EndLabel { series: line.index, colour: line.colour, text: &line.label, at })
}

fn aria_label(trend: &Trend<'_>) -> String {
    let runs = format::counted(trend.runs.len() as u64, "run");
    format!(
        "Line chart of {} over {runs} for {}{}. The numbers are in the table below.",
        trend.heading,
        format::list(trend.lines.iter().map(|line| &line.label)),
        if trend.changes.is_empty() { "" } else { ", with a mark where what they ran on changed" }
    )
}
