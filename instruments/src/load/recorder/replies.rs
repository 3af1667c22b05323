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

    fn malformed(&mut self, other: &Malformed) {
        match self.malformed.iter_mut().find(|seen| seen.reason == other.reason) {
            Some(seen) => seen.count += other.count,
            None => self.malformed.push(other.clone()),
        }
    }

    /// Adds what another worker saw. The example of the first worker stays.
    pub(super) fn add(&mut self, other: &Replies) {
        other.statuses.iter().for_each(|(status, count)| self.status(*status, *count));
        other.malformed.iter().for_each(|malformed| self.malformed(malformed));
        self.delayed += other.delayed;
        if let (Some(mine), Some(theirs)) = (&mut self.sizes, &other.sizes) {
            mine.total += theirs.total;
            mine.least = mine.least.min(theirs.least);
            mine.most = mine.most.max(theirs.most);
        } else {
            self.sizes = self.sizes.or(other.sizes);
        }
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
        self.malformed.sort_by_key(|malformed| (Reverse(malformed.count), malformed.reason));
        self.malformed
    }

    /// Right ones that came in two parts, as far apart as a delayed acknowledgement.
    pub(crate) fn delayed(&self) -> u64 {
        self.delayed
    }
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
