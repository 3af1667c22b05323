//! What goes out: a request becomes a slot's current one, its connection is made, its bytes are sent.
//!
//! Beside it: `inbound.rs`, what comes back; `ending.rs`, how requests and connections end.

use rustix::event::epoll::{self, EventData, EventFlags};
use rustix::fd::OwnedFd;
use rustix::io::Errno;
use rustix::net::SendFlags;

use super::Connections;
use crate::load::exchange::digits;
use crate::load::recorder::{Failure, Scheduled};
use crate::load::slot::{Slot, State};
use crate::load::socket::{self, Connect};
use crate::plan::Shape;

impl Connections {
    pub(super) fn begin_session(&mut self, index: u32, place: Scheduled, intended_ns: u64, now: u64) {
        let Shape::Sessions { requests, .. } = self.settings.shape else { return };
        let slot = &mut self.slots[index as usize];
        slot.scheduled = place;
        slot.remaining = requests;
        self.recorder.entered(place, now);
        self.begin(index, intended_ns, now);
    }

    /// Makes a request the slot's current one, and sends it or connects for it.
    pub(super) fn begin(&mut self, index: u32, intended_ns: u64, now: u64) {
        if let Shape::Connections { .. } = self.settings.shape {
            self.slots[index as usize].scheduled = self.recorder.place(intended_ns);
        }
        let slot = &mut self.slots[index as usize];
        slot.has_request = true;
        slot.intended_ns = intended_ns;
        slot.taken_up_ns = now;
        self.timers.set(index, slot, intended_ns + self.settings.timeout_ns);
        match slot.state {
            State::Vacant | State::Pausing => self.connect(index, now),
            _ => self.send_request(index, now),
        }
    }

    pub(super) fn connect(&mut self, index: u32, now: u64) {
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

    pub(super) fn on_connected(&mut self, index: u32, now: u64) {
        let slot = &mut self.slots[index as usize];
        slot.state = State::Ready;
        slot.lost_as = Failure::Reset;
        self.established += 1;
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
        let is_last = slot.remaining == 1;
        let request = match is_last {
            true => self.exchange.last_request(&slot.timestamp),
            false => self.exchange.request(&slot.timestamp),
        };
        if send(slot, index, &self.epoll, request).is_err() {
            self.on_lost(index, now);
        }
    }

    pub(super) fn write(&mut self, index: u32, bytes: &[u8], now: u64) {
        if send(&mut self.slots[index as usize], index, &self.epoll, bytes).is_err() {
            self.on_lost(index, now);
        }
    }
}

/// What a connection in use is watched for. Writability is added only where a send came up short.
const FLAGS: EventFlags = EventFlags::IN.union(EventFlags::RDHUP).union(EventFlags::ET);

fn event_data(index: u32, generation: u32) -> EventData {
    EventData::new_u64(u64::from(generation) << 32 | u64::from(index))
}

/// Sends, keeping for later what the socket does not take at once.
pub(super) fn send(slot: &mut Slot, index: u32, epoll: &OwnedFd, bytes: &[u8]) -> Result<(), Errno> {
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
