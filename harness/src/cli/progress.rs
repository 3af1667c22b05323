//! Live progress on stderr: of a run, a bar with the time left on a terminal, a line now and then elsewhere; of a load, a bar
//! on a terminal and nowhere else, and a word as soon as it seems to be for nothing.

use std::io::IsTerminal;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use instruments::clock::nanoseconds;
use instruments::load::{LoadMoments, LoadSpec, Signs, now_ns};
use reports::format::{Unit, count};
use reports::metrics::{Of, metric, response_quantile};
use reports::record::{ArrivalsRecord, Cell, Outcome, Phase};
use reports::study::Pool;

use super::output::{tell, visible};
use crate::run::RunProgress;

/// `--quiet`, for the commands that say how they are getting on. It silences progress and notes; results, warnings and errors are
/// said all the same.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::Args)]
pub(super) struct QuietArg {
    /// Print no progress
    #[arg(long = "quiet", short = 'q')]
    is_on: bool,
}

impl QuietArg {
    /// For what can't be told to be quiet.
    pub(super) const OFF: QuietArg = QuietArg { is_on: false };

    /// Says how it is getting on, unless that is not wanted.
    pub(super) fn tell(self, line: &str) {
        if !self.is_on {
            tell(line);
        }
    }

    /// Whether there is a terminal that may show it.
    fn has_terminal(self) -> bool {
        std::io::stderr().is_terminal() && !self.is_on
    }
}

/// Shows a run while it goes on.
pub(super) struct TerminalProgress {
    bar: ProgressBar,
    is_terminal: bool,
    expected_end: Instant,
    /// What is being found out.
    question: String,
    /// What the last cell found.
    last: String,
}

impl TerminalProgress {
    /// Shows nothing where it is to be quiet.
    pub(super) fn new(quiet: QuietArg) -> TerminalProgress {
        let is_terminal = quiet.has_terminal();
        let target = if is_terminal { ProgressDrawTarget::stderr() } else { ProgressDrawTarget::hidden() };
        let bar = bar(None, target, "  [{bar:16}] {prefix} left: {msg}");
        let (question, last) = (String::new(), String::new());
        TerminalProgress { bar, is_terminal, expected_end: Instant::now(), question, last }
    }

    /// Ends the display; the terminal is as it was.
    pub(super) fn end(&self) {
        self.bar.finish_and_clear();
    }

    /// The question, and below it what was found last.
    fn show_question(&self) {
        self.bar.set_message(visible(&format!("{}{}", self.question, self.last)).into_owned());
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

    fn begins(&mut self, order: u32, finds_out: &str, _: &str) {
        self.bar.set_position(order.into());
        finds_out.clone_into(&mut self.question);
        self.show_question();
        self.show_time_left();
    }

    fn ended(&mut self, cell: &Cell) {
        if let Outcome::Failed { reason, .. } = &cell.outcome {
            let line = format!("{} {} {}: {reason}", cell.experiment, cell.workload, cell.contender);
            if self.is_terminal { self.bar.println(visible(&line)) } else { tell(&line) }
        }
        if let Some(found) = in_few_words(cell) {
            self.last = format!("\n  last: {found}");
            self.show_question();
        }
    }
}

fn bar(length: Option<u64>, target: ProgressDrawTarget, template: &'static str) -> ProgressBar {
    let style = ProgressStyle::with_template(template).expect("templates are constants that a test renders");
    ProgressBar::with_draw_target(length, target).with_style(style.progress_chars("=> "))
}

/// What a cell measured, as soon as it is known; nothing where it measured nothing that a few words say.
fn in_few_words(cell: &Cell) -> Option<String> {
    let pool = Pool::of(vec![cell]);
    let answered = |name: &str, of_whom: &str| {
        let metric = metric(name)?;
        let Of::Load(read) = metric.of else { return None };
        let value = read(&pool).value()?;
        Some(format!("{} answered {}{of_whom}", cell.contender, metric.unit.show(value)))
    };
    let held = || {
        let stage = cell.stages.iter().rfind(|stage| stage.phase == Phase::Idle)?;
        let resident = Unit::Bytes.show(stage.sample.resident_bytes as f64);
        Some(format!("{} held {} connections in {resident}", cell.contender, count(stage.connections)))
    };
    let median = || {
        let value = response_quantile(&pool, 0.5).value()?;
        Some(format!("{} answered half of the requests within {}", cell.contender, Unit::Nanoseconds.show(value)))
    };
    match (&cell.disturbance, cell.load.arrivals) {
        (Some(_), _) => answered("probe_success", " of the others"),
        (None, _) if !cell.stages.is_empty() => held(),
        (None, ArrivalsRecord::Closed) => answered("achieved_rps", ""),
        (None, _) => median(),
    }
}

/// A time as precise as a forecast is, rounded up.
pub(super) fn rough(time: Duration) -> String {
    match time.as_millis().div_ceil(1_000) {
        seconds @ 0..=179 => format!("{seconds} s"),
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
    /// Of a load for `requests` it is not known how far it is. Shows no bar where it is to be quiet; that a load seems to be
    /// for nothing is said all the same.
    pub(super) fn new(spec: &LoadSpec, requests: Option<u64>, quiet: QuietArg) -> LoadProgress {
        let target =
            if quiet.has_terminal() { ProgressDrawTarget::stderr_with_hz(4) } else { ProgressDrawTarget::hidden() };
        let planned_ns = nanoseconds(spec.warm_up + spec.window);
        let bar = bar(Some(planned_ns / 1_000_000), target, "  [{bar:24}] {msg}");
        let timeout = humantime::format_duration(spec.timeout).to_string();
        LoadProgress { bar, timeout, requests, has_warned: false }
    }

    pub(super) fn show(&mut self, moments: LoadMoments, signs: &Signs) {
        let now = now_ns();
        self.warn(signs);
        self.bar.set_message(match now {
            now if self.requests.is_some() && now < moments.window_end_ns => "measuring",
            now if now < moments.window_start_ns => "warming up",
            now if now < moments.window_end_ns => "measuring",
            _ => "waiting for the last replies",
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
    use reports::record::{Sample, Stage};

    use super::*;
    use crate::cli::definition;
    use instruments::load::ArrivalProcess;

    #[test]
    fn a_display_that_is_hidden_takes_everything() {
        let quiet = QuietArg { is_on: true };
        let mut shown = TerminalProgress::new(quiet);
        shown.planned(3, Duration::from_secs(90));
        shown.begins(1, "do thousands of threads thrash?", "threaded");
        assert_eq!(shown.bar.position(), 1);
        shown.end();
        LoadProgress::new(&LoadSpec::of_a_second(ArrivalProcess::Closed), None, quiet).end();
    }

    #[test]
    fn what_a_cell_found_is_said_in_few_words_and_nothing_where_it_found_nothing() {
        let spec = LoadSpec::of_a_second(ArrivalProcess::Closed);
        let nothing = Cell { contender: "threaded".to_owned(), ..Cell::new(spec.to_record()) };
        assert_eq!(in_few_words(&nothing), None);
        let sample = Sample { resident_bytes: 64 << 20, ..Sample::default() };
        let stage = |phase, connections| Stage {
            phase,
            connections,
            answered: None,
            sample,
            socket_buffer_bytes: None,
            settled: true,
        };
        let stages = vec![stage(Phase::Idle, 10), stage(Phase::Idle, 1_000), stage(Phase::Closed, 0)];
        let held = Cell { stages, ..nothing };
        assert_eq!(in_few_words(&held).unwrap(), "threaded held 1,000 connections in 64 MiB");
    }

    #[test]
    fn forecasts_are_rough() {
        assert_eq!(rough(Duration::from_millis(89_900)), "90 s");
        assert_eq!(rough(Duration::from_secs(3_601)), "61 min");
    }

    #[test]
    fn every_command_that_says_how_it_is_getting_on_can_be_quiet() {
        let definition = definition();
        let is_quiet = |command: &&clap::Command| {
            let mut shorts =
                command.get_arguments().filter(|arg| arg.get_long() == Some("quiet")).map(|arg| arg.get_short());
            shorts.next() == Some(Some('q'))
        };
        let names: Vec<&str> =
            definition.get_subcommands().filter(is_quiet).map(|command| command.get_name()).collect();
        let expected = ["compare", "capacity", "map", "publish", "lesson", "load", "microcosts", "doctor", "selftest"];
        assert_eq!(names, expected);
    }
}
