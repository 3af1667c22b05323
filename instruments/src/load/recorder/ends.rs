//! How requests come and how they end, and ledgers of that added up.

use reports::record::{ConnectionLedger, Fate, Ledger};

/// Whether something was scheduled in the measurement window, and so is recorded, or before it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Scheduled {
    InWarmUp,
    InWindow,
}

/// Whether requests have intended starts of their own. In closed loop they do not, so there is no response time.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) enum Loop {
    #[default]
    Open,
    Closed,
}

/// The moments of a request that was answered correctly; the server's two are absent where it sends none.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Answered {
    pub(crate) intended_ns: u64,
    /// When there was nothing left to do but have a connection for it.
    pub(crate) taken_up_ns: u64,
    pub(crate) sent_ns: u64,
    pub(crate) server_ns: Option<(u64, u64)>,
    /// How long of that it waited within the server for a connection to the backend, where it had to share one.
    pub(crate) server_waited_ns: Option<u64>,
    pub(crate) received_ns: u64,
    /// Size of the reply.
    pub(crate) reply_bytes: u64,
    /// Which of the connections that stay it came on.
    pub(crate) connection: Option<u32>,
}

#[cfg(test)]
impl Answered {
    /// By a server without times, at once when it was due.
    pub(crate) fn at_once(intended_ns: u64, received_ns: u64) -> Answered {
        Answered {
            intended_ns,
            taken_up_ns: intended_ns,
            sent_ns: intended_ns,
            server_ns: None,
            server_waited_ns: None,
            received_ns,
            reply_bytes: 40,
            connection: None,
        }
    }
}

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

/// Adds one ledger to another, and stays within the type whatever they say: they may come from another program.
pub(in crate::load) fn add_ledger(sum: &mut Ledger, part: &Ledger) {
    fn counts(ledger: &mut Ledger) -> [&mut u64; 9] {
        let Ledger { scheduled, ok, error, timeout, malformed, refused, reset, dropped, in_flight } = ledger;
        [scheduled, ok, error, timeout, malformed, refused, reset, dropped, in_flight]
    }
    add(counts(sum), counts(&mut part.clone()));
}

/// As [`add_ledger`], of connections.
pub(in crate::load) fn add_connections(sum: &mut ConnectionLedger, part: &ConnectionLedger) {
    fn counts(ledger: &mut ConnectionLedger) -> [&mut u64; 7] {
        let ConnectionLedger {
            attempted,
            established,
            failed,
            closed_in_agreement: agreed,
            closed_in_disagreement: disagreed,
            never_answered,
            closed_by_server,
        } = ledger;
        [attempted, established, failed, agreed, disagreed, never_answered, closed_by_server]
    }
    add(counts(sum), counts(&mut part.clone()));
}

fn add<const COUNTS: usize>(sum: [&mut u64; COUNTS], part: [&mut u64; COUNTS]) {
    sum.into_iter().zip(part).for_each(|(sum, part)| *sum = sum.saturating_add(*part));
}
