//! Parts of a load, dealt out by chance, come to what one generator finds.

use proptest::collection::vec;
use proptest::prelude::*;

use super::*;
use crate::load::recorder::{Answered, Failure, Loop, Recorder, Scheduled};
use crate::load::{Shape, usage::ThreadUsage};

const WINDOW_NS: u64 = 1_000_000_000;

fn spec() -> LoadSpec {
    let shape = Shape::Connections { connections: 8 };
    LoadSpec { shape, seed: 3, ..LoadSpec::of_a_second(ArrivalProcess::Poisson { rate_rps: 333.3 }) }
}

/// A request: when it was due, how long it took, how late it was taken up, and whether it was answered.
type TimedRequest = (u64, u64, u64, bool);

fn notes(requests: &[TimedRequest]) -> (Recorder, ThreadUsage) {
    let mut recorder = Recorder::new(2_000_000_000, Loop::Open).by_second(true);
    recorder.set_window(0..WINDOW_NS);
    for &(intended_ns, took_ns, lag_ns, is_answered) in requests {
        let taken_up_ns = intended_ns + lag_ns;
        let received_ns = taken_up_ns + took_ns;
        recorder.arrival(intended_ns, taken_up_ns, 1);
        recorder.entered(Scheduled::InWindow, taken_up_ns);
        if !is_answered {
            recorder.failed(Scheduled::InWindow, Failure::Error, (intended_ns, received_ns), None);
            continue;
        }
        recorder.status(Scheduled::InWindow, 200);
        let answered = Answered {
            taken_up_ns,
            sent_ns: taken_up_ns,
            server_ns: (took_ns % 2 == 0).then_some((taken_up_ns, received_ns)),
            reply_bytes: 7 + took_ns % 5,
            ..Answered::at_once(intended_ns, received_ns)
        };
        recorder.ok(Scheduled::InWindow, &answered);
    }
    (recorder, ThreadUsage { user: Duration::from_micros(requests.len() as u64), ..ThreadUsage::default() })
}

proptest! {
    // A case encodes some hundred histograms.
    #![proptest_config(ProptestConfig::with_cases(24))]

    /// Whichever way the requests are dealt out, and to however many generators, the sum is what one would have found.
    #[test]
    fn parts_come_to_what_one_generator_finds(
        requests in vec((0..WINDOW_NS, 1..3_000_000_000_u64, 0..1_000_000_u64, any::<bool>()), 1..60),
        of in 1..5_usize,
    ) {
        let spec = spec();
        let outcome = |requests: &[TimedRequest]| LoadOutcome::merge(&spec, spec.window, vec![notes(requests)], true);
        let one = outcome(&requests);
        let parts: Vec<LoadOutcome> = (0..of)
            .map(|index| outcome(&requests.iter().skip(index).step_by(of).copied().collect::<Vec<_>>()))
            .collect();
        let mut sum = LoadOutcome::join(&spec, &parts, 0).unwrap();
        let (found, expected) = (sum.traffic.mean_in_system.unwrap(), one.traffic.mean_in_system.unwrap());
        prop_assert!((found - expected).abs() <= 1e-9 * expected.abs().max(1.0), "{found} {expected}");
        sum.traffic.mean_in_system = one.traffic.mean_in_system;
        prop_assert!((sum.generator.kept_pace - one.generator.kept_pace).abs() < 1e-9);
        sum.generator = one.generator;
        prop_assert_eq!(sum, one);
    }

    /// What is lost with a part is what that part would have sent.
    #[test]
    fn parts_of_a_schedule_add_up(threads in 1..4_u32, of in 1..4_u32, most in proptest::option::of(0..500_u64), warm_up_ms in 0..500_u64) {
        let spec = LoadSpec { warm_up: Duration::from_millis(warm_up_ms), ..spec() };
        let scheduled = |part| scheduled_in(&spec, threads, part, most);
        let parts: u64 = (0..of).map(|index| scheduled(LoadPart { index, of })).sum();
        prop_assert_eq!(parts, scheduled(LoadPart::WHOLE));
        let closed = LoadSpec { arrivals: ArrivalProcess::Closed, ..spec };
        let asked: u64 = (0..of).map(|index| scheduled_in(&closed, threads, LoadPart { index, of }, most)).sum();
        prop_assert_eq!(asked, most.unwrap_or(0));
    }
}

#[test]
fn a_part_that_is_lost_stays_on_the_schedule() {
    let spec = spec();
    let part = LoadOutcome::merge(&spec, spec.window, vec![notes(&[(5, 10, 0, true), (9, 10, 0, true)])], true);
    let sum = LoadOutcome::join(&spec, &[part], 6).unwrap();
    let ledger = sum.traffic.ledger;
    assert_eq!((ledger.scheduled, ledger.ok, ledger.dropped, ledger.accounted_for()), (8, 2, 6, 8));
    assert!((sum.generator.kept_pace - 0.25).abs() < 1e-9);
    let nothing = LoadOutcome::join(&spec, &[], 6).unwrap();
    assert_eq!((nothing.traffic.ledger.scheduled, nothing.measured), (6, spec.window));
}

#[test]
fn an_interval_has_the_median_of_all_and_not_one_of_the_parts() {
    let spec = spec();
    let part = |took_ns: &[u64]| {
        let requests: Vec<TimedRequest> = took_ns.iter().map(|took_ns| (0, *took_ns, 0, true)).collect();
        LoadOutcome::merge(&spec, spec.window, vec![notes(&requests)], true)
    };
    let sum = LoadOutcome::join(&spec, &[part(&[100; 9]), part(&[200; 3])], 0).unwrap();
    let first = sum.traffic.intervals[0];
    assert_eq!((first.ok, first.p50_ns, first.max_ns.unwrap() >= 200), (12, Some(100), true));
}

#[test]
fn counts_that_overflow_are_no_ledger() {
    let ledger = |scheduled, ok, error| Ledger { scheduled, ok, error, ..Ledger::default() };
    assert!(adds_up(&ledger(5, 3, 2)) && !adds_up(&ledger(5, 3, 1)));
    assert!(!adds_up(&ledger(4, u64::MAX, 5)));
}
