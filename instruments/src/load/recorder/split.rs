//! Where response times went: a histogram of each part, and the parts added up by how long the response took, so that
//! those of the slowest can be held against those of the median.
//!
//! Beside it: `../outcome.rs` saves them.

use std::array;

use super::ends::Answered;
use crate::load::tally::{self, Tally};

/// Response times are told apart to one part in 64 to 128. What is said of a median is allowed one in twenty.
const BITS: u32 = 7;

/// How many parts there are.
const PARTS: usize = 7;

/// What a response time is taken into, as the record names it, in the order in which it passes. Of a server that does not
/// say when it had the request, all that follows the send is `answering`, and the four before it are absent.
pub(crate) const PART_NAMES: [&str; PARTS] =
    ["schedule_lag", "connection", "waiting", "backend_queue", "service", "returning", "answering"];

/// The parts of a correct reply, in nanoseconds; absent where its moments are not in the order in which they must have come.
#[inline]
pub(super) fn parts_of(answered: &Answered) -> Option<[Option<u64>; PARTS]> {
    let Answered { intended_ns, taken_up_ns, sent_ns, server_ns, server_waited_ns, received_ns, .. } = *answered;
    let schedule_lag = Some(taken_up_ns.checked_sub(intended_ns)?);
    let connection = Some(sent_ns.checked_sub(taken_up_ns)?);
    Some(match server_ns {
        Some((server_received_ns, server_sent_ns)) => {
            let waiting = server_received_ns.checked_sub(sent_ns)?;
            let in_server = server_sent_ns.checked_sub(server_received_ns)?;
            let service = in_server.checked_sub(server_waited_ns.unwrap_or(0))?;
            let returning = received_ns.checked_sub(server_sent_ns)?;
            [schedule_lag, connection, Some(waiting), server_waited_ns, Some(service), Some(returning), None]
        }
        None => [schedule_lag, connection, None, None, None, None, Some(received_ns.checked_sub(sent_ns)?)],
    })
}

/// The parts of the replies in one bucket of response times: on a cache line, which is all that adding a reply touches.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
#[repr(align(64))]
pub(crate) struct Sums {
    pub(crate) replies: u64,
    pub(crate) parts_ns: [u64; PARTS],
}

/// What one worker notes down of the parts.
#[derive(Debug, Clone)]
pub(crate) struct SplitTally {
    /// Of each part.
    pub(crate) parts: [Tally; PARTS],
    by_response_time: Box<[Sums]>,
}

impl Default for SplitTally {
    fn default() -> SplitTally {
        let by_response_time = vec![Sums::default(); tally::buckets::<BITS>()].into_boxed_slice();
        SplitTally { parts: array::from_fn(|_| Tally::new()), by_response_time }
    }
}

impl SplitTally {
    /// Counts a reply.
    #[inline]
    pub(super) fn record(&mut self, response_time_ns: u64, parts: &[Option<u64>; PARTS]) {
        let sums = &mut self.by_response_time[tally::bucket::<BITS>(response_time_ns)];
        sums.replies += 1;
        for ((part, sum_ns), tally) in parts.iter().zip(&mut sums.parts_ns).zip(&mut self.parts) {
            if let Some(part_ns) = part {
                *sum_ns += part_ns;
                tally.record(*part_ns);
            }
        }
    }

    /// Adds what another worker noted down.
    pub(super) fn add(&mut self, other: &SplitTally) {
        self.parts.iter_mut().zip(&other.parts).for_each(|(mine, theirs)| mine.add(theirs));
        for (mine, theirs) in self.by_response_time.iter_mut().zip(&other.by_response_time) {
            mine.replies += theirs.replies;
            mine.parts_ns.iter_mut().zip(theirs.parts_ns).for_each(|(mine, theirs)| *mine += theirs);
        }
    }

    /// Every bucket that holds a reply, with the least response time in it, ascending.
    pub(crate) fn by_response_time(&self) -> impl Iterator<Item = (u64, &Sums)> {
        let all = self.by_response_time.iter().enumerate();
        all.filter(|(_, sums)| sums.replies > 0).map(|(index, sums)| (tally::least::<BITS>(index), sums))
    }
}
