//! What is counted for someone who looks on while the load runs.
//!
//! Beside it: `../tap.rs`, where it is handed over.

use super::Recorder;
use super::ends::{Answered, Loop};
use crate::load::tap::{Counted, Tap};

impl Recorder {
    /// Counts from now on for someone who looks on.
    pub(crate) fn count_for_a_tap(&mut self, from_ns: u64) {
        self.watched = Some(Box::new(Counted::from(from_ns)));
    }

    /// Hands over what has been counted, where it is time.
    #[inline]
    pub(crate) fn hand_over(&mut self, tap: &Tap, worker: u32, now_ns: u64) {
        if let Some(watched) = &mut self.watched {
            tap.hand_over(worker, watched, now_ns);
        }
    }

    /// An arrival was taken up, so much later than it was due.
    #[inline]
    pub(super) fn show_arrival(&mut self, lag_ns: u64) {
        if let Some(watched) = &mut self.watched {
            watched.arrivals += 1;
            watched.lag_sum_ns += lag_ns;
        }
    }

    /// A correct reply. In closed loop it has no response time.
    #[inline]
    pub(super) fn show_ok(&mut self, answered: &Answered) {
        if let Some(watched) = &mut self.watched {
            watched.ok += 1;
            if self.loop_kind == Loop::Open {
                watched.response_time.record(answered.received_ns.saturating_sub(answered.intended_ns));
            }
        }
    }

    /// A request that ended otherwise.
    #[inline]
    pub(super) fn show_failed(&mut self) {
        if let Some(watched) = &mut self.watched {
            watched.failed += 1;
        }
    }
}
