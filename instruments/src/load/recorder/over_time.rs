//! The window over time: in equal intervals for the picture, and second by second for logs that have it so.

use std::collections::BTreeMap;

use super::Recorder;
use super::ends::{Answered, Loop};
use crate::load::tally::{THREE_DIGITS, TWO_DIGITS, Tally, bucket, least};

/// Equal intervals into which the window is divided for the picture over time.
pub(crate) const INTERVALS: usize = 20;

/// One interval of the window.
#[derive(Debug, Clone, Default)]
pub(crate) struct IntervalTally {
    pub(crate) ok: u64,
    pub(crate) failed: u64,
    pub(crate) response_time: Tally<TWO_DIGITS>,
}

const SECOND_NS: u64 = 1_000_000_000;

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

impl Recorder {
    /// The interval in which something was scheduled.
    pub(super) fn interval(&mut self, intended_ns: u64) -> Option<&mut IntervalTally> {
        let since_start = intended_ns.checked_sub(self.window.start)?;
        let width = ((self.window.end - self.window.start) / INTERVALS as u64).max(1);
        self.intervals.get_mut((since_start / width) as usize)
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
