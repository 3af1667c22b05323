//! The state of one connection, kept small: ten thousand of them must fit beside the histograms. And what all slots of a
//! worker share: the requests that wait in line, and when a slot is to be looked at.
//!
//! Must not know: the network. Beside it: `connection.rs`, which moves slots from state to state.

use std::cmp::Reverse;
use std::collections::BinaryHeap;

use super::recorder::{Failure, Scheduled};
use super::reply::{Digits, Hearing, digits};

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
pub(crate) struct Slot<S> {
    pub(crate) socket: Option<S>,
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
    pub(crate) hearing: Hearing,
    /// When the latest of its bytes came.
    pub(crate) heard_ns: u64,
    /// The end of a request that the socket did not take at once.
    pub(crate) unsent: Vec<u8>,
}

impl<S> Slot<S> {
    pub(crate) fn vacant() -> Slot<S> {
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
            hearing: Hearing::default(),
            heard_ns: 0,
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

/// A request that waits behind another on its connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Waiting {
    pub(crate) intended_ns: u64,
    /// When the generator had it in hand: it has lacked nothing but the connection since.
    pub(crate) taken_up_ns: u64,
}

/// A queue of requests, threaded through the worker's [`Lines`].
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
    waiting: Waiting,
    next: u32,
}

impl Lines {
    /// Room for `capacity` waiting requests before anything is allocated again.
    pub(crate) fn with_capacity(capacity: usize) -> Lines {
        Lines { places: Vec::with_capacity(capacity), free: NONE }
    }

    /// Puts a request at the end of a line.
    pub(crate) fn push(&mut self, line: &mut Line, waiting: Waiting) {
        let place = Place { waiting, next: NONE };
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
    pub(crate) fn pop(&mut self, line: &mut Line) -> Option<Waiting> {
        if line.head == NONE {
            return None;
        }
        let index = line.head as usize;
        let Place { waiting, next } = self.places[index];
        line.head = next;
        if next == NONE {
            line.tail = NONE;
        }
        self.places[index].next = self.free;
        self.free = index as u32;
        Some(waiting)
    }

    /// Those in a line, from its front.
    #[cfg(test)]
    pub(crate) fn iter(&self, line: Line) -> impl Iterator<Item = Waiting> {
        let place = |index: u32| self.places.get(index as usize);
        std::iter::successors(place(line.head), move |before| place(before.next)).map(|place| place.waiting)
    }
}

/// When slots want to be looked at. A slot has at most a few entries however many requests it sends: its entry is
/// renewed only when it comes up, so that the hot path does not touch the heap.
#[derive(Debug, Default)]
pub(crate) struct Timers {
    entries: BinaryHeap<Reverse<(u64, u32)>>,
}

impl Timers {
    /// Sets a slot's timer, in place of the one it had.
    #[inline]
    pub(crate) fn set<S>(&mut self, index: u32, slot: &mut Slot<S>, at_ns: u64) {
        slot.timer_ns = at_ns;
        if at_ns < slot.armed_ns {
            slot.armed_ns = at_ns;
            self.entries.push(Reverse((at_ns, index)));
        }
    }

    /// The earliest entry; the slot's timer may have been moved to later since.
    pub(crate) fn earliest_ns(&self) -> Option<u64> {
        self.entries.peek().map(|Reverse((at_ns, _))| *at_ns)
    }

    /// The next slot whose timer is due, which is thereby unset.
    pub(crate) fn pop_due<S>(&mut self, now_ns: u64, slots: &mut [Slot<S>]) -> Option<u32> {
        while let Some(Reverse((at_ns, index))) = self.entries.peek().copied() {
            if at_ns > now_ns {
                return None;
            }
            self.entries.pop();
            let slot = &mut slots[index as usize];
            if at_ns != slot.armed_ns {
                continue;
            }
            slot.armed_ns = u64::MAX;
            if slot.timer_ns <= now_ns {
                slot.timer_ns = u64::MAX;
                return Some(index);
            }
            if slot.timer_ns != u64::MAX {
                let later_ns = slot.timer_ns;
                self.set(index, slot, later_ns);
            }
        }
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn slot() -> Slot<()> {
        Slot::vacant()
    }

    fn at(intended_ns: u64) -> Waiting {
        Waiting { intended_ns, taken_up_ns: intended_ns + 1 }
    }

    #[test]
    fn a_slot_costs_an_eighth_of_what_is_allowed() {
        // The kernel's own socket takes several times more; 2 KiB is the most the generator may add.
        let slot_bytes = size_of::<Slot<rustix::fd::OwnedFd>>();
        assert!(slot_bytes <= 256, "{slot_bytes} bytes");
    }

    #[test]
    fn lines_are_first_in_first_out_and_reuse_their_places() {
        let mut lines = Lines::with_capacity(4);
        let (mut a, mut b) = (Line::default(), Line::default());
        for round in 0..3 {
            lines.push(&mut a, at(round));
            lines.push(&mut b, at(100 + round));
            lines.push(&mut a, at(10 + round));
            assert_eq!(lines.pop(&mut a), Some(at(round)));
            assert_eq!(lines.pop(&mut a), Some(at(10 + round)));
            assert_eq!(lines.pop(&mut a), None);
            assert_eq!(lines.pop(&mut b), Some(at(100 + round)));
        }
        assert_eq!(lines.places.len(), 3);
    }

    #[test]
    fn moving_a_timer_adds_no_entry_until_it_comes_up() {
        let mut slots = vec![slot(), slot()];
        let mut timers = Timers::default();
        for at_ns in [100, 200, 300] {
            timers.set(0, &mut slots[0], at_ns);
        }
        timers.set(1, &mut slots[1], 250);
        assert_eq!(timers.entries.len(), 2);
        assert_eq!(timers.pop_due(120, &mut slots), None);
        assert_eq!(timers.pop_due(260, &mut slots), Some(1));
        assert_eq!(timers.pop_due(299, &mut slots), None);
        assert_eq!(timers.pop_due(300, &mut slots), Some(0));
        assert_eq!(timers.earliest_ns(), None);
    }

    #[test]
    fn an_unset_timer_never_fires_and_an_earlier_one_fires_first() {
        let mut slots = vec![slot()];
        let mut timers = Timers::default();
        timers.set(0, &mut slots[0], 500);
        timers.set(0, &mut slots[0], 50);
        assert_eq!(timers.pop_due(60, &mut slots), Some(0));
        slots[0].timer_ns = u64::MAX;
        assert_eq!(timers.pop_due(1_000, &mut slots), None);
        assert_eq!(timers.earliest_ns(), None);
    }
}
