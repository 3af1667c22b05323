//! Small multiples: what held connections cost, a panel per contender on one shared scale, with fitted slopes; and what
//! the server keeps of it once they are closed.
//!
//! The cost of a connection is the slope over all connection counts, never a total divided by a count. Must not know:
//! which parts there are.

use std::collections::{BTreeMap, BTreeSet};

use super::axes::Axis;
use super::backend::Ink;
use super::plot::{Plot, PlotFrame};
use super::{DataRow, DataTable, Figure, PanelPicture, Scene};
use crate::format::{self, Unit};
use crate::metrics::{Metric, metrics_of_stages, slope_of, total_of};
use crate::record::{Cell, Phase, Scale, Stage};
use crate::stats::Estimate;
use crate::study::{Group, HeldStage, Series};
use crate::verdict::Matrix;
use crate::words::{self, DisplayedName, MemoryHeld, Title, show_slope};

const WIDTH: f64 = 250.0;
const HEIGHT: f64 = 190.0;

pub(super) fn draw(scene: &Scene<'_>) -> Option<Figure> {
    let parts = metrics_of_stages(&scene.picture.metrics);
    let held: Vec<&Series<'_>> = scene.group.series.iter().filter(|s| s.phase(Phase::Idle).count() > 1).collect();
    if parts.is_empty() || held.is_empty() {
        return None;
    }
    let stacks: Vec<Stack> = held.iter().map(|series| Stack::of(series, &parts)).collect();
    let unit = parts[0].unit;
    let totals: Vec<f64> = stacks.iter().flat_map(|stack| &stack.levels).map(|level| level.total()).collect();
    let most = stacks.iter().flat_map(|stack| &stack.levels).map(|level| level.connections).fold(0.0, f64::max);
    let x = Axis { title: "connections held open".into(), ..Axis::over("", Unit::Count, Scale::Linear, &[most]) };
    let y = Axis::over("", unit, scene.picture.y_scale, &totals);
    let panels = held.iter().zip(&stacks).map(|(series, stack)| PanelPicture {
        heading: series.name.clone(),
        contender: Some(series.index),
        svg: panel(scene, series, stack, &parts, (&x, &y)),
        lines: lines(series, stack, &parts),
    });
    let axes = format!("Memory by connections held open and idle: {}", scene.place());
    Some(Figure {
        panels: panels.collect(),
        parts: parts.iter().enumerate().map(|(index, part)| (index, part.label.to_owned())).collect(),
        notes: notes(&held, &parts),
        table: table(&held, &parts),
        ..scene.titled(&title(scene.group, &held, &stacks, &parts), &axes)
    })
}

/// What one contender's idle connections cost.
struct Stack {
    levels: Vec<Level>,
    slopes: Vec<Option<Estimate>>,
    total: Option<Estimate>,
}

/// Means over blocks at one number of connections; a part that was not measured is absent.
struct Level {
    connections: f64,
    parts: Vec<Option<f64>>,
}

impl Level {
    fn total(&self) -> f64 {
        self.parts.iter().flatten().sum()
    }
}

impl Stack {
    fn of(series: &Series<'_>, parts: &[&Metric]) -> Stack {
        let mut held: Vec<&HeldStage<'_>> = series.phase(Phase::Idle).filter(|held| held.counts()).collect();
        if held.is_empty() {
            held = series.phase(Phase::Idle).collect();
        }
        let mut by_count = BTreeMap::<u64, Vec<&Stage>>::new();
        for held in &held {
            by_count.entry(held.stage.connections).or_default().push(held.stage);
        }
        let mean = |stages: &[&Stage], part: &Metric| {
            let values = stages.iter().map(|stage| part.of_stage(stage)).collect::<Option<Vec<u64>>>()?;
            Some(values.iter().map(|&value| value as f64).sum::<f64>() / values.len() as f64)
        };
        let levels = by_count.into_iter().map(|(connections, stages)| Level {
            connections: connections as f64,
            parts: parts.iter().map(|part| mean(&stages, part)).collect(),
        });
        let slopes = parts.iter().map(|part| slope_of(&held, |stage| part.of_stage(stage))).collect();
        let total = slope_of(&held, |stage| total_of(stage, parts));
        Stack { levels: levels.collect(), slopes, total }
    }
}

fn panel(scene: &Scene<'_>, series: &Series<'_>, stack: &Stack, parts: &[&Metric], (x, y): (&Axis, &Axis)) -> String {
    let frame = PlotFrame { left: 62.0, top: 34.0, width: WIDTH, height: HEIGHT, right: 24.0, bottom: 44.0 };
    let panel = Plot::new(frame, x, y);
    panel.heading("Memory of the server");
    let index = series.index.to_string();
    panel.canvas.open(&[("data-c", &index)], &series.name);
    let mut below = vec![0.0; stack.levels.len()];
    for (number, part) in parts.iter().enumerate() {
        let Some(values) = stack.levels.iter().map(|level| level.parts[number]).collect::<Option<Vec<f64>>>() else {
            continue;
        };
        let above: Vec<f64> = below.iter().zip(&values).map(|(below, value)| below + value).collect();
        let places = |heights: &[f64]| -> Vec<(f64, f64)> {
            let levels = stack.levels.iter().zip(heights);
            levels.map(|(level, height)| (x.place(level.connections), y.place(*height))).collect()
        };
        let slope = stack.slopes[number].map_or("no slope".into(), |slope| show_slope(&slope, part.unit));
        let title = format!("{}: {slope} per connection", part.label);
        panel.canvas.open(&[("class", &format!("q q{}", number % 4))], &title);
        let outline: Vec<_> = places(&above).into_iter().chain(places(&below).into_iter().rev()).collect();
        panel.surface(&outline, Ink::Area);
        panel.canvas.close();
        below = above;
    }
    for level in &stack.levels {
        let (connections, total) = (level.connections.to_string(), level.total().to_string());
        let title = format!("{} connections, {}", format::number(level.connections), y_unit(parts).show(level.total()));
        panel.canvas.open(&[("class", "pt"), ("data-x", &connections), ("data-y", &total)], &title);
        panel.dot((x.place(level.connections), y.place(level.total())));
        panel.canvas.close();
    }
    if let Some(last) = stack.levels.last() {
        let (at_x, at_y) = panel.pixel((x.place(last.connections), y.place(last.total())));
        let text = y_unit(parts).show(last.total());
        panel.canvas.text((at_x, at_y - 8.0), "value", "end", &text);
    }
    panel.canvas.close();
    panel.canvas.finish(&format!(
        "Stacked areas of memory over connections for {}; {}. The numbers are in the table below.",
        series.name,
        scene.place()
    ))
}

fn y_unit(parts: &[&Metric]) -> Unit {
    parts.first().map_or(Unit::Count, |part| part.unit)
}

fn lines(series: &Series<'_>, stack: &Stack, parts: &[&Metric]) -> Vec<String> {
    let mut lines = Vec::new();
    match &stack.total {
        Some(slope) => lines.push(format!("{} for one more idle connection", show_slope(slope, y_unit(parts)))),
        None => lines.push("no slope: too few connection counts".into()),
    }
    let each = parts.iter().zip(&stack.slopes).map(|(part, slope)| match slope {
        Some(slope) => format!("{} {}", part.label, part.unit.show(slope.value)),
        None => format!("{} not measured", part.label),
    });
    lines.push(each.collect::<Vec<_>>().join(" + "));
    if let Some((answered, held)) = series.answered_of_held().filter(|&(answered, held)| answered < held) {
        lines.push(format!(
            "Could serve only {} of {} held connections; the others got no answer.",
            format::count(answered),
            format::count(held)
        ));
    }
    lines.extend(MemoryKept::of(series, parts).map(|kept| kept.line(y_unit(parts))));
    if !series.phase(Phase::Idle).any(|held| held.counts()) {
        lines.push("Invalid: in no ranking.".into());
    }
    lines
}

/// Of contenders whose every connection was served: one that leaves some unanswered does not pay for them.
fn title(group: &Group<'_>, held: &[&Series<'_>], stacks: &[Stack], parts: &[&Metric]) -> Title {
    let counting = held.iter().zip(stacks).filter(|(series, _)| series.phase(Phase::Idle).any(|held| held.counts()));
    let serving = counting.filter(|(series, _)| series.serves_all());
    let helds = serving.filter_map(|(series, stack)| {
        let last = stack.levels.last()?;
        Some(MemoryHeld {
            index: series.index,
            name: DisplayedName::of(series.contender),
            leads: series.leads,
            connections: last.connections,
            total: last.total(),
            slope: stack.total?,
        })
    });
    let pairs = Matrix::of_connections(group, parts).map_or_else(Vec::new, |matrix| matrix.pairs);
    words::held(&helds.collect::<Vec<_>>(), &pairs, y_unit(parts))
}

fn notes(held: &[&Series<'_>], parts: &[&Metric]) -> Vec<String> {
    let mut notes = vec![
        "All panels share one scale. Idle means opened without a byte sent. The cost of a connection is the slope of a \
         line fitted through all counts, with its 95% interval."
            .to_owned(),
    ];
    let each = parts.iter().map(|part| {
        let sentence = part.how_to_read;
        format!("{}: {sentence}", format::capitalised(part.label))
    });
    notes.push(each.collect::<Vec<_>>().join(" "));
    notes.extend(kept_sentence(held, parts));
    notes
}

fn table(held: &[&Series<'_>], parts: &[&Metric]) -> DataTable {
    let columns = ["server", "repetition", "phase", "connections", "answered"].map(str::to_owned).into_iter();
    let columns = columns.chain(parts.iter().map(|part| part.label.to_owned()));
    let columns = columns.chain(["threads".to_owned(), "state".into()]).collect();
    let mut rows = Vec::new();
    for series in held {
        for HeldStage { cell, stage } in &series.stages {
            let phase = match stage.phase {
                Phase::Idle => "idle",
                Phase::AfterRequest => "after one request",
                Phase::Closed => "closed",
            };
            let mut cells = vec![series.name.clone(), (cell.block + 1).to_string(), phase.into()];
            cells.push(format::count(stage.connections));
            cells.push(stage.answered.map_or("-".into(), format::count));
            for part in parts {
                cells.push(part.of_stage(stage).map_or("-".into(), |value| part.unit.show(value as f64)));
            }
            cells.push(format::count(stage.sample.threads));
            let settled = if stage.settled { "at rest" } else { "not at rest" };
            cells.push(if crate::study::counts(cell) { settled } else { "invalid" }.into());
            rows.push(DataRow { contender: series.index, cells });
        }
    }
    DataTable { columns, rows }
}

/// Connections that took less than this took a few pages, of which a share says nothing.
const LEAST_TAKEN_BYTES: f64 = 131_072.0;

/// The memory of a server around the closing of its connections, in bytes: means over blocks.
pub(super) struct MemoryKept {
    connections: u64,
    held: f64,
    closed: f64,
    /// Of what the connections took, the share that is still there; absent where they took too little.
    share: Option<f64>,
}

impl MemoryKept {
    /// Of the cells that count, or of all where none does; absent where nothing was closed.
    pub(super) fn of(series: &Series<'_>, parts: &[&Metric]) -> Option<MemoryKept> {
        let counting = series.stages.iter().any(|held| held.counts());
        let cells = series.stages.iter().filter(|held| held.counts() == counting).map(|held| held.cell);
        let mut seen = BTreeSet::new();
        let cells: Vec<&Cell> = cells.filter(|cell| seen.insert(&cell.id)).collect();
        let mean = |find: fn(&Cell) -> Option<&Stage>| {
            let totals = cells.iter().map(|cell| total_of(find(cell)?, parts));
            let totals = totals.collect::<Option<Vec<u64>>>().filter(|totals| !totals.is_empty())?;
            Some(totals.iter().map(|&total| total as f64).sum::<f64>() / totals.len() as f64)
        };
        let (before, held, closed) = (mean(before)?, mean(held)?, mean(closed)?);
        let taken = held - before;
        Some(MemoryKept {
            connections: cells.iter().filter_map(|cell| self::held(cell)).map(|stage| stage.connections).max()?,
            held,
            closed,
            share: (taken >= LEAST_TAKEN_BYTES).then(|| ((closed - before) / taken).max(0.0)),
        })
    }

    /// For under a panel.
    pub(super) fn line(&self, unit: Unit) -> String {
        let (held, closed) = (unit.show(self.held), unit.show(self.closed));
        let connections = format::counted(self.connections, "connection");
        let stays = self.share.map_or(String::new(), |share| format!(" ({} of what they took)", format::share(share)));
        format!("{held} with {connections} that asked once; {closed} after all were closed{stays}")
    }
}

/// The server with no connection yet.
fn before(cell: &Cell) -> Option<&Stage> {
    cell.stages.iter().find(|stage| stage.phase == Phase::Idle && stage.connections == 0)
}

/// With all of them, each having asked once.
fn held(cell: &Cell) -> Option<&Stage> {
    cell.stages.iter().rfind(|stage| stage.phase == Phase::AfterRequest)
}

fn closed(cell: &Cell) -> Option<&Stage> {
    cell.stages.iter().rfind(|stage| stage.phase == Phase::Closed)
}

/// Who gives memory back, in a sentence; absent where no share is known.
pub(super) fn kept_sentence(held: &[&Series<'_>], parts: &[&Metric]) -> Option<String> {
    let share = |series: &&Series<'_>| Some((MemoryKept::of(series, parts)?.share?, series.name.clone()));
    let mut shares: Vec<(f64, String)> = held.iter().filter_map(share).collect();
    shares.sort_by(|a, b| a.0.total_cmp(&b.0));
    let each = format::listed(shares.iter().map(|(share, label)| format!("{} for {label}", format::share(*share))))?;
    Some(format!(
        "Of the memory that the connections took, this much was still there when all were closed and the server at \
         rest: {each}. It is what the allocator keeps for later, and what threads and their stacks leave behind."
    ))
}
