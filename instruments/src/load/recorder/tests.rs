//! The ledger's identities, whatever happens to requests; and each note by itself.

use proptest::prelude::*;

use super::split::Sums;
use super::*;

const WINDOW: Range<u64> = 1_000..2_000;
const TIMEOUT_NS: u64 = 500;

fn recorder() -> Recorder {
    let mut recorder = Recorder::new(TIMEOUT_NS, Loop::Open);
    recorder.set_window(WINDOW);
    recorder
}

const FAILURES: [Failure; 6] =
    [Failure::Error, Failure::Timeout, Failure::Malformed, Failure::Refused, Failure::Dropped, Failure::InFlight];

/// What becomes of one arrival: when it is due, how late it is taken up, how each of its requests ends (0 for ok,
/// else a failure), and after how many of them the rest is never sent.
fn arrivals() -> impl Strategy<Value = Vec<(u64, u64, Vec<usize>, usize)>> {
    let ends = prop::collection::vec(0..=FAILURES.len(), 1..5);
    prop::collection::vec((500..2_000_u64, 0..300_u64, ends, 0..6_usize), 0..60)
}

/// Plays an arrival to the recorder as the generator would.
fn play(recorder: &mut Recorder, (due_ns, late_ns, ends, sent): &(u64, u64, Vec<usize>, usize)) {
    let mut now = due_ns + late_ns;
    let place = recorder.arrival(*due_ns, now, ends.len() as u32);
    for end in ends.iter().take(*sent) {
        recorder.entered(place, now);
        now += 10;
        match end {
            0 => recorder.ok(place, &Answered::at_once(now - 10, now)),
            failure => recorder.failed(place, FAILURES[failure - 1], (now - 10, now), None),
        }
    }
    recorder.unsent(place, Failure::Dropped, ends.len().saturating_sub(*sent) as u64, 0);
}

proptest! {
    #[test]
    fn every_request_has_exactly_one_end(arrivals in arrivals(), workers in 1..4_usize) {
        let mut recorders = vec![recorder(); workers];
        let mut scheduled = 0;
        for (index, arrival) in arrivals.iter().enumerate() {
            play(&mut recorders[index % workers], arrival);
            scheduled += if arrival.0 >= WINDOW.start { arrival.2.len() as u64 } else { 0 };
        }
        let mut sum = recorders.pop().unwrap();
        recorders.iter().for_each(|part| sum.add(part));
        prop_assert_eq!(sum.ledger.scheduled, scheduled);
        prop_assert_eq!(sum.ledger.accounted_for(), scheduled);
        prop_assert_eq!(sum.response_time.count(), sum.ledger.ok + sum.ledger.timeout);
        prop_assert_eq!(sum.service_time.count(), sum.ledger.ok);
        prop_assert_eq!(sum.schedule_lag.count(), sum.arrivals);
        prop_assert!(sum.taken_up_in_time <= sum.arrivals);
        prop_assert!(sum.ok_in_all >= sum.ledger.ok.max(sum.ok_within_window));
    }

    /// However the notes are spread over workers, they come to the same.
    #[test]
    fn notes_add_up_whoever_took_them(arrivals in arrivals(), workers in 1..4_usize) {
        let mut one = recorder();
        let mut several = vec![recorder(); workers];
        for (index, arrival) in arrivals.iter().enumerate() {
            play(&mut one, arrival);
            play(&mut several[index % workers], arrival);
        }
        let mut sum = several.pop().unwrap();
        several.iter().for_each(|part| sum.add(part));
        prop_assert_eq!(sum.ledger, one.ledger);
        prop_assert_eq!(sum.ok_in_all, one.ok_in_all);
        prop_assert_eq!(sum.ok_within_window, one.ok_within_window);
        prop_assert_eq!(sum.response_time.sum_ns(), one.response_time.sum_ns());
        prop_assert_eq!(sum.response_time.histogram(), one.response_time.histogram());
        let counts = |recorder: &Recorder| -> Vec<_> {
            recorder.intervals.iter().map(|interval| (interval.ok, interval.failed)).collect()
        };
        prop_assert_eq!(counts(&sum), counts(&one));
    }
}

#[test]
fn what_is_due_before_the_window_leaves_no_trace_but_the_count_of_replies() {
    let mut recorder = recorder();
    let place = recorder.arrival(999, 999, 2);
    recorder.entered(place, 999);
    recorder.ok(place, &Answered::at_once(999, 1_001));
    recorder.entered(place, 1_001);
    recorder.failed(place, Failure::Timeout, (1_001, 1_501), None);
    recorder.never_taken_up(999, 1, 5);
    recorder.connected(place, 5);
    assert_eq!((recorder.ledger, recorder.arrivals), (Ledger::default(), 0));
    assert_eq!((recorder.connections, recorder.connect_time.count()), (ConnectionLedger::default(), 0));
    assert_eq!((recorder.ok_in_all, recorder.ok_within_window), (1, 1));
    assert_eq!(recorder.area_in_system_ns(), 0);
    assert_eq!(recorder.response_time.count(), 0);
}

#[test]
fn a_timeout_that_is_noticed_late_enters_at_the_timeout() {
    let mut recorder = recorder();
    let place = recorder.arrival(1_000, 1_000, 1);
    recorder.entered(place, 1_000);
    recorder.failed(place, Failure::Timeout, (1_000, 1_777), None);
    assert_eq!(recorder.response_time.sum_ns(), TIMEOUT_NS);
    assert_eq!(recorder.area_in_system_ns(), i128::from(TIMEOUT_NS));
    assert_eq!(recorder.ledger, Ledger { scheduled: 1, timeout: 1, ..Ledger::default() });
}

#[test]
fn the_area_is_the_sum_of_the_response_times() {
    let mut recorder = recorder();
    // Taken up 100 late, two in the system at once for a while, the last one ending after the window.
    for (due_ns, taken_up_ns) in [(1_000, 1_100), (1_200, 1_200)] {
        let place = recorder.arrival(due_ns, taken_up_ns, 1);
        recorder.entered(place, taken_up_ns);
    }
    recorder.ok(Scheduled::InWindow, &Answered::at_once(1_000, 1_500));
    recorder.ok(Scheduled::InWindow, &Answered::at_once(1_200, 2_200));
    assert_eq!(recorder.area_in_system_ns(), 1_500);
    assert_eq!(recorder.response_time.sum_ns(), 1_500);
}

#[test]
fn times_that_do_not_nest_are_counted_and_not_split() {
    let ordered = served(1_000, [1_005, 1_011, 1_013, 1_016, 1_020]);
    let mut recorder = recorder();
    recorder.ok(Scheduled::InWindow, &ordered);
    assert_eq!((sums(&recorder), recorder.out_of_order), ([5, 6, 2, 0, 3, 4, 0], 0));
    let wrong = [
        Answered { taken_up_ns: 999, ..ordered },
        Answered { sent_ns: 1_004, ..ordered },
        Answered { server_ns: Some((1_010, 1_016)), ..ordered },
        Answered { server_ns: Some((1_016, 1_013)), ..ordered },
        Answered { server_ns: Some((1_013, 1_021)), ..ordered },
        Answered { server_ns: None, received_ns: 1_010, ..ordered },
    ];
    wrong.iter().for_each(|answered| recorder.ok(Scheduled::InWindow, answered));
    assert_eq!((sums(&recorder), recorder.out_of_order), ([5, 6, 2, 0, 3, 4, 0], 6));
}

/// By a server that says when it received the request and when it sent the reply, which are the third and the fourth of the
/// moments after that at which it was due.
fn served(
    intended_ns: u64,
    [taken_up_ns, sent_ns, server_received_ns, server_sent_ns, received_ns]: [u64; 5],
) -> Answered {
    let server_ns = Some((server_received_ns, server_sent_ns));
    Answered { taken_up_ns, sent_ns, server_ns, ..Answered::at_once(intended_ns, received_ns) }
}

fn sums(recorder: &Recorder) -> [u64; 7] {
    recorder.split.parts.each_ref().map(|part| part.sum_ns())
}

#[test]
fn the_parts_of_the_slow_are_kept_apart_and_add_up_whoever_noted_them() {
    let quick = served(1_000, [1_001, 1_003, 1_006, 1_010, 1_015]);
    let slow = Answered { server_ns: Some((1_906, 1_910)), received_ns: 1_915, ..quick };
    let (mut one, mut other) = (recorder(), recorder());
    one.ok(Scheduled::InWindow, &quick);
    other.ok(Scheduled::InWindow, &slow);
    other.ok(Scheduled::InWindow, &quick);
    one.add(&other);
    let noted: Vec<_> = one.split.by_response_time().map(|(least_ns, sums)| (least_ns, *sums)).collect();
    let usual = Sums { replies: 2, parts_ns: [2, 4, 6, 0, 8, 10, 0] };
    let slowest = Sums { replies: 1, parts_ns: [1, 2, 903, 0, 4, 5, 0] };
    // 915 is in the bucket from 912 to 919: at these values they are eight wide.
    assert_eq!(noted, [(15, usual), (912, slowest)]);
}

#[test]
fn a_wait_for_the_backend_is_a_part_of_its_own_and_not_of_the_service() {
    let shared = Answered { server_waited_ns: Some(30), ..served(1_000, [1_001, 1_003, 1_006, 1_046, 1_050]) };
    let mut recorder = recorder();
    recorder.ok(Scheduled::InWindow, &shared);
    assert_eq!(sums(&recorder), [1, 2, 3, 30, 10, 4, 0]);
    let (_, of_bucket) = recorder.split.by_response_time().next().unwrap();
    assert_eq!(of_bucket.parts_ns, sums(&recorder));
    // It can't have waited for longer than it was there.
    recorder.ok(Scheduled::InWindow, &Answered { server_waited_ns: Some(41), ..shared });
    assert_eq!(recorder.out_of_order, 1);
}

#[test]
fn a_server_without_times_leaves_what_follows_the_send_in_one() {
    let mut recorder = recorder();
    let page = Answered { taken_up_ns: 1_001, sent_ns: 1_003, ..Answered::at_once(1_000, 1_050) };
    recorder.ok(Scheduled::InWindow, &page);
    assert_eq!(sums(&recorder), [1, 2, 0, 0, 0, 0, 47]);
}

#[test]
fn an_arrival_is_in_time_until_a_hundredth_of_the_window_after_it() {
    let mut recorder = recorder();
    for taken_up_ns in [1_999, 2_009, 2_010] {
        recorder.arrival(1_999, taken_up_ns, 1);
    }
    recorder.never_taken_up(1_999, 1, 3);
    assert_eq!((recorder.arrivals, recorder.taken_up_in_time), (4, 2));
    assert_eq!((recorder.ledger.scheduled, recorder.ledger.dropped), (6, 3));
}
