//! What stood in the way of a row: why it could not even be tried, or how late the machine let anybody run.
//!
//! The latter is seen by threads that want to wake every other millisecond, one on each CPU, and note when they could not: what
//! the machine did to server and generator while a row was measured.
//!
//! `instruments/src/observe/machine/noise.rs` keeps the greatest lateness on the generator's CPUs; a row needs the sum on all of
//! them, because delays add up in a queue.

use std::io;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use instruments::clock::{now_ns, sleep_until, wake_promptly};
use instruments::load::LoadError;

use super::each_cpu::OnEachCpu;
use crate::process::ProcessError;

/// Why a row could not even be tried.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Obstacle {
    #[error(transparent)]
    Load(#[from] LoadError),
    #[error(transparent)]
    Process(#[from] ProcessError),
    #[error(transparent)]
    Io(#[from] io::Error),
    #[error("{0}")]
    Other(String),
}

const PERIOD_NS: u64 = 2_000_000;

/// Lateness that any timer may have.
const USUAL_NS: u64 = 300_000;

/// What takes less of a window than this makes no queue grow and moves no median.
const PART_OF_A_WINDOW: u32 = 4;

/// What was taken from whoever wanted to run, beyond what is usual, in nanoseconds.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Lateness {
    pub(crate) longest_ns: u64,
    pub(crate) total_ns: u64,
    wake_ups: u64,
}

impl Lateness {
    /// A lateness of so much was seen.
    pub(crate) fn note(&mut self, late_ns: u64) {
        let beyond_ns = late_ns.saturating_sub(USUAL_NS);
        self.longest_ns = self.longest_ns.max(beyond_ns);
        self.total_ns += beyond_ns;
        self.wake_ups += 1;
    }

    /// Both together.
    pub(crate) fn and(self, other: Lateness) -> Lateness {
        Lateness {
            longest_ns: self.longest_ns.max(other.longest_ns),
            total_ns: self.total_ns + other.total_ns,
            wake_ups: self.wake_ups + other.wake_ups,
        }
    }

    /// By how much each wake-up was late, on average.
    pub(crate) fn mean_ns(self) -> f64 {
        if self.wake_ups == 0 { 0.0 } else { self.total_ns as f64 / self.wake_ups as f64 }
    }

    /// By how much it may have delayed the requests of a window, in nanoseconds: by `usual_ns`, or by anything where so much of
    /// the window was taken that queues grew.
    pub(crate) fn may_delay_by(self, usual_ns: f64, window: Duration) -> f64 {
        if self.is_much(window) { f64::INFINITY } else { usual_ns }
    }

    /// By how much it may have moved the median of a window in which all requests take equally long, in nanoseconds: by nothing
    /// where it hit only a part of them.
    pub(crate) fn may_move_a_median_by(self, window: Duration) -> f64 {
        if self.is_much(window) { self.longest_ns as f64 } else { 0.0 }
    }

    /// Whether more than a part of a window was taken.
    fn is_much(self, window: Duration) -> bool {
        u128::from(self.total_ns) > window.as_nanos() / u128::from(PART_OF_A_WINDOW)
    }

    /// For a reader who wants to know why.
    pub(crate) fn words(self) -> String {
        let ms = |ns: u64| ns as f64 / 1e6;
        format!("threads ran up to {:.1} ms late, {:.1} ms in all", ms(self.longest_ns), ms(self.total_ns))
    }
}

/// A thread on each CPU that sees how late it is.
pub(crate) struct LatenessWatch(OnEachCpu<Lateness>);

impl LatenessWatch {
    /// Watches these CPUs.
    pub(crate) fn start(cpus: &[u32]) -> io::Result<LatenessWatch> {
        Ok(LatenessWatch(OnEachCpu::start("lateness", cpus, watch)?))
    }

    /// What has been seen since the start.
    pub(crate) fn end(self) -> Lateness {
        self.0.end().fold(Lateness::default(), Lateness::and)
    }
}

fn watch(stop: &AtomicBool) -> Lateness {
    // Where this is refused, the lateness seen is that of a lazier timer.
    wake_promptly();
    let mut seen = Lateness::default();
    while !stop.load(Ordering::Relaxed) {
        let due_ns = now_ns() + PERIOD_NS;
        if sleep_until(due_ns) {
            seen.note(now_ns().saturating_sub(due_ns));
        }
    }
    seen
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Late by so much at so many wake-ups.
    fn late<const N: usize>(all_ns: [u64; N]) -> Lateness {
        let mut seen = Lateness::default();
        all_ns.iter().for_each(|late_ns| seen.note(*late_ns));
        seen
    }

    #[test]
    fn the_usual_is_no_disturbance_and_the_rest_adds_up() {
        let seen = late([100_000, USUAL_NS, USUAL_NS + 5, USUAL_NS + 3]);
        assert_eq!((seen.longest_ns, seen.total_ns, seen.mean_ns()), (5, 8, 2.0));
        let twice = seen.and(seen);
        assert_eq!((twice.longest_ns, twice.total_ns, twice.mean_ns()), (5, 16, 2.0));
        assert_eq!(Lateness::default().mean_ns(), 0.0);
    }

    #[test]
    fn much_is_more_than_a_quarter_of_a_window() {
        let window = Duration::from_secs(2);
        let is_much = |late_ns| late([USUAL_NS + late_ns]).is_much(window);
        assert_eq!([500_000_000, 500_000_001].map(is_much), [false, true]);
    }
}
