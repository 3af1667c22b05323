//! What one worker notes down: the fate of every request, and the histograms. One recorder per worker, merged at
//! the end by adding up. While load is running nothing locks, and nothing allocates for a usual reply, unless seconds are
//! kept.
//!
//! Must not know: sockets, schedules. Beside it: `outcome.rs` turns merged recorders into the saved record. Within:
//! `recorder/ends.rs` (how requests end), `recorder/split.rs` (where response times went), `recorder/replies.rs`,
//! `recorder/over_time.rs`, `recorder/watched.rs`.

mod ends;
mod over_time;
mod replies;
mod split;
mod watched;

use std::ops::Range;

use reports::record::{ConnectionLedger, Fate, Ledger, RequestEvent};

pub(crate) use ends::{Answered, Failure, Loop, Scheduled};
pub(super) use ends::{add_connections, add_ledger};
pub(crate) use over_time::{INTERVALS, IntervalTally, SecondTally, Seconds};
use replies::Replies;
pub(super) use replies::{add_malformed, joined_sizes};
pub(crate) use split::{PART_NAMES, SplitTally};

use super::tally::Tally;
use super::tap::Counted;

/// All that one worker notes down.
#[derive(Debug, Clone, Default)]
pub(crate) struct Recorder {
    window: Range<u64>,
    timeout_ns: u64,
    loop_kind: Loop,
    /// Requests in the system, integrated over time: the sum of the moments of leaving less that of entering, whatever the
    /// order in which they are noted. It is held against the response times.
    area_ns: i128,
    pub(crate) ledger: Ledger,
    pub(crate) connections: ConnectionLedger,
    pub(crate) arrivals: u64,
    pub(crate) taken_up_in_time: u64,
    pub(crate) ok_within_window: u64,
    pub(crate) ok_in_all: u64,
    pub(crate) given_up_in_all: u64,
    pub(crate) out_of_order: u64,
    pub(crate) left_over: u64,
    pub(crate) response_time: Tally,
    pub(crate) service_time: Tally,
    pub(crate) schedule_lag: Tally,
    pub(crate) connect_time: Tally,
    pub(crate) split: SplitTally,
    pub(crate) intervals: Vec<IntervalTally>,
    /// Every request of the window by itself, on the monotonic clock, as far as there is room.
    pub(crate) events: Vec<RequestEvent>,
    /// What was seen of replies besides their times.
    pub(crate) replies: Replies,
    /// Requests of the warm-up that were without an end when the window began, and stayed so.
    pub(crate) hung_since_warm_up: u64,
    /// The window second by second, where that was asked for.
    pub(crate) seconds: Option<Box<Seconds>>,
    /// What was counted since the last time it was handed over; none where nobody looks on.
    watched: Option<Box<Counted>>,
}

impl Recorder {
    /// Records nothing but connections until it is given its window.
    pub(crate) fn new(timeout_ns: u64, loop_kind: Loop) -> Recorder {
        Recorder {
            window: u64::MAX..u64::MAX,
            timeout_ns,
            loop_kind,
            intervals: vec![IntervalTally::default(); INTERVALS],
            ..Recorder::default()
        }
    }

    /// Of requests that have no schedule: all of them are recorded.
    pub(crate) fn unscheduled(timeout_ns: u64) -> Recorder {
        let mut recorder = Recorder::new(timeout_ns, Loop::Closed);
        recorder.set_window(0..u64::MAX);
        recorder
    }

    /// Keeps every request by itself too, up to `room` of them: nothing is allocated for the rest.
    pub(crate) fn keeping(mut self, room: usize) -> Recorder {
        self.events.reserve_exact(room);
        self
    }

    /// From when to when requests are scheduled that are recorded: on the monotonic clock, in nanoseconds.
    pub(crate) fn set_window(&mut self, window: Range<u64>) {
        self.window = window;
    }

    /// The start of the window; events count from where the load began before it.
    pub(crate) fn window_start_ns(&self) -> u64 {
        self.window.start
    }

    /// Where a moment of the schedule lies. Nothing is scheduled after the window.
    pub(crate) fn place(&self, intended_ns: u64) -> Scheduled {
        if intended_ns < self.window.start { Scheduled::InWarmUp } else { Scheduled::InWindow }
    }

    /// An arrival of `requests` requests was taken up at `now_ns`. It counts as taken up in time until a hundredth
    /// of the window after the window's end.
    pub(crate) fn arrival(&mut self, intended_ns: u64, now_ns: u64, requests: u32) -> Scheduled {
        let place = self.place(intended_ns);
        self.show_arrival(now_ns.saturating_sub(intended_ns));
        if place == Scheduled::InWindow {
            let grace_ns = (self.window.end - self.window.start) / 100;
            self.arrivals += 1;
            self.taken_up_in_time += u64::from(now_ns < self.window.end + grace_ns);
            self.ledger.scheduled += u64::from(requests);
            self.schedule_lag.record(now_ns.saturating_sub(intended_ns));
        }
        place
    }

    /// Arrivals of so many requests each that the schedule held and that were never taken up, the first of them due at
    /// `intended_ns`.
    pub(crate) fn never_taken_up(&mut self, intended_ns: u64, arrivals: u64, requests: u32) {
        if self.place(intended_ns) == Scheduled::InWarmUp {
            return;
        }
        let all = arrivals * u64::from(requests);
        self.arrivals += arrivals;
        self.left_over += all;
        self.ledger.scheduled += all;
        self.unsent(Scheduled::InWindow, Failure::Dropped, all, intended_ns);
    }

    /// A request of a closed loop, which schedules itself.
    pub(crate) fn self_scheduled(&mut self, now_ns: u64, requests: u32) -> Scheduled {
        let place = self.place(now_ns);
        if place == Scheduled::InWindow {
            self.ledger.scheduled += u64::from(requests);
        }
        place
    }

    /// A request entered the system: it is due, and sent or waiting to be.
    pub(crate) fn entered(&mut self, place: Scheduled, now_ns: u64) {
        if place == Scheduled::InWindow && self.loop_kind == Loop::Open {
            self.area_ns -= i128::from(now_ns);
        }
    }

    /// A correct reply.
    pub(crate) fn ok(&mut self, place: Scheduled, answered: &Answered) {
        self.ok_in_all += 1;
        if self.window.contains(&answered.received_ns) {
            self.ok_within_window += 1;
            self.replies.size(answered.reply_bytes);
        }
        self.show_ok(answered);
        if place == Scheduled::InWarmUp {
            return;
        }
        self.ledger.ok += 1;
        self.note_second(answered);
        self.service_time.record(answered.received_ns.saturating_sub(answered.sent_ns));
        self.record_split(answered);
        if self.loop_kind == Loop::Closed {
            return;
        }
        let response_time_ns = answered.received_ns.saturating_sub(answered.intended_ns);
        self.keep(RequestEvent {
            at_ns: answered.intended_ns,
            took_ns: response_time_ns,
            fate: Fate::Ok,
            connection: answered.connection,
        });
        self.area_ns += i128::from(answered.received_ns);
        self.response_time.record(response_time_ns);
        if let Some(interval) = self.interval(answered.intended_ns) {
            interval.ok += 1;
            interval.response_time.record(response_time_ns);
        }
    }

    fn record_split(&mut self, answered: &Answered) {
        match split::parts_of(answered) {
            None => self.out_of_order += 1,
            // There is no response time that could be split.
            Some(_) if self.loop_kind == Loop::Closed => {}
            Some(parts) => self.split.record(answered.received_ns - answered.intended_ns, &parts),
        }
    }

    /// A request that had entered the system ended without a correct reply, on one of the connections that stay or on
    /// another.
    pub(crate) fn failed(
        &mut self,
        place: Scheduled,
        failure: Failure,
        (intended_ns, now_ns): (u64, u64),
        connection: Option<u32>,
    ) {
        // After an error reply both sides agree that the request was not served.
        self.given_up_in_all += u64::from(failure != Failure::Error);
        self.show_failed();
        if place == Scheduled::InWarmUp {
            self.hung_since_warm_up += u64::from(failure.is_silence() && now_ns >= self.window.start);
            return;
        }
        *failure.count_in(&mut self.ledger) += 1;
        self.note_failed_in_second(1, now_ns);
        if self.loop_kind == Loop::Closed {
            return;
        }
        self.keep(RequestEvent {
            at_ns: intended_ns,
            took_ns: now_ns.saturating_sub(intended_ns),
            fate: failure.fate(),
            connection,
        });
        let mut left_ns = now_ns;
        if matches!(failure, Failure::Timeout | Failure::NeverAnswered) {
            self.response_time.record(self.timeout_ns);
            // Its time was over then, however late that was noticed.
            left_ns = now_ns.min(intended_ns.saturating_add(self.timeout_ns));
        }
        self.area_ns += i128::from(left_ns);
        if let Some(interval) = self.interval(intended_ns) {
            interval.failed += 1;
        }
    }

    /// Requests that never entered the system, because no connection could be had or their session was over. `at_ns` is
    /// when they were due or, where that depended on the session, when it was over.
    pub(crate) fn unsent(&mut self, place: Scheduled, failure: Failure, requests: u64, at_ns: u64) {
        if place == Scheduled::InWarmUp {
            return;
        }
        *failure.count_in(&mut self.ledger) += requests;
        self.note_failed_in_second(requests, at_ns);
        let room = (self.events.capacity() - self.events.len()) as u64;
        for _ in 0..requests.min(room) {
            self.keep(RequestEvent { at_ns, took_ns: 0, fate: failure.fate(), connection: None });
        }
    }

    fn keep(&mut self, event: RequestEvent) {
        if self.events.len() < self.events.capacity() {
            self.events.push(event);
        }
    }

    /// Counts something of a connection, where that is for the window.
    pub(crate) fn count(&mut self, place: Scheduled, what: impl FnOnce(&mut ConnectionLedger) -> &mut u64) {
        *what(&mut self.connections) += u64::from(place == Scheduled::InWindow);
    }

    /// A connection of a session was established.
    pub(crate) fn connected(&mut self, place: Scheduled, took_ns: u64) {
        self.count(place, |connections| &mut connections.established);
        if place == Scheduled::InWindow {
            self.connect_time.record(took_ns);
        }
    }

    /// Requests in the system, integrated over time, in request-nanoseconds. What is due and not yet taken up is in
    /// the system as well, so the schedule lag is part of it.
    pub(crate) fn area_in_system_ns(&self) -> i128 {
        self.area_ns + i128::from(self.schedule_lag.sum_ns())
    }

    /// Adds another worker's notes.
    pub(crate) fn add(&mut self, other: &Recorder) {
        add_ledger(&mut self.ledger, &other.ledger);
        add_connections(&mut self.connections, &other.connections);
        self.area_ns += other.area_ns;
        self.arrivals += other.arrivals;
        self.taken_up_in_time += other.taken_up_in_time;
        self.ok_within_window += other.ok_within_window;
        self.ok_in_all += other.ok_in_all;
        self.given_up_in_all += other.given_up_in_all;
        self.out_of_order += other.out_of_order;
        self.left_over += other.left_over;
        self.response_time.add(&other.response_time);
        self.service_time.add(&other.service_time);
        self.schedule_lag.add(&other.schedule_lag);
        self.connect_time.add(&other.connect_time);
        self.split.add(&other.split);
        for (mine, theirs) in self.intervals.iter_mut().zip(&other.intervals) {
            mine.ok += theirs.ok;
            mine.failed += theirs.failed;
            mine.response_time.add(&theirs.response_time);
        }
        self.events.extend_from_slice(&other.events);
        self.replies.add(&other.replies);
        self.hung_since_warm_up += other.hung_since_warm_up;
        match (&mut self.seconds, &other.seconds) {
            (Some(mine), Some(theirs)) => mine.add(theirs),
            (None, Some(theirs)) => self.seconds = Some(theirs.clone()),
            (_, None) => {}
        }
    }
}

#[cfg(test)]
mod tests;
