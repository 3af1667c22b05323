//! A server that stands still for a while.

use std::time::Duration;

use harness::load::now_ns;
use rustix::process::Signal;

use crate::subject::{MS, Served, Verdict, Watchman, decide, off, quantile, run, sleep_until, spec};

/// A stall of 200 ms in 10 s of a request a millisecond: a request that was due `t` into the stall waits for the rest
/// of it, so that 2% of all requests wait for 0 to 200 ms, evenly. A generator that waits for replies before it sends,
/// and times from the send, would see 64 slow requests at most, and a p99 without a trace of the stall.
#[test]
fn a_stall_is_seen_by_every_request_that_was_due_in_it() {
    const WINDOW: Duration = Duration::from_secs(10);
    const STALL_NS: u64 = 200 * MS;
    decide(|| {
        let server = Served::start("async-single");
        let watchman = Watchman::start();
        let mut stall_ns = None;
        let outcome = run(&spec(1_000.0, 64, WINDOW), server.address, |moments| {
            if stall_ns.is_none() && now_ns() > moments.window_start_ns {
                sleep_until(moments.window_start_ns + 5_000 * MS);
                let stopped_ns = now_ns();
                server.signal(Signal::STOP);
                sleep_until(stopped_ns + STALL_NS);
                server.signal(Signal::CONT);
                stall_ns = Some(now_ns() - stopped_ns);
            }
        });
        let overslept_ns = watchman.overslept_ns();
        let stall = stall_ns.unwrap() as f64;
        let response_time = outcome.traffic.response_time.as_ref().unwrap();
        assert_eq!((outcome.traffic.ledger.ok, response_time.count), (10_000, 10_000));
        let truth = |quantile: f64| stall - (1.0 - quantile) * WINDOW.as_nanos() as f64;
        let figures = [("p99", 0.99, 0.05), ("p99.9", 0.999, 0.04), ("the greatest", 1.0, 0.03)];
        // A time without a CPU lengthens response times by itself at most, and explains no more than that.
        let missed = |explained_ns: u64| -> Vec<String> {
            let allowed = |share: f64, tolerance: f64| tolerance + explained_ns as f64 / truth(share);
            let of = |(name, share, tolerance): (&str, f64, f64)| {
                off(name, quantile(response_time, share), truth(share), allowed(share, tolerance))
            };
            let service_p99 = quantile(&outcome.traffic.service_time, 0.99);
            let in_service = service_p99 > truth(0.99) / 3.0 + explained_ns as f64;
            let in_service = in_service.then(|| format!("the service time's p99, {service_p99} ns, shows the stall"));
            figures.into_iter().filter_map(of).chain(in_service).collect()
        };
        match (missed(0), missed(overslept_ns)) {
            (missed, _) if missed.is_empty() => Verdict::Right,
            (missed, unexplained) if unexplained.is_empty() => {
                Verdict::Disturbed(format!("{}, {overslept_ns} ns overslept", missed.join("; ")))
            }
            (_, unexplained) => Verdict::Wrong(unexplained.join("; ")),
        }
    });
}
