//! What happens to a connection: begun, written, answered, timed out, refused. Every request that comes in here
//! leaves through exactly one call to the recorder.
//!
//! A state machine without a socket or a clock: it is told what happened and when, and asks a [`Network`] for what is to
//! be done. Must not know: the schedule, or how waiting is done. Beside it: `sockets.rs`, the network of a worker, which
//! is sockets and epoll. Within: `connection/network.rs` (what a network is), `connection/slot.rs` (one connection) and
//! `connection/waiting.rs` (what waits for it), `connection/requests.rs` (begin, connect, send, check what came),
//! `connection/ending.rs` (end, go on). `connection/simulation.rs` plays servers of all kinds, and checks the notes.

mod ending;
mod network;
mod requests;
#[cfg(test)]
mod simulation;
mod slot;
mod waiting;

use std::mem;

use rustix::io::Errno;

pub(crate) use network::{Closing, Connect, End, Name, Network, is_the_servers};
use slot::{Slot, SlotState};
use waiting::{Lines, Timers, WaitingRequest};

use crate::load::recorder::{Failure, Recorder, Scheduled};
use crate::load::{Shape, arrivals::Arrival, exchange::Exchange};

/// The connections of one worker, on the network `N`.
pub(crate) struct Connections<N: Network> {
    pub(crate) network: N,
    pub(crate) timers: Timers,
    pub(crate) recorder: Recorder,
    exchange: Exchange,
    slots: Vec<Slot<N::Socket>>,
    vacant: Vec<u32>,
    lines: Lines,
    settings: ConnectionSettings,
    closed_loop: ClosedLoop,
    /// Connections that have been established so far.
    established: u64,
    has_lost_idle: bool,
    latest_refusal: Option<Errno>,
    /// Sessions that are over but for the server's word that it served as many requests.
    parting: u32,
    /// What became of connections, for whoever wants to know.
    news: Option<Vec<News>>,
    /// When bytes came in last: a reading of the clock that others may use again.
    pub(crate) latest_ns: u64,
}

/// What stays the same through a load.
#[derive(Debug, Clone, Copy)]
pub(crate) struct ConnectionSettings {
    pub(crate) shape: Shape,
    pub(crate) timeout_ns: u64,
    /// Which worker this is, from 0.
    pub(crate) worker: u32,
    /// Of how many: with the others it shares the turns of held connections.
    pub(crate) workers: u32,
}

impl ConnectionSettings {
    /// Of so many connections whose requests nobody schedules: whoever holds them says how long is waited.
    pub(crate) fn unscheduled(connections: u32) -> ConnectionSettings {
        let shape = Shape::Connections { connections };
        ConnectionSettings { shape, timeout_ns: u64::MAX, worker: 0, workers: 1 }
    }
}

/// What became of the connection of a slot.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum News {
    /// It was established.
    Established(u32),
    /// It could not be.
    NotEstablished(u32),
    /// It was, and is gone.
    Gone(u32),
}

/// How long slots begin anew by themselves.
#[derive(Debug, Clone, Copy)]
struct ClosedLoop {
    until_ns: u64,
    /// Requests that may still be begun.
    left: u64,
}

impl<N: Network> Connections<N> {
    /// `count` slots, and room for `waiting` requests behind busy connections.
    pub(crate) fn new(
        network: N,
        settings: ConnectionSettings,
        count: u32,
        waiting: usize,
        exchange: Exchange,
        recorder: Recorder,
    ) -> Connections<N> {
        let mut connections = Connections {
            network,
            timers: Timers::default(),
            recorder,
            exchange,
            slots: Vec::new(),
            vacant: (0..count).rev().collect(),
            lines: Lines::with_capacity(waiting),
            settings,
            closed_loop: ClosedLoop { until_ns: 0, left: u64::MAX },
            established: 0,
            has_lost_idle: false,
            latest_refusal: None,
            parting: 0,
            news: None,
            latest_ns: 0,
        };
        connections.make_slots(count);
        connections
    }

    /// Has at least so many slots from now on.
    pub(crate) fn make_slots(&mut self, count: u32) {
        let missing = (count as usize).saturating_sub(self.slots.len());
        self.slots.extend((0..missing).map(|_| Slot::vacant()));
    }

    /// Remembers from now on what becomes of connections.
    pub(crate) fn keep_news(&mut self) {
        self.news = Some(Vec::new());
    }

    /// What has become of connections since this was asked last, where news are kept.
    pub(crate) fn take_news(&mut self) -> Vec<News> {
        self.news.as_mut().map(mem::take).unwrap_or_default()
    }

    fn tell(&mut self, news: News) {
        if let Some(kept) = &mut self.news {
            kept.push(news);
        }
    }

    /// Begins to open a connection, with no request yet.
    pub(crate) fn open(&mut self, index: u32, now: u64) {
        self.slots[index as usize].scheduled = Scheduled::InWindow;
        self.connect(index, now);
    }

    /// Gives a connection up that is not established, and begins it anew.
    pub(crate) fn open_again(&mut self, index: u32, now: u64) {
        self.close(index, Closing::WithReset);
        self.connect(index, now);
    }

    /// Asks once, on a new connection where there is none; does nothing where a request is out.
    pub(crate) fn ask(&mut self, index: u32, now: u64) {
        if !self.slots[index as usize].has_request {
            let place = self.recorder.self_scheduled(now, 1);
            self.recorder.entered(place, now);
            self.begin(index, now, now);
        }
    }

    /// Sends something that is no whole request.
    pub(crate) fn say(&mut self, index: u32, bytes: &[u8], now: u64) {
        if self.slots[index as usize].state == SlotState::Ready {
            self.send(index, bytes, now);
        }
    }

    /// Closes a connection; a request on it is given up.
    pub(crate) fn leave(&mut self, index: u32, now: u64) {
        self.fail_request(index, Failure::InFlight, now);
        self.close(index, Closing::WithReset);
    }

    /// The connection of this name, as long as it is there.
    #[inline]
    pub(crate) fn socket(&self, name: Name) -> Option<&N::Socket> {
        let slot = &self.slots[name.slot as usize];
        slot.socket.as_ref().filter(|_| slot.generation == name.generation)
    }

    /// Whether a connection is under way.
    pub(crate) fn is_connecting(&self, index: u32) -> bool {
        self.slots[index as usize].state == SlotState::Connecting
    }

    /// When a connection was begun that is still under way.
    pub(crate) fn connecting_since(&self, index: u32) -> Option<u64> {
        self.is_connecting(index).then(|| self.slots[index as usize].connect_began_ns)
    }

    /// Whether some of a request has not been taken by the network.
    pub(crate) fn has_unsent(&self, index: u32) -> bool {
        !self.slots[index as usize].unsent.is_empty()
    }

    /// Whether nothing but the end is expected.
    pub(crate) fn is_draining(&self, index: u32) -> bool {
        self.slots[index as usize].state == SlotState::Draining
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

    /// Why a connection could not be established, the last time that one could not.
    pub(crate) fn latest_refusal(&self) -> Option<Errno> {
        self.latest_refusal
    }

    /// Whether every request of the window has ended, and every session, and no more will be begun.
    pub(crate) fn are_done(&self) -> bool {
        self.parting == 0 && self.recorder.ledger.scheduled == self.recorder.ledger.accounted_for()
    }

    /// Whether as many requests were begun in closed loop as there were to be.
    pub(crate) fn have_begun_all(&self) -> bool {
        self.closed_loop.left == 0
    }

    /// Begins what is due at an arrival.
    pub(crate) fn take_up(&mut self, arrival: Arrival, now: u64) {
        match self.settings.shape {
            Shape::Sessions { requests, .. } => {
                let place = self.recorder.arrival(arrival.due_ns, now, requests);
                match self.vacant.pop() {
                    Some(index) => self.begin_session(index, place, arrival.due_ns, now),
                    None => self.recorder.unsent(place, Failure::Dropped, requests.into(), arrival.due_ns),
                }
            }
            Shape::Connections { .. } => {
                let place = self.recorder.arrival(arrival.due_ns, now, 1);
                self.recorder.entered(place, now);
                let turn = arrival.index / u64::from(self.settings.workers);
                let index = (turn % self.slots.len() as u64) as u32;
                let slot = &mut self.slots[index as usize];
                if slot.has_request {
                    self.lines
                        .push(&mut slot.waiting, WaitingRequest { intended_ns: arrival.due_ns, taken_up_ns: now });
                } else {
                    self.begin(index, arrival.due_ns, now);
                }
            }
        }
    }

    /// Counts arrivals that the load ended before, the first of them due at `due_ns`.
    pub(crate) fn never_taken_up(&mut self, due_ns: u64, arrivals: u64) {
        self.recorder.never_taken_up(due_ns, arrivals, self.settings.shape.requests_per_arrival());
    }

    /// Sets every connection or session going, each to begin anew when it has ended, until `until_ns` or until `most`
    /// requests were begun.
    pub(crate) fn begin_closed_loop(&mut self, until_ns: u64, most: u64, now: u64) {
        self.closed_loop = ClosedLoop { until_ns, left: most };
        for index in 0..self.slots.len() as u32 {
            self.begin_anew(index, now);
        }
    }

    /// Handles every timer that is due.
    pub(crate) fn on_timers(&mut self, now: u64) {
        while let Some(index) = self.timers.pop_due(now, &mut self.slots) {
            self.on_timer(index, now);
        }
    }

    /// The number of a connection that stays, among those of all workers; none where connections come and go.
    fn number(&self, index: u32) -> Option<u32> {
        let ConnectionSettings { shape, worker, workers, .. } = self.settings;
        matches!(shape, Shape::Connections { .. }).then_some(index * workers + worker)
    }
}
