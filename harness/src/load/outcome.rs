//! What a load came to: the workers' notes, added up, as they are saved.
//!
//! Within: `split.rs`, where the time went.

mod split;

use std::time::Duration;

use reports::record::{Event, GeneratorUsage, HistogramRecord, Interval, Traffic};

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
    /// How long it took to establish all connections that are held through the load; absent where sessions open theirs.
    pub opening: Option<Duration>,
    /// How much of the window passed: all of it, unless the load was stopped.
    pub measured: Duration,
    /// Requests of the window that were never taken up because the load was stopped. The ledger has them as dropped.
    pub left_over: u64,
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
        if ledger.scheduled > 0 {
            self.generator.kept_pace = (self.generator.kept_pace * planned / ledger.scheduled as f64).min(1.0);
        }
        self
    }

    /// Adds up the workers' notes, of a load that ran to its end. There is at least one.
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
            opening: None,
            measured: spec.window,
            left_over: recorder.left_over,
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
        given_up_in_all: recorder.given_up_in_all,
        response_time: is_open.then(|| histogram(&recorder.response_time)),
        schedule_lag: is_open.then(|| histogram(&recorder.schedule_lag)),
        connect_time: (recorder.connect_time.count() > 0).then(|| histogram(&recorder.connect_time)),
        split: is_open.then(|| split::saved(&recorder.split)).flatten(),
        mean_in_system: is_open.then(|| recorder.area_in_system_ns() as f64 / window_ns as f64),
        timestamps_out_of_order: recorder.out_of_order,
        events: events(&recorder, spec),
        intervals: if is_open { intervals(&recorder.intervals, spec) } else { Vec::new() },
        ..Traffic::new(histogram(&recorder.service_time))
    }
}

fn histogram(tally: &Tally) -> HistogramRecord {
    HistogramRecord::from_histogram(&tally.histogram(), tally.sum_ns())
}

/// In the order of their ends, whichever worker they were on, and on the clock of the load.
fn events(recorder: &Recorder, spec: &LoadSpec) -> Vec<Event> {
    let origin_ns = recorder.window_start_ns().saturating_sub(nanoseconds(spec.warm_up));
    let mut events = recorder.events.clone();
    events.sort_by_key(|event| event.at_ns + event.took_ns);
    events.iter().map(|event| Event { at_ns: event.at_ns.saturating_sub(origin_ns), ..*event }).collect()
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

#[cfg(test)]
mod tests {
    use super::super::recorder::{Answered, Loop, Scheduled};
    use super::*;
    use crate::plan::{Shape, Work};

    fn spec(arrivals: ArrivalProcess) -> LoadSpec {
        LoadSpec {
            arrivals,
            shape: Shape::Connections { connections: 1 },
            work: Work::new("echo", "hi"),
            seed: 1,
            warm_up: Duration::from_micros(1),
            window: Duration::from_micros(2),
            timeout: Duration::from_secs(1),
        }
    }

    /// A worker that took up a request at the window's start, on time, and got its reply after 500 ns.
    fn notes(usage: ThreadUsage) -> (Recorder, ThreadUsage) {
        let mut recorder = Recorder::new(1_000_000_000, Loop::Open);
        recorder.set_window(1_000..3_000);
        let place = recorder.arrival(1_000, 1_000, 1);
        recorder.entered(place, 1_000);
        let answered =
            Answered { intended_ns: 1_000, taken_up_ns: 1_000, sent_ns: 1_000, server_ns: None, received_ns: 1_500 };
        recorder.ok(Scheduled::InWindow, &answered);
        (recorder, usage)
    }

    fn usage(worked_us: u64) -> ThreadUsage {
        ThreadUsage {
            user: Duration::from_micros(worked_us),
            elapsed: Duration::from_micros(100),
            ..ThreadUsage::default()
        }
    }

    #[test]
    fn the_workers_add_up_and_the_busiest_stands_out() {
        let outcome = LoadOutcome::merge(
            &spec(ArrivalProcess::Constant { rate_rps: 1.0 }),
            vec![notes(usage(10)), notes(usage(90))],
        );
        let LoadOutcome { traffic, generator, .. } = outcome;
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
        let closed = LoadOutcome::merge(&spec(ArrivalProcess::Closed), vec![notes(usage(1))]).traffic;
        assert!(closed.response_time.is_none() && closed.schedule_lag.is_none() && closed.mean_in_system.is_none());
        assert!(closed.intervals.is_empty() && closed.split.is_none() && closed.connect_time.is_none());
        let open = LoadOutcome::merge(&spec(ArrivalProcess::Poisson { rate_rps: 1.0 }), vec![notes(usage(1))]).traffic;
        let empty = open.intervals[1];
        assert_eq!((empty.ok, empty.p50_ns, empty.max_ns), (0, None, None));
    }

    #[test]
    fn a_schedule_without_arrivals_was_kept() {
        let recorder = Recorder::new(1, Loop::Open);
        let spec = spec(ArrivalProcess::Poisson { rate_rps: 1.0 });
        assert_eq!(LoadOutcome::merge(&spec, vec![(recorder, usage(0))]).generator.kept_pace, 1.0);
    }
}
