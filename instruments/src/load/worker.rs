//! The event loop of one generator thread: take up what is due, wait until the next is, handle what arrived.
//!
//! It runs on a thread of its own over epoll, not on a runtime of the kind it measures, and keeps to its schedule
//! by absolute times. Beside it: `connection.rs`, what happens to one connection; `usage.rs`, what the thread used.

use std::ops::Range;
use std::sync::atomic::{AtomicBool, Ordering};

use super::arrivals::{Arrival, Share};
use super::connection::Connections;
use super::sockets::Sockets;
use super::tap::{LoadMoments, Signs, Tap};
use super::usage::{ThreadUsage, WindowUsage};
use super::{LONGEST_SLEEP_NS, LoadError};
use crate::clock::{now_ns, sleep_until};
use crate::load::Pacing;

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
pub(crate) struct LoadTimeline {
    pub(crate) origin_ns: u64,
    pub(crate) window: Range<u64>,
    /// When what is still outstanding is given up and counted as in flight.
    pub(crate) give_up_ns: u64,
}

impl LoadTimeline {
    pub(crate) fn moments(&self) -> LoadMoments {
        let LoadTimeline { origin_ns, ref window, .. } = *self;
        LoadMoments { origin_ns, window_start_ns: window.start, window_end_ns: window.end }
    }
}

/// One generator thread.
pub(crate) struct Worker<'a> {
    pub(crate) connections: Connections<Sockets>,
    pub(crate) pacing: Pacing,
    pub(crate) timeline: LoadTimeline,
    pub(crate) stop: &'a AtomicBool,
    /// Where to hand over what was counted, and as which worker; none where nobody looks on.
    pub(crate) tap: Option<(&'a Tap, u32)>,
    /// Where to say that something was answered, or not.
    pub(crate) signs: &'a Signs,
    pub(crate) polling_ns: u64,
    pub(crate) usage: WindowUsage,
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
        // What began before the origin would belong to no part of the load. A signal may end a sleep too early.
        let origin_ns = self.timeline.origin_ns;
        while !sleep_until(origin_ns) {
            if self.stop.load(Ordering::Relaxed) {
                return Ok(());
            }
        }
        let mut now = now_ns();
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

    /// Counts what the schedule still held within the window.
    fn never_taken_up(&mut self, next: Option<Arrival>, share: Share, end: Option<u64>) {
        let origin_ns = self.timeline.origin_ns;
        let window = self.timeline.window.start - origin_ns..self.timeline.window.end - origin_ns;
        let next = next.map(|next| Arrival { due_ns: next.due_ns - origin_ns, ..next });
        let left = next.and_then(|next| share.left(next, window, end));
        if let Some((first, count)) = left {
            self.connections.never_taken_up(first.due_ns + origin_ns, count);
        }
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
            sleep_until(now + sleep_ns);
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
        let LoadTimeline { window, give_up_ns, .. } = &self.timeline;
        [window.start, window.end, *give_up_ns].into_iter().find(|mark| *mark > now).unwrap_or(now)
    }
}
