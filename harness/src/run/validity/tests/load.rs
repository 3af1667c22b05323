//! A late tail, and a server that serves nobody or sends more than it was asked for.

use reports::record::{DisturbanceRecord, Ledger, Malformed, MalformedReason, Warning};

use super::{MS, changed, disturbance, histogram, traffic};

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
