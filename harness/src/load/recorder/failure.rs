//! How a request fails, as the generator tells it apart. A saved ledger has fewer kinds, a saved event has them all.

use reports::record::Fate;

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
