//! What happens to a connection: begun, written, answered, timed out, refused. Every request that comes in here
//! leaves through exactly one call to the recorder.
//!
//! Must not know: the schedule, or how waiting is done. Beside it: `worker.rs`, the loop that calls in here. Within:
//! `outbound.rs` (begin, connect, send), `inbound.rs` (read, check), `ending.rs` (end, go on).

mod ending;
mod inbound;
mod outbound;

use std::mem;
use std::net::SocketAddr;

use reports::sabotage::{self, Sabotage};
use rustix::event::epoll;
use rustix::fd::OwnedFd;

use crate::clock::now_ns;
use crate::load::arrivals::Arrival;
use crate::load::exchange::Exchange;
use crate::load::recorder::{Failure, Recorder, Scheduled};
use crate::load::slot::{Lines, Slot, State};
use crate::load::socket;
use crate::load::timers::Timers;
use crate::load::{LoadError, poll};
use crate::plan::Shape;

/// Bytes read at once: far more than a usual reply, so that one read drains the socket.
const READ_BYTES: usize = 64 * 1024;

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
    /// Connections that have been established so far.
    established: u64,
    has_lost_idle: bool,
    /// Sessions that are over but for the server's word that it served as many requests.
    parting: u32,
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
            epoll: poll::create()?,
            timers: Timers::default(),
            recorder,
            exchange,
            slots: (0..count).map(|_| Slot::vacant()).collect(),
            vacant: (0..count).rev().collect(),
            lines: Lines::with_capacity(waiting),
            read_buffer: vec![0; READ_BYTES].into_boxed_slice(),
            settings,
            closed_loop_until_ns: 0,
            established: 0,
            has_lost_idle: false,
            parting: 0,
            latest_ns: 0,
        })
    }

    /// Begins to open a connection, with no request yet.
    pub(crate) fn open(&mut self, index: u32, now: u64) {
        self.slots[index as usize].scheduled = Scheduled::InWindow;
        self.connect(index, now);
    }

    /// Gives a connection up that is not established, and begins it anew.
    pub(crate) fn open_again(&mut self, index: u32, now: u64) {
        self.close(index, socket::abort);
        self.connect(index, now);
    }

    /// When a connection was begun that is still under way.
    pub(crate) fn connecting_since(&self, index: u32) -> Option<u64> {
        let slot = &self.slots[index as usize];
        (slot.state == State::Connecting).then_some(slot.connect_began_ns)
    }

    /// How many connections have been established so far.
    pub(crate) fn established(&self) -> u64 {
        self.established
    }

    /// How many connections there are to be.
    pub(crate) fn wanted(&self) -> u32 {
        self.slots.len() as u32
    }

    /// Whether a connection was lost while it had no request.
    pub(crate) fn has_lost_idle(&self) -> bool {
        self.has_lost_idle
    }

    /// Whether every request of the window has ended, and every session.
    pub(crate) fn are_done(&self) -> bool {
        self.parting == 0 && self.recorder.ledger.scheduled == self.recorder.ledger.accounted_for()
    }

    /// Begins what is due at an arrival.
    pub(crate) fn take_up(&mut self, arrival: Arrival, now: u64) {
        let arrival = if sabotage::is(Sabotage::LagLeftOut) { Arrival { due_ns: now, ..arrival } } else { arrival };
        match self.settings.shape {
            Shape::Sessions { requests, .. } => {
                let place = self.recorder.arrival(arrival.due_ns, now, requests);
                match self.vacant.pop() {
                    Some(index) => self.begin_session(index, place, arrival.due_ns, now),
                    None => self.recorder.unsent(place, Failure::Dropped, requests, arrival.due_ns),
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
            self.recorder.unsent(place, Failure::InFlight, left, now);
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
            State::Pausing if slot.remaining > 0 => {
                let (place, intended_ns) = (slot.scheduled, slot.intended_ns);
                slot.state = if slot.socket.is_some() { State::Ready } else { State::Vacant };
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
}
