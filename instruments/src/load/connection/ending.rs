//! How requests, sessions and connections end, and what a slot does next.
//!
//! Beside it: `requests.rs`, how they begin, and what comes back.

use std::mem;

use super::slot::SlotState;
use super::waiting::WaitingRequest;
use super::{Closing, Connections, Name, Network, News};
use crate::clock::nanoseconds;
use crate::load::{Shape, recorder::Failure};

/// How long a closed-loop connection rests after a failure, so that a dead server is not hammered.
const REST_AFTER_FAILURE_NS: u64 = 10_000_000;

impl<N: Network> Connections<N> {
    /// Ends everything, counting what has no end yet as in flight.
    pub(crate) fn give_up(&mut self, now: u64) {
        for index in 0..self.slots.len() as u32 {
            self.fail_request(index, Failure::InFlight, now);
            let slot = &mut self.slots[index as usize];
            let (place, left) = (slot.scheduled, mem::take(&mut slot.remaining));
            self.recorder.unsent(place, Failure::InFlight, u64::from(left), now);
            while let Some(WaitingRequest { intended_ns, .. }) = self.lines.pop(&mut self.slots[index as usize].waiting)
            {
                let place = self.recorder.place(intended_ns);
                self.recorder.failed(place, Failure::InFlight, (intended_ns, now), self.number(index));
            }
            self.close(index, Closing::WithReset);
        }
    }

    pub(super) fn on_timer(&mut self, index: u32, now: u64) {
        let slot = &mut self.slots[index as usize];
        let lost_as = slot.lost_as;
        match slot.state {
            SlotState::Pausing if slot.remaining > 0 => {
                let (place, intended_ns) = (slot.scheduled, slot.intended_ns);
                slot.state = if slot.socket.is_some() { SlotState::Ready } else { SlotState::Vacant };
                self.recorder.entered(place, now);
                self.begin(index, intended_ns, now);
            }
            SlotState::Pausing => self.begin_anew(index, now),
            SlotState::Closing => {
                self.count_farewell(index, false);
                self.end_session(index, now);
            }
            SlotState::Draining => self.end_session(index, now),
            SlotState::Vacant => self.fail_and_go_on(index, lost_as, now),
            SlotState::Connecting | SlotState::Awaiting => self.fail_and_go_on(index, Failure::Timeout, now),
            SlotState::Ready => {}
        }
    }

    /// What a connection that lives does after a request has ended.
    pub(super) fn go_on(&mut self, index: u32, now: u64) {
        let slot = &mut self.slots[index as usize];
        slot.state = if slot.socket.is_some() { SlotState::Ready } else { SlotState::Vacant };
        slot.timer_ns = u64::MAX;
        let Shape::Sessions { think_time, .. } = self.settings.shape else {
            return self.next_in_line(index, now);
        };
        slot.remaining -= 1;
        if slot.remaining == 0 {
            self.say_goodbye(index, now);
        } else if think_time.is_zero() {
            let place = slot.scheduled;
            self.recorder.entered(place, now);
            self.begin(index, now, now);
        } else {
            slot.state = SlotState::Pausing;
            slot.intended_ns = now + nanoseconds(think_time);
            let wake_ns = slot.intended_ns;
            self.timers.set(index, slot, wake_ns);
        }
    }

    /// Ends a session whose last request has been answered.
    fn say_goodbye(&mut self, index: u32, now: u64) {
        let slot = &mut self.slots[index as usize];
        match (self.exchange.goodbye(), &slot.socket) {
            (Some(goodbye), Some(socket)) => {
                let name = Name { slot: index, generation: slot.generation };
                let sent = self.network.send(name, socket, goodbye);
                slot.state = SlotState::Closing;
                self.parting += 1;
                self.timers.set(index, slot, now.saturating_add(self.settings.timeout_ns));
                match sent {
                    Ok(sent) => slot.unsent.extend_from_slice(&goodbye[sent..]),
                    Err(_) => self.on_lost(index, now),
                }
            }
            _ => {
                // The last request asked the server to close; whether it does, its reply has said.
                slot.state = SlotState::Draining;
                let agrees = slot.socket.is_none();
                self.count_farewell(index, agrees);
                self.end_session(index, now);
            }
        }
    }

    /// Counts a session that is over, and whether both sides agree on what it was.
    pub(super) fn count_farewell(&mut self, index: u32, agrees: bool) {
        self.recorder.count(self.slots[index as usize].scheduled, |connections| match agrees {
            true => &mut connections.closed_in_agreement,
            false => &mut connections.closed_in_disagreement,
        });
    }

    /// The server closes the connection, between two requests, and may do so. The next request opens another.
    pub(super) fn on_closed_between(&mut self, index: u32) {
        let slot = &self.slots[index as usize];
        let is_last = matches!(self.settings.shape, Shape::Sessions { .. }) && slot.remaining <= 1;
        if !is_last {
            self.recorder.count(slot.scheduled, |connections| &mut connections.closed_by_server);
        }
        // With a reset, so that no port of ours waits in TIME_WAIT however many connections there are.
        self.close(index, Closing::WithReset);
    }

    /// Begins the next request of a held connection: one that waits, or in closed loop a new one.
    fn next_in_line(&mut self, index: u32, now: u64) {
        while let Some(waiting) = self.lines.pop(&mut self.slots[index as usize].waiting) {
            let WaitingRequest { intended_ns, taken_up_ns } = waiting;
            if intended_ns.saturating_add(self.settings.timeout_ns) > now {
                self.begin(index, intended_ns, now);
                self.slots[index as usize].taken_up_ns = taken_up_ns;
                return;
            }
            let (place, slot) = (self.recorder.place(intended_ns), &self.slots[index as usize]);
            let failure = slot.as_seen(Failure::Timeout);
            self.recorder.failed(place, failure, (intended_ns, now), self.number(index));
        }
        self.begin_anew(index, now);
    }

    /// In closed loop, begins the next request or session of a slot; otherwise does nothing.
    pub(super) fn begin_anew(&mut self, index: u32, now: u64) {
        if !self.is_in_closed_loop(now) {
            return;
        }
        let requests = self.settings.shape.requests_per_arrival();
        self.closed_loop.left = self.closed_loop.left.saturating_sub(requests.into());
        let place = self.recorder.self_scheduled(now, requests);
        match self.settings.shape {
            Shape::Sessions { .. } => self.begin_session(index, place, now, now),
            Shape::Connections { .. } => {
                self.recorder.entered(place, now);
                self.begin(index, now, now);
            }
        }
    }

    /// Whether slots begin anew by themselves.
    fn is_in_closed_loop(&self, now: u64) -> bool {
        now < self.closed_loop.until_ns && self.closed_loop.left > 0
    }

    /// The connection was refused, reset, or closed by the server.
    pub(super) fn on_lost(&mut self, index: u32, now: u64) {
        match self.slots[index as usize].state {
            SlotState::Pausing if self.exchange.may_be_closed_between() && self.slots[index as usize].remaining > 0 => {
                self.on_closed_between(index);
                let slot = &mut self.slots[index as usize];
                slot.state = SlotState::Pausing;
                let wake_ns = slot.intended_ns;
                self.timers.set(index, slot, wake_ns);
            }
            SlotState::Draining | SlotState::Pausing => self.end_session(index, now),
            SlotState::Closing => {
                self.count_farewell(index, false);
                self.end_session(index, now);
            }
            SlotState::Ready if self.exchange.may_be_closed_between() => self.on_closed_between(index),
            SlotState::Awaiting if self.was_closed_before_asked(index) => {
                self.on_closed_between(index);
                self.connect(index, now);
            }
            SlotState::Vacant | SlotState::Connecting | SlotState::Ready | SlotState::Awaiting => {
                self.count_lost(index);
                self.close(index, Closing::InOrder);
                let slot = &mut self.slots[index as usize];
                if slot.has_request {
                    // Left to the timers, so that a line of requests that are all refused is no recursion.
                    self.timers.set(index, slot, now);
                }
            }
        }
    }

    /// Whether a connection was lost because its server closed it while a request was on its way, as happens where a
    /// server closes what it takes for idle. The request may be sent again, which is done once: on the new connection
    /// nothing has been answered yet.
    fn was_closed_before_asked(&self, index: u32) -> bool {
        let slot = &self.slots[index as usize];
        self.exchange.may_be_closed_between() && slot.answered > 0 && slot.hearing.is_fresh()
    }

    fn count_lost(&mut self, index: u32) {
        let slot = &self.slots[index as usize];
        self.has_lost_idle |= !slot.has_request;
        if matches!(slot.state, SlotState::Connecting | SlotState::Vacant) {
            self.recorder.count(slot.scheduled, |connections| &mut connections.failed);
        }
    }

    /// Ends the current request and its connection, and goes on with what is left for the slot.
    pub(super) fn fail_and_go_on(&mut self, index: u32, failure: Failure, now: u64) {
        self.fail_request(index, failure, now);
        match self.settings.shape {
            Shape::Sessions { .. } => self.end_session(index, now),
            Shape::Connections { .. } => {
                self.close(index, Closing::WithReset);
                let rests = self.is_in_closed_loop(now);
                if rests { self.rest(index, now) } else { self.next_in_line(index, now) }
            }
        }
    }

    /// Records the end of the current request, if there is one.
    pub(super) fn fail_request(&mut self, index: u32, failure: Failure, now: u64) {
        let connection = self.number(index);
        let slot = &mut self.slots[index as usize];
        if !mem::take(&mut slot.has_request) {
            return;
        }
        self.recorder.failed(slot.scheduled, slot.as_seen(failure), (slot.intended_ns, now), connection);
        if failure != Failure::Error {
            // The session is over; what is left of it was never sent.
            slot.remaining = slot.remaining.saturating_sub(1);
        }
    }

    pub(super) fn end_session(&mut self, index: u32, now: u64) {
        let slot = &mut self.slots[index as usize];
        let left = mem::take(&mut slot.remaining);
        self.recorder.unsent(slot.scheduled, Failure::Dropped, u64::from(left), now);
        let went_well = slot.state == SlotState::Draining;
        self.close(index, if went_well { Closing::InOrder } else { Closing::WithReset });
        if self.is_in_closed_loop(now) {
            if went_well { self.begin_anew(index, now) } else { self.rest(index, now) }
        } else {
            self.vacant.push(index);
        }
    }

    pub(super) fn rest(&mut self, index: u32, now: u64) {
        let slot = &mut self.slots[index as usize];
        slot.state = SlotState::Pausing;
        self.timers.set(index, slot, now + REST_AFTER_FAILURE_NS);
    }

    pub(super) fn close(&mut self, index: u32, how: Closing) {
        let slot = &mut self.slots[index as usize];
        self.parting -= u32::from(slot.state == SlotState::Closing);
        let state = mem::replace(&mut slot.state, SlotState::Vacant);
        slot.hearing.forget();
        slot.unsent.clear();
        if !slot.has_request {
            slot.timer_ns = u64::MAX;
        }
        if let Some(socket) = slot.socket.take() {
            self.network.close(socket, how);
            if state == SlotState::Awaiting && !slot.has_heard {
                self.recorder.count(slot.scheduled, |connections| &mut connections.never_answered);
            }
            let was_established = state != SlotState::Connecting;
            self.tell(if was_established { News::Gone(index) } else { News::NotEstablished(index) });
        }
    }
}
