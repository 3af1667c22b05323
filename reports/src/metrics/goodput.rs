//! Goodput: correct replies in time, before something was done to a server, meanwhile and afterwards; and how long it took
//! until it was what it had been.
//!
//! Meanwhile the requests of the disturbance count too: to a server under too much load both are clients. Must not know:
//! what was done. Beside it: `probe.rs`, which tells how the probe alone fared.

use std::ops::Range;

use super::Reading;
use super::probe::{exactly, more_than, over_blocks};
use super::reading::per;
use super::values::plain;
use crate::record::{Cell, DisturbanceRecord, Fate};
use crate::study::Pool;

/// Where the goodput is looked at.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum When {
    Before,
    Meanwhile,
    After,
}

/// Correct replies in time per second to requests that were due then.
pub(super) fn goodput(pool: &Pool<'_>, when: When) -> Reading {
    let good = pool.sum(|cell| {
        let disturbance = cell.disturbance.as_ref()?;
        let of_the_disturbance = disturbance.traffic.as_ref().map_or(0, |traffic| traffic.ledger.ok);
        let beside = if when == When::Meanwhile { of_the_disturbance } else { 0 };
        Some(probe_in(cell, span(cell, disturbance, when)).ok + beside)
    });
    let lasted_ns = pool.sum(|cell| {
        let span = span(cell, cell.disturbance.as_ref()?, when);
        Some(span.end.saturating_sub(span.start))
    });
    plain(per(good, lasted_ns).map(|per_ns| per_ns * 1e9))
}

/// Of how long a time the share of good replies is looked at.
const SLICE_NS: u64 = 100_000_000;

/// What is left of the share before is as good as that share.
const AS_BEFORE: f64 = 0.95;

/// From the end of the disturbance to the end of the first tenth of a second that was as before, the first of them being
/// no wait at all.
pub(super) fn recovery(pool: &Pool<'_>) -> Reading {
    over_blocks(pool, |cell| {
        let disturbance = cell.disturbance.as_ref()?;
        let before = probe_in(cell, span(cell, disturbance, When::Before)).share()?;
        let after = span(cell, disturbance, When::After);
        let is_as_before = |start_ns: &u64| {
            let slice = probe_in(cell, *start_ns..start_ns + SLICE_NS);
            slice.share().is_some_and(|share| share >= AS_BEFORE * before)
        };
        let starts = (after.start..).step_by(SLICE_NS as usize).take_while(|start_ns| start_ns + SLICE_NS <= after.end);
        let never = more_than(after.end.saturating_sub(after.start));
        Some(starts.clone().find(is_as_before).map_or(never, |start_ns| exactly(start_ns - after.start)))
    })
}

fn span(cell: &Cell, disturbance: &DisturbanceRecord, when: When) -> Range<u64> {
    match when {
        When::Before => cell.load.warm_up_ns..disturbance.from_ns,
        When::Meanwhile => disturbance.from_ns..disturbance.until_ns,
        When::After => disturbance.until_ns..cell.load.end_ns(),
    }
}

/// Requests of the probe that were due in some time.
#[derive(Debug, Clone, Copy, Default)]
struct Probed {
    due: u64,
    ok: u64,
}

impl Probed {
    fn share(self) -> Option<f64> {
        (self.due > 0).then(|| self.ok as f64 / self.due as f64)
    }
}

fn probe_in(cell: &Cell, span: Range<u64>) -> Probed {
    let events = cell.traffic.iter().flat_map(|traffic| &traffic.events).filter(|event| span.contains(&event.at_ns));
    events.fold(Probed::default(), |all, event| Probed {
        due: all.due + 1,
        ok: all.ok + u64::from(event.fate == Fate::Ok),
    })
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;
    use crate::record::{ArrivalsRecord, Ledger, Load, RequestEvent, ShapeRecord, Traffic};

    pub(crate) const MS: u64 = 1_000_000;

    /// A probe every 10 ms of a window, which fails from when something is done to the server until it is well again.
    pub(crate) fn disturbed(done_ms: Range<u64>, well_again_ms: u64, window_ms: u64, done: Ledger) -> Cell {
        let event = |ms: u64| {
            let fate = if (done_ms.start..well_again_ms).contains(&ms) { Fate::Timeout } else { Fate::Ok };
            RequestEvent { at_ns: ms * MS, took_ns: MS, fate, connection: None }
        };
        let traffic = |ledger, events| Traffic { ledger, events, ..Traffic::default() };
        let disturbance = DisturbanceRecord {
            name: "more clients".to_owned(),
            from_ns: done_ms.start * MS,
            until_ns: done_ms.end * MS,
            traffic: Some(traffic(done, Vec::new())),
            ..DisturbanceRecord::default()
        };
        let load = Load {
            arrivals: ArrivalsRecord::Constant,
            shape: ShapeRecord::Connections { connections: 1 },
            offered_load_rps: Some(100.0),
            work: "spin 1ms".to_owned(),
            seed: 1,
            warm_up_ns: 0,
            window_ns: window_ms * MS,
            timeout_ns: 50 * MS,
        };
        let probe = traffic(Ledger::default(), (0..window_ms).step_by(10).map(event).collect());
        Cell { traffic: Some(probe), disturbance: Some(disturbance), ..Cell::new(load) }
    }

    fn cell(well_again_ms: u64) -> Cell {
        let done = Ledger { scheduled: 50, ok: 30, timeout: 20, ..Ledger::default() };
        disturbed(200..400, well_again_ms, 1_000, done)
    }

    #[test]
    fn goodput_is_that_of_all_clients_while_something_is_done() {
        let cell = cell(400);
        let pool = Pool::of(vec![&cell]);
        let of = |when| goodput(&pool, when).value();
        assert_eq!((of(When::Before), of(When::Meanwhile), of(When::After)), (Some(100.0), Some(150.0), Some(100.0)));
        let alone = Cell { disturbance: None, ..cell.clone() };
        assert_eq!(goodput(&Pool::of(vec![&alone]), When::Before), Reading::Absent);
    }

    #[test]
    fn recovery_is_over_with_the_first_tenth_of_a_second_that_is_as_before() {
        let of = |well_again_ms| recovery(&Pool::of(vec![&cell(well_again_ms)]));
        assert_eq!(of(400).value(), Some(0.0));
        // Of the ten requests of the second tenth one fails, which is more than a twentieth.
        assert_eq!(of(510).value(), Some(200.0 * MS as f64));
        assert_eq!(of(500).value(), Some(100.0 * MS as f64));
        assert_eq!(of(2_000), Reading::Beyond(600 * MS));
    }
}
