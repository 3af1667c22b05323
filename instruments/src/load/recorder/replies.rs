//! What was seen of replies besides their times: statuses, sizes, and why some were malformed.

use std::cmp::Reverse;
use std::collections::BTreeMap;

use reports::record::{Malformed, MalformedReason, ReplyBytes};

use super::Recorder;
use super::ends::Scheduled;

/// How much of a malformed reply is kept as an example.
const EXAMPLE_BYTES: usize = 120;

/// What one worker saw of replies.
#[derive(Debug, Clone, Default)]
pub(crate) struct Replies {
    /// A server has few statuses, the usual one first: looking through them is cheaper than hashing.
    statuses: Vec<(u16, u64)>,
    sizes: Option<ReplyBytes>,
    malformed: Vec<Malformed>,
    delayed: u64,
}

impl Replies {
    #[inline]
    pub(super) fn size(&mut self, bytes: u64) {
        let sizes = self.sizes.get_or_insert(ReplyBytes { total: 0, least: u64::MAX, most: 0 });
        sizes.total += bytes;
        sizes.least = sizes.least.min(bytes);
        sizes.most = sizes.most.max(bytes);
    }

    #[inline]
    fn status(&mut self, status: u16, count: u64) {
        match self.statuses.iter_mut().find(|(seen, _)| *seen == status) {
            Some((_, counted)) => *counted += count,
            None => self.statuses.push((status, count)),
        }
    }

    /// Adds what another worker saw. The example of the first worker stays.
    pub(super) fn add(&mut self, other: &Replies) {
        other.statuses.iter().for_each(|(status, count)| self.status(*status, *count));
        add_malformed(&mut self.malformed, &other.malformed);
        self.sizes = joined_sizes(self.sizes, other.sizes);
        self.delayed += other.delayed;
    }

    /// How many came with each status.
    pub(crate) fn statuses(&self) -> BTreeMap<u16, u64> {
        self.statuses.iter().copied().collect()
    }

    /// Their sizes; absent where there was none.
    pub(crate) fn sizes(&self) -> Option<ReplyBytes> {
        self.sizes
    }

    /// Why some were malformed, the most frequent reason first.
    pub(crate) fn into_malformed(mut self) -> Vec<Malformed> {
        sort_malformed(&mut self.malformed);
        self.malformed
    }

    /// Right ones that came in two parts, as far apart as a delayed acknowledgement.
    pub(crate) fn delayed(&self) -> u64 {
        self.delayed
    }
}

/// Adds up why replies were malformed, and stays within the type. Of each reason the first example stays.
pub(in crate::load) fn add_malformed(sum: &mut Vec<Malformed>, part: &[Malformed]) {
    for theirs in part {
        match sum.iter_mut().find(|mine| mine.reason == theirs.reason) {
            Some(mine) => mine.count = mine.count.saturating_add(theirs.count),
            None => sum.push(theirs.clone()),
        }
    }
    sort_malformed(sum);
}

/// The most frequent reason first.
fn sort_malformed(malformed: &mut [Malformed]) {
    malformed.sort_by_key(|malformed| (Reverse(malformed.count), malformed.reason));
}

/// The sizes of all replies, whoever got them.
pub(in crate::load) fn joined_sizes(mine: Option<ReplyBytes>, theirs: Option<ReplyBytes>) -> Option<ReplyBytes> {
    let (Some(a), Some(b)) = (mine, theirs) else { return mine.or(theirs) };
    let total = a.total.saturating_add(b.total);
    Some(ReplyBytes { total, least: a.least.min(b.least), most: a.most.max(b.most) })
}

impl Recorder {
    /// A whole reply came with this status; 0 is none.
    #[inline]
    pub(crate) fn status(&mut self, place: Scheduled, status: u16) {
        if status != 0 && place == Scheduled::InWindow {
            self.replies.status(status, 1);
        }
    }

    /// Something came that is no right reply; `example` is how it began, in pieces. Whether a request ended with it is
    /// told apart from this.
    pub(crate) fn malformed(&mut self, reason: MalformedReason, example: &[&[u8]]) {
        let example = example.iter().flat_map(|piece| piece.iter()).take(EXAMPLE_BYTES);
        match self.replies.malformed.iter_mut().find(|seen| seen.reason == reason) {
            Some(seen) => seen.count += 1,
            None => {
                let example = example.flat_map(|byte| byte.escape_ascii()).map(char::from).collect();
                self.replies.malformed.push(Malformed { reason, count: 1, example });
            }
        }
    }

    /// A right reply came in two parts, as far apart as a delayed acknowledgement.
    pub(crate) fn delayed(&mut self, place: Scheduled) {
        self.replies.delayed += u64::from(place == Scheduled::InWindow);
    }
}
