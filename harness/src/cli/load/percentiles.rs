//! The percentiles of one histogram, each with its 95% interval, or why there is none.

use reports::record::{HistogramRecord, Ledger, RecordError};
use reports::stats::{Distribution, Quantile};
use serde::Serialize;

/// Which percentiles are shown.
const SHOWN: [(&str, f64); 4] = [("p50", 0.5), ("p90", 0.9), ("p99", 0.99), ("p99.9", 0.999)];

/// What is shown of a histogram. Times are in nanoseconds.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub(super) struct Percentiles {
    p50: Option<Bounded>,
    p90: Option<Bounded>,
    p99: Option<Bounded>,
    p99_9: Option<Bounded>,
    pub(super) max: u64,
    pub(super) mean: f64,
    pub(super) count: u64,
}

/// A percentile with its interval. `value` is absent where it lies among requests without a correct reply, `high` where
/// the interval's upper end does; they are beyond `above` then.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub(super) struct Bounded {
    pub(super) value: Option<u64>,
    pub(super) low: Option<u64>,
    pub(super) high: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) above: Option<u64>,
}

impl Percentiles {
    /// Of all requests of a ledger: those without a correct reply rank behind all others.
    pub(super) fn of_requests(
        record: &HistogramRecord,
        ledger: &Ledger,
        timeout_ns: u64,
    ) -> Result<Option<Percentiles>, RecordError> {
        Percentiles::new(record, |distribution, p| {
            Quantile::of_requests(distribution, ledger.ok, ledger.scheduled, timeout_ns, p)
        })
    }

    /// Of what was recorded and nothing else.
    pub(super) fn of_recordings(record: &HistogramRecord) -> Result<Option<Percentiles>, RecordError> {
        Percentiles::new(record, Quantile::of_recordings)
    }

    fn new(
        record: &HistogramRecord,
        quantile: impl Fn(&Distribution, f64) -> Quantile,
    ) -> Result<Option<Percentiles>, RecordError> {
        let histogram = record.to_histogram()?;
        let Some(mean) = record.mean_ns() else { return Ok(None) };
        let distribution = Distribution::of([&histogram]);
        let [p50, p90, p99, p99_9] = SHOWN.map(|(_, p)| bounded(quantile(&distribution, p)));
        Ok(Some(Percentiles { p50, p90, p99, p99_9, max: histogram.max(), mean, count: record.count }))
    }

    /// In ascending order, with their names.
    pub(super) fn each(&self) -> impl Iterator<Item = (&'static str, Option<Bounded>)> {
        SHOWN.map(|(name, _)| name).into_iter().zip([self.p50, self.p90, self.p99, self.p99_9])
    }
}

fn bounded(quantile: Quantile) -> Option<Bounded> {
    match quantile {
        Quantile::Measured { value, lo, hi } => {
            Some(Bounded { value: Some(value), low: Some(lo), high: hi, above: None })
        }
        Quantile::BeyondTimeout(timeout_ns) => {
            Some(Bounded { value: None, low: None, high: None, above: Some(timeout_ns) })
        }
        Quantile::TooFewSamples { .. } => None,
    }
}

#[cfg(test)]
mod tests {
    use hdrhistogram::Histogram;

    use super::*;

    fn record(values: impl IntoIterator<Item = u64>) -> HistogramRecord {
        let mut histogram = Histogram::new_with_bounds(1, 3_600_000_000_000, 3).unwrap();
        let mut sum_ns = 0;
        for value in values {
            histogram.record(value).unwrap();
            sum_ns += value;
        }
        HistogramRecord::from_histogram(&histogram, sum_ns)
    }

    #[test]
    fn what_was_not_answered_ranks_last() {
        let ledger = Ledger { scheduled: 1_000, ok: 980, error: 20, ..Ledger::default() };
        let of = |record| Percentiles::of_requests(&record, &ledger, 7_000).unwrap().unwrap();
        let found = of(record(1..=980));
        let named: Vec<_> = found.each().collect();
        assert_eq!(named[0].1.unwrap().value, Some(500));
        assert_eq!(named[2], ("p99", Some(Bounded { value: None, low: None, high: None, above: Some(7_000) })));
        assert_eq!(named[3], ("p99.9", None), "a thousand requests are too few for it");
        assert_eq!((found.max, found.mean, found.count), (980, 490.5, 980));
    }

    #[test]
    fn nothing_recorded_has_no_percentiles() {
        assert_eq!(Percentiles::of_recordings(&record([])).unwrap(), None);
        assert_eq!(Percentiles::of_recordings(&record([5])).unwrap().unwrap().p50, None);
    }
}
