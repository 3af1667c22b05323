//! A load in parts, each sent by a generator of its own: which part is whose, and what the parts come to together, with what
//! none sent because its generator was lost.
//!
//! Arrivals, connections and requests are dealt out in turn to all threads of all generators, so that neither their number nor
//! their machines change the schedule. Whole histograms are added, bucket by bucket, so that a percentile of all is what one
//! generator would have found. Sums stay within their type whatever the parts say, as they may come from another program. Must
//! not know: sockets, clocks. Beside it: `order.rs`, which sends a part; `outcome.rs`, which adds up the threads of one
//! generator.

use std::collections::BTreeMap;
use std::time::Duration;

use hdrhistogram::Histogram;
use reports::record::{GeneratorUsage, HistogramRecord, Interval, Ledger, PartSums, RecordError, TimeSplit, Traffic};
use serde::{Deserialize, Serialize};

use super::arrivals::{Arrivals, Share};
use super::outcome::{LoadOutcome, Second};
use super::recorder::{add_connections, add_ledger, add_malformed, joined_sizes};
use crate::clock::nanoseconds;
use crate::load::{ArrivalProcess, LoadSpec};

/// Which part of a load is sent from here, where several generators share it: arrivals and connections are dealt out to
/// their threads in turn, as they are among the threads of one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct LoadPart {
    /// Which one, from 0.
    pub index: u32,
    /// Of how many.
    pub of: u32,
}

impl LoadPart {
    /// All of it.
    pub const WHOLE: LoadPart = LoadPart { index: 0, of: 1 };

    /// Threads of each generator of a load that holds so many connections: one without a connection could only drop its
    /// share of the schedule.
    pub(super) fn threads(self, asked: u32, connections: u32) -> u32 {
        asked.clamp(1, (connections / self.of).max(1))
    }

    /// The number of a thread of this part, and of how many, among the threads of all parts.
    pub(super) fn among_all(self, thread: u32, threads: u32) -> (u32, u32) {
        (thread * self.of + self.index, threads * self.of)
    }
}

/// Below which number arrivals are, where the load is for so many requests.
pub(super) fn last_arrival(spec: &LoadSpec, requests: u64) -> u64 {
    requests.div_ceil(u64::from(spec.shape.requests_per_arrival()))
}

/// How many requests of the window the schedule holds for one part of a load, of so many threads: what is lost with it. In
/// closed loop, where replies decide how many there are, those that were asked for; none where that is not known.
pub fn scheduled_in(spec: &LoadSpec, threads: u32, part: LoadPart, most_requests: Option<u64>) -> u64 {
    let threads = part.threads(threads, spec.peak_connections());
    let of_thread = |thread| {
        let (worker, workers) = part.among_all(thread, threads);
        let Some(arrivals) = arrivals(spec) else {
            return most_requests.map_or(0, |requests| share_of(requests, worker, workers));
        };
        let share = Share::new(arrivals, worker, workers);
        let begin_ns = nanoseconds(spec.warm_up);
        let end = most_requests.map_or(u64::MAX, |requests| last_arrival(spec, requests));
        let due = share.count_between(begin_ns..begin_ns.saturating_add(nanoseconds(spec.window)), end);
        due * u64::from(spec.shape.requests_per_arrival())
    };
    (0..threads).map(of_thread).sum()
}

/// The arrivals of a workload: of sessions where there are sessions, else of requests; none in closed loop.
pub(super) fn arrivals(spec: &LoadSpec) -> Option<Arrivals> {
    let requests_per_arrival = f64::from(spec.shape.requests_per_arrival());
    match spec.arrivals {
        ArrivalProcess::Poisson { rate_rps } => Some(Arrivals::poisson(rate_rps / requests_per_arrival, spec.seed)),
        ArrivalProcess::Constant { rate_rps } => Some(Arrivals::constant(rate_rps / requests_per_arrival)),
        ArrivalProcess::Closed => None,
    }
}

/// How many of `count` things are the `worker`-th worker's.
pub(super) fn share_of(count: u64, worker: u32, workers: u32) -> u64 {
    let (worker, workers) = (u64::from(worker), u64::from(workers));
    count / workers + u64::from(worker < count % workers)
}

/// One sum of times of a split.
type PartOf = fn(&mut TimeSplit) -> &mut Option<HistogramRecord>;

impl LoadOutcome {
    /// What the parts of a load ([`super::Order::part`]) came to together. `lost` requests were on the schedule of parts
    /// that came to nothing: they count as never sent, so that the offered load stays what it was. Whether polling gave way
    /// is of each part and not of all.
    ///
    /// # Errors
    /// Where a histogram is none.
    pub fn join(spec: &LoadSpec, parts: &[LoadOutcome], lost: u64) -> Result<LoadOutcome, RecordError> {
        let mut sum = LoadOutcome::merge(spec, Duration::ZERO, Vec::new(), true);
        sum.generator = joined_usage(parts, lost);
        sum.measured = parts.iter().map(|part| part.measured).max().unwrap_or(spec.window);
        let in_system = |part: &LoadOutcome| Some(part.traffic.mean_in_system? * part.measured.as_secs_f64());
        let area: f64 = parts.iter().filter_map(in_system).sum();
        let seconds = sum.measured.as_secs_f64();
        sum.traffic.mean_in_system = (sum.traffic.response_time.is_some() && seconds > 0.0).then_some(area / seconds);
        for part in parts {
            sum.opening = sum.opening.max(part.opening);
            sum.was_stopped |= part.was_stopped;
            sum.left_over = sum.left_over.saturating_add(part.left_over);
            add_traffic(&mut sum.traffic, &part.traffic)?;
            add_seconds(&mut sum.seconds, &part.seconds)?;
            for (mine, theirs) in sum.interval_times.iter_mut().zip(&part.interval_times) {
                add_histogram(mine, theirs)?;
            }
        }
        with_medians(&mut sum.traffic.intervals, &sum.interval_times);
        sum.traffic.ledger.scheduled = sum.traffic.ledger.scheduled.saturating_add(lost);
        sum.traffic.ledger.dropped = sum.traffic.ledger.dropped.saturating_add(lost);
        Ok(sum)
    }
}

fn joined_usage(parts: &[LoadOutcome], lost: u64) -> GeneratorUsage {
    let usages = || parts.iter().map(|part| part.generator);
    let total = |of: fn(GeneratorUsage) -> u64| usages().map(of).fold(0, u64::saturating_add);
    let scheduled = |part: &LoadOutcome| part.traffic.ledger.scheduled as f64;
    let taken_up: f64 = parts.iter().map(|part| part.generator.kept_pace * scheduled(part)).sum();
    let all = parts.iter().map(scheduled).sum::<f64>() + lost as f64;
    GeneratorUsage {
        threads: usages().map(|usage| usage.threads).fold(0, u32::saturating_add),
        user_cpu_ns: total(|usage| usage.user_cpu_ns),
        system_cpu_ns: total(|usage| usage.system_cpu_ns),
        polling_ns: total(|usage| usage.polling_ns),
        busiest_worker: usages().map(|usage| usage.busiest_worker).fold(0.0, f64::max),
        kept_pace: if all > 0.0 { taken_up / all } else { 1.0 },
    }
}

fn add_traffic(sum: &mut Traffic, part: &Traffic) -> Result<(), RecordError> {
    add_ledger(&mut sum.ledger, &part.ledger);
    add_connections(&mut sum.connections, &part.connections);
    let counts: [(&mut u64, u64); 6] = [
        (&mut sum.ok_within_window, part.ok_within_window),
        (&mut sum.ok_in_all, part.ok_in_all),
        (&mut sum.given_up_in_all, part.given_up_in_all),
        (&mut sum.timestamps_out_of_order, part.timestamps_out_of_order),
        (&mut sum.hung_since_warm_up, part.hung_since_warm_up),
        (&mut sum.delayed_in_the_middle, part.delayed_in_the_middle),
    ];
    counts.into_iter().for_each(|(mine, theirs)| *mine = mine.saturating_add(theirs));
    for (status, count) in &part.statuses {
        let mine = sum.statuses.entry(*status).or_default();
        *mine = mine.saturating_add(*count);
    }
    add_malformed(&mut sum.malformed, &part.malformed);
    sum.reply_bytes = joined_sizes(sum.reply_bytes, part.reply_bytes);
    sum.service_time = joined(&sum.service_time, &part.service_time)?;
    sum.response_time = joined_if_any(sum.response_time.take(), part.response_time.as_ref())?;
    sum.schedule_lag = joined_if_any(sum.schedule_lag.take(), part.schedule_lag.as_ref())?;
    sum.connect_time = joined_if_any(sum.connect_time.take(), part.connect_time.as_ref())?;
    if let Some(theirs) = &part.split {
        add_split(sum.split.get_or_insert_default(), theirs.clone())?;
    }
    for (mine, theirs) in sum.intervals.iter_mut().zip(&part.intervals) {
        mine.ok = mine.ok.saturating_add(theirs.ok);
        mine.failed = mine.failed.saturating_add(theirs.failed);
    }
    Ok(())
}

fn add_split(sum: &mut TimeSplit, mut part: TimeSplit) -> Result<(), RecordError> {
    let parts: [PartOf; 8] = [
        |split| &mut split.schedule_lag,
        |split| &mut split.connection,
        |split| &mut split.before_send,
        |split| &mut split.waiting,
        |split| &mut split.backend_queue,
        |split| &mut split.service,
        |split| &mut split.returning,
        |split| &mut split.answering,
    ];
    for of in parts {
        *of(sum) = joined_if_any(of(sum).take(), of(&mut part).as_ref())?;
    }
    sum.by_response_time = match (sum.by_response_time.take(), part.by_response_time) {
        (Some(mine), Some(theirs)) => Some(joined_sums(&[mine, theirs])),
        (mine, theirs) => mine.or(theirs),
    };
    Ok(())
}

/// Bucket by bucket. A part that one of them does not know took no time there.
fn joined_sums(both: &[PartSums]) -> PartSums {
    let mut buckets: BTreeMap<u64, (u64, BTreeMap<&str, u64>)> = BTreeMap::new();
    for sums in both {
        for (at, (least_ns, replies)) in sums.least_ns.iter().zip(&sums.replies).enumerate() {
            let (count, parts) = buckets.entry(*least_ns).or_default();
            *count = count.saturating_add(*replies);
            for (name, of_part) in &sums.sums_ns {
                let sum = parts.entry(name).or_default();
                *sum = sum.saturating_add(of_part.get(at).copied().unwrap_or(0));
            }
        }
    }
    let names = both.iter().flat_map(|sums| sums.sums_ns.keys());
    let sum_of = |parts: &BTreeMap<&str, u64>, name: &str| parts.get(name).copied().unwrap_or(0);
    let column = |name: &str| buckets.values().map(|(_, parts)| sum_of(parts, name)).collect();
    PartSums {
        least_ns: buckets.keys().copied().collect(),
        replies: buckets.values().map(|(replies, _)| *replies).collect(),
        sums_ns: names.map(|name| (name.clone(), column(name))).collect(),
    }
}

fn add_seconds(sum: &mut Vec<Second>, part: &[Second]) -> Result<(), RecordError> {
    for theirs in part {
        let place = sum.partition_point(|mine| mine.second < theirs.second);
        match sum.get_mut(place).filter(|mine| mine.second == theirs.second) {
            Some(mine) => {
                add_histogram(&mut mine.times, &theirs.times)?;
                mine.failed = mine.failed.saturating_add(theirs.failed);
            }
            None => sum.insert(place, theirs.clone()),
        }
    }
    Ok(())
}

/// The medians and maxima of all, which those of the parts do not tell.
fn with_medians(intervals: &mut [Interval], times: &[Histogram<u64>]) {
    for (interval, times) in intervals.iter_mut().zip(times).filter(|(_, times)| !times.is_empty()) {
        interval.p50_ns = Some(times.value_at_quantile(0.5));
        interval.max_ns = Some(times.max());
    }
}

fn joined_if_any(
    mine: Option<HistogramRecord>,
    theirs: Option<&HistogramRecord>,
) -> Result<Option<HistogramRecord>, RecordError> {
    match (mine, theirs) {
        (Some(mine), Some(theirs)) => joined(&mine, theirs).map(Some),
        (mine, theirs) => Ok(mine.or(theirs.cloned())),
    }
}

fn joined(mine: &HistogramRecord, theirs: &HistogramRecord) -> Result<HistogramRecord, RecordError> {
    let mut sum = mine.to_histogram()?;
    add_histogram(&mut sum, &theirs.to_histogram()?)?;
    Ok(HistogramRecord::from_histogram(&sum, mine.sum_ns.saturating_add(theirs.sum_ns)))
}

fn add_histogram(sum: &mut Histogram<u64>, part: &Histogram<u64>) -> Result<(), RecordError> {
    sum.add(part).map_err(|error| RecordError::Histogram { why: format!("it can't be added to the others: {error}") })
}

/// Whether a ledger adds up without an overflow: what another program says may not.
pub fn adds_up(ledger: &Ledger) -> bool {
    let sum = ledger.ends().iter().try_fold(0_u64, |sum, (_, count)| sum.checked_add(*count));
    sum == Some(ledger.scheduled)
}

#[cfg(test)]
mod tests;
