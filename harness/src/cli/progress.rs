//! Live progress on stderr: of a run, a bar with the time left on a terminal, a line now and then elsewhere; of a load, a bar
//! on a terminal and nowhere else, and a word as soon as it seems to be for nothing.

use std::io::IsTerminal;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use reports::record::{Cell, Outcome};

use super::output::tell;
use crate::load::{Moments, Signs, now_ns};
use crate::plan::{LoadSpec, nanoseconds};
use crate::run::RunProgress;

/// Shows a run while it goes on.
pub(super) struct TerminalProgress {
    bar: ProgressBar,
    is_terminal: bool,
    expected_end: Instant,
}

impl TerminalProgress {
    /// Shows nothing where `is_quiet`.
    pub(super) fn new(is_quiet: bool) -> TerminalProgress {
        let is_terminal = std::io::stderr().is_terminal() && !is_quiet;
        let target = if is_terminal { ProgressDrawTarget::stderr() } else { ProgressDrawTarget::hidden() };
        let bar = ProgressBar::with_draw_target(None, target);
        let style = ProgressStyle::with_template("  [{bar:24}] {pos}/{len} cells, {prefix} left: {wide_msg}")
            .expect("the template is a constant that a test renders");
        bar.set_style(style.progress_chars("=> "));
        TerminalProgress { bar, is_terminal, expected_end: Instant::now() }
    }

    /// Ends the display; the terminal is as it was.
    pub(super) fn end(&self) {
        self.bar.finish_and_clear();
    }

    fn show_time_left(&self) {
        let left = self.expected_end.saturating_duration_since(Instant::now());
        self.bar.set_prefix(rough(left));
    }
}

impl RunProgress for TerminalProgress {
    fn planned(&mut self, cells: usize, time: Duration) {
        self.expected_end = Instant::now() + time;
        self.bar.set_length(cells as u64);
        self.show_time_left();
    }

    fn begins(&mut self, order: u32, what: &str) {
        self.bar.set_position(order.into());
        self.bar.set_message(what.to_owned());
        self.show_time_left();
    }

    fn ended(&mut self, cell: &Cell) {
        if let Outcome::Failed { reason, .. } = &cell.outcome {
            let line = format!("{} {} {}: {reason}", cell.experiment, cell.workload, cell.contender);
            if self.is_terminal { self.bar.println(line) } else { tell(&line) }
        }
    }
}

/// A time as precise as a forecast is.
pub(super) fn rough(time: Duration) -> String {
    match time.as_secs() {
        0..=99 => format!("{} s", time.as_secs()),
        seconds => format!("{} min", seconds.div_ceil(60)),
    }
}

/// Shows how far a load is.
pub(super) struct LoadProgress {
    bar: ProgressBar,
    timeout: String,
    requests: Option<u64>,
    has_warned: bool,
}

impl LoadProgress {
    /// Of a load for `requests` it is not known how far it is.
    pub(super) fn new(spec: &LoadSpec, requests: Option<u64>) -> LoadProgress {
        let is_terminal = std::io::stderr().is_terminal();
        let target = if is_terminal { ProgressDrawTarget::stderr_with_hz(4) } else { ProgressDrawTarget::hidden() };
        let planned_ns = nanoseconds(spec.warm_up + spec.window);
        let bar = ProgressBar::with_draw_target(Some(planned_ns / 1_000_000), target);
        let style = ProgressStyle::with_template("  [{bar:24}] {msg}").expect("the template is a constant");
        bar.set_style(style.progress_chars("=> "));
        let timeout = humantime::format_duration(spec.timeout).to_string();
        LoadProgress { bar, timeout, requests, has_warned: false }
    }

    pub(super) fn show(&mut self, moments: Moments, signs: &Signs) {
        let now = now_ns();
        self.warn(signs);
        self.bar.set_message(match now {
            now if self.requests.is_some() && now < moments.window_end_ns => "measuring",
            now if now < moments.window_start_ns => "warming up",
            now if now < moments.window_end_ns => "measuring",
            _ => "waiting for what is outstanding",
        });
        if self.requests.is_none() {
            self.bar.set_position(now.saturating_sub(moments.origin_ns) / 1_000_000);
        }
    }

    /// Says once that requests are given up and none was answered: nobody has to wait for the end to learn that.
    fn warn(&mut self, signs: &Signs) {
        let is_for_nothing = signs.given_up.load(Ordering::Relaxed) && !signs.answered.load(Ordering::Relaxed);
        if is_for_nothing && !self.has_warned {
            self.has_warned = true;
            self.bar.suspend(|| {
                tell(&format!(
                    "warning: no request has got a right reply yet, and the first has been given up (--timeout {}); \
                     Ctrl-C ends the load now",
                    self.timeout
                ));
            });
        }
    }

    /// The terminal is as it was.
    pub(super) fn end(&self) {
        self.bar.finish_and_clear();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_display_that_is_hidden_takes_everything() {
        let mut shown = TerminalProgress::new(true);
        shown.planned(3, Duration::from_secs(90));
        shown.begins(1, "echo 8000rps threaded");
        assert_eq!(shown.bar.position(), 1);
        shown.end();
    }

    #[test]
    fn forecasts_are_rough() {
        assert_eq!(rough(Duration::from_millis(89_900)), "89 s");
        assert_eq!(rough(Duration::from_secs(3_601)), "61 min");
    }
}
