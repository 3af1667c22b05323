//! Several generators' outcomes of one load, added up: what each sent of it, and what none did because its generator was
//! lost.
//!
//! Whole histograms are added, bucket by bucket, so that a percentile of all is what one generator would have found. Sums
//! stay within their type whatever the parts say, as they may come from another program. Beside it: `outcome.rs`, which
//! adds up the threads of one generator.

use std::collections::BTreeMap;
use std::time::Duration;

use hdrhistogram::Histogram;
use reports::record::{
    GeneratorUsage, HistogramRecord, Interval, Ledger, Malformed, PartSums, RecordError, ReplyBytes, TimeSplit, Traffic,
};

use super::outcome::{LoadOutcome, Second};
use super::recorder::{add_connections, add_ledger};
use crate::plan::LoadSpec;

/// One sum of times of a split.
type PartOf = fn(&mut TimeSplit) -> &mut Option<HistogramRecord>;

impl LoadOutcome {
    /// What the parts of a load ([`super::Order::in_part`]) came to together. `lost` requests were on the schedule of parts
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

fn add_malformed(sum: &mut Vec<Malformed>, part: &[Malformed]) {
    for theirs in part {
        match sum.iter_mut().find(|mine| mine.reason == theirs.reason) {
            Some(mine) => mine.count = mine.count.saturating_add(theirs.count),
            None => sum.push(theirs.clone()),
        }
    }
    sum.sort_by_key(|malformed| (std::cmp::Reverse(malformed.count), malformed.reason));
}

fn joined_sizes(mine: Option<ReplyBytes>, theirs: Option<ReplyBytes>) -> Option<ReplyBytes> {
    let (Some(a), Some(b)) = (mine, theirs) else { return mine.or(theirs) };
    let total = a.total.saturating_add(b.total);
    Some(ReplyBytes { total, least: a.least.min(b.least), most: a.most.max(b.most) })
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
pub(crate) fn adds_up(ledger: &Ledger) -> bool {
    let sum = ledger.ends().iter().try_fold(0_u64, |sum, (_, count)| sum.checked_add(*count));
    sum == Some(ledger.scheduled)
}

#[cfg(test)]
mod tests;
