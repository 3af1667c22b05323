//! What a generator thread used of its CPU within the window, read when its beginning and its end have passed.

use std::ops::Range;
use std::time::Duration;

use nix::sys::resource::{UsageWho, getrusage};
use nix::sys::time::TimeValLike;

/// CPU time of one thread within the window.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct ThreadUsage {
    pub(crate) user: Duration,
    pub(crate) system: Duration,
    pub(crate) polling: Duration,
    pub(crate) elapsed: Duration,
}

impl ThreadUsage {
    /// Share of the CPU that went into work, polling left out, 0 to 1.
    pub(crate) fn busy(&self) -> f64 {
        let worked = (self.user + self.system).saturating_sub(self.polling);
        if self.elapsed.is_zero() { 0.0 } else { worked.as_secs_f64() / self.elapsed.as_secs_f64() }
    }
}

/// The two readings.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct WindowUsage {
    at_start: Option<UsageReading>,
    at_end: Option<UsageReading>,
}

#[derive(Debug, Clone, Copy)]
struct UsageReading {
    at_ns: u64,
    user: Duration,
    system: Duration,
    polling_ns: u64,
}

impl WindowUsage {
    /// To be called often; reads when a mark has been passed. `polling_ns` counts up over the thread's life.
    #[inline]
    pub(crate) fn mark(&mut self, now_ns: u64, window: &Range<u64>, polling_ns: u64) {
        if self.at_start.is_none() && now_ns >= window.start {
            self.at_start = read(now_ns, polling_ns);
        }
        if self.at_end.is_none() && now_ns >= window.end {
            self.at_end = read(now_ns, polling_ns);
        }
    }

    /// To be called when the thread is done, which may be before the window is.
    pub(crate) fn end(&mut self, now_ns: u64, polling_ns: u64) {
        if self.at_start.is_some() && self.at_end.is_none() {
            self.at_end = read(now_ns, polling_ns);
        }
    }

    /// The difference; nothing where the load ended before its window began.
    pub(crate) fn within_window(&self) -> ThreadUsage {
        let (Some(start), Some(end)) = (self.at_start, self.at_end) else { return ThreadUsage::default() };
        ThreadUsage {
            user: end.user.saturating_sub(start.user),
            system: end.system.saturating_sub(start.system),
            polling: Duration::from_nanos(end.polling_ns - start.polling_ns),
            elapsed: Duration::from_nanos(end.at_ns - start.at_ns),
        }
    }
}

fn read(at_ns: u64, polling_ns: u64) -> Option<UsageReading> {
    let usage = getrusage(UsageWho::RUSAGE_THREAD).ok()?;
    let user = Duration::from_micros(u64::try_from(usage.user_time().num_microseconds()).ok()?);
    let system = Duration::from_micros(u64::try_from(usage.system_time().num_microseconds()).ok()?);
    Some(UsageReading { at_ns, user, system, polling_ns })
}

#[cfg(test)]
mod tests {
    use std::hint::black_box;

    use super::*;
    use crate::clock::now_ns;

    const WINDOW: Range<u64> = 1_000..2_000;

    #[test]
    fn polling_is_no_work_and_no_time_is_no_load() {
        let ms = Duration::from_millis;
        let usage = ThreadUsage { user: ms(300), system: ms(200), polling: ms(400), elapsed: ms(1_000) };
        assert!((usage.busy() - 0.1).abs() < 1e-9);
        assert_eq!(ThreadUsage { polling: ms(600), ..usage }.busy(), 0.0);
        assert_eq!(ThreadUsage { elapsed: Duration::ZERO, ..usage }.busy(), 0.0);
    }

    #[test]
    fn only_what_lies_between_the_marks_counts() {
        let mut usage = WindowUsage::default();
        for (now, polling_ns) in [(999, 1), (1_000, 10), (1_500, 20), (1_999, 30), (2_004, 40), (9_000, 50)] {
            usage.mark(now, &WINDOW, polling_ns);
        }
        let within = usage.within_window();
        assert_eq!((within.polling, within.elapsed), (Duration::from_nanos(30), Duration::from_nanos(1_004)));
    }

    #[test]
    fn a_load_that_ended_before_its_window_used_nothing_in_it() {
        let mut usage = WindowUsage::default();
        usage.mark(999, &WINDOW, 7);
        usage.end(999, 7);
        assert_eq!(usage.within_window(), ThreadUsage::default());
    }

    #[test]
    fn a_load_that_was_stopped_is_counted_until_then() {
        let mut usage = WindowUsage::default();
        usage.mark(1_000, &WINDOW, 7);
        usage.end(1_500, 9);
        usage.mark(2_000, &WINDOW, 11);
        let within = usage.within_window();
        assert_eq!((within.polling, within.elapsed), (Duration::from_nanos(2), Duration::from_nanos(500)));
    }

    #[test]
    fn work_between_the_marks_is_seen() {
        let mut usage = WindowUsage::default();
        let window = now_ns()..now_ns() + 60_000_000;
        usage.mark(window.start, &window, 0);
        let before = crate::clock::thread_cpu_ns();
        while crate::clock::thread_cpu_ns() < before + 60_000_000 {
            black_box(0);
        }
        usage.mark(now_ns(), &window, 0);
        let within = usage.within_window();
        // The rusage of a running thread may lag its clock by a tick.
        assert!(within.user + within.system >= Duration::from_millis(40), "{within:?}");
        assert!(within.busy() > 0.0);
    }
}
