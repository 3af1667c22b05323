//! What a load came to: the workers' notes, added up, as they are saved: what was measured, and nothing for what a server
//! does not say.
//!
//! Beside it: `recorder.rs`, which noted it down.

use std::ops::Range;
use std::time::Duration;

use hdrhistogram::Histogram;
use reports::record::{GeneratorUsage, HistogramRecord, Interval, PartSums, RequestEvent, TimeSplit, Traffic};

use super::recorder::{IntervalTally, Loop, PART_NAMES, Recorder, SecondTally, Seconds, SplitTally};
use super::tally::{LONGEST_NS, Tally};
use super::usage::ThreadUsage;
use crate::clock::nanoseconds;
use crate::load::{ArrivalProcess, LoadSpec, Shape, Work};

/// What a load came to.
#[derive(Debug, Clone, PartialEq)]
pub struct LoadOutcome {
    /// What the generator sent and got.
    pub traffic: Traffic,
    /// What it used to do so.
    pub generator: GeneratorUsage,
    /// How long it took to establish all connections that are held through the load; absent where sessions open theirs.
    pub opening: Option<Duration>,
    /// How long the window was: as planned, unless the load was stopped or was for a number of requests.
    pub measured: Duration,
    /// Whether it was stopped before its end.
    pub was_stopped: bool,
    /// How many CPUs there were for generator threads that were to poll and slept instead, being more; absent where they did
    /// as they were told.
    pub polling_gave_way: Option<u32>,
    /// The window second by second, where that was asked for.
    pub seconds: Vec<Second>,
    /// Requests of the window that were never taken up because the load was stopped. The ledger has them as dropped.
    pub left_over: u64,
    /// Response times of each of [`Traffic::intervals`], of the load's parts that are to be joined; of any other load none
    /// are kept.
    pub interval_times: Vec<Histogram<u64>>,
}

/// A second of the window: the requests of the window that ended in it.
#[derive(Debug, Clone, PartialEq)]
pub struct Second {
    /// Its start, in whole seconds from that of the window. What ended after the window has seconds of its own.
    pub second: u64,
    /// Times of correct replies in nanoseconds, to three digits: response times or, in closed loop, service times.
    pub times: Histogram<u64>,
    /// Requests that ended without one.
    pub failed: u64,
}

impl LoadOutcome {
    /// As if the load had been planned to end where it was stopped: without the rest of the schedule.
    #[must_use]
    pub fn cut_short(mut self) -> LoadOutcome {
        let (ledger, left_over) = (&mut self.traffic.ledger, self.left_over);
        let planned = ledger.scheduled as f64;
        ledger.scheduled -= left_over;
        ledger.dropped -= left_over;
        self.left_over = 0;
        self.generator.kept_pace = match ledger.scheduled {
            // Stopped before the window: there was nothing to be late for.
            0 => 1.0,
            scheduled => (self.generator.kept_pace * planned / scheduled as f64).min(1.0),
        };
        self
    }

    /// Adds up the workers' notes, of a load that ran to its end in a window of `measured`.
    pub(crate) fn merge(
        spec: &LoadSpec,
        measured: Duration,
        notes: Vec<(Recorder, ThreadUsage)>,
        keeps_interval_times: bool,
    ) -> LoadOutcome {
        let threads = notes.len() as u32;
        let usages: Vec<ThreadUsage> = notes.iter().map(|(_, usage)| *usage).collect();
        let sum = notes.into_iter().map(|(recorder, _)| recorder).reduce(|mut sum, part| {
            sum.add(&part);
            sum
        });
        // Without a worker nothing was sent.
        let recorder = sum.unwrap_or_else(|| Recorder::new(0, Loop::Open));
        let kept_pace = match recorder.arrivals {
            0 => 1.0,
            arrivals => recorder.taken_up_in_time as f64 / arrivals as f64,
        };
        LoadOutcome {
            opening: None,
            measured,
            was_stopped: false,
            polling_gave_way: None,
            left_over: recorder.left_over,
            interval_times: match keeps_interval_times && spec.arrivals != ArrivalProcess::Closed {
                true => recorder.intervals.iter().map(|tally| tally.response_time.histogram()).collect(),
                false => Vec::new(),
            },
            seconds: recorder.seconds.as_deref().map(seconds).unwrap_or_default(),
            traffic: traffic(spec, measured, recorder),
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

fn traffic(spec: &LoadSpec, measured: Duration, recorder: Recorder) -> Traffic {
    // In closed loop there is no intended start that the server does not itself decide, so no response time.
    let is_open = spec.arrivals != ArrivalProcess::Closed;
    let window_ns = nanoseconds(measured);
    Traffic {
        ledger: recorder.ledger,
        ok_within_window: recorder.ok_within_window,
        connections: recorder.connections,
        ok_in_all: recorder.ok_in_all,
        given_up_in_all: recorder.given_up_in_all,
        response_time: is_open.then(|| histogram(&recorder.response_time)),
        schedule_lag: is_open.then(|| histogram(&recorder.schedule_lag)),
        connect_time: (recorder.connect_time.count() > 0).then(|| histogram(&recorder.connect_time)),
        split: is_open.then(|| split(&recorder.split)).flatten(),
        mean_in_system: (is_open && window_ns > 0).then(|| recorder.area_in_system_ns() as f64 / window_ns as f64),
        timestamps_out_of_order: recorder.out_of_order,
        events: events(&recorder, spec),
        intervals: if is_open { intervals(&recorder.intervals, spec) } else { Vec::new() },
        statuses: recorder.replies.statuses(),
        reply_bytes: recorder.replies.sizes(),
        delayed_in_the_middle: recorder.replies.delayed(),
        hung_since_warm_up: recorder.hung_since_warm_up,
        malformed: recorder.replies.clone().into_malformed(),
        ..Traffic::new(histogram(&recorder.service_time))
    }
}

fn histogram(tally: &Tally) -> HistogramRecord {
    HistogramRecord::from_histogram(&tally.histogram(), tally.sum_ns())
}

fn seconds(seconds: &Seconds) -> Vec<Second> {
    let second = |tally: &SecondTally| {
        let mut times = Histogram::new_with_bounds(1, LONGEST_NS, 3).expect("constants that it accepts");
        for (ns, count) in tally.times() {
            times.record_n(ns, count).expect("no value is above the bound");
        }
        Second { second: tally.second, times, failed: tally.failed }
    };
    seconds.each.iter().map(second).collect()
}

/// Absent where no reply was split, as in closed loop.
fn split(split: &SplitTally) -> Option<TimeSplit> {
    let measured = |tally: &Tally| (tally.count() > 0).then(|| histogram(tally));
    let [schedule_lag, connection, waiting, backend_queue, service, returning, answering] =
        split.parts.each_ref().map(measured);
    connection.is_some().then(|| TimeSplit {
        schedule_lag,
        connection,
        before_send: None,
        waiting,
        backend_queue,
        service,
        returning,
        answering,
        by_response_time: Some(by_response_time(split)),
    })
}

fn by_response_time(split: &SplitTally) -> PartSums {
    let buckets = || split.by_response_time();
    let known = PART_NAMES.iter().enumerate().filter(|(part, _)| split.parts[*part].count() > 0);
    let sums_ns = |part: usize| buckets().map(|(_, sums)| sums.parts_ns[part]).collect();
    PartSums {
        least_ns: buckets().map(|(least_ns, _)| least_ns).collect(),
        replies: buckets().map(|(_, sums)| sums.replies).collect(),
        sums_ns: known.map(|(part, name)| ((*name).to_owned(), sums_ns(part))).collect(),
    }
}

/// In the order of their ends, whichever worker they were on, and on the clock of the load.
fn events(recorder: &Recorder, spec: &LoadSpec) -> Vec<RequestEvent> {
    let origin_ns = recorder.window_start_ns().saturating_sub(nanoseconds(spec.warm_up));
    let mut events = recorder.events.clone();
    events.sort_by_key(|event| event.at_ns + event.took_ns);
    events.iter().map(|event| RequestEvent { at_ns: event.at_ns.saturating_sub(origin_ns), ..*event }).collect()
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

/// What `work` is asked for without a schedule, for so long.
pub(super) fn unscheduled(work: &Work, lasting: Duration) -> LoadSpec {
    let load = LoadSpec::new(ArrivalProcess::Closed, Shape::Connections { connections: 0 }, work.clone());
    LoadSpec { window: lasting, timeout: lasting, ..load }
}

/// What became of requests that had no schedule.
pub(super) fn unscheduled_traffic(work: &Work, span: &Range<u64>, recorder: Recorder) -> Traffic {
    let lasting = Duration::from_nanos(span.end - span.start);
    let notes = vec![(recorder, ThreadUsage::default())];
    LoadOutcome::merge(&unscheduled(work, lasting), lasting, notes, false).traffic
}

#[cfg(test)]
mod tests {
    use super::super::recorder::{Answered, Loop, Scheduled};
    use super::*;

    const WINDOW: Duration = Duration::from_micros(2);

    fn spec(arrivals: ArrivalProcess) -> LoadSpec {
        LoadSpec { warm_up: Duration::from_micros(1), window: WINDOW, ..LoadSpec::of_a_second(arrivals) }
    }

    /// A worker that took up a request at the window's start, on time, and got its reply after 500 ns.
    fn notes(usage: ThreadUsage) -> (Recorder, ThreadUsage) {
        let mut recorder = Recorder::new(1_000_000_000, Loop::Open);
        recorder.set_window(1_000..3_000);
        let place = recorder.arrival(1_000, 1_000, 1);
        recorder.entered(place, 1_000);
        recorder.ok(Scheduled::InWindow, &Answered::at_once(1_000, 1_500));
        (recorder, usage)
    }

    fn usage(worked_us: u64) -> ThreadUsage {
        ThreadUsage {
            user: Duration::from_micros(worked_us),
            elapsed: Duration::from_micros(100),
            ..ThreadUsage::default()
        }
    }

    fn merged(arrivals: ArrivalProcess, notes: Vec<(Recorder, ThreadUsage)>) -> LoadOutcome {
        LoadOutcome::merge(&spec(arrivals), WINDOW, notes, false)
    }

    #[test]
    fn the_workers_add_up_and_the_busiest_stands_out() {
        let workers = vec![notes(usage(10)), notes(usage(90))];
        let LoadOutcome { traffic, generator, .. } = merged(ArrivalProcess::Constant { rate_rps: 1.0 }, workers);
        assert_eq!((traffic.ledger.scheduled, traffic.ledger.ok, traffic.ok_within_window), (2, 2, 2));
        assert_eq!((generator.threads, generator.user_cpu_ns, generator.kept_pace), (2, 100_000, 1.0));
        assert!((generator.busiest_worker - 0.9).abs() < 1e-9);
        // Two requests, half of a microsecond each, in a window of two.
        assert_eq!(traffic.mean_in_system, Some(0.5));
        assert_eq!(traffic.response_time.unwrap().sum_ns, 1_000);
        assert_eq!(traffic.intervals.iter().map(|interval| interval.ok).sum::<u64>(), 2);
        assert_eq!(traffic.intervals[0].at_ns, 1_000);
    }

    #[test]
    fn what_does_not_exist_is_absent_and_not_zero() {
        let closed = merged(ArrivalProcess::Closed, vec![notes(usage(1))]).traffic;
        assert!(closed.response_time.is_none() && closed.schedule_lag.is_none() && closed.mean_in_system.is_none());
        assert!(closed.intervals.is_empty() && closed.split.is_none() && closed.connect_time.is_none());
        let open = merged(ArrivalProcess::Poisson { rate_rps: 1.0 }, vec![notes(usage(1))]).traffic;
        let empty = open.intervals[1];
        assert_eq!((empty.ok, empty.p50_ns, empty.max_ns), (0, None, None));
    }

    #[test]
    fn a_schedule_without_arrivals_was_kept() {
        let nothing = vec![(Recorder::new(1, Loop::Open), usage(0))];
        assert_eq!(merged(ArrivalProcess::Poisson { rate_rps: 1.0 }, nothing).generator.kept_pace, 1.0);
    }
}
