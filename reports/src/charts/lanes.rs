//! Who ran what: small multiples of traced windows, a lane per thread and a box per request.
//!
//! What a thread does is in its lane, solid where it runs and light where it is parked. Requests that wait without a
//! thread lie under the lane of the one that they left, a row each. Must not know: experiments. Beside it: `plot.rs`.

use itertools::Itertools;

use std::collections::BTreeMap;

use super::axes::Axis;
use super::axes::shortened;
use super::plot::{Plot, PlotFrame};
use super::{DataRow, DataTable, Figure, PanelPicture};
use crate::format::{self, Unit, counted};
use crate::placement::server_cpus;
use crate::record::store::Run;
use crate::record::{Lane, PictureKind, Span, SpanState, Timeline, TracingCost};
use crate::study::COLOURS;
use crate::words::{DisplayedName, Title};

const LEFT: f64 = 100.0;
const WIDTH: f64 = 252.0;
const LANE: f64 = 14.0;
/// Of a lane's height, what is left empty.
const GAP: f64 = 2.0;
/// Height of a request that waits without a thread.
const ROW: f64 = 3.0;
/// The thinnest box that can be seen.
const THINNEST: f64 = 0.7;
const MOST_LANES: usize = 12;
const MOST_ROWS: usize = 48;
const MOST_BOXES: usize = 1_500;
/// How light a box is whose request waits.
const LIGHT: f64 = 0.35;

/// A figure for each kind of load that was traced.
pub(super) fn figures(run: &Run) -> Vec<Figure> {
    let load = |one: &Timeline| (one.work.clone(), one.connections);
    let of = |(place, this): (usize, (String, u32))| {
        figure(run, place, &run.timelines.iter().filter(|one| load(one) == this).collect_vec())
    };
    run.timelines.iter().map(load).unique().enumerate().filter_map(of).collect()
}

fn figure(run: &Run, place: usize, timelines: &[&Timeline]) -> Option<Figure> {
    let drawn = drawn(run, timelines)?;
    Some(Figure { id: format!("who-ran-what-{}", place + 1), title: title(run, timelines).said, ..drawn })
}

/// The windows beside each other, without an anchor and a title.
pub(super) fn drawn(run: &Run, timelines: &[&Timeline]) -> Option<Figure> {
    let first = timelines.first()?;
    let panels = timelines.iter().map(|timeline| PanelPicture {
        heading: name(run, timeline),
        contender: contender(run, timeline),
        svg: panel(timeline),
        lines: lines(timeline),
    });
    Some(Figure {
        id: String::new(),
        experiment: String::new(),
        kind: PictureKind::Lanes,
        title: String::new(),
        subtitle: format!(
            "{} on {}, each of which asks again when it is answered: {}",
            first.work,
            counted(u64::from(first.connections), "connection"),
            server_cpus(run)
        ),
        panels: panels.collect(),
        parts: Vec::new(),
        notes: notes(timelines),
        table: table(run, timelines),
    })
}

/// What readers call its contender.
fn name(run: &Run, timeline: &Timeline) -> String {
    contender(run, timeline).map_or_else(|| timeline.contender.clone(), |index| run.manifest.contenders[index].name())
}

/// The same as it begins a sentence.
fn name_first(run: &Run, timeline: &Timeline) -> String {
    let contender = contender(run, timeline).and_then(|index| run.manifest.contenders.get(index));
    contender.map_or_else(|| timeline.contender.clone(), |contender| DisplayedName::of(contender).first())
}

fn contender(run: &Run, timeline: &Timeline) -> Option<usize> {
    run.manifest.contenders.iter().position(|contender| contender.label == timeline.contender)
}

/// Whoever had the most requests under way, and whoever had the most on the fewest threads.
fn title(run: &Run, timelines: &[&Timeline]) -> Title {
    let fewest_first = |one: &&&Timeline| (one.under_way(), std::cmp::Reverse(one.lanes.len()));
    let most_first = |one: &&&Timeline| (one.under_way(), one.lanes.len());
    let fewest = timelines.iter().map(|one| one.lanes.len()).min().unwrap_or(0);
    let many = timelines.iter().max_by_key(most_first);
    let few = timelines.iter().filter(|one| one.lanes.len() == fewest).max_by_key(fewest_first);
    let first = many.map(|one| {
        let (requests, threads) = (counted(one.under_way(), "request"), counted(one.lanes.len() as u64, "thread"));
        format!("{}: {requests} on {threads}", name_first(run, one))
    });
    let second = few.filter(|few| many.is_some_and(|many| many.contender != few.contender));
    let second = second.map(|one| {
        format!("{}: {} on {}", name(run, one), format::count(one.under_way()), format::count(one.lanes.len() as u64))
    });
    let said = first.into_iter().chain(second).collect_vec();
    let plain = "Who ran what, thread by thread".to_owned();
    Title::fitting((!said.is_empty()).then(|| said.join("; ")).into_iter().chain([plain]))
}

/// What to see in a panel, in words.
fn lines(timeline: &Timeline) -> Vec<String> {
    let threads = counted(timeline.lanes.len() as u64, "thread");
    let mut lines = vec![format!("{} at once on {threads}", counted(timeline.under_way(), "request"))];
    let who = if timeline.lanes.len() == 1 { "The thread" } else { "The threads" };
    lines.push(format!(
        "{who}: running {} of the time, parked {}.",
        format::share(timeline.share_of(SpanState::Running)),
        format::share(timeline.share_of(SpanState::Parked))
    ));
    if timeline.waiting > 0 {
        let waiting = counted(u64::from(timeline.waiting), "connection");
        lines.push(format!("{waiting} waited all the time and got no thread."));
    }
    lines
}

fn panel(timeline: &Timeline) -> String {
    let shown = &timeline.lanes[..timeline.lanes.len().min(MOST_LANES)];
    let rows: Vec<BTreeMap<u32, usize>> = shown.iter().map(waiting_rows).collect();
    let more = timeline.lanes.len() - shown.len();
    let heights = rows.iter().map(|rows| LANE + rows.len() as f64 * ROW);
    let height = heights.clone().sum::<f64>() + if more > 0 { LANE } else { 0.0 };
    let frame = PlotFrame { left: LEFT, top: 8.0, width: WIDTH, height, right: 20.0, bottom: 44.0 };
    let x = Axis::of_time("time", timeline.window_ns.max(1) as f64);
    let y = Axis::of_rows(1.0);
    let panel = Plot::new(frame, &x, &y);
    let (mut top, mut room) = (frame.top, MOST_BOXES);
    for (number, ((lane, rows), height)) in shown.iter().zip(&rows).zip(heights).enumerate() {
        panel.canvas.text((LEFT - 8.0, top + LANE - 3.0), "tick", "end", &lane.label(number + 1));
        if !rows.is_empty() {
            panel.canvas.text((LEFT - 8.0, top + LANE + 11.0), "tick", "end", "waiting");
        }
        draw_lane(&panel, lane, rows, (top, &x), &mut room);
        top += height;
    }
    if more > 0 {
        let text = format!("and {} more", counted(more as u64, "thread"));
        panel.canvas.text((LEFT, top + LANE - 3.0), "tick", "start", &text);
    }
    panel.canvas.finish(&format!(
        "Lanes of threads over {}: {}, {}. {}. The numbers are in the table below.",
        Unit::Nanoseconds.show(timeline.window_ns as f64),
        timeline.contender,
        timeline.work,
        lines(timeline).join(" ")
    ))
}

/// The row of each connection whose requests wait without a thread, the first that did on top.
fn waiting_rows(lane: &Lane) -> BTreeMap<u32, usize> {
    let mut rows = BTreeMap::new();
    for span in lane.spans.iter().filter(|span| span.state == SpanState::Suspended) {
        let next = rows.len();
        if next < MOST_ROWS {
            rows.entry(span.connection).or_insert(next);
        }
    }
    rows
}

/// The boxes of a lane, those of a connection together: one colour, one name.
fn draw_lane(panel: &Plot, lane: &Lane, rows: &BTreeMap<u32, usize>, (top, x): (f64, &Axis), room: &mut usize) {
    let mut by_connection: BTreeMap<u32, Vec<&Span>> = BTreeMap::new();
    for span in lane.spans.iter().take(*room) {
        by_connection.entry(span.connection).or_default().push(span);
    }
    *room = room.saturating_sub(lane.spans.len());
    for (connection, spans) in by_connection {
        let boxes = |state: SpanState| {
            let of_state = spans.iter().filter(|span| span.state == state);
            let place = |span: &&&Span| {
                let [from, until] = [span.from_ns, span.until_ns].map(|ns| LEFT + WIDTH * x.place(ns as f64));
                let (y, height) = match state {
                    SpanState::Suspended => (top + LANE + ROW * *rows.get(&connection)? as f64, ROW - 0.6),
                    SpanState::Running | SpanState::Parked => (top + GAP / 2.0, LANE - GAP),
                };
                Some([from, y, (until - from).max(THINNEST), height])
            };
            of_state.filter_map(|span| place(&span)).collect::<Vec<_>>()
        };
        let colour = format!("k{}", connection.saturating_sub(1) as usize % COLOURS);
        panel.canvas.open(&[("class", &colour)], &format!("connection {connection}"));
        panel.canvas.boxes(&boxes(SpanState::Parked), LIGHT);
        panel.canvas.boxes(&boxes(SpanState::Suspended), LIGHT);
        panel.canvas.boxes(&boxes(SpanState::Running), 1.0);
        panel.canvas.close();
    }
}

fn notes(timelines: &[&Timeline]) -> Vec<String> {
    let mut notes = vec![
        "A lane is an OS thread, a box what it did for a request, in the colour of its connection. Solid: it ran, or was \
         ready to. Light: it was parked for that request and could do nothing else. The thin light rows under a lane \
         are requests that waited without a thread, a row per connection: the thread had left them for others."
            .to_owned(),
        "Each window was recorded on a server of its own, which noted what it did, with no other load beside it. Nothing else \
         in this report was measured on such a server."
            .to_owned(),
    ];
    notes.extend(cost(timelines));
    if timelines.iter().any(|one| one.lanes.len() > MOST_LANES) {
        notes.push(format!("Of more than {MOST_LANES} threads the first are drawn; words and table count all."));
    }
    notes
}

/// What tracing did to the CPU time of a request, from the least to the most.
fn cost(timelines: &[&Timeline]) -> Option<String> {
    let ratios = timelines.iter().filter_map(|one| one.cost.map(|cost| cost.traced_cpu_ns / cost.untraced_cpu_ns));
    let ends = format::interval(ratios.minmax_by(f64::total_cmp).into_option()?);
    Some(format!(
        "With the notes a request took {ends} times the CPU time that it took without, in two short windows each, so that \
         chance has a part in it; the times are in the table."
    ))
}

fn table(run: &Run, timelines: &[&Timeline]) -> DataTable {
    let columns = [
        "server",
        "threads",
        "requests at once",
        "connections served",
        "connections waiting",
        "threads ran",
        "threads parked",
        "window",
        "CPU per request, traced",
        "CPU per request, not traced",
    ];
    let time = |ns: f64| Unit::Nanoseconds.show(ns);
    let row = |timeline: &&Timeline| {
        let count = |value: u64| format::count(value);
        let cost = |of: fn(&TracingCost) -> f64| timeline.cost.as_ref().map_or("-".to_owned(), |cost| time(of(cost)));
        let cells = vec![
            shortened(&name(run, timeline), 60),
            count(timeline.lanes.len() as u64),
            count(timeline.under_way()),
            count(u64::from(timeline.connections.saturating_sub(timeline.waiting))),
            count(u64::from(timeline.waiting)),
            format::share(timeline.share_of(SpanState::Running)),
            format::share(timeline.share_of(SpanState::Parked)),
            time(timeline.window_ns as f64),
            cost(|cost| cost.traced_cpu_ns),
            cost(|cost| cost.untraced_cpu_ns),
        ];
        Some(DataRow { contender: contender(run, timeline)?, cells })
    };
    DataTable { columns: columns.map(str::to_owned).into(), rows: timelines.iter().filter_map(row).collect() }
}
