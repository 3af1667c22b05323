//! The percentiles of ranked times, each with its 95% interval, or why there is none.

use reports::stats::Quantile;
use serde::Serialize;

use super::ranked::{Greatest, Ranked};

/// Which percentiles are shown.
pub(super) const SHOWN: [(&str, f64); 4] = [("p50", 0.5), ("p90", 0.9), ("p99", 0.99), ("p99.9", 0.999)];

/// What is shown of ranked times. Times are in nanoseconds.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub(super) struct Percentiles {
    p50: Option<Bounded>,
    p90: Option<Bounded>,
    p99: Option<Bounded>,
    p99_9: Option<Bounded>,
    pub(super) max: Bounded,
    /// Of right replies alone; absent where there is none.
    pub(super) mean: Option<f64>,
    /// Says that, where not all are right replies.
    #[serde(skip_serializing_if = "Option::is_none")]
    mean_is_of: Option<&'static str>,
    /// How many were ranked.
    pub(super) count: u64,
    /// How many of them are right replies.
    pub(super) right: u64,
}

/// A time with its interval. `value` is absent where it lies among requests without a correct reply, `high` where
/// the interval's upper end does; they are beyond `above` then. The greatest of all has no interval.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize)]
pub(super) struct Bounded {
    pub(super) value: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) low: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) high: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) above: Option<u64>,
    /// Whether it tells more of the generator than of the server.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub(super) doubtful: bool,
}

impl Percentiles {
    /// Absent where there are no times.
    pub(super) fn of(ranked: &Ranked) -> Option<Percentiles> {
        let max = match ranked.greatest()? {
            Greatest::At(value) => Bounded { value: Some(value), ..Bounded::default() },
            Greatest::Above(above) => Bounded { above: Some(above), ..Bounded::default() },
        };
        let [p50, p90, p99, p99_9] = SHOWN.map(|(_, p)| bounded(ranked.quantile(p)));
        let (mean, count, right) = (ranked.mean_of_answered(), ranked.count(), ranked.answered());
        let mean_is_of = (right < count).then_some("right replies");
        Some(Percentiles { p50, p90, p99, p99_9, max, mean, mean_is_of, count, right })
    }

    /// With a p99.9 that is not to be relied upon.
    pub(super) fn with_doubtful_tail(mut self) -> Percentiles {
        self.p99_9 = self.p99_9.map(|bounded| Bounded { doubtful: true, ..bounded });
        self
    }

    /// Whether some of what was ranked is no right reply.
    pub(super) fn has_failures(&self) -> bool {
        self.right < self.count
    }

    /// In ascending order, with their names.
    pub(super) fn each(&self) -> impl Iterator<Item = (&'static str, Option<Bounded>)> {
        SHOWN.map(|(name, _)| name).into_iter().zip([self.p50, self.p90, self.p99, self.p99_9])
    }
}

fn bounded(quantile: Quantile) -> Option<Bounded> {
    match quantile {
        Quantile::Measured { value, lo, hi } => {
            Some(Bounded { value: Some(value), low: Some(lo), high: hi, ..Bounded::default() })
        }
        Quantile::BeyondTimeout(timeout_ns) => Some(Bounded { above: Some(timeout_ns), ..Bounded::default() }),
        Quantile::TooFewSamples { .. } => None,
    }
}

#[cfg(test)]
mod tests {
    use reports::record::Ledger;

    use super::super::ranked::tests::record;
    use super::*;

    #[test]
    fn what_was_not_answered_ranks_last() {
        let ledger = Ledger { scheduled: 1_000, ok: 980, error: 20, ..Ledger::default() };
        let ranked = Ranked::of_requests(&record(1..=980), &ledger, 7_000).unwrap();
        let found = Percentiles::of(&ranked).unwrap();
        let named: Vec<_> = found.each().collect();
        let beyond = Bounded { above: Some(7_000), ..Bounded::default() };
        assert_eq!(named[0].1.unwrap().value, Some(500));
        assert_eq!(named[2], ("p99", Some(beyond)));
        assert_eq!(named[3], ("p99.9", None), "a thousand requests are too few for it");
        assert_eq!((found.max, found.mean, found.count, found.right), (beyond, Some(490.5), 1_000, 980));
        assert_eq!(found.mean_is_of, Some("right replies"));
    }

    #[test]
    fn nothing_recorded_has_no_percentiles() {
        let found = |values: Vec<u64>| Percentiles::of(&Ranked::of_recordings(&record(values)).unwrap());
        assert_eq!(found(Vec::new()), None);
        assert_eq!(found(vec![5]).unwrap().p50, None);
    }

    #[test]
    fn only_the_rarest_percentile_is_doubtful() {
        let found = Percentiles::of(&Ranked::of_recordings(&record(1..=4_000)).unwrap()).unwrap().with_doubtful_tail();
        let doubtful: Vec<&str> = found.each().filter(|(_, p)| p.unwrap().doubtful).map(|(name, _)| name).collect();
        assert_eq!(doubtful, ["p99.9"]);
        assert!(serde_json::to_string(&found).unwrap().matches("doubtful").count() == 1);
    }
}
