//! Who serves whom, moment by moment: the same picture once for each recorded moment, to be stepped through.
//!
//! Drawn for every moment alike, so that what moves from one to the next is what has changed. Must not know: how one is chosen,
//! how a page steps. Beside it: `../mechanism/moments.rs`, `../words/card/windows.rs`, `../page/moments.html.jinja`.

use serde::Serialize;

use super::backend::Canvas;
use crate::format::{count, counted};
use crate::mechanism::moments::{ThreadAt, TracedMoment, moments, still};
use crate::record::Timeline;
use crate::record::store::Run;
use crate::study::COLOURS;
use crate::words::windows as words;

/// A few moments of one traced window.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub(crate) struct MomentPicture {
    /// Unique in the page.
    pub(crate) id: String,
    /// What they show.
    pub(crate) title: String,
    /// Whose window it is, and under which load.
    pub(crate) subtitle: String,
    pub(crate) steps: Vec<MomentStep>,
    /// Place of the one that is printed, and shown first where nobody steps.
    pub(crate) still: usize,
}

/// One of them.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub(crate) struct MomentStep {
    /// `1.2 ms`.
    pub(crate) when: String,
    pub(crate) said: String,
    pub(crate) svg: String,
}

const WIDTH: f64 = 330.0;
/// A thread: its box, and how many stand in a row.
const THREAD: (f64, f64) = (76.0, 22.0);
const IN_A_ROW: usize = 4;
const MOST_THREADS: usize = 12;
/// A request or a client: its square, and how many stand in a row.
const SQUARE: f64 = 11.0;
const PITCH: f64 = 15.0;
const SQUARES: usize = 22;
const MOST_SQUARES: usize = 44;
const HEADING: f64 = 20.0;
const GAP: f64 = 10.0;
/// How light something is that waits.
const LIGHT: f64 = 0.35;

/// Of each of these windows in which something changes. `key` tells their anchors from those of others in the page.
pub(crate) fn pictures(run: &Run, timelines: &[&Timeline], key: &str) -> Vec<MomentPicture> {
    timelines
        .iter()
        .enumerate()
        .filter_map(|(place, timeline)| picture(run, timeline, &format!("{key}-{}", place + 1)))
        .collect()
}

fn picture(run: &Run, timeline: &Timeline, key: &str) -> Option<MomentPicture> {
    let found = moments(timeline);
    if found.len() < 2 {
        return None;
    }
    let place = still(&found);
    let room = RowsNeeded::of(&found);
    let step = |moment: &TracedMoment| {
        let said = words::said(moment);
        MomentStep { when: words::when(moment), svg: drawn(moment, &room, &said), said }
    };
    let contender = run.manifest.contenders.iter().find(|contender| contender.label == timeline.contender);
    let name = contender.map_or_else(|| timeline.contender.clone(), |contender| contender.name());
    Some(MomentPicture {
        id: format!("moments-{key}"),
        title: words::title(timeline, &found[place]),
        subtitle: format!("{name}: {}, {}", timeline.work, counted(u64::from(timeline.connections), "client")),
        steps: found.iter().map(step).collect(),
        still: place,
    })
}

/// Rows that each part of the picture needs at most, so that none moves.
struct RowsNeeded {
    threads: usize,
    suspended: usize,
    unserved: usize,
}

impl RowsNeeded {
    fn of(moments: &[TracedMoment]) -> RowsNeeded {
        let most = |of: fn(&TracedMoment) -> usize| moments.iter().map(of).max().unwrap_or(0);
        let rows = |squares: usize| squares.min(MOST_SQUARES).div_ceil(SQUARES);
        RowsNeeded {
            threads: most(|one| one.threads.len()).min(MOST_THREADS).div_ceil(IN_A_ROW),
            suspended: rows(most(|one| one.suspended.len())),
            unserved: rows(most(|one| one.unserved as usize)),
        }
    }

    fn height(&self) -> f64 {
        let squares = [self.suspended, self.unserved].into_iter().filter(|rows| *rows > 0);
        let squares: f64 = squares.map(|rows| HEADING + rows as f64 * PITCH + GAP).sum();
        HEADING + self.threads as f64 * (THREAD.1 + 4.0) + GAP + squares
    }
}

fn drawn(moment: &TracedMoment, room: &RowsNeeded, said: &str) -> String {
    let canvas = Canvas::new(WIDTH as u32, room.height().ceil() as u32);
    let heading = |top: f64, text: &str| canvas.text((0.0, top + 13.0), "tick", "start", text);
    let more = moment.threads.len().saturating_sub(MOST_THREADS);
    let beyond = if more > 0 { format!(", and {} more", count(more as u64)) } else { String::new() };
    heading(0.0, &format!("Threads{beyond}"));
    for (place, thread) in moment.threads.iter().take(MOST_THREADS).enumerate() {
        let at = (
            (place % IN_A_ROW) as f64 * (THREAD.0 + 6.0) + 1.0,
            HEADING + (place / IN_A_ROW) as f64 * (THREAD.1 + 4.0),
        );
        draw_thread(&canvas, *thread, at);
    }
    let mut top = HEADING + room.threads as f64 * (THREAD.1 + 4.0) + GAP;
    if room.suspended > 0 {
        let all = moment.suspended.len();
        heading(top, &format!("Requests that wait without a thread: {}", count(all as u64)));
        for (place, connection) in moment.suspended.iter().take(MOST_SQUARES).enumerate() {
            in_colour(&canvas, *connection, || canvas.boxes(&[square(place, top + HEADING)], 1.0));
        }
        top += HEADING + room.suspended as f64 * PITCH + GAP;
    }
    if room.unserved > 0 {
        heading(top, &format!("Clients that nobody serves: {}", count(u64::from(moment.unserved))));
        for place in 0..(moment.unserved as usize).min(MOST_SQUARES) {
            let [x, y, width, height] = square(place, top + HEADING);
            canvas.rectangle((x, y), (width, height), "hollow");
        }
    }
    canvas.finish(said)
}

fn square(place: usize, top: f64) -> [f64; 4] {
    let (column, row) = (place % SQUARES, place / SQUARES);
    [column as f64 * PITCH + 1.0, top + row as f64 * PITCH, SQUARE, SQUARE]
}

/// A box with what the thread does in it, so that nobody need tell colours apart.
fn draw_thread(canvas: &Canvas, thread: ThreadAt, (x, y): (f64, f64)) {
    let (doing, filled) = match thread {
        ThreadAt::Runs(connection) => (format!("runs {connection}"), Some((connection, 1.0))),
        ThreadAt::Parked(connection) => (format!("waits {connection}"), Some((connection, LIGHT))),
        ThreadAt::Free => ("free".to_owned(), None),
    };
    canvas.rectangle((x, y), THREAD, "hollow");
    if let Some((connection, opacity)) = filled {
        in_colour(canvas, connection, || canvas.boxes(&[[x + 5.0, y + 5.5, SQUARE, SQUARE]], opacity));
    }
    canvas.text((x + 21.0, y + 15.5), "tick", "start", &doing);
}

/// In the colour that the connection has in the picture of who ran what.
fn in_colour(canvas: &Canvas, connection: u32, draw: impl FnOnce()) {
    let colour = format!("k{}", connection.saturating_sub(1) as usize % COLOURS);
    canvas.open(&[("class", &colour)], &format!("connection {connection}"));
    draw();
    canvas.close();
}
