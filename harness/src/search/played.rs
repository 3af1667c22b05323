//! Servers that are played by a test: cells with what it wants to have been measured.

use std::time::Duration;

use hdrhistogram::Histogram;
use reports::record::{Cell, HistogramRecord, Ledger, Traffic, Warning};

use super::Steering;
use crate::plan::{TaskKind, Turn};

/// What a server did in a cell.
#[derive(Debug, Clone, Copy)]
pub(super) struct Played {
    /// Correct replies per second.
    pub(super) rps: f64,
    /// Response time of every request.
    pub(super) response: Duration,
    /// Whether the cell is to be believed.
    pub(super) is_valid: bool,
    /// How long the cell took.
    pub(super) took: Duration,
}

/// Lets a steering choose cells for so long, on a clock that only the cells move; returns what it chose, and the time that
/// was left.
pub(super) fn play(
    steering: &mut dyn Steering,
    budget: Duration,
    server: impl Fn(&Turn) -> Played,
) -> (Vec<Turn>, Duration) {
    let (mut left, mut chosen) = (budget, Vec::new());
    while let Some(turn) = steering.next(left) {
        let played = server(&turn);
        left = left.checked_sub(played.took).expect("a cell was begun that the budget has no time for");
        steering.found(&cell(&turn, played));
        chosen.push(turn);
        assert!(chosen.len() < 10_000, "it never ends");
    }
    (chosen, left)
}

fn cell(turn: &Turn, played: Played) -> Cell {
    let TaskKind::Load(spec) = &turn.task.kind else { panic!("only loads are searched") };
    let scheduled = spec.offered_load_rps().unwrap_or(played.rps) * spec.window.as_secs_f64();
    let ok = (played.rps * spec.window.as_secs_f64()).min(scheduled) as u64;
    let mut times = Histogram::<u64>::new_with_bounds(1, 60_000_000_000, 3).unwrap();
    let response_ns = played.response.as_nanos() as u64;
    times.record_n(response_ns, ok).unwrap();
    let times = HistogramRecord::from_histogram(&times, response_ns * ok);
    Cell {
        id: turn.task.point.clone(),
        workload: turn.task.workload.to_string(),
        contender: turn.contender.to_string(),
        block: turn.block,
        variation: turn.task.variation,
        elapsed_ns: played.took.as_nanos() as u64,
        warnings: if played.is_valid { vec![] } else { vec![Warning::GeneratorSaturated { busiest_worker: 0.95 }] },
        traffic: Some(Traffic {
            ledger: Ledger { scheduled: ok, ok, ..Ledger::default() },
            ok_within_window: ok,
            ok_in_all: ok,
            response_time: Some(times.clone()),
            ..Traffic::new(times)
        }),
        ..Cell::new(spec.to_record())
    }
}
