//! How the clients fared who are the disturbance: whether and when they were connected, answered, done.
//!
//! Must not know: what they are. Beside it: `probe.rs`, for the innocent ones.

use super::Reading;
use super::probe::{exactly, more_than, over_blocks};
use super::reading::per;
use super::values::plain;
use crate::record::{Cell, Traffic};
use crate::stats::{Quantile, proportion};
use crate::study::{Pool, distribution_of};

fn traffic(cell: &Cell) -> Option<&Traffic> {
    cell.disturbance.as_ref()?.traffic.as_ref()
}

fn lasted_ns(cell: &Cell) -> Option<u64> {
    cell.disturbance.as_ref().map(|disturbance| disturbance.until_ns.saturating_sub(disturbance.from_ns))
}

/// Requests of its own that were answered, per second of it.
pub(super) fn rps(pool: &Pool<'_>) -> Reading {
    let answered = pool.sum(|cell| Some(traffic(cell)?.ok_in_all));
    plain(per(answered, pool.sum(lasted_ns)).map(|per_ns| per_ns * 1e9))
}

/// The share of its requests with a correct reply in time.
pub(super) fn success(pool: &Pool<'_>) -> Reading {
    let ledger = |of: fn(&Traffic) -> u64| pool.sum(|cell| traffic(cell).map(of));
    let (ok, scheduled) = (ledger(|traffic| traffic.ledger.ok), ledger(|traffic| traffic.ledger.scheduled));
    ok.zip(scheduled).and_then(|(ok, scheduled)| proportion(ok, scheduled)).into()
}

/// A percentile of the time to connect. Who never was connected ranks last.
pub(super) fn connect(pool: &Pool<'_>, p: f64) -> Reading {
    let recorded = pool.cells.iter().filter_map(|cell| traffic(cell)?.connect_time.as_ref());
    let times = distribution_of(recorded);
    let Some(attempted) = pool.sum(|cell| Some(traffic(cell)?.connections.attempted)).filter(|&all| all > 0) else {
        return Reading::Absent;
    };
    let waited_ns = pool.cells.iter().filter_map(|cell| lasted_ns(cell)).max().unwrap_or(0);
    Quantile::of_requests(&times, times.len(), attempted, waited_ns, p).into()
}

/// From its beginning to the last reply to it; beyond that where some of it was never answered.
pub(super) fn drained(pool: &Pool<'_>) -> Reading {
    over_blocks(pool, |cell| {
        let (ledger, lasted_ns) = (&traffic(cell)?.ledger, lasted_ns(cell)?);
        Some(if ledger.ok == ledger.scheduled { exactly(lasted_ns) } else { more_than(lasted_ns) })
    })
}

/// Requests that were sent whole before the server was told to stop and never got their reply.
pub(super) fn lost(pool: &Pool<'_>) -> Reading {
    over_blocks(pool, |cell| {
        cell.disturbance.as_ref()?.stop_asked_ns?;
        traffic(cell).map(|traffic| exactly(traffic.ledger.failed()))
    })
}

/// From when the server was told to stop until its process was gone; beyond the end of the load where it stayed.
pub(super) fn time_to_stop(pool: &Pool<'_>) -> Reading {
    over_blocks(pool, |cell| {
        let asked_ns = cell.disturbance.as_ref()?.stop_asked_ns?;
        let never = more_than(cell.load.end_ns().saturating_sub(asked_ns));
        Some(cell.server.died_at_ns.map_or(never, |gone_ns| exactly(gone_ns.saturating_sub(asked_ns))))
    })
}

/// Connects that met a full accept queue.
pub(super) fn listen_overflows(pool: &Pool<'_>) -> Reading {
    over_blocks(pool, |cell| cell.server.listen_overflows.map(exactly))
}
