//! What speaks against the figures of a load, each with what to do: where the generator was late, which end it was and why.
//! Sentences without their stop.
//!
//! Beside it: `run/validity.rs`, which finds most of it; `notices.rs`, what must be known besides.

use instruments::clock::nanoseconds;
use instruments::load::{ArrivalProcess, Generator, LoadOutcome, LoadSpec, Pacing};
use instruments::observe::MachineSeen;
use reports::format::{Unit, counted, share};
use reports::record::{GeneratorUsage, PlacementKind, Warning};

use crate::run::{generator_doubts, machine_doubts, traffic_doubts};

/// From this share of its CPU on, a thread that was late had too much to do.
const BUSY: f64 = 0.5;

/// A request whose own work takes this part of a lag makes up the lag with a few others.
const PART_OF_A_LAG: f64 = 0.05;

/// Replies from this size on cost the generator more to read than to check.
const LARGE_REPLY_BYTES: f64 = 65_536.0;

/// What is known of the generator's part.
#[derive(Debug, Clone, Copy)]
pub(in crate::cli::load) struct Sending<'a> {
    pub(in crate::cli::load) generator: Generator,
    pub(in crate::cli::load) usage: &'a GeneratorUsage,
    /// Without polling; absent where no reply was right.
    pub(in crate::cli::load) cpu_ns_per_request: Option<f64>,
    pub(in crate::cli::load) mean_reply_bytes: Option<f64>,
    /// CPUs that this process may use.
    pub(in crate::cli::load) cpus: usize,
    /// Workers that send instead of this process, or none.
    pub(in crate::cli::load) workers: usize,
}

/// In closed loop one side is saturated, and it may be the generator: that bounds what was found and makes it no less
/// true. What happened to the machine is told in either loop.
pub(in crate::cli::load) fn doubts(spec: &LoadSpec, outcome: &LoadOutcome, machine: &MachineSeen) -> Vec<Warning> {
    let LoadOutcome { traffic, generator: usage, measured, polling_gave_way, .. } = outcome;
    let mut doubts = match spec.arrivals {
        ArrivalProcess::Closed => Vec::new(),
        _ => generator_doubts(usage, traffic),
    };
    doubts.extend(traffic_doubts(traffic, *measured));
    doubts.extend(machine_doubts(&machine.noise, PlacementKind::Isolated));
    doubts.extend(machine.unobserved.iter().cloned());
    doubts.extend(polling_gave_way.map(|cpus| Warning::PollingGaveWay { threads: usage.threads, cpus }));
    doubts
}

/// Whether a doubt is about the generator, so that nothing can be said of the server.
pub(in crate::cli::load) fn is_of_the_generator(doubt: &Warning) -> bool {
    matches!(
        doubt,
        Warning::GeneratorFellBehind { .. }
            | Warning::GeneratorSaturated { .. }
            | Warning::GeneratorThrottled(_)
            | Warning::ScheduleLag { .. }
    )
}

/// The doubt and what to do, as one sentence without its stop.
pub(in crate::cli::load) fn sentence(doubt: &Warning, sending: Sending<'_>) -> String {
    let remedy = match doubt {
        Warning::ScheduleLag { lag_p99_ns: lag_ns, .. } | Warning::TailLag { lag_p99_9_ns: lag_ns, .. } => {
            sending.why_late(Some(*lag_ns))
        }
        Warning::GeneratorFellBehind { .. } | Warning::GeneratorSaturated { .. } => sending.why_late(None),
        doubt => doubt.remedy(),
    };
    format!("{}; {remedy}", doubt.describe())
}

impl Sending<'_> {
    fn why_late(self, lag_ns: Option<u64>) -> String {
        let busy = self.usage.busiest_worker;
        let own_work = |lag_ns: u64| self.cpu_ns_per_request.is_some_and(|ns| ns >= PART_OF_A_LAG * lag_ns as f64);
        if self.generator.pacing == Pacing::Ticking && lag_ns.is_some() {
            return "with --pacing ticking it wakes once a millisecond; give --pacing sleeping to send on time"
                .to_owned();
        }
        if busy < BUSY && !lag_ns.is_some_and(own_work) {
            return format!(
                "its busiest thread used {} of its CPU, so it was held up by {}: stop other programs, or use a \
                 machine that is not shared, and run again",
                share(busy),
                if self.workers == 0 { "this machine" } else { "its machine" }
            );
        }
        let large = self.mean_reply_bytes.filter(|bytes| *bytes >= LARGE_REPLY_BYTES).map(|bytes| {
            let cpu = self
                .cpu_ns_per_request
                .map_or_else(String::new, |ns| format!(" and take it {} of CPU each", Unit::Nanoseconds.show(ns)));
            format!("the replies are large: {} on average{cpu}; ", Unit::Bytes.show(bytes))
        });
        format!("{}{}", large.unwrap_or_default(), self.more_of_it())
    }

    fn more_of_it(self) -> String {
        let threads = self.usage.threads as usize;
        if threads < self.cpus {
            format!("its busiest thread used {} of its CPU: give more with --threads, or lower the --rate", self.busy())
        } else {
            format!(
                "it has {} on {}, and the busiest used {}: lower the --rate, or send from {}",
                counted(threads as u64, "thread"),
                counted(self.cpus as u64, "CPU"),
                self.busy(),
                self.elsewhere()
            )
        }
    }

    /// Where there is more CPU, once all that is here is in use.
    fn elsewhere(self) -> &'static str {
        match self.workers {
            0 => "other machines too, one '--load-from \"ssh HOST\"' for each",
            _ => "more machines, one --load-from more for each",
        }
    }

    fn busy(self) -> String {
        share(self.usage.busiest_worker)
    }
}

/// What bounds a closed loop, where it is the generator.
pub(in crate::cli::load) fn capacity_of_the_generator(spec: &LoadSpec, sending: Sending<'_>) -> Option<String> {
    let (busy, threads) = (sending.usage.busiest_worker, sending.usage.threads as usize);
    (spec.arrivals == ArrivalProcess::Closed && busy > 0.9).then(|| {
        let remedy = if threads < sending.cpus {
            "give it more with --threads".to_owned()
        } else {
            let (threads, cpus) = (counted(threads as u64, "thread"), counted(sending.cpus as u64, "CPU"));
            format!("it has {threads} on {cpus}: send from {}", sending.elsewhere())
        };
        format!(
            "the busiest generator thread used {} of its CPU, so that the achieved rate may be the generator's limit \
             and not the server's; {remedy}",
            share(busy)
        )
    })
}

/// All figures are about the time that there was of a load that was stopped. `requests` bounds it, where that is no time.
pub(in crate::cli::load) fn stopped(outcome: &LoadOutcome, spec: &LoadSpec, requests: Option<u64>) -> String {
    let time = |duration| Unit::Nanoseconds.show(nanoseconds(duration) as f64);
    let planned = requests.map_or_else(|| time(spec.window), |requests| counted(requests, "request"));
    let under_way = match outcome.traffic.ledger.in_flight {
        0 => String::new(),
        in_flight => format!(", where {} that had no reply yet count as failed", counted(in_flight, "request")),
    };
    format!(
        "stopped after {} of {planned}, and all figures are about that time{under_way}; let it run to its end for all",
        time(outcome.measured)
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    const LATE: Warning = Warning::ScheduleLag { lag_p99_ns: 3_000_000, allowed_ns: 1_000_000 };

    fn said(doubt: &Warning, busiest_worker: f64, change: impl FnOnce(&mut Sending<'_>)) -> String {
        with_usage(busiest_worker, |mut sending| {
            change(&mut sending);
            sentence(doubt, sending)
        })
    }

    fn with_usage<T>(busiest_worker: f64, then: impl FnOnce(Sending<'_>) -> T) -> T {
        let (threads, kept_pace) = (1, 1.0);
        let usage =
            GeneratorUsage { threads, user_cpu_ns: 0, system_cpu_ns: 0, polling_ns: 0, busiest_worker, kept_pace };
        then(Sending {
            generator: Generator { threads: 1, pacing: Pacing::Sleeping },
            usage: &usage,
            cpu_ns_per_request: Some(20_000.0),
            mean_reply_bytes: Some(100.0),
            cpus: 4,
            workers: 0,
        })
    }

    #[test]
    fn an_idle_generator_that_was_late_was_held_up_by_the_machine() {
        let said = said(&LATE, 0.1, |_| {});
        assert!(said.starts_with("the generator sent late: p99 of the lag 3 ms"), "{said}");
        assert!(said.contains("used 10% of its CPU, so it was held up by this machine: stop other programs"), "{said}");
    }

    #[test]
    fn a_busy_one_needs_threads_and_not_a_quiet_machine() {
        for doubt in [LATE, Warning::GeneratorSaturated { busiest_worker: 0.95 }] {
            let said = said(&doubt, 0.95, |_| {});
            assert!(said.contains("--threads") && !said.contains("other programs"), "{said}");
        }
        let full = said(&LATE, 0.95, |sending| sending.cpus = 1);
        assert!(full.contains("lower the --rate") && !full.contains("--threads"), "{full}");
        assert!(full.ends_with("or send from other machines too, one '--load-from \"ssh HOST\"' for each"), "{full}");
        let full = said(&LATE, 0.95, |sending| (sending.cpus, sending.workers) = (1, 2));
        assert!(full.ends_with("or send from more machines, one --load-from more for each"), "{full}");
    }

    #[test]
    fn a_closed_loop_that_the_generator_bounds_names_what_is_left_to_give_it() {
        let spec = LoadSpec::of_a_second(ArrivalProcess::Closed);
        let bounded = |spec: &LoadSpec, busy, cpus, workers| {
            with_usage(busy, |sending| capacity_of_the_generator(spec, Sending { cpus, workers, ..sending }))
        };
        let here = bounded(&spec, 0.95, 4, 0).unwrap();
        assert!(here.ends_with("the server's; give it more with --threads"), "{here}");
        let full = bounded(&spec, 0.95, 1, 0).unwrap();
        assert!(
            full.contains("it has 1 thread on 1 CPU: send from other machines too") && full.contains("--load-from"),
            "{full}"
        );
        let workers = bounded(&spec, 0.95, 1, 2).unwrap();
        assert!(workers.ends_with("one --load-from more for each"), "{workers}");
        assert_eq!(bounded(&spec, 0.9, 1, 0), None, "it has CPU to spare");
        let spec = LoadSpec::of_a_second(ArrivalProcess::Constant { rate_rps: 1.0 });
        assert_eq!(bounded(&spec, 0.95, 1, 0), None, "an open loop has other doubts");
    }

    #[test]
    fn large_replies_are_named_with_what_they_cost() {
        let large = |sending: &mut Sending<'_>| {
            (sending.cpu_ns_per_request, sending.mean_reply_bytes) = (Some(600_000.0), Some(2_097_152.0));
        };
        let said = said(&LATE, 0.3, large);
        assert!(said.contains("the replies are large: 2 MiB on average and take it 600 µs of CPU each"), "{said}");
        assert!(said.contains("--threads") && !said.contains("other programs"), "{said}");
    }

    #[test]
    fn a_ticking_one_is_late_by_design() {
        let said = said(&LATE, 0.1, |sending| sending.generator.pacing = Pacing::Ticking);
        assert!(said.contains("--pacing sleeping"), "{said}");
    }

    #[test]
    fn other_doubts_keep_their_remedy() {
        assert!(said(&Warning::NothingRight, 0.1, |_| {}).contains(&Warning::NothingRight.remedy()));
    }
}
