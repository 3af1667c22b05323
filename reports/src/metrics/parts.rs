//! The parts that a response time can be taken into, since the generator and our servers note when they did what.
//!
//! Within: `bands.rs`, the parts of the median and of the slowest. Beside it: `record/split.rs`, where they are saved.

mod bands;

use super::per;
use crate::record::HistogramRecord;
use crate::study::Pool;

pub use bands::{Band, Bands};

/// The parts of a response time in the order in which a request passes through them, with a name and what each is. No
/// record has them all: servers that send no timestamps have `answering` for the three before it, and earlier versions
/// `before_send` for the first two.
pub const TIME_PARTS: &[TimePart] = &[
    TimePart {
        name: "before_send",
        label: "before sending",
        meaning: "due, but not sent: connecting, being accepted, and earlier requests of the session",
        colour: 0,
    },
    TimePart {
        name: "schedule_lag",
        label: "schedule lag",
        meaning: "due, but the generator was late to take it up, which is no doing of the server",
        colour: 4,
    },
    TimePart {
        name: "connection",
        label: "waiting for a connection",
        meaning: "until a connection was established, or had answered its earlier requests",
        colour: 0,
    },
    TimePart {
        name: "waiting",
        label: "waiting to be read",
        meaning: "sent, but the server has not taken it up; on a new connection it may not have accepted it",
        colour: 1,
    },
    TimePart { name: "service", label: "service", meaning: "in the hands of the server", colour: 2 },
    TimePart { name: "returning", label: "returning", meaning: "replied, but not yet received", colour: 3 },
    TimePart {
        name: "answering",
        label: "waiting to be read, service and returning",
        meaning: "sent, and not yet answered, by a server that does not say when it did what",
        colour: 2,
    },
];

/// A part of the response time.
#[derive(Debug, PartialEq, Eq)]
pub struct TimePart {
    /// What pictures and records call it.
    pub name: &'static str,
    /// For the legend.
    pub label: &'static str,
    /// One phrase.
    pub meaning: &'static str,
    /// Number of its colour among the parts of a stack. Beyond those that have one it is drawn in ink.
    pub colour: usize,
}

impl TimePart {
    /// The mean over a pool in nanoseconds; absent where a cell lacks the part or nothing was answered.
    pub fn mean_ns(&self, pool: &Pool<'_>) -> Option<f64> {
        let sum = |of: fn(&HistogramRecord) -> u64| {
            pool.sum(|cell| cell.traffic.as_ref()?.split.as_ref()?.part(self.name).map(of))
        };
        per(sum(|part| part.sum_ns), sum(|part| part.count))
    }
}
