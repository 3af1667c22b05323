//! A bar on stderr while a load runs, on a terminal and nowhere else; and a word as soon as a load seems to be for nothing.

use std::io::IsTerminal;

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

use std::sync::atomic::Ordering;

use crate::cli::output::tell;
use crate::load::{Moments, Signs, now_ns};
use crate::plan::{LoadSpec, nanoseconds};

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
