//! What is said of the figures of a load, on literal ones.

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
    let usage = GeneratorUsage { threads, user_cpu_ns: 0, system_cpu_ns: 0, polling_ns: 0, busiest_worker, kept_pace };
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
