//! When slots want to be looked at. A slot has at most a few entries however many requests it sends: its entry is
//! renewed only when it comes up, so that the hot path does not touch the heap.

use std::cmp::Reverse;
use std::collections::BinaryHeap;

use super::slot::Slot;

/// The timers of one worker.
#[derive(Debug, Default)]
pub(crate) struct Timers {
    entries: BinaryHeap<Reverse<(u64, u32)>>,
}

impl Timers {
    /// Sets a slot's timer, in place of the one it had.
    #[inline]
    pub(crate) fn set(&mut self, index: u32, slot: &mut Slot, at_ns: u64) {
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
    pub(crate) fn pop_due(&mut self, now_ns: u64, slots: &mut [Slot]) -> Option<u32> {
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

    #[test]
    fn moving_a_timer_adds_no_entry_until_it_comes_up() {
        let mut slots = vec![Slot::vacant(), Slot::vacant()];
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
        let mut slots = vec![Slot::vacant()];
        let mut timers = Timers::default();
        timers.set(0, &mut slots[0], 500);
        timers.set(0, &mut slots[0], 50);
        assert_eq!(timers.pop_due(60, &mut slots), Some(0));
        slots[0].timer_ns = u64::MAX;
        assert_eq!(timers.pop_due(1_000, &mut slots), None);
        assert_eq!(timers.earliest_ns(), None);
    }
}
