//! Live progress on stderr: a bar with the time left on a terminal, a line now and then elsewhere.

use std::io::IsTerminal;
use std::time::{Duration, Instant};

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use reports::record::{Cell, Outcome};

use super::output::tell;
use crate::run::Progress;

/// Shows a run while it goes on.
pub(super) struct RunProgress {
    bar: ProgressBar,
    is_terminal: bool,
    expected_end: Instant,
}

impl RunProgress {
    /// Shows nothing where `is_quiet`.
    pub(super) fn new(is_quiet: bool) -> RunProgress {
        let is_terminal = std::io::stderr().is_terminal() && !is_quiet;
        let target = if is_terminal { ProgressDrawTarget::stderr() } else { ProgressDrawTarget::hidden() };
        let bar = ProgressBar::with_draw_target(None, target);
        let style = ProgressStyle::with_template("  [{bar:24}] {pos}/{len} cells, {prefix} left: {wide_msg}")
            .expect("the template is a constant that a test renders");
        bar.set_style(style.progress_chars("=> "));
        RunProgress { bar, is_terminal, expected_end: Instant::now() }
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

impl Progress for RunProgress {
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_display_that_is_hidden_takes_everything() {
        let mut shown = RunProgress::new(true);
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
