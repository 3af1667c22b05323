//! What is read from pools of cells under load, and what one more held connection costs: the slope over all connection
//! counts, never a total divided by a count.
//!
//! Must not know: how it is drawn or said. Beside it: `probe.rs`, for what is read request by request.

use std::collections::BTreeMap;

use super::probe::{exactly, over_blocks};
use super::reading::per;
use super::{Certainty, Metric, Reading};
use crate::record::{Phase, ShapeRecord, Stage};
use crate::stats::{BlockValue, Estimate, Quantile, fit, proportion};
use crate::study::{HeldStage, Pool, Series};

/// The percentile `p` of the response time of everything that was scheduled.
pub fn response_quantile(pool: &Pool<'_>, p: f64) -> Reading {
    match pool.scheduled_and_ok().filter(|_| !pool.response().is_empty()) {
        Some((scheduled, ok)) => Quantile::of_requests(pool.response(), ok, scheduled, pool.timeout_ns(), p).into(),
        None => Reading::Absent,
    }
}

pub(super) fn service_quantile(pool: &Pool<'_>, p: f64) -> Reading {
    if pool.service().is_empty() { Reading::Absent } else { Quantile::of_recordings(pool.service(), p).into() }
}

pub(super) fn plain(value: Option<f64>) -> Reading {
    value.map_or(Reading::Absent, |value| Reading::Measured(value, Certainty::Unknown))
}

pub(super) fn cpu_per_request(pool: &Pool<'_>) -> Reading {
    let cpu = pool.sum(|cell| cell.server.window_cpu_ns);
    let replies = pool.sum(|cell| Some(cell.traffic.as_ref()?.ok_within_window));
    plain(per(cpu, replies))
}

pub(super) fn switches_per_request(pool: &Pool<'_>) -> Reading {
    let switches =
        pool.sum(|cell| Some(cell.server.voluntary_switches?.saturating_add(cell.server.involuntary_switches?)));
    let replies = pool.sum(|cell| Some(cell.traffic.as_ref()?.ok_in_all));
    plain(per(switches, replies))
}

pub(super) fn success(pool: &Pool<'_>) -> Reading {
    let (scheduled, ok) = pool.scheduled_and_ok().unwrap_or_default();
    proportion(ok, scheduled).into()
}

pub(super) fn peak_threads(pool: &Pool<'_>) -> Reading {
    let most = pool.cells.iter().filter_map(|cell| cell.server.peak_threads).max();
    most.map_or(Reading::Absent, |threads| Reading::Measured(threads as f64, Certainty::ExactCount))
}

pub(super) fn peak_memory(pool: &Pool<'_>) -> Reading {
    over_blocks(pool, |cell| cell.server.peak_resident_bytes.map(exactly))
}

pub(super) fn cpu_per_connection(pool: &Pool<'_>) -> Reading {
    let cpu = pool.sum(|cell| cell.server.window_cpu_ns);
    let connections = pool.sum(|cell| match cell.load.shape {
        ShapeRecord::Connections { connections } => Some(u64::from(connections)),
        ShapeRecord::Sessions { .. } => Some(cell.traffic.as_ref()?.connections.established),
    });
    plain(per(cpu, connections))
}

/// Cost of one idle connection over all measured parts that a picture stacks, in the unit of the parts. Absent where it
/// cannot be fitted.
pub fn slope_per_connection(series: &Series<'_>, parts: &[&Metric]) -> Option<Estimate> {
    let held: Vec<&HeldStage<'_>> = series.phase(Phase::Idle).filter(|held| held.counts()).collect();
    slope_of(&held, |stage| total_of(stage, parts))
}

/// As [`slope_per_connection`], of each block alone, by its number; missing where it cannot be fitted.
pub(crate) fn slopes_by_block(series: &Series<'_>, parts: &[&Metric]) -> BTreeMap<u32, BlockValue> {
    let mut blocks: BTreeMap<u32, Vec<&HeldStage<'_>>> = BTreeMap::new();
    for held in series.phase(Phase::Idle).filter(|held| held.counts()) {
        blocks.entry(held.cell.block).or_default().push(held);
    }
    let slope = |held: &[&HeldStage<'_>]| slope_of(held, |stage| total_of(stage, parts));
    let value = |held: &[&HeldStage<'_>]| slope(held).map_or(BlockValue::Missing, |slope| slope.value.into());
    blocks.into_iter().map(|(block, held)| (block, value(&held))).collect()
}

/// The slope of a value over the connections held.
pub(crate) fn slope_of(held: &[&HeldStage<'_>], of: impl Fn(&Stage) -> Option<u64>) -> Option<Estimate> {
    let points = held.iter().map(|held| Some((held.stage.connections as f64, of(held.stage)? as f64)));
    fit(&points.collect::<Option<Vec<_>>>()?)
}

/// The parts that were measured, together; absent where none was.
pub(crate) fn total_of(stage: &Stage, parts: &[&Metric]) -> Option<u64> {
    let measured: Vec<u64> = parts.iter().filter_map(|part| part.of_stage(stage)).collect();
    (!measured.is_empty()).then(|| measured.into_iter().fold(0, u64::saturating_add))
}
