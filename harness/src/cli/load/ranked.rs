//! All requests of a window in one order: the right replies by their times, and behind them everything else, as the
//! timeout. The table, the JSON object and both files of histograms are made from this, so they can't differ.

use hdrhistogram::Histogram;
use reports::record::{HistogramRecord, Ledger, RecordError};
use reports::stats::{Distribution, Quantile};

/// Times in nanoseconds, ranked.
#[derive(Debug, Clone)]
pub(super) struct Ranked {
    histogram: Histogram<u64>,
    distribution: Distribution,
    answered: u64,
    timeout_ns: u64,
    sum_of_answered_ns: u64,
}

/// The greatest of some times.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Greatest {
    /// It is this.
    At(u64),
    /// A request has no right reply, so that it is beyond the timeout.
    Above(u64),
}

impl Ranked {
    /// The times of all requests of a ledger. A record may hold those that timed out already, as the timeout.
    pub(super) fn of_requests(
        record: &HistogramRecord,
        ledger: &Ledger,
        timeout_ns: u64,
    ) -> Result<Ranked, RecordError> {
        let answered = ledger.ok.min(record.count);
        let timed_out = record.count - answered;
        let not_recorded = ledger.scheduled.saturating_sub(record.count);
        let mut ranked = Ranked::of_recordings(record)?;
        ranked.histogram = with_failures(ranked.histogram, not_recorded, timeout_ns);
        ranked.distribution = Distribution::of([&ranked.histogram]);
        ranked.answered = answered;
        ranked.timeout_ns = timeout_ns;
        ranked.sum_of_answered_ns = record.sum_ns.saturating_sub(timed_out * timeout_ns);
        Ok(ranked)
    }

    /// Of what was recorded and nothing else.
    pub(super) fn of_recordings(record: &HistogramRecord) -> Result<Ranked, RecordError> {
        let histogram = record.to_histogram()?;
        Ok(Ranked {
            distribution: Distribution::of([&histogram]),
            histogram,
            answered: record.count,
            timeout_ns: 0,
            sum_of_answered_ns: record.sum_ns,
        })
    }

    /// All of them; what has no right reply stands there as the timeout.
    pub(super) fn histogram(&self) -> &Histogram<u64> {
        &self.histogram
    }

    /// How many there are.
    pub(super) fn count(&self) -> u64 {
        self.histogram.len()
    }

    /// How many of them are right replies.
    pub(super) fn answered(&self) -> u64 {
        self.answered
    }

    /// The percentile `p`, 0 to 1.
    pub(super) fn quantile(&self, p: f64) -> Quantile {
        Quantile::of_requests(&self.distribution, self.answered, self.count(), self.timeout_ns, p)
    }

    /// Absent where there is none.
    pub(super) fn greatest(&self) -> Option<Greatest> {
        match self.count() {
            0 => None,
            count if count > self.answered => Some(Greatest::Above(self.timeout_ns)),
            _ => Some(Greatest::At(self.histogram.max())),
        }
    }

    /// Of right replies alone; absent where there is none.
    pub(super) fn mean_of_answered(&self) -> Option<f64> {
        (self.answered > 0).then(|| self.sum_of_answered_ns as f64 / self.answered as f64)
    }
}

/// With so many requests more, which count as the timeout.
pub(super) fn with_failures(mut histogram: Histogram<u64>, failed: u64, timeout_ns: u64) -> Histogram<u64> {
    // What is recorded has room for an hour, and no timeout is longer.
    if failed > 0 {
        histogram.saturating_record_n(timeout_ns, failed);
    }
    histogram
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;

    /// A record of these times.
    pub(in crate::cli::load) fn record(values: impl IntoIterator<Item = u64>) -> HistogramRecord {
        let mut histogram = Histogram::new_with_bounds(1, 3_600_000_000_000, 3).unwrap();
        let mut sum_ns = 0;
        for value in values {
            histogram.record(value).unwrap();
            sum_ns += value;
        }
        HistogramRecord::from_histogram(&histogram, sum_ns)
    }

    #[test]
    fn whatever_is_not_answered_ranks_last_and_counts_as_the_timeout() {
        // Of four that failed, two timed out and were recorded.
        let ledger = Ledger { scheduled: 14, ok: 10, timeout: 2, error: 1, dropped: 1, ..Ledger::default() };
        let recorded = record((1..=10).chain([1_000, 1_000]));
        let ranked = Ranked::of_requests(&recorded, &ledger, 1_000).unwrap();
        assert_eq!((ranked.count(), ranked.answered()), (14, 10));
        assert_eq!(ranked.histogram().count_at(1_000), 4);
        assert_eq!((ranked.greatest(), ranked.mean_of_answered()), (Some(Greatest::Above(1_000)), Some(5.5)));
        assert!(matches!(ranked.quantile(0.5), Quantile::Measured { value: 7, .. }));
        assert_eq!(ranked.quantile(0.75), Quantile::BeyondTimeout(1_000));
    }

    #[test]
    fn without_a_failure_they_are_what_was_recorded() {
        let ledger = Ledger { scheduled: 3, ok: 3, ..Ledger::default() };
        let ranked = Ranked::of_requests(&record([1, 2, 6]), &ledger, 1_000).unwrap();
        assert_eq!((ranked.greatest(), ranked.mean_of_answered()), (Some(Greatest::At(6)), Some(3.0)));
        let nothing = Ranked::of_recordings(&record([])).unwrap();
        assert_eq!((nothing.greatest(), nothing.mean_of_answered()), (None, None));
    }

    #[test]
    fn where_nothing_is_answered_all_is_beyond_the_timeout() {
        let ledger = Ledger { scheduled: 20, error: 20, ..Ledger::default() };
        let ranked = Ranked::of_requests(&record([]), &ledger, 5_000).unwrap();
        assert_eq!((ranked.greatest(), ranked.mean_of_answered()), (Some(Greatest::Above(5_000)), None));
        assert_eq!(ranked.quantile(0.5), Quantile::BeyondTimeout(5_000));
    }
}
