//! The times of a load's requests, ranked once for everything that shows them: table, JSON object, gates and files.

use std::time::Duration;

use hdrhistogram::Histogram;
use reports::record::{HistogramRecord, RecordError};

use super::ranked::{Ranked, with_failures};
use crate::load::LoadOutcome;
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

/// What was due in one second of a window.
#[derive(Debug, Clone, PartialEq)]
struct Second {
    /// Its start, from that of the window.
    start_ns: u64,
    /// Response times, in closed loop service times: of right replies, and where timeouts are recorded of these, as the
    /// timeout.
    times: HistogramRecord,
    /// Requests that have no time there.
    unrecorded: u64,
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
        let record = traffic.response_time.as_ref().unwrap_or(&traffic.service_time);
        let unrecorded = traffic.ledger.scheduled.saturating_sub(record.count);
        let whole = Second { start_ns: 0, times: record.clone(), unrecorded };
        let seconds = written(&[whole], outcome.measured, timeout_ns)?;
        Ok(Times { response_time, service_time, schedule_lag, seconds, measured: outcome.measured })
    }

    /// What a load is judged by: the response time, in closed loop the service time.
    pub(super) fn headline(&self) -> &Ranked {
        self.response_time.as_ref().unwrap_or(&self.service_time)
    }
}

/// Each lasts until the next begins, the last to the end of what was measured.
fn written(seconds: &[Second], measured: Duration, timeout_ns: u64) -> Result<Vec<SecondOfTimes>, RecordError> {
    let begins = seconds.iter().skip(1).map(|second| Duration::from_nanos(second.start_ns));
    let ends = begins.chain([measured]);
    let second = |(second, end): (&Second, Duration)| {
        let from = Duration::from_nanos(second.start_ns);
        let histogram = with_failures(second.times.to_histogram()?, second.unrecorded, timeout_ns);
        Ok(SecondOfTimes { from, duration: end.saturating_sub(from), histogram })
    };
    seconds.iter().zip(ends).map(second).collect()
}

#[cfg(test)]
mod tests {
    use super::super::ranked::tests::record;
    use super::*;

    #[test]
    fn a_second_lasts_until_the_next_and_holds_its_failures_as_the_timeout() {
        let second =
            |start_ns, times: &[u64], unrecorded| Second { start_ns, times: record(times.iter().copied()), unrecorded };
        let seconds = [second(0, &[5, 7], 0), second(1_000_000_000, &[9], 2)];
        let found = written(&seconds, Duration::from_millis(1_500), 1_000).unwrap();
        let shown: Vec<_> = found
            .iter()
            .map(|second| (second.from.as_millis(), second.duration.as_millis(), second.histogram.len()))
            .collect();
        assert_eq!(shown, [(0, 1_000, 2), (1_000, 500, 3)]);
        assert_eq!(found[1].histogram.count_at(1_000), 2);
        assert_eq!((found[0].histogram.max(), found[1].histogram.max()), (7, 1_000));
    }
}
