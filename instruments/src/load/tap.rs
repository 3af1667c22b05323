//! What can be seen of a load while it runs: its moments, signs of how it goes, and what its workers counted since the
//! last look.
//!
//! A worker counts for itself and hands over what it has several times a second, between two looks at its sockets. It
//! never waits for whoever looks: where the place is being read at that moment, it hands over the next time. Nothing is
//! allocated, and a load that nobody looks at pays one branch for each reply. Must not know: what is made of a look.

use std::ops::AddAssign;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, PoisonError};

use hdrhistogram::Histogram;

use super::tally::{TWO_DIGITS, Tally};

/// How often a worker hands over.
const HAND_OVER_NS: u64 = 50_000_000;

/// The moments of a load, on the monotonic clock in nanoseconds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LoadMoments {
    /// Start of the warm-up.
    pub origin_ns: u64,
    /// Start of the measurement window.
    pub window_start_ns: u64,
    /// Its end.
    pub window_end_ns: u64,
}

/// What can be seen of a load from outside while it runs, at next to no cost to it.
#[derive(Debug, Default)]
pub struct Signs {
    /// Whether a right reply has come.
    pub answered: AtomicBool,
    /// Whether a request was given up without a reply.
    pub given_up: AtomicBool,
}

impl Signs {
    #[inline]
    pub(super) fn note(&self, has_answered: bool, has_given_up: bool) {
        // Written once each: workers would else take the cache line from each other.
        let note = |sign: &AtomicBool, is_so: bool| {
            if is_so && !sign.load(Ordering::Relaxed) {
                sign.store(true, Ordering::Relaxed);
            }
        };
        note(&self.answered, has_answered);
        note(&self.given_up, has_given_up);
    }
}

/// Where the workers of one load put what they counted.
#[derive(Debug)]
pub struct Tap {
    places: Vec<Mutex<Counted>>,
}

/// What was seen of a load since the last look.
#[derive(Debug, Clone, PartialEq)]
pub struct TapReading {
    /// Correct replies per second.
    pub ok_per_s: f64,
    /// Requests per second that ended otherwise.
    pub failed_per_s: f64,
    /// Correct replies.
    pub ok: u64,
    /// Requests that ended otherwise.
    pub failed: u64,
    /// Intended start to last byte of correct replies, in nanoseconds, to two significant digits; empty in closed loop.
    pub response_time: Histogram<u64>,
    /// How late arrivals were taken up, on average, in nanoseconds; absent where there was none.
    pub mean_lag_ns: Option<u64>,
}

/// What one worker counted in a span of time on the monotonic clock.
#[derive(Debug, Clone)]
pub(crate) struct Counted {
    from_ns: u64,
    until_ns: u64,
    pub(crate) ok: u64,
    pub(crate) failed: u64,
    pub(crate) arrivals: u64,
    pub(crate) lag_sum_ns: u64,
    pub(crate) response_time: Tally<TWO_DIGITS>,
}

impl Tap {
    /// For a load of at most so many workers.
    pub fn new(workers: u32) -> Tap {
        Tap { places: (0..workers).map(|_| Mutex::new(Counted::from(u64::MAX))).collect() }
    }

    /// What all workers have handed over since the last look; nothing where none has, as before the load begins.
    pub fn look(&self) -> Option<TapReading> {
        let (mut ok_per_s, mut failed_per_s) = (0.0, 0.0);
        let mut sum = Counted::from(u64::MAX);
        for place in &self.places {
            // Made outside of the lock, so that the worker finds it taken for as short as can be.
            let mut counted = Counted::from(u64::MAX);
            std::mem::swap(&mut *place.lock().unwrap_or_else(PoisonError::into_inner), &mut counted);
            let span_s = counted.until_ns.saturating_sub(counted.from_ns) as f64 / 1e9;
            if span_s > 0.0 {
                ok_per_s += counted.ok as f64 / span_s;
                failed_per_s += counted.failed as f64 / span_s;
                sum += &counted;
            }
        }
        (sum.until_ns > 0).then(|| TapReading {
            ok_per_s,
            failed_per_s,
            ok: sum.ok,
            failed: sum.failed,
            mean_lag_ns: sum.lag_sum_ns.checked_div(sum.arrivals),
            response_time: sum.response_time.histogram(),
        })
    }

    /// Takes over from a worker what it has counted, where it is time and the place is free.
    #[inline]
    pub(crate) fn hand_over(&self, worker: u32, counted: &mut Counted, now_ns: u64) {
        if now_ns.saturating_sub(counted.from_ns) >= HAND_OVER_NS {
            self.take_over(worker, counted, now_ns);
        }
    }

    #[cold]
    fn take_over(&self, worker: u32, counted: &mut Counted, now_ns: u64) {
        let Some(place) = self.places.get(worker as usize) else { return };
        let Ok(mut place) = place.try_lock() else { return };
        counted.until_ns = now_ns;
        *place += &*counted;
        counted.begin(now_ns);
    }
}

impl Counted {
    /// Nothing yet, from a moment on.
    pub(crate) fn from(now_ns: u64) -> Counted {
        Counted {
            from_ns: now_ns,
            until_ns: 0,
            ok: 0,
            failed: 0,
            arrivals: 0,
            lag_sum_ns: 0,
            response_time: Tally::new(),
        }
    }

    /// Begins anew.
    pub(crate) fn begin(&mut self, now_ns: u64) {
        (self.from_ns, self.until_ns) = (now_ns, 0);
        (self.ok, self.failed, self.arrivals, self.lag_sum_ns) = (0, 0, 0, 0);
        self.response_time.clear();
    }
}

impl AddAssign<&Counted> for Counted {
    fn add_assign(&mut self, other: &Counted) {
        self.from_ns = self.from_ns.min(other.from_ns);
        self.until_ns = self.until_ns.max(other.until_ns);
        self.ok += other.ok;
        self.failed += other.failed;
        self.arrivals += other.arrivals;
        self.lag_sum_ns += other.lag_sum_ns;
        self.response_time.add(&other.response_time);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MS: u64 = 1_000_000;

    fn counted(from_ns: u64, replies: u64, took_ns: u64) -> Counted {
        let mut counted = Counted::from(from_ns);
        (counted.ok, counted.failed, counted.arrivals, counted.lag_sum_ns) = (replies, 1, replies + 1, 1_100);
        (0..replies).for_each(|_| counted.response_time.record(took_ns));
        counted
    }

    #[test]
    fn a_look_has_what_was_counted_since_the_last() {
        let tap = Tap::new(1);
        assert_eq!(tap.look(), None);
        let mut worker = counted(100 * MS, 10, 3_000);
        tap.hand_over(0, &mut worker, 120 * MS);
        assert_eq!(tap.look(), None, "it is not time yet");
        tap.hand_over(0, &mut worker, 200 * MS);
        assert_eq!((worker.ok, worker.response_time.count(), worker.from_ns), (0, 0, 200 * MS));
        let look = tap.look().unwrap();
        assert_eq!((look.ok_per_s, look.failed_per_s, look.mean_lag_ns), (100.0, 10.0, Some(100)));
        assert_eq!((look.ok, look.failed), (10, 1));
        assert_eq!((look.response_time.len(), look.response_time.value_at_quantile(0.5)), (10, 3_007));
        assert_eq!(tap.look(), None);
    }

    #[test]
    fn spans_that_were_not_looked_at_in_time_add_up() {
        let tap = Tap::new(1);
        let mut worker = counted(0, 10, 5);
        tap.hand_over(0, &mut worker, 100 * MS);
        worker.ok = 30;
        tap.hand_over(0, &mut worker, 200 * MS);
        assert_eq!(tap.look().unwrap().ok_per_s, 200.0);
    }

    #[test]
    fn workers_add_up_by_their_rates() {
        let tap = Tap::new(2);
        tap.hand_over(0, &mut counted(0, 10, 5), 100 * MS);
        tap.hand_over(1, &mut counted(0, 10, 9), 200 * MS);
        let look = tap.look().unwrap();
        assert_eq!((look.ok_per_s, look.response_time.len()), (150.0, 20));
    }

    #[test]
    fn a_worker_never_waits_and_loses_nothing() {
        let tap = Tap::new(1);
        let mut worker = counted(0, 10, 5);
        let held = tap.places[0].lock().unwrap();
        tap.hand_over(0, &mut worker, 100 * MS);
        drop(held);
        assert_eq!(worker.ok, 10);
        tap.hand_over(0, &mut worker, 200 * MS);
        assert_eq!(tap.look().unwrap().ok_per_s, 50.0);
    }
}
