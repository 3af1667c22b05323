//! The times of a load's requests, ranked once for everything that shows them: table, JSON object, gates and files.

use std::time::Duration;

use hdrhistogram::Histogram;
use reports::record::{HistogramRecord, RecordError};

use super::ranked::{Ranked, with_failures};
use crate::load::{LoadOutcome, Second};
use crate::plan::nanoseconds;

/// All times of a load.
#[derive(Debug)]
pub(super) struct Times {
    /// Of all requests; absent in closed loop.
    pub(super) response_time: Option<Ranked>,
    /// Of right replies; in closed loop, where it is the headline, of all requests.
    pub(super) service_time: Ranked,
    /// Absent in closed loop.
    pub(super) schedule_lag: Option<Ranked>,
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

impl Times {
    /// Of a load that took what it takes `timeout` to give up.
    pub(super) fn of(outcome: &LoadOutcome, timeout: Duration) -> Result<Times, RecordError> {
        let traffic = &outcome.traffic;
        let timeout_ns = nanoseconds(timeout);
        let all = |record: &HistogramRecord| Ranked::of_requests(record, &traffic.ledger, timeout_ns);
        let response_time = traffic.response_time.as_ref().map(all).transpose()?;
        let service_time = match response_time {
            Some(_) => Ranked::of_recordings(&traffic.service_time)?,
            None => all(&traffic.service_time)?,
        };
        let schedule_lag = traffic.schedule_lag.as_ref().map(Ranked::of_recordings).transpose()?;
        let seconds =
            written(&outcome.seconds, outcome.measured, timeout_ns, response_time.as_ref().unwrap_or(&service_time));
        Ok(Times { response_time, service_time, schedule_lag, seconds, measured: outcome.measured })
    }

    /// What a load is judged by: the response time, in closed loop the service time.
    pub(super) fn headline(&self) -> &Ranked {
        self.response_time.as_ref().unwrap_or(&self.service_time)
    }
}

/// Seconds as they are written; one interval, the whole window, where nobody counted by the second. The last of the window
/// ends with it.
fn written(seconds: &[Second], measured: Duration, timeout_ns: u64, whole: &Ranked) -> Vec<SecondOfTimes> {
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

#[cfg(test)]
mod tests {
    use super::super::ranked::tests::record;
    use super::*;

    #[test]
    fn a_second_holds_its_failures_as_the_timeout_and_ends_with_the_window() {
        let second = |second, times: &[u64], failed| {
            let times = record(times.iter().copied()).to_histogram().unwrap();
            Second { second, times, failed }
        };
        let seconds = [second(0, &[5, 7], 0), second(2, &[9], 2), second(3, &[], 1)];
        let whole = Ranked::of_recordings(&record([])).unwrap();
        let found = written(&seconds, Duration::from_millis(2_500), 1_000, &whole);
        let shown: Vec<_> = found
            .iter()
            .map(|second| (second.from.as_millis(), second.duration.as_millis(), second.histogram.len()))
            .collect();
        assert_eq!(shown, [(0, 1_000, 2), (2_000, 500, 3), (3_000, 1_000, 1)]);
        assert_eq!(found[1].histogram.count_at(1_000), 2);
        assert_eq!((found[0].histogram.max(), found[1].histogram.max()), (7, 1_000));
    }
}
