//! How long a cell will take, before it was ever run and after.

use std::time::Duration;

use crate::plan::TaskKind;

/// Starting, stopping and reaping a server, and reading its last figures.
const AROUND: Duration = Duration::from_millis(150);

/// Opening a connection, and closing it, where thousands are opened at once.
const PER_CONNECTION: Duration = Duration::from_micros(60);

/// Cells of the same kind differ by less than this, as a rule.
const CAUTION: f64 = 1.15;

/// The time of one kind of cell.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Forecast {
    guess: Duration,
    longest_seen: Option<Duration>,
}

impl Forecast {
    pub(super) fn of(task: &TaskKind) -> Forecast {
        let guess = task.usual_duration() + AROUND + PER_CONNECTION * task.peak_connections();
        Forecast { guess, longest_seen: None }
    }

    /// Notes how long one took.
    pub(super) fn seen(&mut self, took: Duration) {
        self.longest_seen = Some(self.longest_seen.map_or(took, |longest| longest.max(took)));
    }

    /// How long the next may be expected to take.
    pub(super) fn time(&self) -> Duration {
        self.longest_seen.unwrap_or(self.guess).mul_f64(CAUTION)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::plan::HoldSpec;
    use instruments::load::Work;

    #[test]
    fn what_was_seen_counts_for_more_than_what_was_guessed() {
        let hold = HoldSpec { counts: vec![1_000], work: Work::new("echo", "hi"), give_up_after: Duration::ZERO };
        let mut forecast = Forecast::of(&TaskKind::Hold(hold));
        let guessed = forecast.time();
        assert!(guessed > Duration::from_secs(1), "{guessed:?}");
        for seconds in [3, 2] {
            forecast.seen(Duration::from_secs(seconds));
        }
        assert_eq!(forecast.time(), Duration::from_secs(3).mul_f64(CAUTION));
    }
}
