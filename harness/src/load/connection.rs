//! What happens to a connection: begun, written, answered, timed out, refused. Every request that comes in here
//! leaves through exactly one call to the recorder.
//!
//! Must not know: the schedule, or how waiting is done. Beside it: `worker.rs`, the loop that calls in here.

use std::mem;
use std::net::SocketAddr;

use rustix::event::epoll::{self, EventData, EventFlags};
use rustix::fd::OwnedFd;
use rustix::io::Errno;
use rustix::net::{RecvFlags, SendFlags};

use super::LoadError;
use super::arrivals::Arrival;
use super::clock::now_ns;
use super::exchange::{Answer, Exchange, digits};
use super::recorder::{Answered, Failure, Recorder, Scheduled};
use super::slot::{Lines, Slot, State};
use super::socket::{self, Connect};
use super::timers::Timers;
use crate::plan::{Shape, nanoseconds};

/// Bytes read at once: far more than a usual reply, so that one read drains the socket.
const READ_BYTES: usize = 64 * 1024;

/// The longest reply that is waited for; a server that sends more without a line's end is wrong.
const LONGEST_REPLY_BYTES: usize = 2 * 1024 * 1024;

/// How long a closed-loop connection rests after a failure, so that a dead server is not hammered.
const REST_AFTER_FAILURE_NS: u64 = 10_000_000;

/// The connections of one worker.
pub(crate) struct Connections {
    pub(crate) epoll: OwnedFd,
    pub(crate) timers: Timers,
    pub(crate) recorder: Recorder,
    exchange: Exchange,
    slots: Vec<Slot>,
    vacant: Vec<u32>,
    lines: Lines,
    read_buffer: Box<[u8]>,
    settings: Settings,
    closed_loop_until_ns: u64,
    has_lost_idle: bool,
    /// When bytes came in last: a reading of the clock that others may use again.
    pub(crate) latest_ns: u64,
}

/// What stays the same through a load.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Settings {
    pub(crate) target: SocketAddr,
    pub(crate) shape: Shape,
    pub(crate) timeout_ns: u64,
    pub(crate) worker: u32,
    pub(crate) workers: u32,
}

impl Connections {
    /// `count` slots, and room for `waiting` requests behind busy connections.
    pub(crate) fn new(
        settings: Settings,
        count: u32,
        waiting: usize,
        exchange: Exchange,
        recorder: Recorder,
    ) -> Result<Connections, LoadError> {
        Ok(Connections {
            epoll: super::worker::epoll()?,
            timers: Timers::default(),
            recorder,
            exchange,
            slots: (0..count).map(|_| Slot::vacant()).collect(),
            vacant: (0..count).rev().collect(),
            lines: Lines::with_capacity(waiting),
            read_buffer: vec![0; READ_BYTES].into_boxed_slice(),
            settings,
            closed_loop_until_ns: 0,
            has_lost_idle: false,
            latest_ns: 0,
        })
    }

    /// Begins to open every connection, with no request yet.
    pub(crate) fn open_all(&mut self, now: u64) {
        for index in 0..self.slots.len() as u32 {
            self.slots[index as usize].scheduled = Scheduled::InWindow;
            self.connect(index, now);
        }
    }

    /// Connections that are established and have nothing to do.
    pub(crate) fn ready(&self) -> usize {
        self.slots.iter().filter(|slot| slot.state == State::Ready).count()
    }

    /// How many connections there are to be.
    pub(crate) fn wanted(&self) -> usize {
        self.slots.len()
    }

    /// Whether a connection was lost while it had no request.
    pub(crate) fn has_lost_idle(&self) -> bool {
        self.has_lost_idle
    }

    /// Requests of the window that have not ended.
    pub(crate) fn outstanding(&self) -> u64 {
        self.recorder.ledger.scheduled - self.recorder.ledger.accounted_for()
    }

    /// Begins what is due at an arrival.
    pub(crate) fn take_up(&mut self, arrival: Arrival, now: u64) {
        match self.settings.shape {
            Shape::Sessions { requests, .. } => {
                let place = self.recorder.arrival(arrival.due_ns, now, requests);
                match self.vacant.pop() {
                    Some(index) => self.begin_session(index, place, arrival.due_ns, now),
                    None => self.recorder.unsent(place, Failure::Dropped, requests),
                }
            }
            Shape::Connections { .. } => {
                let place = self.recorder.arrival(arrival.due_ns, now, 1);
                self.recorder.entered(place, now);
                let turn = arrival.index / u64::from(self.settings.workers);
                let index = (turn % self.slots.len() as u64) as u32;
                let slot = &mut self.slots[index as usize];
                if slot.has_request {
                    self.lines.push(&mut slot.waiting, arrival.due_ns);
                } else {
                    self.begin(index, arrival.due_ns, now);
                }
            }
        }
    }

    /// Counts an arrival that the load ended before.
    pub(crate) fn never_taken_up(&mut self, arrival: Arrival) {
        let requests = match self.settings.shape {
            Shape::Sessions { requests, .. } => requests,
            Shape::Connections { .. } => 1,
        };
        self.recorder.never_taken_up(arrival.due_ns, requests);
    }

    /// Sets every connection or session going, each to begin anew when it has ended, until `until_ns`.
    pub(crate) fn begin_closed_loop(&mut self, until_ns: u64, now: u64) {
        self.closed_loop_until_ns = until_ns;
        for index in 0..self.slots.len() as u32 {
            self.begin_anew(index, now);
        }
    }

    /// Handles what the kernel says of a connection. `data` names the slot and its connection.
    pub(crate) fn on_event(&mut self, event: &epoll::Event) {
        let (data, flags) = (event.data.u64(), event.flags);
        let (index, generation) = (data as u32, (data >> 32) as u32);
        let slot = &mut self.slots[index as usize];
        let Some(socket) = slot.socket.as_ref().filter(|_| slot.generation == generation) else { return };
        if slot.state == State::Connecting {
            match socket::connected(socket) {
                Ok(()) => self.on_connected(index, now_ns()),
                Err(_) => self.on_lost(index, now_ns()),
            }
            return;
        }
        if !slot.unsent.is_empty() {
            let unsent = mem::take(&mut slot.unsent);
            self.write(index, &unsent, now_ns());
        }
        self.read(index, flags);
    }

    /// Handles every timer that is due.
    pub(crate) fn on_timers(&mut self, now: u64) {
        while let Some(index) = self.timers.pop_due(now, &mut self.slots) {
            self.on_timer(index, now);
        }
    }

    /// Ends everything, counting what has no end yet as in flight.
    pub(crate) fn give_up(&mut self, now: u64) {
        for index in 0..self.slots.len() as u32 {
            self.fail_request(index, Failure::InFlight, now);
            let slot = &mut self.slots[index as usize];
            let (place, left) = (slot.scheduled, mem::take(&mut slot.remaining));
            self.recorder.unsent(place, Failure::InFlight, left);
            while let Some(intended_ns) = self.lines.pop(&mut self.slots[index as usize].waiting) {
                let place = self.recorder.place(intended_ns);
                self.recorder.failed(place, Failure::InFlight, intended_ns, now);
            }
            self.close(index, socket::abort);
        }
    }

    fn on_timer(&mut self, index: u32, now: u64) {
        let slot = &mut self.slots[index as usize];
        let lost_as = slot.lost_as;
        match slot.state {
            State::Pausing if slot.socket.is_some() => {
                let (place, intended_ns) = (slot.scheduled, slot.intended_ns);
                slot.state = State::Ready;
                self.recorder.entered(place, now);
                self.begin(index, intended_ns, now);
            }
            State::Pausing => self.begin_anew(index, now),
            State::Closing => {
                self.count_disagreement(index);
                self.end_session(index, now);
            }
            State::Draining => self.end_session(index, now),
            State::Vacant => self.fail_and_go_on(index, lost_as, now),
            State::Connecting | State::Awaiting => self.fail_and_go_on(index, Failure::Timeout, now),
            State::Ready => {}
        }
    }

    fn begin_session(&mut self, index: u32, place: Scheduled, intended_ns: u64, now: u64) {
        let Shape::Sessions { requests, .. } = self.settings.shape else { return };
        let slot = &mut self.slots[index as usize];
        slot.scheduled = place;
        slot.remaining = requests;
        self.recorder.entered(place, now);
        self.begin(index, intended_ns, now);
    }

    /// Makes a request the slot's current one, and sends it or connects for it.
    fn begin(&mut self, index: u32, intended_ns: u64, now: u64) {
        if let Shape::Connections { .. } = self.settings.shape {
            self.slots[index as usize].scheduled = self.recorder.place(intended_ns);
        }
        let slot = &mut self.slots[index as usize];
        slot.has_request = true;
        slot.intended_ns = intended_ns;
        self.timers.set(index, slot, intended_ns + self.settings.timeout_ns);
        match slot.state {
            State::Vacant | State::Pausing => self.connect(index, now),
            _ => self.send_request(index, now),
        }
    }

    fn connect(&mut self, index: u32, now: u64) {
        let slot = &mut self.slots[index as usize];
        slot.connect_began_ns = now;
        slot.generation = slot.generation.wrapping_add(1);
        slot.answered = 0;
        slot.has_heard = false;
        slot.lost_as = Failure::Refused;
        let place = slot.scheduled;
        if let Some(connections) = self.recorder.connections(place) {
            connections.attempted += 1;
        }
        let number = index * self.settings.workers + self.settings.worker;
        match socket::connect(self.settings.target, number) {
            Ok(Connect::Established(socket)) => {
                if self.watch(index, socket, FLAGS, now) {
                    self.on_connected(index, now);
                }
            }
            Ok(Connect::UnderWay(socket)) => {
                self.watch(index, socket, FLAGS | EventFlags::OUT, now);
            }
            Err(error) => self.on_not_connected(index, error, now),
        }
    }

    /// Has the kernel report on a socket; says whether it will.
    fn watch(&mut self, index: u32, socket: OwnedFd, flags: EventFlags, now: u64) -> bool {
        let slot = &mut self.slots[index as usize];
        if let Err(error) = epoll::add(&self.epoll, &socket, event_data(index, slot.generation), flags) {
            self.on_not_connected(index, error, now);
            return false;
        }
        slot.socket = Some(socket);
        slot.state = State::Connecting;
        true
    }

    fn on_not_connected(&mut self, index: u32, error: Errno, now: u64) {
        if !matches!(error, Errno::CONNREFUSED | Errno::CONNRESET | Errno::TIMEDOUT) {
            // For want of a descriptor, a port or memory: this side's doing, not the server's.
            self.slots[index as usize].lost_as = Failure::Dropped;
        }
        self.on_lost(index, now);
    }

    fn on_connected(&mut self, index: u32, now: u64) {
        let slot = &mut self.slots[index as usize];
        slot.state = State::Ready;
        self.recorder.connected(slot.scheduled, now - slot.connect_began_ns);
        if slot.has_request {
            self.send_request(index, now);
        }
    }

    fn send_request(&mut self, index: u32, now: u64) {
        let slot = &mut self.slots[index as usize];
        slot.state = State::Awaiting;
        slot.sent_ns = now;
        slot.timestamp = digits(slot.intended_ns);
        let request = self.exchange.request(&slot.timestamp);
        if send(slot, index, &self.epoll, request).is_err() {
            self.on_lost(index, now);
        }
    }

    fn write(&mut self, index: u32, bytes: &[u8], now: u64) {
        if send(&mut self.slots[index as usize], index, &self.epoll, bytes).is_err() {
            self.on_lost(index, now);
        }
    }

    fn read(&mut self, index: u32, flags: EventFlags) {
        let has_ended = flags.intersects(EventFlags::RDHUP | EventFlags::HUP | EventFlags::ERR);
        let mut buffer = mem::take(&mut self.read_buffer);
        while let Some(socket) = &self.slots[index as usize].socket {
            match rustix::net::recv(socket, &mut buffer[..], RecvFlags::empty()) {
                Ok((count, _)) if count > 0 => {
                    self.on_bytes(index, &buffer[..count]);
                    // A short read has drained the socket, but the end of the stream may have come with the last
                    // reply, and then gets no event of its own.
                    let may_have_ended = has_ended || self.slots[index as usize].state == State::Draining;
                    if count < buffer.len() && !may_have_ended {
                        break;
                    }
                }
                Err(Errno::INTR) => {}
                Err(Errno::AGAIN) => break,
                Ok(_) | Err(_) => {
                    self.on_lost(index, now_ns());
                    break;
                }
            }
        }
        self.read_buffer = buffer;
    }

    fn on_bytes(&mut self, index: u32, bytes: &[u8]) {
        let now = now_ns();
        self.latest_ns = now;
        let slot = &mut self.slots[index as usize];
        if slot.received.is_empty() {
            let consumed = self.on_replies(index, bytes, now);
            if consumed < bytes.len() {
                self.slots[index as usize].received.extend_from_slice(&bytes[consumed..]);
            }
        } else {
            let mut received = mem::take(&mut slot.received);
            received.extend_from_slice(bytes);
            let consumed = self.on_replies(index, &received, now);
            received.drain(..consumed);
            self.slots[index as usize].received = received;
        }
    }

    /// Handles every whole reply at the front of `bytes`; returns how many bytes those were.
    fn on_replies(&mut self, index: u32, bytes: &[u8], now: u64) -> usize {
        let mut begin = 0;
        while begin < bytes.len() {
            let slot = &self.slots[index as usize];
            if slot.socket.is_none() {
                return bytes.len();
            }
            let answer = self.exchange.answer(&bytes[begin..], &slot.timestamp);
            match (answer, slot.state) {
                (Answer::Incomplete, _) if bytes.len() - begin <= LONGEST_REPLY_BYTES => break,
                (Answer::Right { server_ns, consumed }, State::Awaiting) => {
                    begin += consumed;
                    self.on_right(index, server_ns, now);
                }
                (Answer::Refused { consumed }, State::Awaiting) => {
                    begin += consumed;
                    self.slots[index as usize].has_heard = true;
                    self.fail_request(index, Failure::Error, now);
                    self.go_on(index, now);
                }
                (Answer::Closed { requests_served, consumed }, State::Closing) => {
                    begin += consumed;
                    self.on_close_confirmed(index, requests_served);
                }
                _ => {
                    self.on_wrong(index, now);
                    return bytes.len();
                }
            }
        }
        begin
    }

    fn on_right(&mut self, index: u32, server_ns: Option<(u64, u64)>, now: u64) {
        let slot = &mut self.slots[index as usize];
        slot.answered += 1;
        slot.has_heard = true;
        slot.has_request = false;
        let answered = Answered { intended_ns: slot.intended_ns, sent_ns: slot.sent_ns, server_ns, received_ns: now };
        self.recorder.ok(slot.scheduled, &answered);
        self.go_on(index, now);
    }

    /// What a connection that lives does after a request has ended.
    fn go_on(&mut self, index: u32, now: u64) {
        let slot = &mut self.slots[index as usize];
        slot.state = State::Ready;
        slot.timer_ns = u64::MAX;
        let Shape::Sessions { think_time, .. } = self.settings.shape else {
            return self.next_in_line(index, now);
        };
        slot.remaining -= 1;
        if slot.remaining == 0 {
            slot.state = State::Closing;
            self.timers.set(index, slot, now + self.settings.timeout_ns);
            if send(slot, index, &self.epoll, self.exchange.close()).is_err() {
                self.on_lost(index, now);
            }
        } else if think_time.is_zero() {
            let place = slot.scheduled;
            self.recorder.entered(place, now);
            self.begin(index, now, now);
        } else {
            slot.state = State::Pausing;
            slot.intended_ns = now + nanoseconds(think_time);
            let wake_ns = slot.intended_ns;
            self.timers.set(index, slot, wake_ns);
        }
    }

    /// Begins the next request of a held connection: one that waits, or in closed loop a new one.
    fn next_in_line(&mut self, index: u32, now: u64) {
        while let Some(intended_ns) = self.lines.pop(&mut self.slots[index as usize].waiting) {
            if intended_ns + self.settings.timeout_ns > now {
                return self.begin(index, intended_ns, now);
            }
            let place = self.recorder.place(intended_ns);
            self.recorder.failed(place, Failure::Timeout, intended_ns, now);
        }
        self.begin_anew(index, now);
    }

    /// In closed loop, begins the next request or session of a slot; otherwise does nothing.
    fn begin_anew(&mut self, index: u32, now: u64) {
        if now >= self.closed_loop_until_ns {
            return;
        }
        match self.settings.shape {
            Shape::Sessions { requests, .. } => {
                let place = self.recorder.self_scheduled(now, requests);
                self.begin_session(index, place, now, now);
            }
            Shape::Connections { .. } => {
                let place = self.recorder.self_scheduled(now, 1);
                self.recorder.entered(place, now);
                self.begin(index, now, now);
            }
        }
    }

    fn on_close_confirmed(&mut self, index: u32, requests_served: u64) {
        let slot = &mut self.slots[index as usize];
        slot.state = State::Draining;
        let agrees = requests_served == u64::from(slot.answered);
        let place = slot.scheduled;
        if !agrees {
            return self.count_disagreement(index);
        }
        if let Some(connections) = self.recorder.connections(place) {
            connections.closed_in_agreement += 1;
        }
    }

    fn count_disagreement(&mut self, index: u32) {
        if let Some(connections) = self.recorder.connections(self.slots[index as usize].scheduled) {
            connections.closed_in_disagreement += 1;
        }
    }

    /// The connection was refused, reset, or closed by the server.
    fn on_lost(&mut self, index: u32, now: u64) {
        match self.slots[index as usize].state {
            State::Draining | State::Pausing => self.end_session(index, now),
            State::Closing => {
                self.count_disagreement(index);
                self.end_session(index, now);
            }
            State::Vacant | State::Connecting | State::Ready | State::Awaiting => {
                self.count_lost(index);
                self.close(index, drop);
                let slot = &mut self.slots[index as usize];
                if slot.has_request {
                    // Left to the timers, so that a line of requests that are all refused is no recursion.
                    self.timers.set(index, slot, now);
                }
            }
        }
    }

    fn count_lost(&mut self, index: u32) {
        let slot = &self.slots[index as usize];
        self.has_lost_idle |= !slot.has_request;
        if matches!(slot.state, State::Connecting | State::Vacant)
            && let Some(connections) = self.recorder.connections(slot.scheduled)
        {
            connections.failed += 1;
        }
    }

    /// The server sent something that is no answer to what was asked: nothing after it can be trusted.
    fn on_wrong(&mut self, index: u32, now: u64) {
        match self.slots[index as usize].state {
            State::Closing => self.count_disagreement(index),
            State::Awaiting => return self.fail_and_go_on(index, Failure::Malformed, now),
            _ => {}
        }
        match self.settings.shape {
            Shape::Sessions { .. } => self.end_session(index, now),
            Shape::Connections { .. } => self.close(index, socket::abort),
        }
    }

    /// Ends the current request and its connection, and goes on with what is left for the slot.
    fn fail_and_go_on(&mut self, index: u32, failure: Failure, now: u64) {
        self.fail_request(index, failure, now);
        match self.settings.shape {
            Shape::Sessions { .. } => self.end_session(index, now),
            Shape::Connections { .. } => {
                self.close(index, socket::abort);
                let in_closed_loop = now < self.closed_loop_until_ns;
                if in_closed_loop { self.rest(index, now) } else { self.next_in_line(index, now) }
            }
        }
    }

    /// Records the end of the current request, if there is one.
    fn fail_request(&mut self, index: u32, failure: Failure, now: u64) {
        let slot = &mut self.slots[index as usize];
        if !mem::take(&mut slot.has_request) {
            return;
        }
        self.recorder.failed(slot.scheduled, failure, slot.intended_ns, now);
        if failure != Failure::Error {
            // The session is over; what is left of it was never sent.
            slot.remaining = slot.remaining.saturating_sub(1);
        }
    }

    fn end_session(&mut self, index: u32, now: u64) {
        let slot = &mut self.slots[index as usize];
        let left = mem::take(&mut slot.remaining);
        self.recorder.unsent(slot.scheduled, Failure::Dropped, left);
        let went_well = slot.state == State::Draining;
        self.close(index, if went_well { drop } else { socket::abort });
        if now < self.closed_loop_until_ns {
            if went_well { self.begin_anew(index, now) } else { self.rest(index, now) }
        } else {
            self.vacant.push(index);
        }
    }

    fn rest(&mut self, index: u32, now: u64) {
        let slot = &mut self.slots[index as usize];
        slot.state = State::Pausing;
        self.timers.set(index, slot, now + REST_AFTER_FAILURE_NS);
    }

    fn close(&mut self, index: u32, how: fn(OwnedFd)) {
        let slot = &mut self.slots[index as usize];
        if let Some(socket) = slot.socket.take() {
            how(socket);
            if slot.state == State::Awaiting
                && !slot.has_heard
                && let Some(connections) = self.recorder.connections(slot.scheduled)
            {
                connections.never_answered += 1;
            }
        }
        slot.state = State::Vacant;
        slot.received.clear();
        slot.unsent.clear();
        if !slot.has_request {
            slot.timer_ns = u64::MAX;
        }
    }
}

/// What a connection in use is watched for. Writability is added only where a send came up short.
const FLAGS: EventFlags = EventFlags::IN.union(EventFlags::RDHUP).union(EventFlags::ET);

fn event_data(index: u32, generation: u32) -> EventData {
    EventData::new_u64(u64::from(generation) << 32 | u64::from(index))
}

/// Sends, keeping for later what the socket does not take at once.
fn send(slot: &mut Slot, index: u32, epoll: &OwnedFd, bytes: &[u8]) -> Result<(), Errno> {
    let Some(socket) = &slot.socket else { return Err(Errno::NOTCONN) };
    let sent = match rustix::net::send(socket, bytes, SendFlags::NOSIGNAL) {
        Ok(sent) => sent,
        Err(Errno::AGAIN | Errno::INTR) => 0,
        Err(error) => return Err(error),
    };
    if sent < bytes.len() {
        slot.unsent.extend_from_slice(&bytes[sent..]);
        epoll::modify(epoll, socket, event_data(index, slot.generation), FLAGS | EventFlags::OUT)?;
    }
    Ok(())
}
