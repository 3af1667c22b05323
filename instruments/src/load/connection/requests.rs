//! What goes out and what comes in: a request becomes a slot's current one, its connection is made, its bytes are sent; the
//! bytes that come become replies, and each is held against the request it should answer.
//!
//! One request is out at a time, so a reply that has come whole ends what may come: whatever follows it was sent before
//! anything else was asked for, and makes the reply a malformed one. Beside it: `ending.rs`, how requests and connections
//! end.

use std::mem;

use reports::record::MalformedReason;
use rustix::io::Errno;
use servers::protocol::Persistence;

use super::slot::{Slot, SlotState};
use super::{Closing, Connect, Connections, End, Name, Network, News, is_the_servers};
use crate::load::Shape;
use crate::load::exchange::{Heard, Meaning, digits};
use crate::load::recorder::{Answered, Failure, Scheduled};

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
            SlotState::Vacant | SlotState::Pausing => self.connect(index, now),
            // It is sent when the connection is there.
            SlotState::Connecting => {}
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
        self.recorder.count(place, |connections| &mut connections.attempted);
        let begun = self.network.connect(name);
        let slot = &mut self.slots[index as usize];
        match begun {
            Ok(Connect::Established(socket)) => {
                (slot.socket, slot.state) = (Some(socket), SlotState::Connecting);
                self.on_connected(index, now);
            }
            Ok(Connect::UnderWay(socket)) => (slot.socket, slot.state) = (Some(socket), SlotState::Connecting),
            Err(error) => {
                slot.state = SlotState::Vacant;
                self.note_refusal(index, error);
                self.tell(News::NotEstablished(index));
                self.on_lost(index, now);
            }
        }
    }

    /// Keeps why a connection was not established, and whose doing that was.
    pub(super) fn note_refusal(&mut self, index: u32, error: Errno) {
        self.latest_refusal = Some(error);
        if !is_the_servers(error) {
            // For want of a descriptor, a port or memory: this side's doing, not the server's.
            self.slots[index as usize].lost_as = Failure::Dropped;
        }
    }

    /// A connection that was under way is established.
    pub(crate) fn on_connected(&mut self, index: u32, now: u64) {
        let slot = &mut self.slots[index as usize];
        slot.state = SlotState::Ready;
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
        slot.state = SlotState::Awaiting;
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
}

/// Between two parts of a reply: as long as Linux keeps an acknowledgement back, for which a sender waits that writes a
/// reply in two goes without TCP_NODELAY.
const DELAYED_ACKNOWLEDGEMENT_NS: std::ops::RangeInclusive<u64> = 38_000_000..=60_000_000;

/// How much is kept of what came before the part that shows a reply to be wrong.
const EXAMPLE_BYTES: usize = 64;

impl<N: Network> Connections<N> {
    /// Bytes came in on a connection.
    pub(crate) fn on_bytes(&mut self, name: Name, bytes: &[u8], now: u64) {
        self.latest_ns = now;
        match self.slots[name.slot as usize].state {
            SlotState::Awaiting | SlotState::Closing => self.on_reply(name.slot, bytes, now),
            SlotState::Ready | SlotState::Pausing => self.on_unasked(name.slot, bytes, now),
            SlotState::Draining if !bytes.is_empty() => self.recorder.malformed(MalformedReason::Surplus, &[bytes]),
            SlotState::Draining | SlotState::Vacant | SlotState::Connecting => {}
        }
    }

    fn on_reply(&mut self, index: u32, bytes: &[u8], now: u64) {
        let slot = &mut self.slots[index as usize];
        let mut front = [0; EXAMPLE_BYTES];
        let front_bytes = slot.hearing.kept.len().min(EXAMPLE_BYTES);
        front[..front_bytes].copy_from_slice(&slot.hearing.kept[..front_bytes]);
        let was_begun = !slot.hearing.is_fresh();
        let heard = self.exchange.hear(&mut slot.hearing, bytes, &slot.timestamp);
        if heard.meaning == Meaning::Incomplete {
            slot.heard_ns = now;
            return;
        }
        let was_delayed = was_begun && DELAYED_ACKNOWLEDGEMENT_NS.contains(&(now - slot.heard_ns));
        slot.hearing.forget();
        let rest = &bytes[heard.consumed.min(bytes.len())..];
        let heard = match heard.meaning {
            _ if rest.is_empty() => heard,
            Meaning::Wrong(_) => heard,
            // Two things that were sent apart: one who reads late reads them together.
            Meaning::Right { .. } | Meaning::Refused { .. } if self.exchange.is_farewell(rest) => heard.and_closes(),
            _ => return self.on_wrong(index, MalformedReason::Surplus, &[rest], now),
        };
        self.on_whole(index, &heard, was_delayed, &[&front[..front_bytes], bytes], now);
    }

    fn on_whole(&mut self, index: u32, heard: &Heard, was_delayed: bool, example: &[&[u8]], now: u64) {
        match (heard.meaning, self.slots[index as usize].state) {
            (Meaning::Right { server_ns, then }, SlotState::Awaiting) => {
                let slot = &self.slots[index as usize];
                self.recorder.status(slot.scheduled, heard.status);
                if now > slot.intended_ns.saturating_add(self.settings.timeout_ns) {
                    // It was read before the timer that was due came up.
                    return self.fail_and_go_on(index, Failure::Timeout, now);
                }
                self.on_right(index, server_ns, heard, was_delayed, now);
                self.go_on_as_told(index, then, now);
            }
            (Meaning::Refused { then }, SlotState::Awaiting) => self.on_refused(index, heard.status, then, now),
            (Meaning::Closed { requests_served }, SlotState::Closing) => {
                self.on_close_confirmed(index, requests_served)
            }
            (Meaning::Wrong(reason), _) => self.on_wrong(index, reason, example, now),
            _ => self.on_wrong(index, MalformedReason::OtherRequest, example, now),
        }
    }

    fn on_right(&mut self, index: u32, server_ns: Option<(u64, u64)>, heard: &Heard, was_delayed: bool, now: u64) {
        let connection = self.number(index);
        let slot = &mut self.slots[index as usize];
        slot.answered += 1;
        slot.has_heard = true;
        slot.has_request = false;
        let Slot { intended_ns, taken_up_ns, sent_ns, .. } = *slot;
        let Heard { reply_bytes, server_waited_ns, .. } = *heard;
        let answered = Answered {
            intended_ns,
            taken_up_ns,
            sent_ns,
            server_ns,
            server_waited_ns,
            received_ns: now,
            reply_bytes,
            connection,
        };
        self.recorder.ok(slot.scheduled, &answered);
        if was_delayed {
            self.recorder.delayed(slot.scheduled);
        }
    }

    fn on_refused(&mut self, index: u32, status: u16, then: Persistence, now: u64) {
        const REQUEST_TIMEOUT: u16 = 408;
        let slot = &mut self.slots[index as usize];
        if status == REQUEST_TIMEOUT && then == Persistence::Close && slot.answered > 0 {
            // The server took the connection for idle, and our request crossed its word.
            self.on_closed_between(index);
            return self.connect(index, now);
        }
        slot.has_heard = true;
        self.recorder.status(slot.scheduled, status);
        self.fail_request(index, Failure::Error, now);
        self.go_on_as_told(index, then, now);
    }

    /// Goes on after a reply, on a new connection where the server closes this one, or where the reply came before all of
    /// the request was sent.
    fn go_on_as_told(&mut self, index: u32, then: Persistence, now: u64) {
        if then == Persistence::Close || self.has_unsent(index) {
            self.on_closed_between(index);
        }
        self.go_on(index, now);
    }

    fn on_close_confirmed(&mut self, index: u32, requests_served: u64) {
        let slot = &mut self.slots[index as usize];
        slot.state = SlotState::Draining;
        self.parting -= 1;
        let agrees = requests_served == u64::from(slot.answered);
        self.count_farewell(index, agrees);
    }

    /// Something came while nothing was asked.
    fn on_unasked(&mut self, index: u32, bytes: &[u8], now: u64) {
        if self.exchange.lets_pass() {
            return;
        }
        if self.exchange.is_farewell(bytes) {
            return self.on_lost(index, now);
        }
        self.on_wrong(index, MalformedReason::Surplus, &[bytes], now);
    }

    /// The server sent something that is no answer to what was asked: nothing after it can be trusted.
    fn on_wrong(&mut self, index: u32, reason: MalformedReason, example: &[&[u8]], now: u64) {
        self.recorder.malformed(reason, example);
        match self.slots[index as usize].state {
            SlotState::Closing => self.count_farewell(index, false),
            SlotState::Awaiting => return self.fail_and_go_on(index, Failure::Malformed, now),
            _ => {}
        }
        match self.settings.shape {
            Shape::Sessions { .. } => self.end_session(index, now),
            Shape::Connections { .. } => self.close(index, Closing::WithReset),
        }
    }

    /// A connection, or the attempt to make one, has ended from the other side.
    pub(crate) fn on_ended(&mut self, name: Name, end: End, now: u64) {
        let index = name.slot;
        let slot = &mut self.slots[index as usize];
        match end {
            End::Orderly
                if matches!(slot.state, SlotState::Awaiting | SlotState::Closing) && !slot.hearing.is_fresh() =>
            {
                let heard = self.exchange.end(&slot.hearing);
                slot.hearing.forget();
                self.on_whole(index, &heard, false, &[], now);
            }
            End::Orderly | End::Lost(_) if slot.state == SlotState::Connecting => {
                self.note_refusal(index, if let End::Lost(error) = end { error } else { Errno::CONNRESET });
                self.on_lost(index, now);
            }
            End::Orderly | End::Lost(_) => self.on_lost(index, now),
        }
    }
}
