//! The event loop of one generator thread: take up what is due, wait until the next is, handle what arrived.
//!
//! It runs on a thread of its own over epoll, not on a runtime of the kind it measures, and keeps to its schedule
//! by absolute times. Beside it: `connection.rs`, what happens to one connection.

use std::ops::Range;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use nix::sys::resource::{UsageWho, getrusage};
use nix::sys::time::TimeValLike;
use rustix::thread::{ClockId, clock_nanosleep_absolute};

use super::arrivals::{Arrival, Share};
use super::connection::Connections;
use super::sockets::Sockets;
use super::tap::{Moments, Signs, Tap};
use super::{LONGEST_SLEEP_NS, LoadError};
use crate::clock::{now_ns, timespec};
use crate::plan::Pacing;

/// Arrivals taken up before the sockets are looked at again, so that a late schedule does not starve the replies.
const ARRIVALS_AT_ONCE: usize = 32;

/// Events taken from the kernel at once. Few, because what falls due meanwhile waits for them: at some 15 us an event
/// this many delay an arrival by a quarter of a millisecond at most.
pub(crate) const EVENTS_AT_ONCE: usize = 16;

/// How long before the next arrival a precise worker stops sleeping and polls instead.
const POLL_AHEAD_NS: u64 = 100_000;

/// The most that one look at the sockets counts as polling. One that took longer was not looking: the CPU was taken away
/// meanwhile, and that is no time to be left out of how busy the worker was.
const MOST_PER_POLL_NS: u64 = 5_000;

/// How often a ticking worker wakes.
const TICK_NS: u64 = 1_000_000;

/// The moments of a load, on the monotonic clock.
#[derive(Debug, Clone)]
pub(crate) struct Timeline {
    pub(crate) origin_ns: u64,
    pub(crate) window: Range<u64>,
    /// When what is still outstanding is given up and counted as in flight.
    pub(crate) give_up_ns: u64,
}

impl Timeline {
    pub(crate) fn moments(&self) -> Moments {
        let Timeline { origin_ns, ref window, .. } = *self;
        Moments { origin_ns, window_start_ns: window.start, window_end_ns: window.end }
    }
}

/// One generator thread.
pub(crate) struct Worker<'a> {
    pub(crate) connections: Connections<Sockets>,
    pub(crate) pacing: Pacing,
    pub(crate) timeline: Timeline,
    pub(crate) stop: &'a AtomicBool,
    /// Where to hand over what was counted, and as which worker; none where nobody looks on.
    pub(crate) tap: Option<(&'a Tap, u32)>,
    /// Where to say that something was answered, or not.
    pub(crate) signs: &'a Signs,
    pub(crate) polling_ns: u64,
    pub(crate) usage: Usage,
}

/// When a worker begins its requests.
pub(crate) enum Schedule {
    /// At these times: those numbered below `end`, where it does not end with the window.
    Open { share: Box<Share>, end: Option<u64> },
    /// As soon as the last has ended: so many of them, where it does not end with the window.
    Closed { most: Option<u64> },
}

impl Worker<'_> {
    /// Runs the load to its end, and returns what this thread used within the window and when it was done.
    pub(crate) fn run(&mut self, schedule: Schedule) -> Result<(ThreadUsage, u64), LoadError> {
        match schedule {
            Schedule::Open { share, end } => self.run_open(*share, end)?,
            Schedule::Closed { most } => self.run_closed(most)?,
        }
        let now = now_ns();
        self.usage.end(now, self.polling_ns);
        self.connections.give_up(now);
        self.show_signs();
        Ok((self.usage.within_window(), now))
    }

    fn run_open(&mut self, mut share: Share, end: Option<u64>) -> Result<(), LoadError> {
        let mut next = self.next_in_schedule(&mut share, end);
        let mut now = now_ns();
        loop {
            for _ in 0..ARRIVALS_AT_ONCE {
                let Some(arrival) = next.filter(|arrival| arrival.due_ns <= now) else { break };
                self.connections.take_up(arrival, now);
                next = self.next_in_schedule(&mut share, end);
                now = now_ns();
            }
            if next.is_none() && self.is_over(now, end.is_some()) {
                return Ok(());
            }
            if now >= self.timeline.give_up_ns || self.stop.load(Ordering::Relaxed) {
                self.never_taken_up(next, share, end);
                return Ok(());
            }
            now = self.wait_and_handle(now, next.map(|arrival| arrival.due_ns))?;
        }
    }

    fn run_closed(&mut self, most: Option<u64>) -> Result<(), LoadError> {
        // What began before the origin would belong to no part of the load. A signal may end the sleep too early.
        let origin_ns = self.timeline.origin_ns;
        let _ = clock_nanosleep_absolute(ClockId::Monotonic, &timespec(origin_ns));
        let mut now = now_ns().max(origin_ns);
        self.connections.begin_closed_loop(self.timeline.window.end, most.unwrap_or(u64::MAX), now);
        loop {
            let is_given_up = now >= self.timeline.give_up_ns || self.stop.load(Ordering::Relaxed);
            if is_given_up || self.is_over(now, self.connections.have_begun_all()) {
                return Ok(());
            }
            now = self.wait_and_handle(now, None)?;
        }
    }

    /// The next arrival on the clock, if it lies before the end of the window and is numbered below `end`.
    fn next_in_schedule(&self, share: &mut Share, end: Option<u64>) -> Option<Arrival> {
        let Arrival { index, due_ns } = share.next()?;
        let due_ns = due_ns + self.timeline.origin_ns;
        let is_due = due_ns < self.timeline.window.end && end.is_none_or(|end| index < end);
        is_due.then_some(Arrival { index, due_ns })
    }

    /// Counts what the schedule still held.
    fn never_taken_up(&mut self, next: Option<Arrival>, mut share: Share, end: Option<u64>) {
        let Some(next) = next else { return };
        let rest = match end {
            Some(end) => share.left_below(end),
            None => share.pass_until(self.timeline.window.end - self.timeline.origin_ns),
        };
        self.connections.never_taken_up(next.due_ns, 1 + rest);
    }

    /// Whether nothing is outstanding of the window, and nothing more will be: the window has passed, or all has begun
    /// that was to be.
    fn is_over(&self, now: u64, has_begun_all: bool) -> bool {
        (has_begun_all || now >= self.timeline.window.end) && self.connections.are_done()
    }

    /// Waits for the sockets, but not past what is due next, and handles what came.
    /// Returns the time as it was read last.
    fn wait_and_handle(&mut self, now: u64, next_arrival_ns: Option<u64>) -> Result<u64, LoadError> {
        let timer_ns = self.connections.timers.earliest_ns().unwrap_or(u64::MAX);
        let due_ns = next_arrival_ns.unwrap_or(u64::MAX).min(timer_ns).min(self.next_mark_ns(now));
        let sleep_ns = self.sleep_before(due_ns, now);
        let network = &mut self.connections.network;
        if sleep_ns > 0 && self.pacing == Pacing::Ticking {
            // Not in epoll, which every reply would end. A signal may end it: then a tick is short.
            let _ = clock_nanosleep_absolute(ClockId::Monotonic, &timespec(now + sleep_ns));
            network.look()?;
        } else if sleep_ns > 0 {
            network.wait_until(now + sleep_ns, now)?;
        } else {
            network.look()?;
        }
        let woken = now_ns();
        if sleep_ns == 0 && network.is_idle() {
            self.polling_ns += (woken - now).min(MOST_PER_POLL_NS);
        }
        self.connections.handle_events();
        let now = self.connections.latest_ns.max(woken);
        self.connections.on_timers(now);
        self.usage.mark(now, &self.timeline.window, self.polling_ns);
        self.show_signs();
        if let Some((tap, worker)) = self.tap {
            self.connections.recorder.hand_over(tap, worker, now);
        }
        Ok(now)
    }

    fn show_signs(&self) {
        let recorder = &self.connections.recorder;
        self.signs.note(recorder.ok_in_all > 0, recorder.given_up_in_all > 0);
    }

    /// How long to sleep when the next thing is due at `due_ns`. A sleeping thread wakes some 50 us late, so that a
    /// precise worker polls through the last of it.
    fn sleep_before(&self, due_ns: u64, now: u64) -> u64 {
        let left_ns = due_ns.saturating_sub(now).min(LONGEST_SLEEP_NS);
        match self.pacing {
            Pacing::Precise => left_ns.saturating_sub(POLL_AHEAD_NS),
            Pacing::Sleeping => left_ns,
            Pacing::Spinning => 0,
            Pacing::Ticking if left_ns == 0 || self.connections.network.may_have_more() => 0,
            Pacing::Ticking => TICK_NS - now % TICK_NS,
        }
    }

    /// The next moment at which usage is noted or the load is given up.
    fn next_mark_ns(&self, now: u64) -> u64 {
        let Timeline { window, give_up_ns, .. } = &self.timeline;
        [window.start, window.end, *give_up_ns].into_iter().find(|mark| *mark > now).unwrap_or(now)
    }
}

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

fn read(at_ns: u64, polling_ns: u64) -> Option<Reading> {
    let usage = getrusage(UsageWho::RUSAGE_THREAD).ok()?;
    let user = Duration::from_micros(u64::try_from(usage.user_time().num_microseconds()).ok()?);
    let system = Duration::from_micros(u64::try_from(usage.system_time().num_microseconds()).ok()?);
    Some(Reading { at_ns, user, system, polling_ns })
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
        let mut usage = Usage::default();
        for (now, polling_ns) in [(999, 1), (1_000, 10), (1_500, 20), (1_999, 30), (2_004, 40), (9_000, 50)] {
            usage.mark(now, &WINDOW, polling_ns);
        }
        let within = usage.within_window();
        assert_eq!((within.polling, within.elapsed), (Duration::from_nanos(30), Duration::from_nanos(1_004)));
    }

    #[test]
    fn a_load_that_ended_before_its_window_used_nothing_in_it() {
        let mut usage = Usage::default();
        usage.mark(999, &WINDOW, 7);
        usage.end(999, 7);
        assert_eq!(usage.within_window(), ThreadUsage::default());
    }

    #[test]
    fn a_load_that_was_stopped_is_counted_until_then() {
        let mut usage = Usage::default();
        usage.mark(1_000, &WINDOW, 7);
        usage.end(1_500, 9);
        usage.mark(2_000, &WINDOW, 11);
        let within = usage.within_window();
        assert_eq!((within.polling, within.elapsed), (Duration::from_nanos(2), Duration::from_nanos(500)));
    }

    #[test]
    fn work_between_the_marks_is_seen() {
        let mut usage = Usage::default();
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
