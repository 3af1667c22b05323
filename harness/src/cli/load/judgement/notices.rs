//! What must be known before all figures of a load: who failed and of what, whether the server kept up, what a server does that
//! makes it slow, and that the network may have been slow instead. Sentences without their stop.
//!
//! Must not know: what speaks against the figures. Beside it: `doubts.rs`, which does.

use instruments::load::LoadSpec;
use reports::format::{self, counted, list, share};
use reports::record::{Ledger, Malformed, Traffic};
use reports::study::KEPT_UP;

use crate::cli::load::findings::percentiles::Bounded;
use crate::cli::output::per_second;

/// Of all right replies, how many that came in two parts are more than chance.
const MANY_DELAYED: f64 = 0.1;

/// Times the first median, from which on the last is that of a growing line.
const GROWN: f64 = 1.5;

/// Fewer requests tell nothing of a line.
const FEWEST_FOR_A_LINE: u64 = 20;

/// All of them but [`hung`], the weightiest first. `achieved_rps` is of a load whose generator kept to its schedule, else
/// absent.
pub(in crate::cli::load) fn notices(spec: &LoadSpec, traffic: &Traffic, achieved_rps: Option<f64>) -> Vec<String> {
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
pub(in crate::cli::load) fn hung(traffic: &Traffic) -> Option<String> {
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

/// What TCP sent again on a machine that sent a part of a load.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::cli::load) struct SentAgain<'a> {
    /// What the machine calls itself; none for this one.
    pub(in crate::cli::load) host: Option<&'a str>,
    pub(in crate::cli::load) segments: u64,
}

/// The least that Linux waits before it sends again (TCP_RTO_MIN), in nanoseconds.
const SHORTEST_WAIT_NS: u64 = 200_000_000;

/// A sender hears of a lost segment by the answer that does not come. It waits 200 ms at the least on Linux, twice as long each
/// further time, and sends again. So a link that is cut for a moment is a stall of up to twice that moment, and no figure of the
/// server tells the two apart; the kernel's count does. Nothing is said where nothing was sent again, or no request was as slow as waiting for that makes it.
pub(in crate::cli::load) fn sent_again(machines: &[SentAgain<'_>], slowest: Option<Bounded>) -> Option<String> {
    // Beyond a timeout it may be anything.
    let is_slow = slowest.is_some_and(|slowest| slowest.value.is_none_or(|ns| ns >= SHORTEST_WAIT_NS));
    // Each by itself: two workers on one machine have counted the same.
    let counts = machines.iter().filter(|machine| machine.segments > 0).map(|machine| {
        let host = machine.host.map_or_else(String::new, |host| format!(" on {host}"));
        format!("{}{host}", counted(machine.segments, "segment"))
    });
    let counts: Vec<String> = counts.collect();
    (is_slow && !counts.is_empty()).then(|| {
        format!(
            "TCP sent {} again during the load, all programs together: times from 200 ms up may be the network's and not the \
             server's, since TCP waits that long before it sends again, and twice as long each further time; check whether the \
             link loses packets ('ip -s link')",
            list(&counts)
        )
    })
}

#[cfg(test)]
mod tests {
    use reports::record::{Interval, MalformedReason};

    use super::*;
    use crate::cli::load::findings::times::tests::record;
    use instruments::load::{ArrivalProcess, Shape};

    fn spec(rate_rps: f64) -> LoadSpec {
        let shape = Shape::Connections { connections: 64 };
        LoadSpec { shape, ..LoadSpec::of_a_second(ArrivalProcess::Poisson { rate_rps }) }
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

    fn at(ns: u64) -> Option<Bounded> {
        Some(Bounded::at(ns))
    }

    fn on(host: &str, segments: u64) -> SentAgain<'_> {
        SentAgain { host: Some(host), segments }
    }

    #[test]
    fn what_was_sent_again_is_told_with_its_place_where_it_can_be_the_reason() {
        let here = [SentAgain { host: None, segments: 16 }];
        let said = sent_again(&here, at(400_000_000)).unwrap();
        assert!(said.starts_with("TCP sent 16 segments again during the load, all"), "{said}");
        let workers = [SentAgain { host: None, segments: 0 }, on("gen-a", 0), on("gen-b", 1)];
        let said = sent_again(&workers, at(210_000_000)).unwrap();
        assert!(said.starts_with("TCP sent 1 segment on gen-b again during the load"), "{said}");
        let beyond_the_timeout = Some(Bounded::above(100_000_000));
        let said = sent_again(&[on("gen-a", 3), on("gen-b", 2)], beyond_the_timeout).unwrap();
        assert!(said.starts_with("TCP sent 3 segments on gen-a and 2 segments on gen-b again"), "{said}");
    }

    #[test]
    fn nothing_is_said_where_it_can_not_be_the_reason() {
        assert_eq!(sent_again(&[on("gen-a", 16)], at(199_999_999)), None, "nobody waited that long");
        assert_eq!(sent_again(&[on("gen-a", 0)], at(900_000_000)), None);
        assert_eq!(sent_again(&[on("gen-a", 16)], None), None);
        assert_eq!(sent_again(&[], at(900_000_000)), None);
    }
}
