//! One model: its name and its response times over time, its figures, its process, and a lane for each of its threads; as
//! many of these lines as there is room for, in this order.

use std::collections::HashMap;

use ratatui::Frame as Canvas;
use ratatui::layout::Rect;
use ratatui::style::{Color, Modifier};
use ratatui::text::{Line, Span};
use ratatui::widgets::Paragraph;
use reports::format::{Unit, count, number};

use super::signs::{BarScale, Colours, of_share, stacked};
use crate::cli::watch::clock;
use crate::live::{Activity, BusyThread, Frame, ModelFrame, ServerState};

/// Characters of the bar of memory.
const MEMORY_BAR: usize = 16;

/// Bars over time that there are at least, two seconds.
const FEWEST_BARS: usize = 8;

/// Frames for which what is not read for each of them is shown.
const LATELY: usize = 8;

/// A model, and what its bars are held against.
pub(super) struct ModelPanel<'a> {
    pub(super) model: &'a ModelFrame,
    /// Its place in every frame.
    pub(super) index: usize,
    /// Frames that there is room for, the latest last.
    pub(super) recent: &'a [Frame],
    /// Of all models.
    pub(super) response_times: Option<BarScale>,
    /// The most that a model has.
    pub(super) most_memory: u64,
    pub(super) colours: Colours,
}

impl ModelPanel<'_> {
    pub(super) fn draw(&self, canvas: &mut Canvas<'_>, area: Rect) {
        let (width, height) = (area.width as usize, area.height as usize);
        let mut lines = match &self.model.state {
            ServerState::Running if height == 1 => vec![self.in_one_line(width)],
            ServerState::Running => self.running(width, height),
            ServerState::Died { how, at_ms } => self.over(&format!("died at {}", clock(*at_ms)), how, width),
            ServerState::FailedToStart { why } => self.over("did not start", why, width),
        };
        lines.truncate(height);
        canvas.render_widget(Paragraph::new(lines), area);
    }

    fn running(&self, width: usize, height: usize) -> Vec<Line<'static>> {
        let mut lines = vec![self.title(width), Line::raw(fitting("  ", &self.figures(), width)), self.process(width)];
        let rows = height.saturating_sub(lines.len());
        let history = self.history();
        // Where there are too many threads to be read for every frame, those of the last time are shown.
        if let Some(latest) = self.lately().iter().rev().find(|model| !model.busy_threads.is_empty())
            && rows > 0
        {
            lines.extend(lanes(latest, &history, (width, rows), self.colours));
        }
        lines
    }

    /// This model in each frame.
    fn history(&self) -> Vec<&ModelFrame> {
        self.recent.iter().filter_map(|frame| frame.models.get(self.index)).collect()
    }

    /// As `history`, of the last two seconds.
    fn lately(&self) -> Vec<&ModelFrame> {
        let mut history = self.history();
        history.split_off(history.len().saturating_sub(LATELY))
    }

    fn name(&self) -> Span<'static> {
        let style = self.colours.of(Color::White).add_modifier(Modifier::BOLD);
        Span::styled(self.model.contender.clone(), style)
    }

    fn in_one_line(&self, width: usize) -> Line<'static> {
        let room = width.saturating_sub(self.model.contender.chars().count());
        let figures: Vec<String> = self.figures().iter().map(|figure| figure.trim_start().to_owned()).collect();
        Line::from(vec![self.name(), Span::raw(fitting("  ", &figures, room))])
    }

    /// The name, what speaks against the figures, and the response times over time in the rest of the line.
    fn title(&self, width: usize) -> Line<'static> {
        let range = |BarScale { least, greatest }| Unit::Nanoseconds.range(least as f64, greatest as f64);
        let (faint, p99) = (self.colours.faint(), " p99 ");
        let room = width.saturating_sub(self.model.contender.chars().count() + p99.len() + FEWEST_BARS);
        let scale = self.response_times.map(|spread| format!(" {}", range(spread)));
        // Half a scale is another scale.
        let scale = scale.filter(|scale| scale.chars().count() <= room).unwrap_or_default();
        let room = room - scale.chars().count();
        let doubt = self.model.doubt.as_ref().map(|doubt| format!(" ! {doubt}")).unwrap_or_default();
        let doubt: String = doubt.chars().take(room).collect();
        let bars = self.response_times_over_time(room - doubt.chars().count() + FEWEST_BARS);
        Line::from(vec![
            self.name(),
            Span::styled(doubt, self.colours.of(Color::Red)),
            Span::styled(p99, faint),
            Span::styled(bars, self.colours.of(Color::Yellow)),
            Span::styled(scale, faint),
        ])
    }

    fn response_times_over_time(&self, room: usize) -> String {
        let history = self.history();
        let sign = |model: &&ModelFrame| match (model.response_time_p99_ns, self.response_times) {
            (Some(p99_ns), Some(spread)) => spread.sign(p99_ns),
            _ => ' ',
        };
        let bars: String = history[history.len().saturating_sub(room)..].iter().map(sign).collect();
        format!("{bars:>room$}")
    }

    fn figures(&self) -> Vec<String> {
        let ModelFrame { requests_per_s, failed_per_s, .. } = self.model;
        let time = |ns: Option<u64>| ns.map_or("-".to_owned(), |ns| Unit::Nanoseconds.show(ns as f64));
        let mut figures = vec![format!("{:>7}/s", number(*requests_per_s))];
        if *failed_per_s > 0.0 {
            figures.push(format!("{}/s FAILED", number(*failed_per_s)));
        }
        figures.push(format!("p50 {:>7}", time(self.model.response_time_p50_ns)));
        figures.push(format!("p99 {:>7}", time(self.model.response_time_p99_ns)));
        figures.push(format!("max {:>7}", time(self.model.response_time_max_ns)));
        figures
    }

    fn process(&self, width: usize) -> Line<'static> {
        let Some(memory) = self.model.memory else { return Line::raw("") };
        let parts = [(memory.resident_bytes, '█'), (memory.page_table_bytes, '▒'), (memory.kernel_stack_bytes, '░')];
        let bar = stacked(&parts, self.most_memory, MEMORY_BAR);
        let total = Unit::Bytes.show(memory.total_bytes() as f64);
        let switches = self.lately().iter().rev().find_map(|model| model.switches_per_s);
        let figures = [
            Some(format!("{bar:<MEMORY_BAR$} {total:>8}")),
            self.model.threads.map(|threads| format!("{} threads", count(threads))),
            switches.map(|switches| format!("{} switches/s", number(switches))),
            self.model.cpu_share.map(|share| format!("{share:.2} CPUs")),
        ];
        let figures: Vec<String> = figures.into_iter().flatten().collect();
        Line::styled(fitting("  ", &figures, width), self.colours.of(Color::Green))
    }

    /// A model that is over: what happened, in as many lines as it takes.
    fn over(&self, what: &str, why: &str, width: usize) -> Vec<Line<'static>> {
        let red = self.colours.of(Color::Red);
        let mut lines = vec![Line::from(vec![self.name(), Span::styled(format!("  {}", what.to_uppercase()), red)])];
        let letters: Vec<char> = why.chars().collect();
        let room = width.saturating_sub(2).max(1);
        let rows = letters.chunks(room).map(|row| format!("  {}", row.iter().collect::<String>()));
        lines.extend(rows.map(|row| Line::styled(row, red)));
        lines
    }
}

/// As many figures as there is room for, each behind `apart` and whole: half a number is another number.
pub(super) fn fitting(apart: &str, figures: &[impl AsRef<str>], width: usize) -> String {
    let mut text = String::new();
    for figure in figures.iter().map(AsRef::as_ref) {
        if text.chars().count() + apart.len() + figure.chars().count() > width {
            break;
        }
        text = format!("{text}{apart}{figure}");
    }
    text
}

/// Characters of a lane that is wide enough to tell anything.
const LEAST_WIDTH: usize = 36;

/// Characters before the heartbeat: the name, of which the kernel keeps 15, and what the thread is doing.
const NAME: usize = 15;

/// Lanes for the threads of `latest`, in at most so many columns and rows of the screen, with their past from `history`.
fn lanes(
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
