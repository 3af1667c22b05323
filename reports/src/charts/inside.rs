//! The server from inside: small multiples over the measurement window, a panel per contender and a strip per track.
//!
//! A strip's scale is the same in all panels, so that servers can be held against each other. Must not know: what there
//! is to tell of a server (`study/inside.rs`). Beside it: `plot.rs`.

use super::axes::Axis;
use super::backend::Ink;
use super::plot::{MarkerStyle, Plot, PlotFrame};
use super::{DataRow, DataTable, Figure, PanelPicture};
use crate::format::{self, Unit};
use crate::placement::server_cpus_of;
use crate::record::store::Run;
use crate::record::{PictureKind, UnstableAnswer};
use crate::study::{Group, InsideOf, Series, Standing, TRACKS, Track, below_ns};
use crate::words::Title;

const LEFT: f64 = 152.0;
const WIDTH: f64 = 200.0;
/// Height of a strip, and the part of it that its line may take.
const STRIP: f64 = 40.0;
const LINE: f64 = 0.78;

/// One contender where it is shown.
struct InsidePanel<'g, 'a> {
    series: &'g Series<'a>,
    heading: String,
    seen: InsideOf<'g>,
    standing: Standing,
}

/// A strip of all panels: what it shows and the top of its scale.
struct Strip {
    track: &'static Track,
    top: f64,
}

/// A figure for each workload where servers were looked at.
pub(super) fn figures(run: &Run, groups: &[Group<'_>]) -> Vec<Figure> {
    groups.iter().filter_map(|group| figure(run, group)).collect()
}

fn figure(run: &Run, group: &Group<'_>) -> Option<Figure> {
    let load = group.busy_load(1).or(group.loads().last().copied());
    let shown: Vec<InsidePanel<'_, '_>> = match load {
        Some(load) => group.series.iter().filter_map(|series| at_load(series, load)).collect(),
        None => group.series.iter().filter_map(|series| last_trial(group, series)).collect(),
    };
    let strips = strips(&shown);
    if strips.is_empty() {
        return None;
    }
    let panels = shown.iter().map(|one| PanelPicture {
        heading: one.heading.clone(),
        contender: Some(one.series.index),
        svg: panel(one, &strips),
        lines: lines(one),
    });
    let rate = load.map_or(String::new(), |load| format!("at {}", Unit::PerSecond.show(load)));
    let title = Title::of("What went on inside the servers").and(rate);
    Some(Figure {
        id: format!("inside-{}-{}", group.experiment.name, group.workload.key),
        experiment: group.experiment.name.clone(),
        kind: PictureKind::Inside,
        subtitle: title.subtitle(&format!("Over the window: {}, {}", group.workload.label, server_cpus_of(run, group))),
        title: title.said,
        panels: panels.collect(),
        parts: Vec::new(),
        notes: notes(group, &shown, &strips),
        table: table(&shown),
    })
}

/// The first block that counts, or the first of all.
fn at_load<'g, 'a>(series: &'g Series<'a>, load: f64) -> Option<InsidePanel<'g, 'a>> {
    let point = series.at(load)?;
    let seen = point.pool.cells.iter().find_map(|&cell| InsideOf::cell(cell))?;
    Some(InsidePanel { series, heading: series.name.clone(), seen, standing: point.standing })
}

/// Where an experiment sweeps something else, its greatest value is shown.
fn last_trial<'g, 'a>(group: &'g Group<'a>, series: &'g Series<'a>) -> Option<InsidePanel<'g, 'a>> {
    let trial = series.trials.last()?;
    let seen = InsideOf::cell(trial.shown()?)?;
    let heading = group.name_of(series, trial);
    Some(InsidePanel { series, heading, seen, standing: trial.standing })
}

/// The tracks on which something happened somewhere.
fn strips(shown: &[InsidePanel<'_, '_>]) -> Vec<Strip> {
    let strip = |track: &'static Track| {
        let top = shown.iter().filter_map(|one| track.greatest(&one.seen)).fold(0.0, f64::max);
        (top > 0.0).then_some(Strip { track, top })
    };
    TRACKS.iter().filter_map(strip).collect()
}

fn panel(one: &InsidePanel<'_, '_>, strips: &[Strip]) -> String {
    let window_ns = one.seen.cell.load.window_ns.max(1) as f64;
    let x = Axis::of_time("time in the window", window_ns);
    let rows = strips.len() as f64;
    let y = Axis::of_rows(rows);
    let frame = PlotFrame { left: LEFT, top: 8.0, width: WIDTH, height: STRIP * rows, right: 30.0, bottom: 44.0 };
    let panel = Plot::new(frame, &x, &y);
    let faint = if one.standing == Standing::Invalid { " faint" } else { "" };
    let class = format!("k k{}{faint}", one.series.colour);
    for (row, strip) in strips.iter().enumerate() {
        let base = rows - row as f64 - 1.0;
        name_strip(&panel, strip, y.place(base));
        let values = strip.track.values(&one.seen);
        let place = |&(at_ns, value): &(u64, f64)| (x.place(at_ns as f64), y.place(base + LINE * value / strip.top));
        let places: Vec<_> = values.iter().map(place).collect();
        let mean = strip.track.mean(&one.seen).map_or("none".to_owned(), |mean| strip.track.unit.show(mean));
        panel.canvas.open_of(one.series.index, &class, &format!("{}: {mean} on average", strip.track.name));
        panel.line(&places, Ink::Line);
        if let [only] = places[..] {
            panel.marker(one.series.colour, only, MarkerStyle::Full);
        }
        panel.canvas.close();
        if places.is_empty() {
            let (x, y) = panel.pixel((0.5, y.place(base + 0.3)));
            panel.canvas.text((x, y), "tick", "middle", "-");
        }
    }
    panel.canvas.finish(&format!(
        "Strips over time: {}. {} The numbers are in the table below.",
        one.heading,
        lines(one).join(" ")
    ))
}

/// The name of a strip and the top of its scale, to its left, and the line on which it stands.
fn name_strip(panel: &Plot, strip: &Strip, base: f64) {
    panel.line(&[(0.0, base), (1.0, base)], Ink::Grid);
    let bottom = panel.pixel((0.0, base)).1;
    panel.canvas.text((LEFT - 8.0, bottom - 19.0), "tick", "end", strip.track.name);
    let top = format!("0 to {}", strip.track.unit.show(strip.top));
    panel.canvas.text((LEFT - 8.0, bottom - 4.0), "tick", "end", &top);
}

/// A mean of the contender by the name of its track.
fn mean(one: &InsidePanel<'_, '_>, name: &str) -> Option<f64> {
    TRACKS.iter().find(|track| track.name == name)?.mean(&one.seen)
}

fn greatest(one: &InsidePanel<'_, '_>, name: &str) -> Option<f64> {
    TRACKS.iter().find(|track| track.name == name)?.greatest(&one.seen).filter(|&value| value > 0.0)
}

/// What to see in a panel, in words.
fn lines(one: &InsidePanel<'_, '_>) -> Vec<String> {
    let mut lines = Vec::new();
    if let (Some(runnable), Some(waited)) = (mean(one, "threads runnable"), mean(one, "wait for a CPU")) {
        let (runnable, waited) = (format::number(runnable), Unit::Nanoseconds.show(waited));
        lines
            .push(format!("On average {runnable} threads ran or waited for a CPU; a request waited {waited} for one."));
    }
    if one.seen.threads_were_missed() {
        lines.push("Its threads came and went faster than they could be read.".to_owned());
    }
    if let Some(most) = greatest(one, "connections waiting") {
        lines.push(format!("Up to {} waited to be taken up.", format::counted(most as u64, "connection")));
    }
    if let (Some(busy), Some(alive)) = (mean(one, "workers busy"), greatest(one, "tasks alive")) {
        let tasks = format::counted(alive as u64, "task");
        lines.push(format!("Its workers were busy {} of the time, with up to {tasks}.", format::share(busy)));
    }
    if let Some(longest) = greatest(one, "worker not coming back") {
        let longest = Unit::Nanoseconds.show(longest);
        lines.push(format!(
            "A worker did not come back for {longest} or more: a task on it blocked or computed, or others had its CPU."
        ));
    }
    lines.extend(one.seen.unstable().and_then(polls));
    if one.standing == Standing::Saturated {
        lines.push("It was saturated at this load.".to_owned());
    }
    lines
}

/// What only an unstable runtime tells, from its start on.
fn polls(told: &UnstableAnswer) -> Option<String> {
    let below = |histogram: &[(u64, u64)], share| Some(Unit::Nanoseconds.show(below_ns(histogram, share)? as f64));
    Some(format!(
        "Of the polls half took less than {}, 99% less than {}; of the tasks that were ready half waited less than {}, 99% \
         less than {}; {} stolen.",
        below(&told.poll_times, 0.5)?,
        below(&told.poll_times, 0.99)?,
        below(&told.schedule_latencies, 0.5)?,
        below(&told.schedule_latencies, 0.99)?,
        format::counted(told.stolen_tasks, "task")
    ))
}

fn notes(group: &Group<'_>, shown: &[InsidePanel<'_, '_>], strips: &[Strip]) -> Vec<String> {
    let meanings = strips.iter().map(|strip| format!("{}, {}", strip.track.name, strip.track.meaning));
    let mut notes = vec![
        format!("From top to bottom: {}.", meanings.collect::<Vec<_>>().join("; ")),
        "A strip has one scale in all panels. Where more threads are runnable than there are CPUs, they wait for one; where \
         requests are under way and hardly a thread is runnable, they wait without one. A runtime brings its busy time up \
         to date when a worker comes back from its tasks, so a worker that neither parks nor comes back counts as busy \
         here; what lasts less than the time between two looks is not seen one by one. The accept loop is no task, and its \
         time is not a worker's."
            .to_owned(),
    ];
    let is_shown = |series: &&Series<'_>| shown.iter().any(|one| one.series.index == series.index);
    let others = group.series.iter().filter(|series| !is_shown(series));
    let others = format::listed(others.map(|series| &series.name));
    notes.extend(others.map(|others| format!("No answer came in the window from {others}.")));
    notes.extend(cost(shown));
    notes
}

/// What looking cost at most, on either side.
fn cost(shown: &[InsidePanel<'_, '_>]) -> Option<String> {
    let most = |of: fn(&crate::record::Noise) -> Option<f64>| {
        shown.iter().filter_map(|one| of(&one.seen.cell.noise)).max_by(f64::total_cmp)
    };
    let (sampler, channel) = (most(|noise| noise.sampler_cpu_share)?, most(|noise| noise.channel_cpu_share)?);
    Some(format!(
        "To look took at most {} of one of the generator's CPUs, with all other samples, and {} of one of the server's, on a \
         thread that serves nobody.",
        format::share(sampler),
        format::share(channel)
    ))
}

fn table(shown: &[InsidePanel<'_, '_>]) -> DataTable {
    let columns = ["server".to_owned()].into_iter().chain(TRACKS.iter().map(|track| track.name.to_owned()));
    let others = ["looks without an answer", "failed accepts", "CPU of looking", "CPU of answering"];
    let row = |one: &InsidePanel<'_, '_>| {
        let cell = one.seen.cell;
        let shown = |track: &Track| {
            let (mean, most) = (track.mean(&one.seen)?, track.greatest(&one.seen));
            let most = most.map_or(String::new(), |most| format!(" (most {})", track.unit.show(most)));
            Some(format!("{}{most}", track.unit.show(mean)))
        };
        let inside = cell.inside.as_ref();
        let share = |share: Option<f64>| share.map_or("-".to_owned(), format::share);
        let mut cells = vec![one.heading.clone()];
        cells.extend(TRACKS.iter().map(|track| shown(track).unwrap_or_else(|| "-".to_owned())));
        cells.push(inside.map_or("-".to_owned(), |inside| format::count(inside.unanswered)));
        let last = inside.and_then(|inside| inside.answers.last());
        cells.push(last.map_or("-".to_owned(), |last| format::count(last.accept_errors)));
        cells.extend([share(cell.noise.sampler_cpu_share), share(cell.noise.channel_cpu_share)]);
        DataRow { contender: one.series.index, cells }
    };
    DataTable { columns: columns.chain(others.map(str::to_owned)).collect(), rows: shown.iter().map(row).collect() }
}
