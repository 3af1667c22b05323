//! The ends of requests one by one: how a request fails, and the events that are kept of a probe. A saved ledger has fewer
//! kinds of failure, a saved event has them all.

use reports::record::{Event, Fate, Ledger};

use super::Recorder;

/// How a request without a correct reply ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Failure {
    Error,
    Timeout,
    /// A timeout on a connection from which nothing ever came.
    NeverAnswered,
    Malformed,
    /// No connection could be made.
    Refused,
    /// The connection was lost with the request on it.
    Reset,
    Dropped,
    InFlight,
}

impl Failure {
    /// Whether it is one of those in which nothing whole was ever heard.
    pub(super) fn is_silence(self) -> bool {
        matches!(self, Failure::Timeout | Failure::NeverAnswered | Failure::InFlight)
    }

    /// Where it is counted.
    pub(super) fn count_in(self, ledger: &mut Ledger) -> &mut u64 {
        match self {
            Failure::Error => &mut ledger.error,
            Failure::Timeout | Failure::NeverAnswered => &mut ledger.timeout,
            Failure::Malformed => &mut ledger.malformed,
            Failure::Refused => &mut ledger.refused,
            Failure::Reset => &mut ledger.reset,
            Failure::Dropped => &mut ledger.dropped,
            Failure::InFlight => &mut ledger.in_flight,
        }
    }

    /// As it is saved where requests are kept one by one.
    pub(super) fn fate(self) -> Fate {
        match self {
            Failure::Error => Fate::Error,
            Failure::Timeout => Fate::Timeout,
            Failure::NeverAnswered => Fate::NeverAnswered,
            Failure::Malformed => Fate::Malformed,
            Failure::Refused => Fate::Refused,
            Failure::Reset => Fate::Reset,
            Failure::Dropped => Fate::Dropped,
            Failure::InFlight => Fate::InFlight,
        }
    }
}

impl Recorder {
    /// Keeps every request by itself too, up to `room` of them: nothing is allocated for the rest.
    pub(crate) fn keeping(mut self, room: usize) -> Recorder {
        self.events.reserve_exact(room);
        self
    }

    pub(super) fn keep(&mut self, event: Event) {
        if self.events.len() < self.events.capacity() {
            self.events.push(event);
        }
    }

    /// The start of the window; events count from where the load began before it.
    pub(crate) fn window_start_ns(&self) -> u64 {
        self.window.start
    }
}
