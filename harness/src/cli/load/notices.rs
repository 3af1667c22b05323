//! What is said of a load's figures. Notices must be known before all figures: who failed and of what, whether the server
//! kept up, and what a server does that makes it slow. Doubts speak against the figures, each with what to do: where the
//! generator was late, which end it was and why. Sentences without their stop.

use reports::format::{self, Unit, counted, share};
use reports::record::{GeneratorUsage, Ledger, Malformed, PlacementKind, Traffic, Warning};
use reports::study::KEPT_UP;

use crate::cli::output::per_second;
use crate::load::{Generator, LoadOutcome};
use crate::observe::MachineSeen;
use crate::plan::{ArrivalProcess, LoadSpec, Pacing};
use crate::run::{generator_doubts, machine_doubts, traffic_doubts};

/// Of all right replies, how many that came in two parts are more than chance.
const MANY_DELAYED: f64 = 0.1;

/// Times the first median, from which on the last is that of a growing line.
const GROWN: f64 = 1.5;

/// Fewer requests tell nothing of a line.
const FEWEST_FOR_A_LINE: u64 = 20;

/// All of them but [`hung`], the weightiest first. `achieved_rps` is of a load whose generator kept to its schedule, else
/// absent.
pub(super) fn notices(spec: &LoadSpec, traffic: &Traffic, achieved_rps: Option<f64>) -> Vec<String> {
    let mut notices = Vec::new();
    notices.extend(failures(traffic));
    notices.extend(achieved_rps.and_then(|rps| fell_behind(spec, traffic, rps)));
    notices.extend(traffic.malformed.iter().map(malformed));
    notices.extend(delayed_acknowledgements(traffic));
    notices
}

/// `31% of requests failed: 503 30%, timeout 1.00%`.
fn failures(traffic: &Traffic) -> Option<String> {
    let ledger = &traffic.ledger;
    let of_all = |count: f64| share(count / ledger.scheduled as f64);
    // Errors are told by their statuses, where these are known.
    let error = if has_statuses(traffic) { 0 } else { ledger.error };
    let ends = Ledger { error, ..*ledger }.ends().into_iter().skip(1).filter(|(_, count)| *count > 0);
    let mut kinds: Vec<(String, f64)> = ends.map(|(end, count)| (end.to_owned(), count as f64)).collect();
    kinds.extend(errors_by_status(traffic));
    kinds.sort_by(|one, other| other.1.total_cmp(&one.1));
    let list: Vec<String> = kinds.iter().map(|(kind, count)| format!("{kind} {}", of_all(*count))).collect();
    (!list.is_empty()).then(|| format!("{} of requests failed: {}", of_all(ledger.failed() as f64), list.join(", ")))
}

/// Errors take their statuses in the proportions in which these came.
fn errors_by_status(traffic: &Traffic) -> Vec<(String, f64)> {
    let failing = failing_statuses(traffic);
    let all: u64 = failing.iter().map(|(_, count)| count).sum();
    let errors = traffic.ledger.error as f64;
    failing.into_iter().map(|(status, count)| (status.to_string(), errors * count as f64 / all as f64)).collect()
}

fn has_statuses(traffic: &Traffic) -> bool {
    !failing_statuses(traffic).is_empty()
}

/// Statuses of replies that are errors.
fn failing_statuses(traffic: &Traffic) -> Vec<(u16, u64)> {
    let failing = traffic.statuses.iter().filter(|(status, count)| !(200..300).contains(*status) && **count > 0);
    if traffic.ledger.error > 0 { failing.map(|(status, count)| (*status, *count)).collect() } else { Vec::new() }
}

/// Whether fewer replies came than were asked for, because a line was growing or requests timed out in it.
fn fell_behind(spec: &LoadSpec, traffic: &Traffic, achieved_rps: f64) -> Option<String> {
    let offered_rps = spec.offered_load_rps()?;
    let Ledger { scheduled, error, malformed, refused, reset, timeout, .. } = traffic.ledger;
    let ended = traffic.ok_within_window + error + malformed + refused + reset;
    let (is_growing, timed_out) = (grows(traffic), timeout > 0);
    let is_behind = scheduled >= FEWEST_FOR_A_LINE && (ended as f64) < KEPT_UP * scheduled as f64;
    // A server may take its time and keep up all the same: the replies to the last requests come after the window. And one
    // that answers nobody is not too slow.
    if !is_behind || !(is_growing || timed_out) || traffic.ok_within_window == 0 {
        return None;
    }
    let grow = if is_growing { "; the percentiles grow with --duration" } else { "" };
    Some(format!(
        "the server did not keep up: {} of {} over {}{grow}; leave out --rate to see how much it takes",
        per_second(achieved_rps),
        per_second(offered_rps),
        counted(spec.peak_connections().into(), "connection"),
    ))
}

/// Whether the median at the end of the window is that of a longer line than at its beginning.
fn grows(traffic: &Traffic) -> bool {
    let medians: Vec<u64> = traffic.intervals.iter().filter_map(|interval| interval.p50_ns).collect();
    match (medians.first(), medians.last()) {
        (Some(first), Some(last)) => *last as f64 > GROWN * *first as f64,
        _ => false,
    }
}

fn malformed(malformed: &Malformed) -> String {
    let Malformed { reason, count, example } = malformed;
    let replies = if *count == 1 { "reply" } else { "replies" };
    // It is escaped already.
    let began = if example.is_empty() { String::new() } else { format!("; the first began \"{example}\"") };
    format!("{} malformed {replies}: {}{began}; {}", format::count(*count), reason.describe(), reason.remedy())
}

/// What the warm-up left behind. Of a load that was stopped that says nothing: requests were under way.
pub(super) fn hung(traffic: &Traffic) -> Option<String> {
    let hung = traffic.hung_since_warm_up;
    (hung > 0).then(|| {
        format!(
            "{} of the warm-up never got a reply, which no other figure shows; see whether the server holds on \
             to connections, or says a length that is too large",
            counted(hung, "request")
        )
    })
}

fn delayed_acknowledgements(traffic: &Traffic) -> Option<String> {
    let (delayed, ok) = (traffic.delayed_in_the_middle, traffic.ledger.ok);
    let is_many = ok > 0 && delayed as f64 > MANY_DELAYED * ok as f64;
    is_many.then(|| {
        format!(
            "{} of {} right replies came in two parts some 40 ms apart: the server waits for a delayed acknowledgement \
             (Nagle's algorithm); let it write head and body at once, or set TCP_NODELAY",
            format::count(delayed),
            format::count(ok)
        )
    })
}

/// From this share of its CPU on, a thread that was late had too much to do.
const BUSY: f64 = 0.5;

/// A request whose own work takes this part of a lag makes up the lag with a few others.
const PART_OF_A_LAG: f64 = 0.05;

/// Replies from this size on cost the generator more to read than to check.
const LARGE_REPLY_BYTES: f64 = 65_536.0;

/// What is known of the generator's part.
#[derive(Debug, Clone, Copy)]
pub(super) struct Sending<'a> {
    pub(super) generator: Generator,
    pub(super) usage: &'a GeneratorUsage,
    /// Without polling; absent where no reply was right.
    pub(super) cpu_ns_per_request: Option<f64>,
    pub(super) mean_reply_bytes: Option<f64>,
    /// CPUs that this process may use.
    pub(super) cpus: usize,
    /// Workers that send instead of this process, or none.
    pub(super) workers: usize,
}

/// In closed loop one side is saturated, and it may be the generator: that bounds what was found and makes it no less
/// true. What happened to the machine is told in either loop.
pub(super) fn doubts(spec: &LoadSpec, outcome: &LoadOutcome, machine: &MachineSeen) -> Vec<Warning> {
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
pub(super) fn is_of_the_generator(doubt: &Warning) -> bool {
    matches!(
        doubt,
        Warning::GeneratorFellBehind { .. }
            | Warning::GeneratorSaturated { .. }
            | Warning::GeneratorThrottled(_)
            | Warning::ScheduleLag { .. }
    )
}

/// The doubt and what to do, as one sentence without its stop.
pub(super) fn sentence(doubt: &Warning, sending: Sending<'_>) -> String {
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
pub(super) fn capacity_of_the_generator(spec: &LoadSpec, sending: Sending<'_>) -> Option<String> {
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

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use reports::record::{Interval, MalformedReason};

    use super::*;
    use crate::cli::load::times::tests::record;
    use crate::plan::{ArrivalProcess, Shape, Work};

    fn spec(rate_rps: f64) -> LoadSpec {
        LoadSpec {
            arrivals: ArrivalProcess::Poisson { rate_rps },
            shape: Shape::Connections { connections: 64 },
            work: Work::new("echo", "hi"),
            seed: 1,
            warm_up: Duration::ZERO,
            window: Duration::from_secs(1),
            timeout: Duration::from_secs(1),
        }
    }

    fn traffic(ledger: Ledger) -> Traffic {
        Traffic { ledger, ok_within_window: ledger.ok, ..Traffic::new(record([])) }
    }

    fn all(traffic: &Traffic) -> Vec<String> {
        notices(&spec(60_000.0), traffic, Some(43_000.0))
    }

    #[test]
    fn failures_are_told_by_status_and_kind_the_most_frequent_first() {
        let ledger = Ledger { scheduled: 1_000, ok: 690, error: 300, timeout: 10, ..Ledger::default() };
        let failing = Traffic { statuses: [(200, 690), (503, 200), (404, 100)].into(), ..traffic(ledger) };
        assert_eq!(all(&failing), ["31% of requests failed: 503 20%, 404 10%, timeout 1.00%"]);
        assert_eq!(all(&traffic(ledger)), ["31% of requests failed: error 30%, timeout 1.00%"]);
        assert_eq!(all(&traffic(Ledger { scheduled: 5, ok: 5, ..Ledger::default() })), [""; 0]);
    }

    fn behind(medians: &[u64], ok_within_window: u64, ledger: Ledger) -> Option<String> {
        let interval = |p50_ns: &u64| Interval { at_ns: 0, ok: 1, failed: 0, p50_ns: Some(*p50_ns), max_ns: None };
        let intervals = medians.iter().map(interval).collect();
        let traffic = Traffic { intervals, ok_within_window, ..traffic(ledger) };
        fell_behind(&spec(60_000.0), &traffic, 43_000.0)
    }

    #[test]
    fn a_server_that_did_not_keep_up_is_told_from_a_slow_one() {
        let answered = Ledger { scheduled: 1_000, ok: 1_000, ..Ledger::default() };
        assert_eq!(
            behind(&[10, 20, 30], 700, answered).unwrap(),
            "the server did not keep up: 43,000/s of 60,000/s over 64 connections; the percentiles grow with \
             --duration; leave out --rate to see how much it takes"
        );
        assert_eq!(behind(&[30, 29, 31], 700, answered), None, "it takes its time");
        assert_eq!(behind(&[10, 20, 30], 960, answered), None, "it keeps up");
        let timed_out = Ledger { scheduled: 1_000, ok: 700, timeout: 300, ..Ledger::default() };
        let said = behind(&[30, 30], 700, timed_out).unwrap();
        assert!(said.contains("43,000/s of 60,000/s") && !said.contains("grow"), "{said}");
        let silent = Ledger { scheduled: 1_000, timeout: 1_000, ..Ledger::default() };
        assert_eq!(behind(&[], 0, silent), None);
        let refused = Ledger { scheduled: 1_000, ok: 700, error: 300, ..Ledger::default() };
        assert_eq!(behind(&[10, 30], 700, refused), None, "an error is an answer");
    }

    #[test]
    fn a_malformed_reply_is_shown_with_what_to_do() {
        let ledger = Ledger { scheduled: 1, malformed: 1, ..Ledger::default() };
        let malformed =
            Malformed { reason: MalformedReason::NotTheProtocol, count: 1, example: "SSH-2.0\\r\\n".to_owned() };
        let found = all(&Traffic { malformed: vec![malformed], ..traffic(ledger) });
        assert_eq!(
            found[1],
            "1 malformed reply: what came is no message of this protocol; the first began \"SSH-2.0\\r\\n\"; give the \
             --wire that the server speaks, and --path for a page"
        );
    }

    #[test]
    fn what_hangs_and_what_waits_for_an_acknowledgement_is_named() {
        let ledger = Ledger { scheduled: 100, ok: 100, ..Ledger::default() };
        let traffic_of = |hung_since_warm_up| Traffic { hung_since_warm_up, ..traffic(ledger) };
        assert!(hung(&traffic_of(3)).unwrap().starts_with("3 requests of the warm-up never got a reply"));
        assert_eq!(hung(&traffic_of(0)), None);
        let found = all(&Traffic { delayed_in_the_middle: 11, ..traffic(ledger) });
        assert!(found.len() == 1 && found[0].contains("11 of 100") && found[0].contains("TCP_NODELAY"), "{found:?}");
        assert_eq!(all(&Traffic { delayed_in_the_middle: 10, ..traffic(ledger) }), [""; 0]);
    }

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
        let mut spec = spec(1.0);
        spec.arrivals = ArrivalProcess::Closed;
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
        spec.arrivals = ArrivalProcess::Constant { rate_rps: 1.0 };
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
