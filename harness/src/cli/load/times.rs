//! The times of a load's requests, ranked once for everything that shows them: table, JSON object, gates and files.
//!
//! Right replies rank by their times, and behind them everything else, as the timeout. A percentile has its 95% interval, or
//! there is a reason why it is absent.

use std::time::Duration;

use hdrhistogram::Histogram;
use reports::record::{HistogramRecord, Ledger, RecordError};
use reports::stats::{Distribution, Quantile};
use serde::Serialize;

use crate::load::{LoadOutcome, Second};
use crate::plan::nanoseconds;

/// All times of a load.
#[derive(Debug)]
pub(super) struct LoadTimes {
    /// Of all requests; absent in closed loop.
    pub(super) response_time: Option<RankedTimes>,
    /// Of right replies; in closed loop, where it is the headline, of all requests.
    pub(super) service_time: RankedTimes,
    /// Absent in closed loop.
    pub(super) schedule_lag: Option<RankedTimes>,
    /// The headline, second by second.
    pub(super) seconds: Vec<SecondOfTimes>,
    /// How long was measured.
    pub(super) measured: Duration,
}

/// One second as it is written: what has no right reply stands there as the timeout.
#[derive(Debug)]
pub(super) struct SecondOfTimes {
    pub(super) from: Duration,
    pub(super) duration: Duration,
    pub(super) histogram: Histogram<u64>,
}

impl LoadTimes {
    /// Of a load that took what it takes `timeout` to give up.
    pub(super) fn of(outcome: &LoadOutcome, timeout: Duration) -> Result<LoadTimes, RecordError> {
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
    pub(super) fn headline(&self) -> &RankedTimes {
        self.response_time.as_ref().unwrap_or(&self.service_time)
    }
}

/// Seconds as they are written; one interval, the whole window, where nobody counted by the second. The last of the window
/// ends with it.
fn written(seconds: &[Second], measured: Duration, timeout_ns: u64, whole: &RankedTimes) -> Vec<SecondOfTimes> {
    if seconds.is_empty() {
        let histogram = whole.histogram().clone();
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
pub(super) struct RankedTimes {
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

impl RankedTimes {
    /// The times of all requests of a ledger. A record may hold those that timed out already, as the timeout.
    pub(super) fn of_requests(
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
    pub(super) fn of_recordings(record: &HistogramRecord) -> Result<RankedTimes, RecordError> {
        let histogram = record.to_histogram()?;
        Ok(RankedTimes {
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
fn with_failures(mut histogram: Histogram<u64>, failed: u64, timeout_ns: u64) -> Histogram<u64> {
    // What is recorded has room for an hour, and no timeout is longer.
    if failed > 0 {
        histogram.saturating_record_n(timeout_ns, failed);
    }
    histogram
}

/// Which percentiles are shown.
pub(super) const SHOWN: [(&str, f64); 4] = [("p50", 0.5), ("p90", 0.9), ("p99", 0.99), ("p99.9", 0.999)];

/// What is shown of ranked times. Times are in nanoseconds.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
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
#[cfg_attr(test, derive(schemars::JsonSchema))]
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
    pub(super) fn of(ranked: &RankedTimes) -> Option<Percentiles> {
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
pub(super) mod tests {
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
        assert_eq!((ranked.count(), ranked.answered()), (14, 10));
        assert_eq!(ranked.histogram().count_at(1_000), 4);
        assert_eq!((ranked.greatest(), ranked.mean_of_answered()), (Some(Greatest::Above(1_000)), Some(5.5)));
        assert!(matches!(ranked.quantile(0.5), Quantile::Measured { value: 7, .. }));
        assert_eq!(ranked.quantile(0.75), Quantile::BeyondTimeout(1_000));
    }

    #[test]
    fn without_a_failure_they_are_what_was_recorded() {
        let ledger = Ledger { scheduled: 3, ok: 3, ..Ledger::default() };
        let ranked = RankedTimes::of_requests(&record([1, 2, 6]), &ledger, 1_000).unwrap();
        assert_eq!((ranked.greatest(), ranked.mean_of_answered()), (Some(Greatest::At(6)), Some(3.0)));
        let nothing = RankedTimes::of_recordings(&record([])).unwrap();
        assert_eq!((nothing.greatest(), nothing.mean_of_answered()), (None, None));
    }

    #[test]
    fn where_nothing_is_answered_all_is_beyond_the_timeout() {
        let ledger = Ledger { scheduled: 20, error: 20, ..Ledger::default() };
        let ranked = RankedTimes::of_requests(&record([]), &ledger, 5_000).unwrap();
        assert_eq!((ranked.greatest(), ranked.mean_of_answered()), (Some(Greatest::Above(5_000)), None));
        assert_eq!(ranked.quantile(0.5), Quantile::BeyondTimeout(5_000));
    }

    #[test]
    fn what_was_not_answered_ranks_last() {
        let ledger = Ledger { scheduled: 1_000, ok: 980, error: 20, ..Ledger::default() };
        let ranked = RankedTimes::of_requests(&record(1..=980), &ledger, 7_000).unwrap();
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
