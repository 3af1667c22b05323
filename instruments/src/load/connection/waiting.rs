//! What waits: requests, in line behind the one that is out on their connection; and slots, until they are to be looked at.
//!
//! Must not know: the network. Beside it: `slot.rs`, one connection.

use std::cmp::Reverse;
use std::collections::BinaryHeap;

use super::slot::Slot;

/// A request that waits behind another on its connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct WaitingRequest {
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
    places: Vec<LinePlace>,
    free: u32,
}

#[derive(Debug, Clone, Copy)]
struct LinePlace {
    waiting: WaitingRequest,
    next: u32,
}

impl Lines {
    /// Room for `capacity` waiting requests before anything is allocated again.
    pub(crate) fn with_capacity(capacity: usize) -> Lines {
        Lines { places: Vec::with_capacity(capacity), free: NONE }
    }

    /// Puts a request at the end of a line.
    pub(crate) fn push(&mut self, line: &mut Line, waiting: WaitingRequest) {
        let place = LinePlace { waiting, next: NONE };
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
    pub(crate) fn pop(&mut self, line: &mut Line) -> Option<WaitingRequest> {
        if line.head == NONE {
            return None;
        }
        let index = line.head as usize;
        let LinePlace { waiting, next } = self.places[index];
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
    pub(crate) fn iter(&self, line: Line) -> impl Iterator<Item = WaitingRequest> {
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

    fn at(intended_ns: u64) -> WaitingRequest {
        WaitingRequest { intended_ns, taken_up_ns: intended_ns + 1 }
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
