//! A lane for each OS thread of a server, with what it did over time: its heartbeat.

use std::collections::HashMap;

use ratatui::style::Color;
use ratatui::text::{Line, Span};
use reports::format::count;

use super::Colours;
use super::signs::of_share;
use crate::live::{Activity, BusyThread, ModelFrame};

/// Characters of a lane that is wide enough to tell anything.
const LEAST_WIDTH: usize = 36;

/// Characters before the heartbeat: the name, of which the kernel keeps 15, and what the thread is doing.
const NAME: usize = 15;

/// Lanes for the threads of `latest`, in at most so many columns and rows of the screen, with their past from `history`.
pub(super) fn lines(
    latest: &ModelFrame,
    history: &[&ModelFrame],
    (width, rows): (usize, usize),
    colours: Colours,
) -> Vec<Line<'static>> {
    let threads = &latest.busy_threads;
    let columns = (width / LEAST_WIDTH).max(1);
    let all = latest.threads.unwrap_or(0).max(threads.len() as u64);
    if rows == 1 && threads.len() > columns {
        return vec![in_one_line(threads, all, width, colours)];
    }
    let fits = threads.len().min(rows * columns);
    // The last place says how many there are besides.
    let shown = if fits as u64 == all { fits } else { fits.min(rows * columns - 1) };
    let lane_width = width / columns;
    let past = past(history, lane_width.saturating_sub(NAME + 6));
    let mut lanes: Vec<Vec<Span<'static>>> = threads
        .iter()
        .take(shown)
        .map(|thread| lane(thread, name(thread, threads), &past, lane_width, colours))
        .collect();
    if (shown as u64) < all {
        lanes.push(vec![Span::styled(format!("  and {} more threads", count(all - shown as u64)), colours.faint())]);
    }
    // From top to bottom, then the next column.
    let rows = lanes.len().div_ceil(columns);
    let line =
        |row: usize| Line::from(lanes.iter().skip(row).step_by(rows.max(1)).flatten().cloned().collect::<Vec<_>>());
    (0..rows).map(line).collect()
}

/// What each thread did in the last so many moments, the latest last.
fn past(history: &[&ModelFrame], room: usize) -> HashMap<u32, String> {
    let recent = &history[history.len().saturating_sub(room)..];
    let mut past: HashMap<u32, String> = HashMap::new();
    for (moment, model) in recent.iter().enumerate() {
        for thread in &model.busy_threads {
            let beats = past.entry(thread.tid).or_default();
            // Moments in which it was not there, or was not told.
            let missing = moment - beats.chars().count();
            beats.extend(std::iter::repeat_n(' ', missing));
            beats.push(beat(thread));
        }
    }
    past.values_mut().for_each(|beats| beats.extend(std::iter::repeat_n(' ', recent.len() - beats.chars().count())));
    past
}

fn beat(thread: &BusyThread) -> char {
    of_share(thread.cpu_share, thread.switches_per_s > 0.0)
}

/// Its name, with its id where others bear the same name.
fn name(thread: &BusyThread, all: &[BusyThread]) -> String {
    let is_alone = all.iter().filter(|other| other.name == thread.name).count() == 1;
    let id = if is_alone { String::new() } else { format!(" {}", thread.tid) };
    let name: String = thread.name.chars().take(NAME - id.len()).collect();
    name + &id
}

fn lane(
    thread: &BusyThread,
    name: String,
    past: &HashMap<u32, String>,
    width: usize,
    colours: Colours,
) -> Vec<Span<'static>> {
    let room = width.saturating_sub(NAME + 6);
    let beats = past.get(&thread.tid).map(String::as_str).unwrap_or_default();
    let (sign, style) = match thread.activity {
        Activity::Running => ('●', colours.of(Color::Green)),
        Activity::Sleeping => ('·', colours.faint()),
    };
    vec![
        Span::styled(format!("  {name:<NAME$} "), colours.faint()),
        Span::styled(format!("{sign} "), style),
        Span::styled(format!("{beats:>room$} "), colours.of(Color::Green)),
    ]
}

/// One character for each thread, for what it does now.
fn in_one_line(threads: &[BusyThread], all: u64, width: usize, colours: Colours) -> Line<'static> {
    let room = width.saturating_sub(26);
    let beats: String = threads.iter().take(room).map(beat).collect();
    let more = all - beats.chars().count() as u64;
    let more = if more > 0 { format!("  and {} more", count(more)) } else { String::new() };
    Line::from(vec![
        Span::styled("  each    ", colours.faint()),
        Span::styled(format!("[{beats}]"), colours.of(Color::Green)),
        Span::styled(more, colours.faint()),
    ])
}
