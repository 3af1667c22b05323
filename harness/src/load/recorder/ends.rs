//! How requests end one by one, and what was seen of replies besides their times: statuses, sizes, and why some were
//! malformed. And the window second by second, for logs that have it so.

use std::collections::BTreeMap;

use reports::record::{Fate, Ledger, Malformed, MalformedReason, ReplyBytes, RequestEvent};

use super::Recorder;
use crate::load::tally::{THREE_DIGITS, bucket, least};

/// How much of a malformed reply is kept as an example.
const EXAMPLE_BYTES: usize = 120;

const SECOND_NS: u64 = 1_000_000_000;

/// Whether something was scheduled in the measurement window, and so is recorded, or before it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Scheduled {
    InWarmUp,
    InWindow,
}

/// Whether requests have intended starts of their own. In closed loop they do not, so there is no response time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Loop {
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
        self.malformed.sort_by_key(|malformed| (std::cmp::Reverse(malformed.count), malformed.reason));
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

    /// Keeps the window second by second too.
    pub(crate) fn by_second(mut self, wanted: bool) -> Recorder {
        self.seconds = wanted.then(Box::default);
        self
    }

    /// The time of a correct reply: response time or, in closed loop, service time.
    #[inline]
    pub(super) fn note_second(&mut self, answered: &Answered) {
        if let Some(seconds) = &mut self.seconds {
            let begun_ns = if self.loop_kind == Loop::Open { answered.intended_ns } else { answered.sent_ns };
            let took_ns = answered.received_ns.saturating_sub(begun_ns);
            let second = seconds.at(answered.received_ns.saturating_sub(self.window.start));
            *second.times.entry(bucket::<THREE_DIGITS>(took_ns) as u32).or_default() += 1;
        }
    }

    /// Requests that ended otherwise.
    #[inline]
    pub(super) fn note_failed_in_second(&mut self, requests: u64, now_ns: u64) {
        if let Some(seconds) = &mut self.seconds {
            seconds.at(now_ns.saturating_sub(self.window.start)).failed += requests;
        }
    }
}

/// The window second by second, by when requests ended.
#[derive(Debug, Clone, Default)]
pub(crate) struct Seconds {
    /// Ascending, without those in which nothing ended.
    pub(crate) each: Vec<SecondTally>,
}

/// One second.
#[derive(Debug, Clone)]
pub(crate) struct SecondTally {
    /// Its start, in whole seconds from that of the window.
    pub(crate) second: u64,
    /// Times of correct replies by their bucket in a tally of three digits. There are few in a second, and many seconds.
    times: BTreeMap<u32, u64>,
    /// Requests that ended without one.
    pub(crate) failed: u64,
}

impl Seconds {
    fn at(&mut self, since_start_ns: u64) -> &mut SecondTally {
        let second = since_start_ns / SECOND_NS;
        let place = self.each.partition_point(|tally| tally.second < second);
        if self.each.get(place).is_none_or(|tally| tally.second != second) {
            self.each.insert(place, SecondTally { second, times: BTreeMap::new(), failed: 0 });
        }
        &mut self.each[place]
    }

    pub(super) fn add(&mut self, other: &Seconds) {
        for theirs in &other.each {
            let mine = self.at(theirs.second * SECOND_NS);
            theirs.times.iter().for_each(|(bucket, count)| *mine.times.entry(*bucket).or_default() += count);
            mine.failed += theirs.failed;
        }
    }
}

impl SecondTally {
    /// Every time that was seen, to three digits, with how often.
    pub(crate) fn times(&self) -> impl Iterator<Item = (u64, u64)> {
        self.times.iter().map(|(bucket, count)| (least::<THREE_DIGITS>(*bucket as usize), *count))
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

impl Recorder {
    /// Keeps every request by itself too, up to `room` of them: nothing is allocated for the rest.
    pub(crate) fn keeping(mut self, room: usize) -> Recorder {
        self.events.reserve_exact(room);
        self
    }

    pub(super) fn keep(&mut self, event: RequestEvent) {
        if self.events.len() < self.events.capacity() {
            self.events.push(event);
        }
    }

    /// The start of the window; events count from where the load began before it.
    pub(crate) fn window_start_ns(&self) -> u64 {
        self.window.start
    }
}
