//! What comes in: bytes become replies, and each is held against the request it should answer.
//!
//! Beside it: `outbound.rs`, what was asked; `ending.rs`, how requests and connections end.

use std::mem;

use rustix::event::epoll::EventFlags;
use rustix::io::Errno;
use rustix::net::RecvFlags;
use servers::protocol::Persistence;

use super::Connections;
use crate::clock::now_ns;
use crate::load::exchange::Answer;
use crate::load::recorder::{Answered, Failure};
use crate::load::slot::{Slot, State};
use crate::load::socket;
use crate::plan::Shape;

impl Connections {
    pub(super) fn read(&mut self, index: u32, flags: EventFlags) {
        let has_ended = flags.intersects(EventFlags::RDHUP | EventFlags::HUP | EventFlags::ERR);
        let generation = self.slots[index as usize].generation;
        let mut buffer = mem::take(&mut self.read_buffer);
        // What was read may have ended the connection and begun another.
        while let Slot { socket: Some(socket), generation: current, .. } = &self.slots[index as usize]
            && *current == generation
        {
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
                (Answer::Incomplete, _) => break,
                (Answer::Right { server_ns, consumed, then }, State::Awaiting) => {
                    begin += consumed;
                    self.on_right(index, server_ns, then, now);
                    if then == Persistence::Close {
                        return bytes.len();
                    }
                }
                (Answer::Refused { consumed, then }, State::Awaiting) => {
                    begin += consumed;
                    self.slots[index as usize].has_heard = true;
                    self.fail_request(index, Failure::Error, now);
                    self.go_on_as_told(index, then, now);
                    if then == Persistence::Close {
                        return bytes.len();
                    }
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

    fn on_right(&mut self, index: u32, server_ns: Option<(u64, u64)>, then: Persistence, now: u64) {
        let slot = &mut self.slots[index as usize];
        if now > slot.intended_ns + self.settings.timeout_ns {
            // It was read before the timer that was due came up, and is too late all the same.
            return self.fail_and_go_on(index, Failure::Timeout, now);
        }
        slot.answered += 1;
        slot.has_heard = true;
        slot.has_request = false;
        let Slot { intended_ns, taken_up_ns, sent_ns, .. } = *slot;
        let answered = Answered { intended_ns, taken_up_ns, sent_ns, server_ns, received_ns: now };
        self.recorder.ok(slot.scheduled, &answered);
        self.go_on_as_told(index, then, now);
    }

    /// Goes on after a reply, on a new connection where the server closes this one.
    fn go_on_as_told(&mut self, index: u32, then: Persistence, now: u64) {
        if then == Persistence::Close {
            self.on_closed_between(index);
        }
        self.go_on(index, now);
    }

    fn on_close_confirmed(&mut self, index: u32, requests_served: u64) {
        let slot = &mut self.slots[index as usize];
        slot.state = State::Draining;
        self.parting -= 1;
        let agrees = requests_served == u64::from(slot.answered);
        let place = slot.scheduled;
        if !agrees {
            return self.count_disagreement(index);
        }
        if let Some(connections) = self.recorder.connections(place) {
            connections.closed_in_agreement += 1;
        }
    }

    pub(super) fn count_disagreement(&mut self, index: u32) {
        if let Some(connections) = self.recorder.connections(self.slots[index as usize].scheduled) {
            connections.closed_in_disagreement += 1;
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
}
