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
            "{} of the warm-up never got a reply, which no other figure shows; check whether the server keeps \
             connections without answering, or gives a length that is too large",
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
mod tests;
