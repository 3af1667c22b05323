//! A bar on stderr while a load runs, on a terminal and nowhere else.

use std::io::IsTerminal;

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

use crate::load::{Moments, now_ns};
use crate::plan::{LoadSpec, nanoseconds};

/// Shows how far a load is.
pub(super) struct Shown {
    bar: ProgressBar,
}

impl Shown {
    pub(super) fn new(spec: &LoadSpec) -> Shown {
        let is_terminal = std::io::stderr().is_terminal();
        let target = if is_terminal { ProgressDrawTarget::stderr_with_hz(4) } else { ProgressDrawTarget::hidden() };
        let planned_ns = nanoseconds(spec.warm_up + spec.window);
        let bar = ProgressBar::with_draw_target(Some(planned_ns / 1_000_000), target);
        let style = ProgressStyle::with_template("  [{bar:24}] {msg}").expect("the template is a constant");
        bar.set_style(style.progress_chars("=> "));
        Shown { bar }
    }

    pub(super) fn show(&self, moments: Moments) {
        let now = now_ns();
        self.bar.set_message(match now {
            now if now < moments.window_start_ns => "warming up",
            now if now < moments.window_end_ns => "measuring",
            _ => "waiting for what is outstanding",
        });
        self.bar.set_position(now.saturating_sub(moments.origin_ns) / 1_000_000);
    }

    /// The terminal is as it was.
    pub(super) fn end(&self) {
        self.bar.finish_and_clear();
    }
}
