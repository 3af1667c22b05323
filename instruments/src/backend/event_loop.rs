//! The backend's thread: takes calls, waits until the next answer is due, sends it, and notes how late that was.
//!
//! Times are absolute, so that one late answer makes no other late. Beside it: `links.rs`, the sockets.

use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::sync::atomic::Ordering;

use rustix::io::Errno;
use servers::backend::BackendCall;

use super::links::{LinkName, Links, ReceivedCall};
use super::{Promptness, Shared};
use crate::clock::{now_ns, wake_promptly};

/// How long before the next answer one that polls stops sleeping.
const POLL_AHEAD_NS: u64 = 100_000;

/// The most that one look at the sockets counts as polling: what took longer was no look.
const MOST_PER_POLL_NS: u64 = 5_000;

/// Answers that are sent before the sockets are looked at again.
const ANSWERS_AT_ONCE: usize = 16;

/// Answers that are owed, and everything to send them with.
pub(super) struct EventLoop<'a> {
    links: Links,
    promptness: Promptness,
    shared: &'a Shared,
    /// By the time they are due; those that are due at the same time in the order in which they were asked for.
    owed: BinaryHeap<Reverse<OwedAnswer>>,
    calls: u64,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct OwedAnswer {
    due_ns: u64,
    order: u64,
    link: LinkName,
    number: u32,
    wait_ns: u64,
}

impl<'a> EventLoop<'a> {
    pub(super) fn new(links: Links, promptness: Promptness, shared: &'a Shared) -> EventLoop<'a> {
        EventLoop { links, promptness, shared, owed: BinaryHeap::new(), calls: 0 }
    }

    /// Answers until it is told to stop.
    pub(super) fn run(&mut self) -> Result<(), Errno> {
        wake_promptly();
        while !self.shared.stop.load(Ordering::Relaxed) {
            let now = self.answer_what_is_due(now_ns());
            let has_come = self.wait(now)?;
            if has_come {
                let (owed, calls) = (&mut self.owed, &mut self.calls);
                self.links.receive(|call| {
                    owed.push(Reverse(OwedAnswer::new(call, *calls)));
                    *calls += 1;
                });
            }
        }
        Ok(())
    }

    /// Returns the time as it was read last.
    fn answer_what_is_due(&mut self, mut now: u64) -> u64 {
        for _ in 0..ANSWERS_AT_ONCE {
            let Some(&Reverse(answer)) = self.owed.peek().filter(|next| next.0.due_ns <= now) else { break };
            self.owed.pop();
            self.links.answer(answer.link, BackendCall { number: answer.number, wait_ns: answer.wait_ns });
            now = now_ns();
            let mut notes = self.shared.notes();
            notes.lag.record(now.saturating_sub(answer.due_ns));
            notes.calls += 1;
        }
        now
    }

    /// Waits for calls, but not past the next answer. Returns whether any came.
    fn wait(&mut self, now: u64) -> Result<bool, Errno> {
        let Some(Reverse(next)) = self.owed.peek() else { return self.links.wait(None, now) };
        let ahead_ns = match self.promptness {
            Promptness::Sleeps => 0,
            Promptness::Polls => POLL_AHEAD_NS,
        };
        let wake_ns = next.due_ns.saturating_sub(ahead_ns);
        if wake_ns > now {
            return self.links.wait(Some(wake_ns), now);
        }
        let has_come = self.links.look()?;
        if !has_come && next.due_ns > now {
            self.shared.notes().polling_ns += (now_ns() - now).min(MOST_PER_POLL_NS);
        }
        Ok(has_come)
    }
}

impl OwedAnswer {
    fn new(received: ReceivedCall, order: u64) -> OwedAnswer {
        let ReceivedCall { link, call: BackendCall { number, wait_ns }, at_ns } = received;
        OwedAnswer { due_ns: at_ns.saturating_add(wait_ns), order, link, number, wait_ns }
    }
}
