//! The generator and the backend that were late or busy, notes whose algebra does not hold, and a server that serves nobody or
//! sends more than it was asked for.

use reports::record::{BackendUsage, DisturbanceRecord, GeneratorUsage, Ledger, Malformed, MalformedReason, Warning};

use super::{MS, changed, disturbance, failed, histogram, traffic};

fn generator(change: impl FnOnce(&mut GeneratorUsage)) -> Vec<Warning> {
    changed(|cell| change(cell.generator.as_mut().unwrap()))
}

#[test]
fn a_backend_that_was_late_or_busy_invalidates_and_says_which() {
    let backend = |change: fn(&mut BackendUsage)| changed(|cell| change(cell.backend.as_mut().unwrap()));
    // The p99 of the response time is 10 ms, and a tenth of that is allowed.
    let late = backend(|usage| usage.lag = histogram(&[[MS / 10; 980].as_slice(), &[3 * MS; 20]].concat()));
    assert!(matches!(late[..], [Warning::BackendLag { allowed_ns: 1_000_000.., .. }]), "{late:?}");
    let busy = backend(|usage| usage.busy = 0.81);
    assert_eq!(busy, [Warning::BackendSaturated { busy: 0.81 }]);
    assert!(late[0].invalidates() && busy[0].invalidates());
}

#[test]
fn a_closed_loop_is_held_to_its_service_time() {
    let backend_lag = |service_ms: u64| {
        changed(|cell| {
            let traffic = cell.traffic.as_mut().unwrap();
            traffic.response_time = None;
            traffic.service_time = histogram(&[service_ms * MS; 1_000]);
            cell.backend.as_mut().unwrap().lag = histogram(&[2 * MS; 1_000]);
        })
    };
    let is_slowed = |warning: &Warning| matches!(warning, Warning::BackendSlowedClients { .. });
    assert!(backend_lag(15).iter().any(is_slowed));
    assert!(!backend_lag(30).iter().any(is_slowed));
}

#[test]
fn a_generator_that_fell_behind_invalidates() {
    let warnings = generator(|usage| usage.kept_pace = 0.989);
    assert_eq!(warnings, [Warning::GeneratorFellBehind { kept_pace: 0.989 }]);
    assert!(warnings[0].invalidates());
}

#[test]
fn a_generator_without_cpu_to_spare_invalidates() {
    let warnings = generator(|usage| usage.busiest_worker = 0.81);
    assert_eq!(warnings, [Warning::GeneratorSaturated { busiest_worker: 0.81 }]);
    assert!(warnings[0].invalidates());
}

#[test]
fn a_late_schedule_invalidates_only_beyond_a_tenth_of_what_is_reported() {
    let lag = |response_ms: u64, lag_us: u64| {
        traffic(|traffic| {
            traffic.response_time = Some(histogram(&vec![response_ms * MS; 1_000]));
            traffic.mean_in_system = Some(response_ms as f64);
            traffic.schedule_lag = Some(histogram(&vec![lag_us * 1_000; 1_000]));
        })
    };
    // Up to a millisecond it never matters, however fast the server.
    assert_eq!(lag(1, 999), []);
    assert!(matches!(lag(1, 1_010)[..], [Warning::ScheduleLag { allowed_ns: 1_000_000, .. }]));
    assert_eq!(lag(100, 9_900), []);
    let late = lag(100, 10_200);
    assert!(matches!(late[..], [Warning::ScheduleLag { .. }]) && late[0].invalidates(), "{late:?}");
}

#[test]
fn only_the_slowest_hundredth_of_the_lag_counts() {
    let lags = |late: usize| {
        traffic(|traffic| {
            let lags: Vec<u64> = (0..1_000).map(|index| if index < late { 50 * MS } else { 1_000 }).collect();
            traffic.schedule_lag = Some(histogram(&lags));
        })
    };
    assert_eq!(lags(10), []);
    assert_eq!(lags(11).len(), 1);
}

#[test]
fn a_request_without_an_end_or_with_two_invalidates() {
    for ok in [999, 1_001] {
        let found = traffic(|traffic| {
            traffic.ledger.ok = ok;
            // Where not every request has a response time, the other checks have nothing to say.
            traffic.response_time = None;
        });
        assert_eq!(failed(&found), "every request has one end", "{found:?}");
    }
}

#[test]
fn times_out_of_order_invalidate() {
    assert_eq!(failed(&traffic(|traffic| traffic.timestamps_out_of_order = 1)), "timestamps nest");
}

#[test]
fn requests_in_the_system_must_agree_with_their_response_times() {
    for mean in [9.4, 10.6, 0.0, f64::NAN] {
        let found = traffic(|traffic| traffic.mean_in_system = Some(mean));
        assert_eq!(failed(&found), "Little's law", "{mean}");
    }
    for mean in [9.6, 10.4] {
        assert_eq!(traffic(|traffic| traffic.mean_in_system = Some(mean)), [], "{mean}");
    }
}

#[test]
fn little_says_nothing_where_requests_have_no_response_time() {
    let found = traffic(|traffic| {
        traffic.ledger.ok = 500;
        traffic.ledger.refused = 500;
        traffic.mean_in_system = Some(1.0);
    });
    assert_eq!(found, []);
}

/// Of so many requests, the last few of a thousand taken up late and the others on time.
fn late_tail(requests: u64, response_ms: u64, late_ms: u64) -> Vec<Warning> {
    traffic(|traffic| {
        let lags: Vec<u64> = (0..requests).map(|index| if index % 200 == 0 { late_ms * MS } else { 1_000 }).collect();
        traffic.schedule_lag = Some(histogram(&lags));
        traffic.response_time = Some(histogram(&vec![response_ms * MS; requests as usize]));
        traffic.ledger = Ledger { scheduled: requests, ok: requests, ..Ledger::default() };
        traffic.mean_in_system = Some((requests * response_ms) as f64 / 1_000.0);
    })
}

#[test]
fn a_late_tail_makes_the_rarest_percentile_doubtful_and_no_other() {
    let doubtful = late_tail(3_688, 10, 2);
    assert!(matches!(doubtful[..], [Warning::TailLag { allowed_ns, .. }] if allowed_ns / MS == 1), "{doubtful:?}");
    assert!(!doubtful[0].invalidates());
    assert_eq!(late_tail(3_687, 10, 2), [], "nobody is shown a p99.9 of so few");
    assert_eq!(late_tail(4_000, 100, 9), [], "a tenth of what is reported");
    assert!(matches!(late_tail(4_000, 100, 11)[..], [Warning::TailLag { .. }]));
}

#[test]
fn a_late_schedule_is_not_said_of_its_tail_once_more() {
    let found = traffic(|traffic| {
        traffic.schedule_lag = Some(histogram(&[50 * MS; 4_000]));
        traffic.response_time = Some(histogram(&[10 * MS; 4_000]));
        traffic.mean_in_system = None;
    });
    assert!(matches!(found[..], [Warning::ScheduleLag { .. }]), "{found:?}");
}

#[test]
fn a_load_without_one_right_reply_is_invalid_but_as_the_result_of_a_disturbance() {
    let unanswered = |disturbance: Option<DisturbanceRecord>| {
        changed(|cell| {
            cell.disturbance = disturbance;
            let traffic = cell.traffic.as_mut().unwrap();
            traffic.ledger = Ledger { scheduled: 1_000, timeout: 1_000, ..Ledger::default() };
            (traffic.ok_in_all, traffic.given_up_in_all) = (100, 1_000);
        })
    };
    assert_eq!(unanswered(None), [Warning::NothingRight]);
    assert!(Warning::NothingRight.invalidates());
    assert_eq!(unanswered(Some(disturbance(None))), []);
}

#[test]
fn a_session_longer_than_its_window_was_answered_all_the_same() {
    let in_closed_loop = |ok: u64, ok_within_window: u64| {
        traffic(|traffic| {
            traffic.ledger = Ledger { scheduled: ok, ok, ..Ledger::default() };
            (traffic.response_time, traffic.mean_in_system) = (None, None);
            (traffic.ok_within_window, traffic.service_time) = (ok_within_window, histogram(&[]));
        })
    };
    assert_eq!(in_closed_loop(0, 1_000), []);
    assert_eq!(in_closed_loop(1_000, 0), [], "each answered after the window");
    assert_eq!(in_closed_loop(0, 0), [Warning::NothingRight]);
}

#[test]
fn replies_that_nobody_asked_for_invalidate_whatever_is_done_to_the_server() {
    let malformed = |reason, disturbance: Option<DisturbanceRecord>| {
        changed(|cell| {
            cell.disturbance = disturbance;
            cell.traffic.as_mut().unwrap().malformed = vec![Malformed { reason, count: 3, example: String::new() }];
        })
    };
    let surplus = [Warning::SurplusReplies { count: 3 }];
    assert!(surplus[0].invalidates());
    assert_eq!(malformed(MalformedReason::Surplus, None), surplus);
    assert_eq!(malformed(MalformedReason::Surplus, Some(disturbance(None))), surplus);
    assert_eq!(malformed(MalformedReason::WrongResult, None), []);
}

#[test]
fn a_stop_that_a_closed_loop_hides_is_told() {
    let stopped = |closed: bool, stop_ms: u64| {
        traffic(|traffic| {
            let times: Vec<u64> = (0..1_000).map(|index| if index < 5 { stop_ms * MS } else { MS }).collect();
            traffic.service_time = histogram(&times);
            traffic.response_time = (!closed).then(|| histogram(&times));
            traffic.mean_in_system = None;
        })
    };
    let [told @ Warning::StallHidden { longest_ns, p99_ns }] = &stopped(true, 200)[..] else { panic!() };
    assert!((200 * MS..202 * MS).contains(longest_ns) && (MS..2 * MS).contains(p99_ns) && !told.invalidates());
    assert_eq!(stopped(true, 90), [], "less than a tenth of the window");
    assert_eq!(stopped(false, 200), [], "on schedule the percentiles show it");
    let everywhere = traffic(|traffic| {
        (traffic.service_time, traffic.response_time) = (histogram(&[200 * MS; 1_000]), None);
        traffic.mean_in_system = None;
    });
    assert_eq!(everywhere, [], "the p99 shows it");
}
