//! What a generator thread uses itself, read when the window begins and when it ends.

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
pub(crate) struct Usage {
    at_start: Option<Reading>,
    at_end: Option<Reading>,
}

#[derive(Debug, Clone, Copy)]
struct Reading {
    at_ns: u64,
    user: Duration,
    system: Duration,
    polling_ns: u64,
}

impl Usage {
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

    /// The difference; nothing where the load ended before its window did.
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

fn read(at_ns: u64, polling_ns: u64) -> Option<Reading> {
    let usage = getrusage(UsageWho::RUSAGE_THREAD).ok()?;
    let user = Duration::from_micros(u64::try_from(usage.user_time().num_microseconds()).ok()?);
    let system = Duration::from_micros(u64::try_from(usage.system_time().num_microseconds()).ok()?);
    Some(Reading { at_ns, user, system, polling_ns })
}
