//! One model: its name and its response times over time, its figures, its process, and a lane for each of its threads; as
//! many of these lines as there is room for, in this order.

use ratatui::Frame as Canvas;
use ratatui::layout::Rect;
use ratatui::style::{Color, Modifier};
use ratatui::text::{Line, Span};
use ratatui::widgets::Paragraph;
use reports::format::{Unit, count, number};

use super::signs::{Spread, stacked};
use super::{Colours, lanes};
use crate::live::{Frame, ModelFrame, State};

/// Lines above the lanes.
const LINES: u16 = 3;

/// Characters of the bar of memory.
const MEMORY_BAR: usize = 16;

/// A model, and what its bars are held against.
pub(super) struct Panel<'a> {
    pub(super) model: &'a ModelFrame,
    /// Its place in every frame.
    pub(super) index: usize,
    /// Frames that there is room for, the latest last.
    pub(super) recent: &'a [Frame],
    /// Of all models.
    pub(super) response_times: Option<Spread>,
    /// The most that a model has.
    pub(super) most_memory: u64,
    pub(super) colours: Colours,
}

impl Panel<'_> {
    pub(super) fn draw(&self, canvas: &mut Canvas<'_>, area: Rect) {
        let width = area.width as usize;
        let mut lines = match (&self.model.state, area.height) {
            (State::Running, 1) => vec![self.in_one_line()],
            (State::Running, _) => vec![self.title(width), self.figures(width), self.process(width)],
            (State::Died { how, at_ms }, _) => {
                self.over(&format!("died at {}", super::super::clock(*at_ms)), how, width)
            }
            (State::FailedToStart { why }, _) => self.over("did not start", why, width),
        };
        if self.model.state == State::Running && area.height > LINES {
            let rows = (area.height - LINES) as usize;
            lines.extend(lanes::lines(&self.history(), width, rows, self.colours));
        }
        lines.truncate(area.height as usize);
        canvas.render_widget(Paragraph::new(lines), area);
    }

    /// This model in each frame.
    fn history(&self) -> Vec<&ModelFrame> {
        self.recent.iter().filter_map(|frame| frame.models.get(self.index)).collect()
    }

    fn name(&self) -> Span<'static> {
        let style = self.colours.of(Color::White).add_modifier(Modifier::BOLD);
        Span::styled(self.model.contender.clone(), style)
    }

    fn in_one_line(&self) -> Line<'static> {
        Line::from(vec![self.name(), Span::raw(format!("  {}", self.model_figures()))])
    }

    /// The name, and the response times over time in the rest of the line.
    fn title(&self, width: usize) -> Line<'static> {
        let scale = self
            .response_times
            .map(|Spread { least, greatest }| format!(" {}", Unit::Nanoseconds.range(least as f64, greatest as f64)));
        let scale = scale.unwrap_or_default();
        let room = width.saturating_sub(self.model.contender.chars().count() + scale.chars().count() + 5);
        let history = self.history();
        let sign = |model: &&ModelFrame| match (model.response_time_p99_ns, self.response_times) {
            (Some(p99_ns), Some(spread)) => spread.sign(p99_ns),
            _ => ' ',
        };
        let bars: String = history[history.len().saturating_sub(room)..].iter().map(sign).collect();
        Line::from(vec![
            self.name(),
            Span::styled(" p99 ", self.colours.faint()),
            Span::styled(format!("{bars:>room$}"), self.colours.of(Color::Yellow)),
            Span::styled(scale, self.colours.faint()),
        ])
    }

    fn figures(&self, width: usize) -> Line<'static> {
        match &self.model.doubt {
            Some(doubt) => Line::styled(clipped(&format!("  ! {doubt}"), width), self.colours.of(Color::Yellow)),
            None => Line::raw(clipped(&format!("  {}", self.model_figures()), width)),
        }
    }

    fn model_figures(&self) -> String {
        let ModelFrame { requests_per_s, failed_per_s, .. } = self.model;
        let time = |ns: Option<u64>| ns.map_or("-".to_owned(), |ns| Unit::Nanoseconds.show(ns as f64));
        let failed = if *failed_per_s > 0.0 { format!("  {}/s FAILED", number(*failed_per_s)) } else { String::new() };
        format!(
            "{:>7}/s  p50 {:>7}  p99 {:>7}  max {:>7}{failed}",
            number(*requests_per_s),
            time(self.model.response_time_p50_ns),
            time(self.model.response_time_p99_ns),
            time(self.model.response_time_max_ns),
        )
    }

    fn process(&self, width: usize) -> Line<'static> {
        let Some(memory) = self.model.memory else { return Line::raw("") };
        let parts = [(memory.resident_bytes, '█'), (memory.page_table_bytes, '▒'), (memory.kernel_stack_bytes, '░')];
        let bar = stacked(&parts, self.most_memory, MEMORY_BAR);
        let held = |known: fn(&ModelFrame) -> Option<f64>| self.history().iter().rev().find_map(|model| known(model));
        let switches = held(|model| model.switches_per_s);
        let rest = [
            self.model.threads.map(|threads| format!("{} threads", count(threads))),
            switches.map(|switches| format!("{} switches/s", number(switches))),
            self.model.cpu_share.map(|share| format!("{share:.2} CPUs")),
        ];
        let rest: Vec<String> = rest.into_iter().flatten().collect();
        let total = Unit::Bytes.show(memory.total_bytes() as f64);
        let text = format!("  {bar:<MEMORY_BAR$} {total:>8}  {}", rest.join("  "));
        Line::styled(clipped(&text, width), self.colours.of(Color::Green))
    }

    /// A model that is over: what happened, in as many lines as it takes.
    fn over(&self, what: &str, why: &str, width: usize) -> Vec<Line<'static>> {
        let red = self.colours.of(Color::Red);
        let mut lines = vec![Line::from(vec![self.name(), Span::styled(format!("  {}", what.to_uppercase()), red)])];
        let letters: Vec<char> = why.chars().collect();
        let room = width.saturating_sub(2).max(1);
        lines.extend(
            letters.chunks(room).map(|line| Line::styled(format!("  {}", line.iter().collect::<String>()), red)),
        );
        lines
    }
}

/// As much of a text as there is room for.
fn clipped(text: &str, width: usize) -> String {
    text.chars().take(width).collect()
}
