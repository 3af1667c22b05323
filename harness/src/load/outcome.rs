//! What a load came to: the workers' notes, added up, as they are saved.

use reports::record::{GeneratorUsage, HistogramRecord, Interval, TimeSplit, Traffic};

use super::recorder::{IntervalTally, Loop, Recorder};
use super::tally::Tally;
use super::usage::ThreadUsage;
use crate::plan::{ArrivalProcess, LoadSpec, nanoseconds};

/// What a load came to.
#[derive(Debug, Clone, PartialEq)]
pub struct LoadOutcome {
    /// What the generator sent and got.
    pub traffic: Traffic,
    /// What it used to do so.
    pub generator: GeneratorUsage,
}

impl LoadOutcome {
    /// Adds up the workers' notes. There is at least one.
    pub(crate) fn merge(spec: &LoadSpec, notes: Vec<(Recorder, ThreadUsage)>) -> LoadOutcome {
        let threads = notes.len() as u32;
        let usages: Vec<ThreadUsage> = notes.iter().map(|(_, usage)| *usage).collect();
        let sum = notes.into_iter().map(|(recorder, _)| recorder).reduce(|mut sum, part| {
            sum.add(&part);
            sum
        });
        // Without a worker there would have been no load to merge.
        let recorder = sum.unwrap_or_else(|| Recorder::new(0, Loop::Open));
        let kept_pace = match recorder.arrivals {
            0 => 1.0,
            arrivals => recorder.taken_up_in_time as f64 / arrivals as f64,
        };
        LoadOutcome {
            traffic: traffic(spec, recorder),
            generator: GeneratorUsage {
                threads,
                user_cpu_ns: usages.iter().map(|usage| nanoseconds(usage.user)).sum(),
                system_cpu_ns: usages.iter().map(|usage| nanoseconds(usage.system)).sum(),
                polling_ns: usages.iter().map(|usage| nanoseconds(usage.polling)).sum(),
                busiest_worker: usages.iter().map(ThreadUsage::busy).fold(0.0, f64::max),
                kept_pace,
            },
        }
    }
}

fn traffic(spec: &LoadSpec, recorder: Recorder) -> Traffic {
    // In closed loop there is no intended start that the server does not itself decide, so no response time.
    let is_open = spec.arrivals != ArrivalProcess::Closed;
    let window_ns = nanoseconds(spec.window);
    Traffic {
        ledger: recorder.ledger,
        ok_within_window: recorder.ok_within_window,
        connections: recorder.connections,
        ok_in_all: recorder.ok_in_all,
        response_time: is_open.then(|| histogram(&recorder.response_time)),
        service_time: histogram(&recorder.service_time),
        schedule_lag: is_open.then(|| histogram(&recorder.schedule_lag)),
        connect_time: (recorder.connect_time.count() > 0).then(|| histogram(&recorder.connect_time)),
        split: split(&recorder),
        mean_in_system: is_open.then(|| recorder.area_in_system_ns() as f64 / window_ns as f64),
        timestamps_out_of_order: recorder.out_of_order,
        intervals: if is_open { intervals(&recorder.intervals, spec) } else { Vec::new() },
    }
}

fn histogram(tally: &Tally) -> HistogramRecord {
    HistogramRecord::from_histogram(&tally.histogram(), tally.sum_ns())
}

fn split(recorder: &Recorder) -> Option<TimeSplit> {
    if recorder.waiting.count() == 0 {
        return None;
    }
    Some(TimeSplit {
        before_send: histogram(&recorder.before_send),
        waiting: histogram(&recorder.waiting),
        service: histogram(&recorder.service),
        returning: histogram(&recorder.returning),
    })
}

fn intervals(tallies: &[IntervalTally], spec: &LoadSpec) -> Vec<Interval> {
    let width_ns = nanoseconds(spec.window) / tallies.len() as u64;
    let begin_ns = nanoseconds(spec.warm_up);
    let interval = |(index, tally): (usize, &IntervalTally)| {
        let response_time = tally.response_time.histogram();
        Interval {
            at_ns: begin_ns + index as u64 * width_ns,
            ok: tally.ok,
            failed: tally.failed,
            p50_ns: (tally.ok > 0).then(|| response_time.value_at_quantile(0.5)),
            max_ns: (tally.ok > 0).then(|| response_time.max()),
        }
    };
    tallies.iter().enumerate().map(interval).collect()
}
