//! What is shown of a load's times: their percentiles, and where the time of a response went.
//!
//! A percentile has its 95% interval, or there is a reason why it is absent. Beside it: `times.rs`, which ranks them; the parts
//! of a response are those of `reports::metrics`.

use std::collections::BTreeMap;

use reports::metrics::{Band, Bands, TIME_PARTS};
use reports::record::TimeSplit;
use reports::stats::Quantile;
use serde::Serialize;

use super::times::RankedTimes;

/// Which percentiles are shown.
pub(in crate::cli::load) const SHOWN: [(&str, f64); 4] = [("p50", 0.5), ("p90", 0.9), ("p99", 0.99), ("p99.9", 0.999)];

/// What is shown of ranked times. Times are in nanoseconds.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(in crate::cli::load) struct Percentiles {
    p50: Option<Bounded>,
    p90: Option<Bounded>,
    p99: Option<Bounded>,
    p99_9: Option<Bounded>,
    pub(in crate::cli::load) max: Bounded,
    /// Of right replies alone; absent where there is none.
    pub(in crate::cli::load) mean: Option<f64>,
    /// Says that, where not all are right replies.
    #[serde(skip_serializing_if = "Option::is_none")]
    mean_is_of: Option<&'static str>,
    /// How many were ranked.
    pub(in crate::cli::load) count: u64,
    /// How many of them are right replies.
    pub(in crate::cli::load) right: u64,
}

/// A time with its interval. `value` is absent where it lies among requests without a correct reply, `high` where
/// the interval's upper end does; they are beyond `above` then. The greatest of all has no interval.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(in crate::cli::load) struct Bounded {
    pub(in crate::cli::load) value: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(in crate::cli::load) low: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(in crate::cli::load) high: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(in crate::cli::load) above: Option<u64>,
    /// Whether it tells more of the generator than of the server.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub(in crate::cli::load) doubtful: bool,
}

impl Percentiles {
    /// Absent where there are no times.
    pub(in crate::cli::load) fn of(ranked: &RankedTimes) -> Option<Percentiles> {
        let max = ranked.greatest()?;
        let [p50, p90, p99, p99_9] = SHOWN.map(|(_, p)| ranked.percentile(p));
        let (mean, count, right) = (ranked.mean_of_answered(), ranked.count(), ranked.answered);
        let mean_is_of = (right < count).then_some("right replies");
        Some(Percentiles { p50, p90, p99, p99_9, max, mean, mean_is_of, count, right })
    }

    /// With a p99.9 that is not to be relied upon.
    pub(in crate::cli::load) fn with_doubtful_tail(mut self) -> Percentiles {
        self.p99_9 = self.p99_9.map(|bounded| Bounded { doubtful: true, ..bounded });
        self
    }

    /// Whether some of what was ranked is no right reply.
    pub(in crate::cli::load) fn has_failures(&self) -> bool {
        self.right < self.count
    }

    /// In ascending order, with their names.
    pub(in crate::cli::load) fn each(&self) -> impl Iterator<Item = (&'static str, Option<Bounded>)> {
        SHOWN.map(|(name, _)| name).into_iter().zip([self.p50, self.p90, self.p99, self.p99_9])
    }
}

impl Bounded {
    pub(in crate::cli::load) fn at(ns: u64) -> Bounded {
        Bounded { value: Some(ns), ..Bounded::default() }
    }

    /// Among requests without a right reply.
    pub(in crate::cli::load) fn above(timeout_ns: u64) -> Bounded {
        Bounded { above: Some(timeout_ns), ..Bounded::default() }
    }

    /// Absent where there are too few samples.
    pub(in crate::cli::load) fn of(quantile: Quantile) -> Option<Bounded> {
        match quantile {
            Quantile::Measured { value, lo, hi } => Some(Bounded { low: Some(lo), high: hi, ..Bounded::at(value) }),
            Quantile::BeyondTimeout(timeout_ns) => Some(Bounded::above(timeout_ns)),
            Quantile::TooFewSamples { .. } => None,
        }
    }
}

/// The parts of the usual and of the slowest response times.
#[derive(Debug, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(in crate::cli::load) struct TimeParts {
    pub(in crate::cli::load) median: TimePartsOf,
    /// Absent where too few requests carry a p99.
    pub(in crate::cli::load) slowest_1_percent: Option<TimePartsOf>,
}

/// Means over some correct replies, in nanoseconds. A part that is not known is not there.
#[derive(Debug, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(in crate::cli::load) struct TimePartsOf {
    replies: u64,
    response_time: f64,
    #[serde(flatten)]
    pub(in crate::cli::load) parts: BTreeMap<&'static str, f64>,
}

impl TimeParts {
    /// Absent where there are no response times.
    pub(in crate::cli::load) fn of(split: Option<&TimeSplit>) -> Option<TimeParts> {
        let Bands { median, slowest } = Bands::of(&[split?])?;
        Some(TimeParts { median: TimePartsOf::new(&median), slowest_1_percent: slowest.as_ref().map(TimePartsOf::new) })
    }
}

impl TimePartsOf {
    fn new(band: &Band) -> TimePartsOf {
        let parts = TIME_PARTS.iter().filter_map(|part| Some((part.name, band.mean_ns(part)?)));
        TimePartsOf { replies: band.replies, response_time: band.response_time_ns(), parts: parts.collect() }
    }
}

#[cfg(test)]
mod tests {
    use reports::record::Ledger;

    use super::super::times::tests::record;
    use super::*;

    #[test]
    fn what_was_not_answered_ranks_last() {
        let ledger = Ledger { scheduled: 1_000, ok: 980, error: 20, ..Ledger::default() };
        let ranked = RankedTimes::of_requests(&record(1..=980), &ledger, 7_000).unwrap();
        let found = Percentiles::of(&ranked).unwrap();
        let named: Vec<_> = found.each().collect();
        let beyond = Bounded::above(7_000);
        assert_eq!(named[0].1.unwrap().value, Some(500));
        assert_eq!(named[2], ("p99", Some(beyond)));
        assert_eq!(named[3], ("p99.9", None), "a thousand requests are too few for it");
        assert_eq!((found.max, found.mean, found.count, found.right), (beyond, Some(490.5), 1_000, 980));
        assert_eq!(found.mean_is_of, Some("right replies"));
    }

    #[test]
    fn nothing_recorded_has_no_percentiles() {
        let found = |values: Vec<u64>| Percentiles::of(&RankedTimes::of_recordings(&record(values)).unwrap());
        assert_eq!(found(Vec::new()), None);
        assert_eq!(found(vec![5]).unwrap().p50, None);
    }

    #[test]
    fn only_the_rarest_percentile_is_doubtful() {
        let found =
            Percentiles::of(&RankedTimes::of_recordings(&record(1..=4_000)).unwrap()).unwrap().with_doubtful_tail();
        let doubtful: Vec<&str> = found.each().filter(|(_, p)| p.unwrap().doubtful).map(|(name, _)| name).collect();
        assert_eq!(doubtful, ["p99.9"]);
        assert!(serde_json::to_string(&found).unwrap().matches("doubtful").count() == 1);
    }
}
