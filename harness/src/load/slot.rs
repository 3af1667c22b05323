//! The state of one connection, kept small: ten thousand of them must fit beside the histograms.
//!
//! Must not know: system calls. Beside it: `worker.rs`, which moves slots from state to state.

use rustix::fd::OwnedFd;

use super::exchange::{Digits, digits};
use super::recorder::{Failure, Scheduled};

/// Where a slot stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum State {
    /// No connection, nothing to do.
    Vacant,
    /// Connecting; a request waits for it unless the slot is being opened ahead of the load.
    Connecting,
    /// Connected, nothing outstanding.
    Ready,
    /// A request is out.
    Awaiting,
    /// Between two requests of a session, or before a failed closed-loop connection is tried again.
    Pausing,
    /// CloseConnection is out.
    Closing,
    /// CloseConnection was confirmed; the server closes.
    Draining,
}

/// One connection and what it is busy with.
#[derive(Debug)]
pub(crate) struct Slot {
    pub(crate) socket: Option<OwnedFd>,
    pub(crate) state: State,
    /// Counts the slot's connections, so that an event of an earlier one is recognised.
    pub(crate) generation: u32,
    pub(crate) scheduled: Scheduled,
    /// Whether a request is due on this slot and has not ended.
    pub(crate) has_request: bool,
    pub(crate) intended_ns: u64,
    /// When the generator had the request in hand, and it lacked a connection at most.
    pub(crate) taken_up_ns: u64,
    pub(crate) sent_ns: u64,
    /// The intended start as it stands on the wire.
    pub(crate) timestamp: Digits,
    pub(crate) connect_began_ns: u64,
    /// Requests of the session that have not ended, the current one included.
    pub(crate) remaining: u32,
    /// Correct replies on this connection.
    pub(crate) answered: u32,
    /// Whether the server said anything at all on this connection.
    pub(crate) has_heard: bool,
    /// What the current request counts as where the connection is lost.
    pub(crate) lost_as: Failure,
    /// When the slot wants to be looked at next; `u64::MAX` for never.
    pub(crate) timer_ns: u64,
    /// The earliest entry for this slot in the worker's timers; `u64::MAX` for none.
    pub(crate) armed_ns: u64,
    /// Requests that wait behind the current one.
    pub(crate) waiting: Line,
    /// The front of a reply that has not arrived whole.
    pub(crate) received: Vec<u8>,
    /// The end of a request that the socket did not take at once.
    pub(crate) unsent: Vec<u8>,
}

impl Slot {
    pub(crate) fn vacant() -> Slot {
        Slot {
            socket: None,
            state: State::Vacant,
            generation: 0,
            scheduled: Scheduled::InWarmUp,
            has_request: false,
            intended_ns: 0,
            taken_up_ns: 0,
            sent_ns: 0,
            timestamp: digits(0),
            connect_began_ns: 0,
            remaining: 0,
            answered: 0,
            has_heard: false,
            lost_as: Failure::Refused,
            timer_ns: u64::MAX,
            armed_ns: u64::MAX,
            waiting: Line::default(),
            received: Vec::new(),
            unsent: Vec::new(),
        }
    }

    /// A failure as it looks from this connection: a timeout is told apart where nothing was ever heard.
    pub(crate) fn as_seen(&self, failure: Failure) -> Failure {
        match failure {
            Failure::Timeout if !self.has_heard => Failure::NeverAnswered,
            other => other,
        }
    }
}

/// A queue of intended starts, threaded through the worker's [`Lines`].
#[derive(Debug, Clone, Copy)]
pub(crate) struct Line {
    head: u32,
    tail: u32,
}

const NONE: u32 = u32::MAX;

impl Default for Line {
    fn default() -> Line {
        Line { head: NONE, tail: NONE }
    }
}

/// The places of all lines of a worker: one allocation for all, so that a server's stall does not make thousands of
/// small queues grow.
#[derive(Debug)]
pub(crate) struct Lines {
    places: Vec<Place>,
    free: u32,
}

#[derive(Debug, Clone, Copy)]
struct Place {
    intended_ns: u64,
    next: u32,
}

impl Lines {
    /// Room for `capacity` waiting requests before anything is allocated again.
    pub(crate) fn with_capacity(capacity: usize) -> Lines {
        Lines { places: Vec::with_capacity(capacity), free: NONE }
    }

    /// Puts a request at the end of a line.
    pub(crate) fn push(&mut self, line: &mut Line, intended_ns: u64) {
        let place = Place { intended_ns, next: NONE };
        let index = match self.free {
            NONE => {
                self.places.push(place);
                (self.places.len() - 1) as u32
            }
            index => {
                self.free = self.places[index as usize].next;
                self.places[index as usize] = place;
                index
            }
        };
        match line.tail {
            NONE => line.head = index,
            tail => self.places[tail as usize].next = index,
        }
        line.tail = index;
    }

    /// Takes the request at the front of a line.
    pub(crate) fn pop(&mut self, line: &mut Line) -> Option<u64> {
        if line.head == NONE {
            return None;
        }
        let index = line.head as usize;
        let Place { intended_ns, next } = self.places[index];
        line.head = next;
        if next == NONE {
            line.tail = NONE;
        }
        self.places[index].next = self.free;
        self.free = index as u32;
        Some(intended_ns)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_slot_costs_a_tenth_of_what_is_allowed() {
        // The kernel's own socket takes several times more; 2 KiB is the most the generator may add.
        assert!(size_of::<Slot>() <= 204, "{} bytes", size_of::<Slot>());
    }

    #[test]
    fn lines_are_first_in_first_out_and_reuse_their_places() {
        let mut lines = Lines::with_capacity(4);
        let (mut a, mut b) = (Line::default(), Line::default());
        for round in 0..3 {
            lines.push(&mut a, round);
            lines.push(&mut b, 100 + round);
            lines.push(&mut a, 10 + round);
            assert_eq!(lines.pop(&mut a), Some(round));
            assert_eq!(lines.pop(&mut a), Some(10 + round));
            assert_eq!(lines.pop(&mut a), None);
            assert_eq!(lines.pop(&mut b), Some(100 + round));
        }
        assert_eq!(lines.places.len(), 3);
    }
}
