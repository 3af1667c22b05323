//! What one more held connection costs: the slope over all connection counts, never a total divided by a count.
//!
//! Must not know: how it is drawn or said.

use std::collections::BTreeMap;

use super::Metric;
use crate::record::{Phase, Stage};
use crate::stats::{BlockValue, Slope, fit};
use crate::study::{HeldStage, Series};

/// Cost of one idle connection over all measured parts that a picture stacks, in the unit of the parts. Absent where it
/// cannot be fitted.
pub fn slope_per_connection(series: &Series<'_>, parts: &[&Metric]) -> Option<Slope> {
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
pub(crate) fn slope_of(held: &[&HeldStage<'_>], of: impl Fn(&Stage) -> Option<u64>) -> Option<Slope> {
    let points = held.iter().map(|held| Some((held.stage.connections as f64, of(held.stage)? as f64)));
    fit(&points.collect::<Option<Vec<_>>>()?)
}

/// The parts that were measured, together; absent where none was.
pub(crate) fn total_of(stage: &Stage, parts: &[&Metric]) -> Option<u64> {
    let measured: Vec<u64> = parts.iter().filter_map(|part| part.of_stage(stage)).collect();
    (!measured.is_empty()).then(|| measured.into_iter().fold(0, u64::saturating_add))
}
