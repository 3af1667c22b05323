//! What goes out: a request becomes a slot's current one, its connection is made, its bytes are sent.
//!
//! Beside it: `inbound.rs`, what comes back; `ending.rs`, how requests and connections end.

use std::mem;

use rustix::io::Errno;

use super::{Connections, News};
use crate::load::network::{Connect, Name, Network};
use crate::load::recorder::{Failure, Scheduled};
use crate::load::reply::digits;
use crate::load::slot::State;
use crate::plan::Shape;

impl<N: Network> Connections<N> {
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
        self.timers.set(index, slot, intended_ns.saturating_add(self.settings.timeout_ns));
        match slot.state {
            State::Vacant | State::Pausing => self.connect(index, now),
            // It is sent when the connection is there.
            State::Connecting => {}
            _ => self.send_request(index, now),
        }
    }

    pub(super) fn connect(&mut self, index: u32, now: u64) {
        let slot = &mut self.slots[index as usize];
        debug_assert!(slot.hearing.is_fresh() && slot.socket.is_none(), "a connection begins with nothing");
        slot.connect_began_ns = now;
        slot.generation = slot.generation.wrapping_add(1);
        slot.answered = 0;
        slot.has_heard = false;
        slot.lost_as = Failure::Refused;
        let (place, name) = (slot.scheduled, Name { slot: index, generation: slot.generation });
        if let Some(connections) = self.recorder.connections(place) {
            connections.attempted += 1;
        }
        let begun = self.network.connect(name);
        let slot = &mut self.slots[index as usize];
        match begun {
            Ok(Connect::Established(socket)) => {
                (slot.socket, slot.state) = (Some(socket), State::Connecting);
                self.on_connected(index, now);
            }
            Ok(Connect::UnderWay(socket)) => (slot.socket, slot.state) = (Some(socket), State::Connecting),
            Err(error) => {
                slot.state = State::Vacant;
                self.note_refusal(index, error);
                self.tell(News::NotEstablished(index));
                self.on_lost(index, now);
            }
        }
    }

    /// Keeps why a connection was not established, and whose doing that was.
    pub(super) fn note_refusal(&mut self, index: u32, error: Errno) {
        self.latest_refusal = Some(error);
        if !matches!(error, Errno::CONNREFUSED | Errno::CONNRESET | Errno::TIMEDOUT) {
            // For want of a descriptor, a port or memory: this side's doing, not the server's.
            self.slots[index as usize].lost_as = Failure::Dropped;
        }
    }

    /// A connection that was under way is established.
    pub(crate) fn on_connected(&mut self, index: u32, now: u64) {
        let slot = &mut self.slots[index as usize];
        slot.state = State::Ready;
        slot.lost_as = Failure::Reset;
        self.established += 1;
        self.recorder.connected(slot.scheduled, now.saturating_sub(slot.connect_began_ns));
        self.tell(News::Established(index));
        if self.slots[index as usize].has_request {
            self.send_request(index, now);
        }
    }

    fn send_request(&mut self, index: u32, now: u64) {
        let slot = &mut self.slots[index as usize];
        slot.state = State::Awaiting;
        slot.sent_ns = now;
        slot.timestamp = digits(slot.intended_ns);
        let is_last = slot.remaining == 1;
        let (Some(socket), name) = (&slot.socket, Name { slot: index, generation: slot.generation }) else {
            return self.on_lost(index, now);
        };
        let request = match is_last {
            true => self.exchange.last_request(&slot.timestamp),
            false => self.exchange.request(&slot.timestamp),
        };
        match self.network.send(name, socket, request) {
            Ok(sent) if sent == request.len() => {}
            Ok(sent) => slot.unsent.extend_from_slice(&request[sent..]),
            Err(_) => self.on_lost(index, now),
        }
    }

    /// Sends, keeping for later what is not taken at once.
    pub(super) fn send(&mut self, index: u32, bytes: &[u8], now: u64) {
        let slot = &mut self.slots[index as usize];
        let name = Name { slot: index, generation: slot.generation };
        match slot.socket.as_ref().map(|socket| self.network.send(name, socket, bytes)) {
            Some(Ok(sent)) => slot.unsent.extend_from_slice(&bytes[sent..]),
            Some(Err(_)) | None => self.on_lost(index, now),
        }
    }

    /// The network takes more of what it did not take at once.
    pub(crate) fn on_writable(&mut self, index: u32, now: u64) {
        let unsent = mem::take(&mut self.slots[index as usize].unsent);
        self.send(index, &unsent, now);
    }

    pub(super) fn tell(&mut self, news: News) {
        if let Some(kept) = &mut self.news {
            kept.push(news);
        }
    }
}
