//! The state of one connection, kept small: ten thousand of them must fit beside the histograms.
//!
//! Must not know: the network. Beside it: `../connection.rs`, which moves slots from state to state; `waiting.rs`, what all
//! slots of a worker share.

use super::waiting::Line;
use crate::load::exchange::{Digits, Hearing, digits};
use crate::load::recorder::{Failure, Scheduled};

/// Where a slot stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum SlotState {
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
    pub(crate) state: SlotState,
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
            state: SlotState::Vacant,
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_slot_costs_an_eighth_of_what_is_allowed() {
        // The kernel's own socket takes several times more; 2 KiB is the most the generator may add.
        let slot_bytes = size_of::<Slot<rustix::fd::OwnedFd>>();
        assert!(slot_bytes <= 256, "{slot_bytes} bytes");
    }
}
