//! What a runtime tells only if it was built with `--cfg tokio_unstable`: how long tasks are polled, how long they wait
//! to be polled, and how many were stolen. Of a usual runtime these are absent. Beside it: `snapshot.rs`.

pub(crate) use built::{unstable_metrics, with_histograms};

/// What an unstable runtime tells of itself, since its start and of all workers together.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UnstableMetrics {
    /// Tasks that a worker took from another's queue.
    pub stolen_tasks: u64,
    /// For how long tasks were polled.
    pub poll_times: Vec<HistogramBucket>,
    /// For how long tasks that were ready waited to be polled.
    pub schedule_latencies: Vec<HistogramBucket>,
}

/// A part of a histogram that is not empty.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct HistogramBucket {
    /// The values in it are below, in nanoseconds.
    pub below_ns: u64,
    /// How many there are.
    pub count: u64,
}

/// Of a usual runtime.
#[cfg(not(tokio_unstable))]
mod built {
    use tokio::runtime::{Builder, RuntimeMetrics};

    use super::UnstableMetrics;

    /// The builder as it is.
    pub(crate) fn with_histograms(builder: &mut Builder) -> &mut Builder {
        builder
    }

    pub(crate) fn unstable_metrics(_runtimes: &[RuntimeMetrics]) -> Option<UnstableMetrics> {
        None
    }
}

/// Of a runtime built with `--cfg tokio_unstable`.
#[cfg(tokio_unstable)]
mod built {
    use std::collections::BTreeMap;
    use std::ops::Range;
    use std::time::Duration;

    use tokio::runtime::{Builder, HistogramConfiguration, LogHistogram, RuntimeMetrics};

    use super::{HistogramBucket, UnstableMetrics};

    /// The builder of a runtime that keeps histograms, which costs it two readings of the clock for each poll.
    pub(crate) fn with_histograms(builder: &mut Builder) -> &mut Builder {
        let scale = || HistogramConfiguration::log(LogHistogram::default());
        builder
            .enable_metrics_poll_time_histogram()
            .metrics_poll_time_histogram_configuration(scale())
            .enable_metrics_schedule_latency_histogram()
            .metrics_schedule_latency_histogram_configuration(scale())
    }

    pub(crate) fn unstable_metrics(runtimes: &[RuntimeMetrics]) -> Option<UnstableMetrics> {
        let (mut stolen_tasks, mut poll_times, mut latencies) = (0, BTreeMap::new(), BTreeMap::new());
        for runtime in runtimes {
            for worker in 0..runtime.num_workers() {
                stolen_tasks += runtime.worker_steal_count(worker);
                for bucket in 0..runtime.poll_time_histogram_num_buckets() {
                    let count = runtime.poll_time_histogram_bucket_count(worker, bucket);
                    add(&mut poll_times, &runtime.poll_time_histogram_bucket_range(bucket), count);
                }
                for bucket in 0..runtime.schedule_latency_histogram_num_buckets() {
                    let count = runtime.schedule_latency_histogram_bucket_count(worker, bucket);
                    add(&mut latencies, &runtime.schedule_latency_histogram_bucket_range(bucket), count);
                }
            }
        }
        Some(UnstableMetrics { stolen_tasks, poll_times: filled(poll_times), schedule_latencies: filled(latencies) })
    }

    fn add(counts: &mut BTreeMap<u64, u64>, range: &Range<Duration>, count: u64) {
        let below_ns = u64::try_from(range.end.as_nanos()).unwrap_or(u64::MAX);
        *counts.entry(below_ns).or_default() += count;
    }

    fn filled(counts: BTreeMap<u64, u64>) -> Vec<HistogramBucket> {
        let filled = counts.into_iter().filter(|(_, count)| *count > 0);
        filled.map(|(below_ns, count)| HistogramBucket { below_ns, count }).collect()
    }
}
