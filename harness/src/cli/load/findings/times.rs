//! The times of a load's requests, ranked once for everything that shows them: table, JSON object, gates and files.
//!
//! Right replies rank by their times, and behind them everything else, as the timeout. Beside it: `percentiles.rs`, what is
//! shown of them.

use std::time::Duration;

use hdrhistogram::Histogram;
use instruments::clock::nanoseconds;
use instruments::load::{LoadOutcome, Second};
use reports::record::{HistogramRecord, Ledger, RecordError};
use reports::stats::{Distribution, Quantile};

use super::percentiles::Bounded;

/// All times of a load.
#[derive(Debug)]
pub(in crate::cli::load) struct LoadTimes {
    /// Of all requests; absent in closed loop.
    pub(in crate::cli::load) response_time: Option<RankedTimes>,
    /// Of right replies; in closed loop, where it is the headline, of all requests.
    pub(in crate::cli::load) service_time: RankedTimes,
    /// Absent in closed loop.
    pub(in crate::cli::load) schedule_lag: Option<RankedTimes>,
    /// The headline, second by second.
    pub(in crate::cli::load) seconds: Vec<SecondOfTimes>,
    /// How long was measured.
    pub(in crate::cli::load) measured: Duration,
}

/// One second as it is written: what has no right reply stands there as the timeout.
#[derive(Debug)]
pub(in crate::cli::load) struct SecondOfTimes {
    pub(in crate::cli::load) from: Duration,
    pub(in crate::cli::load) duration: Duration,
    pub(in crate::cli::load) histogram: Histogram<u64>,
}

impl LoadTimes {
    /// Of a load that took what it takes `timeout` to give up.
    pub(in crate::cli::load) fn of(outcome: &LoadOutcome, timeout: Duration) -> Result<LoadTimes, RecordError> {
        let traffic = &outcome.traffic;
        let timeout_ns = nanoseconds(timeout);
        let all = |record: &HistogramRecord| RankedTimes::of_requests(record, &traffic.ledger, timeout_ns);
        let response_time = traffic.response_time.as_ref().map(all).transpose()?;
        let service_time = match response_time {
            Some(_) => RankedTimes::of_recordings(&traffic.service_time)?,
            None => all(&traffic.service_time)?,
        };
        let schedule_lag = traffic.schedule_lag.as_ref().map(RankedTimes::of_recordings).transpose()?;
        let seconds =
            written(&outcome.seconds, outcome.measured, timeout_ns, response_time.as_ref().unwrap_or(&service_time));
        Ok(LoadTimes { response_time, service_time, schedule_lag, seconds, measured: outcome.measured })
    }

    /// What a load is judged by: the response time, in closed loop the service time.
    pub(in crate::cli::load) fn headline(&self) -> &RankedTimes {
        self.response_time.as_ref().unwrap_or(&self.service_time)
    }
}

/// Seconds as they are written; one interval, the whole window, where nobody counted by the second. The last of the window
/// ends with it.
fn written(seconds: &[Second], measured: Duration, timeout_ns: u64, whole: &RankedTimes) -> Vec<SecondOfTimes> {
    if seconds.is_empty() {
        let histogram = whole.histogram.clone();
        return vec![SecondOfTimes { from: Duration::ZERO, duration: measured, histogram }];
    }
    let second = |second: &Second| {
        let from = Duration::from_secs(second.second);
        let left = measured.saturating_sub(from);
        let duration = if left.is_zero() { A_SECOND } else { left.min(A_SECOND) };
        let histogram = with_failures(second.times.clone(), second.failed, timeout_ns);
        SecondOfTimes { from, duration, histogram }
    };
    seconds.iter().map(second).collect()
}

const A_SECOND: Duration = Duration::from_secs(1);

/// Times in nanoseconds, ranked.
#[derive(Debug, Clone)]
pub(in crate::cli::load) struct RankedTimes {
    /// All of them; what has no right reply stands there as the timeout.
    pub(in crate::cli::load) histogram: Histogram<u64>,
    distribution: Distribution,
    /// How many of them are right replies.
    pub(in crate::cli::load) answered: u64,
    timeout_ns: u64,
    sum_of_answered_ns: u64,
}

impl RankedTimes {
    /// The times of all requests of a ledger. A record may hold those that timed out already, as the timeout.
    pub(in crate::cli::load) fn of_requests(
        record: &HistogramRecord,
        ledger: &Ledger,
        timeout_ns: u64,
    ) -> Result<RankedTimes, RecordError> {
        let answered = ledger.ok.min(record.count);
        let timed_out = record.count - answered;
        let not_recorded = ledger.scheduled.saturating_sub(record.count);
        let mut ranked = RankedTimes::of_recordings(record)?;
        ranked.histogram = with_failures(ranked.histogram, not_recorded, timeout_ns);
        ranked.distribution = Distribution::of([&ranked.histogram]);
        ranked.answered = answered;
        ranked.timeout_ns = timeout_ns;
        ranked.sum_of_answered_ns = record.sum_ns.saturating_sub(timed_out * timeout_ns);
        Ok(ranked)
    }

    /// Of what was recorded and nothing else.
    pub(in crate::cli::load) fn of_recordings(record: &HistogramRecord) -> Result<RankedTimes, RecordError> {
        let histogram = record.to_histogram()?;
        Ok(RankedTimes {
            distribution: Distribution::of([&histogram]),
            histogram,
            answered: record.count,
            timeout_ns: 0,
            sum_of_answered_ns: record.sum_ns,
        })
    }

    /// How many there are.
    pub(in crate::cli::load) fn count(&self) -> u64 {
        self.histogram.len()
    }

    /// The percentile `p`, 0 to 1; absent where there are too few for it.
    pub(in crate::cli::load) fn percentile(&self, p: f64) -> Option<Bounded> {
        Bounded::of(Quantile::of_requests(&self.distribution, self.answered, self.count(), self.timeout_ns, p))
    }

    /// The greatest: beyond the timeout where a request has no right reply. Absent where there is none.
    pub(in crate::cli::load) fn greatest(&self) -> Option<Bounded> {
        match self.count() {
            0 => None,
            count if count > self.answered => Some(Bounded::above(self.timeout_ns)),
            _ => Some(Bounded::at(self.histogram.max())),
        }
    }

    /// Of right replies alone; absent where there is none.
    pub(in crate::cli::load) fn mean_of_answered(&self) -> Option<f64> {
        (self.answered > 0).then(|| self.sum_of_answered_ns as f64 / self.answered as f64)
    }
}

/// With so many requests more, which count as the timeout.
fn with_failures(mut histogram: Histogram<u64>, failed: u64, timeout_ns: u64) -> Histogram<u64> {
    // What is recorded has room for an hour, and no timeout is longer.
    if failed > 0 {
        histogram.saturating_record_n(timeout_ns, failed);
    }
    histogram
}

#[cfg(test)]
pub(in crate::cli::load) mod tests {
    use reports::record::Ledger;

    use super::*;

    #[test]
    fn a_second_holds_its_failures_as_the_timeout_and_ends_with_the_window() {
        let second = |second, times: &[u64], failed| {
            let times = record(times.iter().copied()).to_histogram().unwrap();
            Second { second, times, failed }
        };
        let seconds = [second(0, &[5, 7], 0), second(2, &[9], 2), second(3, &[], 1)];
        let whole = RankedTimes::of_recordings(&record([])).unwrap();
        let found = written(&seconds, Duration::from_millis(2_500), 1_000, &whole);
        let shown: Vec<_> = found
            .iter()
            .map(|second| (second.from.as_millis(), second.duration.as_millis(), second.histogram.len()))
            .collect();
        assert_eq!(shown, [(0, 1_000, 2), (2_000, 500, 3), (3_000, 1_000, 1)]);
        assert_eq!(found[1].histogram.count_at(1_000), 2);
        assert_eq!((found[0].histogram.max(), found[1].histogram.max()), (7, 1_000));
    }

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
        let ranked = RankedTimes::of_requests(&recorded, &ledger, 1_000).unwrap();
        assert_eq!((ranked.count(), ranked.answered), (14, 10));
        assert_eq!(ranked.histogram.count_at(1_000), 4);
        assert_eq!((ranked.greatest(), ranked.mean_of_answered()), (Some(Bounded::above(1_000)), Some(5.5)));
        assert_eq!(ranked.percentile(0.5).unwrap().value, Some(7));
        assert_eq!(ranked.percentile(0.75), Some(Bounded::above(1_000)));
    }

    #[test]
    fn without_a_failure_they_are_what_was_recorded() {
        let ledger = Ledger { scheduled: 3, ok: 3, ..Ledger::default() };
        let ranked = RankedTimes::of_requests(&record([1, 2, 6]), &ledger, 1_000).unwrap();
        assert_eq!((ranked.greatest(), ranked.mean_of_answered()), (Some(Bounded::at(6)), Some(3.0)));
        let nothing = RankedTimes::of_recordings(&record([])).unwrap();
        assert_eq!((nothing.greatest(), nothing.mean_of_answered()), (None, None));
    }

    #[test]
    fn where_nothing_is_answered_all_is_beyond_the_timeout() {
        let ledger = Ledger { scheduled: 20, error: 20, ..Ledger::default() };
        let ranked = RankedTimes::of_requests(&record([]), &ledger, 5_000).unwrap();
        assert_eq!((ranked.greatest(), ranked.mean_of_answered()), (Some(Bounded::above(5_000)), None));
        assert_eq!(ranked.percentile(0.5), Some(Bounded::above(5_000)));
    }
}
