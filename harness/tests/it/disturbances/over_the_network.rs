//! Each disturbance against a server whose behaviour is known: what is counted must be what happened.

use std::net::SocketAddr;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::Duration;

use instruments::load::{
    self, ArrivalProcess, DisturbError, Disturbance, DisturbanceKind, Disturbed, Generator, LoadSpec, Order, Pacing,
    Shape, Work, now_ns,
};
use reports::record::{DisturbanceProgress, Fate, Traffic};
use servers::protocol::Wire;

use crate::common::own_server::serve;
use crate::common::{LONGEST_WAIT, within};
use crate::disturbances::fakes::{self, Habit};

/// Several times what any of this takes, as a disturbance gives way to whatever else runs on the machine.
const LASTING: Duration = Duration::from_millis(1_500);

fn of(kind: DisturbanceKind) -> Disturbance {
    Disturbance { name: "test", kind, from: Duration::from_millis(20), lasting: LASTING }
}

/// On a thread of its own, which it leaves at the lowest priority.
fn carried_out(disturbance: &Disturbance, target: SocketAddr, stop: &AtomicBool) -> Result<Disturbed, DisturbError> {
    thread::scope(|scope| scope.spawn(|| load::disturb(disturbance, target, now_ns(), stop)).join().unwrap())
}

fn disturb(kind: DisturbanceKind, target: SocketAddr) -> Disturbed {
    carried_out(&of(kind), target, &AtomicBool::new(false)).unwrap()
}

/// Ended early, as soon as `is_done`.
fn disturb_until(kind: DisturbanceKind, target: SocketAddr, is_done: impl Fn() -> bool) -> Disturbed {
    let endless = Disturbance { lasting: LONGEST_WAIT, ..of(kind) };
    let stop = AtomicBool::new(false);
    thread::scope(|scope| {
        let disturbing = scope.spawn(|| load::disturb(&endless, target, now_ns(), &stop).unwrap());
        let was_done = within(LONGEST_WAIT, is_done);
        stop.store(true, Ordering::Relaxed);
        assert!(was_done);
        disturbing.join().unwrap()
    })
}

/// How many may have been begun at `per_second` in the time that it lasted.
fn in_its_time(disturbed: &Disturbed, per_second: f64) -> u64 {
    ((disturbed.ended_ns - disturbed.begun_ns) as f64 / 1e9 * per_second).ceil() as u64
}

/// What became of a server of ours meanwhile, which tells how many requests it has served: what was done, and how many they
/// were when it had ended.
fn with_server<T>(model: &str, work: impl FnOnce(SocketAddr, &dyn Fn() -> u64) -> T) -> (T, u64) {
    let server = serve(model, Wire::JsonLines);
    let done = work(server.address, &|| server.served());
    (done, server.stopped())
}

/// What was held while it lasted; at its end everything was let go.
fn last_held(disturbed: &Disturbed) -> DisturbanceProgress {
    let [.., last, let_go] = &disturbed.course[..] else { panic!("{disturbed:?}") };
    assert_eq!((let_go.held, let_go.refused), (0, last.refused));
    *last
}

const FLOOD: DisturbanceKind = DisturbanceKind::IdleFlood { per_second: 500, at_most: 120 };

#[test]
fn a_flood_holds_all_it_may_says_nothing_and_lets_all_go() {
    let (target, seen) = fakes::start(Habit::Mute);
    let disturbed = disturb_until(FLOOD, target, || seen.accepted() == 120);
    let last = last_held(&disturbed);
    assert_eq!((last.held, last.refused, last.ended_by_server), (120, 0, 0));
    assert!(within(LONGEST_WAIT, || seen.left() == 120), "{seen:?}");
    assert_eq!((seen.accepted(), seen.bytes()), (120, 0));
    let course = &disturbed.course[..disturbed.course.len() - 1];
    let grows = course.windows(2).all(|pair| pair[0].at_ns <= pair[1].at_ns && pair[0].held <= pair[1].held);
    assert!(grows, "{course:?}");
    assert_eq!(disturbed.traffic, None);
}

/// Those of a quick flood are one event where somebody else has the CPU meanwhile, to whom it gives way.
#[test]
fn the_first_few_of_a_flood_are_told_apart() {
    let tells_apart = || {
        let (target, seen) = fakes::start(Habit::Mute);
        let disturbed = disturb_until(FLOOD, target, || seen.accepted() > 3);
        disturbed.course.iter().any(|progress| (1..=3).contains(&progress.held))
    };
    assert!(within(LONGEST_WAIT, tells_apart));
}

#[test]
fn what_a_server_ends_is_counted_and_made_up_for() {
    let (target, seen) = fakes::start(Habit::EndsAfter(0));
    let disturbed = disturb_until(FLOOD, target, || seen.accepted() > 300);
    let last = last_held(&disturbed);
    assert!(last.ended_by_server > 120, "{last:?}");
    // Those that were ended in the last moment may not have been noticed.
    let (accepted, counted) = (seen.accepted(), last.ended_by_server + last.held);
    assert!(within(LONGEST_WAIT, || seen.accepted() >= counted) && accepted <= counted + 1, "{accepted} {last:?}");
    assert!(last.held <= 120 && accepted <= 120 + in_its_time(&disturbed, 500.0), "{accepted} {last:?}");
}

#[test]
fn a_server_that_dies_refuses_the_rest() {
    let (target, seen) = fakes::start(Habit::DiesAt(30));
    let last = last_held(&disturb(FLOOD, target));
    assert_eq!(seen.accepted(), 30);
    assert!(last.refused > 0 && last.held == 0, "{last:?}");
    // Some were in the queue of the socket that died.
    assert!(last.ended_by_server >= 30, "{last:?}");
}

#[test]
fn half_a_request_comes_a_byte_at_a_time_and_never_ends() {
    let (target, seen) = fakes::start(Habit::Mute);
    let kind = DisturbanceKind::HalfRequests { connections: 20, every: Duration::from_millis(25) };
    let disturbed = disturb_until(kind, target, || seen.bytes() >= 100);
    let last = last_held(&disturbed);
    assert_eq!((last.held, last.ended_by_server), (20, 0));
    assert!(within(LONGEST_WAIT, || seen.left() == 20), "{seen:?}");
    assert_eq!((seen.accepted(), seen.strange()), (20, 0));
    // One each at once, and then one each every 25 ms.
    assert!(seen.bytes() <= 20 + 20 * in_its_time(&disturbed, 40.0), "{seen:?}");
}

#[test]
fn half_requests_that_a_server_ends_are_made_again() {
    let (target, seen) = fakes::start(Habit::EndsAfter(3));
    let kind = DisturbanceKind::HalfRequests { connections: 20, every: Duration::from_millis(5) };
    let disturbed = disturb_until(kind, target, || seen.accepted() > 25);
    let last = last_held(&disturbed);
    assert!(last.ended_by_server > 5, "{last:?} {seen:?}");
    // No more than once a second each, however fast they are ended.
    assert!(seen.accepted() <= 20 + in_its_time(&disturbed, 20.0) && last.held <= 20, "{last:?} {seen:?}");
    assert_eq!(seen.strange(), 0);
}

#[test]
fn those_who_stay_are_answered_once_each() {
    let kind = DisturbanceKind::KeepAlive { connections: 40 };
    let (disturbed, served) = with_server("async-single", |target, _| disturb(kind, target));
    let last = last_held(&disturbed);
    assert_eq!((last.held, last.refused, last.ended_by_server), (40, 0, 0));
    let Traffic { ledger, ok_in_all, given_up_in_all, .. } = disturbed.traffic.unwrap();
    assert_eq!((ledger.scheduled, ledger.ok, ok_in_all, given_up_in_all), (40, 40, 40, 0));
    assert_eq!(served, 40);
}

#[test]
fn those_who_stay_unanswered_are_in_flight_or_lost_and_never_come_again() {
    let (mute, seen) = fakes::start(Habit::Mute);
    let ledger = disturb(DisturbanceKind::KeepAlive { connections: 7 }, mute).traffic.unwrap().ledger;
    assert_eq!((ledger.scheduled, ledger.in_flight, seen.accepted()), (7, 7, 7));
    let (rude, seen) = fakes::start(Habit::EndsAfter(0));
    let disturbed = disturb(DisturbanceKind::KeepAlive { connections: 7 }, rude);
    let ledger = disturbed.traffic.as_ref().unwrap().ledger;
    assert_eq!((ledger.scheduled, ledger.reset, seen.accepted()), (7, 7, 7));
    assert_eq!(last_held(&disturbed).ended_by_server, 7);
}

fn hundred() -> DisturbanceKind {
    DisturbanceKind::Pipelining { outstanding: 100, work: Work::new("echo", "hi") }
}

/// Its timestamp has twenty digits.
const REQUEST_BYTES: u64 =
    br#"{"RequestWork":{"request_message":"echo","parameter":"hi","sender_timestamp":"12345678901234567890"}}"#.len()
        as u64
        + 1;

#[test]
fn a_client_that_pipelines_has_so_many_requests_out_and_waits_for_no_reply() {
    let (target, seen) = fakes::start(Habit::Mute);
    let all = 100 * REQUEST_BYTES;
    let disturbed = disturb_until(hundred(), target, || seen.bytes() >= all);
    assert_eq!((seen.accepted(), seen.bytes()), (1, all), "none is sent again");
    let ledger = disturbed.traffic.unwrap().ledger;
    assert_eq!((ledger.scheduled, ledger.in_flight), (100, 100));
}

#[test]
fn each_reply_makes_room_for_a_request_and_both_sides_count_alike() {
    let disturbed =
        with_server("async-single", |target, served| disturb_until(hundred(), target, || served() >= 1_000));
    let (Disturbed { traffic, course, .. }, served) = disturbed;
    let Traffic { ledger, ok_in_all, given_up_in_all, events, .. } = traffic.unwrap();
    assert_eq!(
        (ledger.ok, ledger.in_flight, ledger.scheduled),
        (ok_in_all, given_up_in_all, ok_in_all + given_up_in_all)
    );
    assert!(ledger.in_flight <= 100 && (ok_in_all..=ledger.scheduled).contains(&served), "{ledger:?} {served}");
    assert!(course.is_empty() && events.is_empty());
}

#[test]
fn a_server_that_ends_it_or_refuses_a_request_is_a_result() {
    let (rude, seen) = fakes::start(Habit::EndsAfter(10));
    let ledger = disturb(hundred(), rude).traffic.unwrap().ledger;
    // Its last word is an error, which answers the first of them and makes room for one more; or it was lost with the rest.
    assert_eq!((ledger.reset, ledger.scheduled - ledger.error, seen.accepted()), (100, 100, 1), "{ledger:?}");
    assert!(ledger.error <= 1, "{ledger:?}");
    let (dead, _) = fakes::start(Habit::DiesAt(1));
    assert!(within(LONGEST_WAIT, || std::net::TcpStream::connect(dead).is_err()));
    assert_eq!(disturb(hundred(), dead).traffic, None);
}

fn requests(window: Duration, arrivals: ArrivalProcess) -> LoadSpec {
    let shape = Shape::Sessions { requests: 1, think_time: Duration::ZERO, concurrent: 64 };
    LoadSpec {
        seed: 1,
        warm_up: Duration::from_secs(1),
        window,
        timeout: Duration::from_millis(100),
        ..LoadSpec::new(arrivals, shape, Work::new("echo", "hi"))
    }
}

#[test]
fn a_load_is_cut_to_the_time_of_the_disturbance() {
    let (target, _) = fakes::start(Habit::Mute);
    let spec = requests(Duration::from_secs(60), ArrivalProcess::Constant { rate_rps: 100.0 });
    let ledger = disturb(DisturbanceKind::Load(spec), target).traffic.unwrap().ledger;
    assert_eq!((ledger.scheduled, ledger.timeout), (150, 150));
    let (dead, _) = fakes::start(Habit::DiesAt(1));
    // Held connections that can't be opened are no requests.
    let held = LoadSpec {
        shape: Shape::Connections { connections: 3 },
        ..requests(LASTING, ArrivalProcess::Constant { rate_rps: 100.0 })
    };
    assert!(within(LONGEST_WAIT, || std::net::TcpStream::connect(dead).is_err()));
    assert_eq!(disturb(DisturbanceKind::Load(held), dead).traffic, None);
}

#[test]
fn nothing_leaves_loopback() {
    let elsewhere = "192.0.2.1:80".parse().unwrap();
    let error = carried_out(&of(FLOOD), elsewhere, &AtomicBool::new(false)).unwrap_err();
    assert!(error.to_string().contains("192.0.2.1:80 is not on this machine"), "{error}");
}

#[test]
fn a_stop_ends_it_and_lets_all_go() {
    let (target, seen) = fakes::start(Habit::Mute);
    let disturbed = disturb_until(FLOOD, target, || seen.accepted() >= 5);
    assert!(disturbed.ended_ns < now_ns() && last_held(&disturbed).held >= 5);
    assert!(within(LONGEST_WAIT, || seen.left() == seen.accepted()), "{seen:?}");
}

/// The fates of a probe's requests, in the order of their ends, after it was seen that they add up.
fn probed(target: SocketAddr) -> Vec<Fate> {
    let spec = LoadSpec {
        warm_up: Duration::ZERO,
        ..requests(Duration::from_millis(500), ArrivalProcess::Constant { rate_rps: 100.0 })
    };
    let generator = Generator { threads: 1, pacing: Pacing::Precise };
    let traffic = Order { keeps_each: true, ..Order::new(&spec, target, generator, &AtomicBool::new(false)) }
        .run(|_| {})
        .unwrap()
        .traffic;
    assert_eq!(traffic.ledger.scheduled, 50);
    assert_eq!(traffic.events.len(), 50, "every request is there");
    let (events, ledger) = (&traffic.events, traffic.ledger);
    let count = |fates: &[Fate]| events.iter().filter(|event| fates.contains(&event.fate)).count() as u64;
    assert_eq!(count(&[Fate::Timeout, Fate::NeverAnswered]), ledger.timeout);
    assert_eq!((count(&[Fate::Refused]), count(&[Fate::Reset])), (ledger.refused, ledger.reset));
    assert_eq!(count(&[Fate::Malformed]) + count(&[Fate::Error]), ledger.malformed + ledger.error);
    let mut due: Vec<u64> = events.iter().map(|event| event.at_ns).collect();
    due.sort_unstable();
    let schedule: Vec<u64> = (1..=50).map(|index| index * 10_000_000).collect();
    let off = due.iter().zip(&schedule).map(|(due, wanted)| due.abs_diff(*wanted)).max().unwrap();
    assert!(off <= 10_000_000, "{due:?}");
    events.iter().map(|event| event.fate).collect()
}

#[test]
fn a_probe_on_connections_that_stay_says_on_which_each_request_was() {
    let spec = LoadSpec {
        shape: Shape::Connections { connections: 5 },
        warm_up: Duration::ZERO,
        timeout: LONGEST_WAIT,
        ..requests(Duration::from_millis(500), ArrivalProcess::Constant { rate_rps: 100.0 })
    };
    let generator = Generator { threads: 2, pacing: Pacing::Sleeping };
    let (outcome, _) = with_server("threaded", |target, _| {
        Order { keeps_each: true, ..Order::new(&spec, target, generator, &AtomicBool::new(false)) }.run(|_| {}).unwrap()
    });
    let count = |number: u32| outcome.traffic.events.iter().filter(|event| event.connection == Some(number)).count();
    // Each of two workers takes every other request, and its connections take turns: three here, two there.
    assert_eq!((0..5).map(count).collect::<Vec<_>>(), [9, 13, 8, 12, 8]);
}

#[test]
fn a_probe_tells_how_each_request_failed() {
    let (mute, _) = fakes::start(Habit::Mute);
    assert!(probed(mute).iter().all(|fate| *fate == Fate::NeverAnswered));
    let (rude, _) = fakes::start(Habit::EndsAfter(0));
    assert!(probed(rude).iter().all(|fate| *fate == Fate::Reset));
    // Its last connections are lost with it, those that come after are refused.
    let (dying, _) = fakes::start(Habit::DiesAt(3));
    let fates = probed(dying);
    let alike = fates.iter().all(|fate| matches!(fate, Fate::Reset | Fate::Refused));
    assert!(alike && fates.ends_with(&[Fate::Refused; 20]) && fates.contains(&Fate::Reset), "{fates:?}");
}
