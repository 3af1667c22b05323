//! The parts that a response time can be taken into, since servers stamp their replies.

use super::per;
use crate::record::TimeSplit;
use crate::study::Pool;

/// The parts of a mean response time in the order in which a request passes through them, with a name and what
/// each is.
pub const TIME_PARTS: &[TimePart] = &[
    TimePart {
        name: "before_send",
        label: "before sending",
        meaning: "due, but not sent: connecting, being accepted, and earlier requests of the session",
        of: |split| (split.before_send.sum_ns, split.before_send.count),
    },
    TimePart {
        name: "waiting",
        label: "waiting to be read",
        meaning: "sent, but the server has not taken it up",
        of: |split| (split.waiting.sum_ns, split.waiting.count),
    },
    TimePart {
        name: "service",
        label: "service",
        meaning: "in the hands of the server",
        of: |split| (split.service.sum_ns, split.service.count),
    },
    TimePart {
        name: "returning",
        label: "returning",
        meaning: "replied, but not yet received",
        of: |split| (split.returning.sum_ns, split.returning.count),
    },
];

/// A part of the response time.
#[derive(Debug)]
pub struct TimePart {
    /// What pictures call it.
    pub name: &'static str,
    /// For the legend.
    pub label: &'static str,
    /// One phrase.
    pub meaning: &'static str,
    /// Sum in nanoseconds and number of correct replies.
    pub of: fn(&TimeSplit) -> (u64, u64),
}

impl TimePart {
    /// The mean over a pool in nanoseconds; absent where a cell has no split or nothing was answered.
    pub fn mean_ns(&self, pool: &Pool<'_>) -> Option<f64> {
        let sum = pool.sum(|cell| Some((self.of)(cell.traffic.as_ref()?.split.as_ref()?).0));
        let count = pool.sum(|cell| Some((self.of)(cell.traffic.as_ref()?.split.as_ref()?).1));
        per(sum, count)
    }
}
