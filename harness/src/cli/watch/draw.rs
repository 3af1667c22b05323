//! What is on the screen: a line of what is asked for, a panel for each model, a line of keys. As much of it as fits.
//!
//! A pure function of what has been seen. Must not know: clocks, terminals, where frames come from. Read `panel.rs` (one
//! model and its threads), then `signs.rs` (colours, and how a value becomes a character).

use ratatui::Frame as Canvas;
use ratatui::layout::{Constraint, Layout, Rect};
use ratatui::style::{Color, Modifier};
use ratatui::text::Line;
use ratatui::widgets::Paragraph;
use reports::format::{count, counted, number};

use crate::live::{Frame, LiveLoad, Memory, ModelFrame, ServerState};
use panel::{ModelPanel, fitting};
use signs::BarScale;
pub(super) use signs::Colours;

mod panel;
mod signs;

/// All that is shown.
pub(super) struct ScreenView<'a> {
    /// What has been seen so far, the latest last; none before the first.
    pub(super) frames: &'a [Frame],
    /// Where in time this is, and whether it is being recorded.
    pub(super) status: &'a str,
    /// What the keys do, the most important first.
    pub(super) keys: &'a [&'a str],
    /// Something that is to be read instead of the keys.
    pub(super) message: Option<&'a str>,
    /// Whether there are colours.
    pub(super) colours: Colours,
    /// Whether the signs are explained instead of the models.
    pub(super) explains: bool,
}

const SIGNS: &[&str] = &[
    "p99 over time   a bar per quarter of a second, all models on one scale, which is",
    "                logarithmic; its ends stand on the right",
    "memory          █ pages in memory  ▒ page tables  ░ kernel stacks, all models on",
    "                one scale",
    "switches        context switches of all threads",
    "CPUs            2.00 for two CPUs that were busy throughout",
    "threads         one lane each: ● runs or waits for a CPU, · sleeps; then its CPU",
    "                time over time, ▁ where it only woke up",
    "!               something speaks against the figures, such as a generator that was",
    "                late and whose lateness is in the response times",
    "",
    "Nothing here is a measurement: the models share their CPUs, and you change the",
    "load. To compare them, run harness compare.",
];

/// Draws everything.
pub(super) fn draw(canvas: &mut Canvas<'_>, view: &ScreenView<'_>) {
    let [head, body, foot] =
        Layout::vertical([Constraint::Length(1), Constraint::Fill(1), Constraint::Length(1)]).areas(canvas.area());
    let latest = view.frames.last();
    canvas.render_widget(Paragraph::new(header(latest.map(|frame| &frame.asked), view, head.width)), head);
    match latest {
        _ if view.explains => {
            canvas.render_widget(Paragraph::new(SIGNS.iter().copied().map(Line::raw).collect::<Vec<_>>()), body)
        }
        None => canvas.render_widget(Paragraph::new("starting the servers"), body),
        Some(frame) => panels(canvas, view, frame, body),
    }
    canvas.render_widget(Paragraph::new(footer(view, foot.width)), foot);
}

/// Lines of a model that is over.
const OVER: u16 = 2;

/// As many panels as there is room for. Those of models that run share what the others leave.
fn panels(canvas: &mut Canvas<'_>, view: &ScreenView<'_>, frame: &Frame, area: Rect) {
    let count = frame.models.len().min(area.height as usize);
    if count == 0 {
        return;
    }
    let columns = area.width as usize;
    let recent = &view.frames[view.frames.len().saturating_sub(columns)..];
    let times = recent.iter().flat_map(|frame| &frame.models).filter_map(|model| model.response_time_p99_ns);
    let (response_times, most_memory) = (BarScale::of(times), most_memory(&frame.models));
    let mut y = area.y;
    for (index, (model, height)) in frame.models.iter().zip(heights(&frame.models[..count], area.height)).enumerate() {
        let area = Rect { y, height, ..area };
        y += height;
        let panel = ModelPanel { model, index, recent, response_times, most_memory, colours: view.colours };
        panel.draw(canvas, area);
    }
}

fn heights(models: &[ModelFrame], height: u16) -> Vec<u16> {
    let all = models.len() as u16;
    let running = models.iter().filter(|model| model.state == ServerState::Running).count() as u16;
    let over = OVER.min(height / all.max(1));
    let left = height - over * (all - running);
    let mut rest = left.checked_rem(running).unwrap_or(0);
    let mut height_of = |model: &ModelFrame| {
        if model.state != ServerState::Running {
            return over;
        }
        let more = u16::from(rest > 0);
        rest -= more;
        left / running + more
    };
    models.iter().map(&mut height_of).collect()
}

fn most_memory(models: &[ModelFrame]) -> u64 {
    models.iter().filter_map(|model| model.memory.as_ref()).map(Memory::total_bytes).max().unwrap_or(0)
}

/// What is asked for on the left, where in time this is on the right.
fn header(asked: Option<&LiveLoad>, view: &ScreenView<'_>, width: u16) -> Line<'static> {
    let asked = asked.map(|asked| described(asked, width < 70)).unwrap_or_default();
    let gap = (width as usize).saturating_sub(asked.chars().count() + view.status.chars().count()).max(1);
    let style = view.colours.of(Color::Cyan).add_modifier(Modifier::BOLD);
    Line::styled(format!("{asked}{}{}", " ".repeat(gap), view.status), style)
}

fn described(asked: &LiveLoad, is_short: bool) -> String {
    let rate = asked.rate_rps.map_or("closed loop".to_owned(), |rate| format!("{}/s", number(rate)));
    let connections =
        if is_short { format!("{} conn", count(asked.connections)) } else { counted(asked.connections, "connection") };
    let load = if asked.is_paused { "paused".to_owned() } else { format!("{connections}, {rate}, {}", asked.work) };
    match asked.flood {
        0 if is_short => load,
        0 => format!("each: {load}"),
        flood if is_short => format!("{load}, {} idle", count(flood)),
        flood => format!("each: {load}, and {} idle", count(flood)),
    }
}

fn footer(view: &ScreenView<'_>, width: u16) -> Line<'static> {
    if let Some(message) = view.message {
        return Line::styled(message.to_owned(), view.colours.of(Color::Yellow));
    }
    const APART: &str = "   ";
    let keys = fitting(APART, view.keys, width as usize + APART.len());
    Line::styled(keys.trim_start().to_owned(), view.colours.faint())
}

#[cfg(test)]
mod tests;
