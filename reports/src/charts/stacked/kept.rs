//! What stays with a server of the memory that connections took, once they are closed.
//!
//! Beside it: `../stacked.rs`, what they took.

use std::collections::BTreeSet;

use crate::format::{self, Unit};
use crate::metrics::{Metric, total_of};
use crate::record::{Cell, Phase, Stage};
use crate::study::Series;

/// Connections that took less than this took a few pages, of which a share says nothing.
const LEAST_TAKEN_BYTES: f64 = 131_072.0;

/// The memory of a server around the closing of its connections, in bytes: means over blocks.
pub(super) struct Kept {
    connections: u64,
    held: f64,
    closed: f64,
    /// Of what the connections took, the share that is still there; absent where they took too little.
    share: Option<f64>,
}

impl Kept {
    /// Of the cells that count, or of all where none does; absent where nothing was closed.
    pub(super) fn of(series: &Series<'_>, parts: &[&Metric]) -> Option<Kept> {
        let counting = series.stages.iter().any(|held| held.counts());
        let cells = series.stages.iter().filter(|held| held.counts() == counting).map(|held| held.cell);
        let mut seen = BTreeSet::new();
        let cells: Vec<&Cell> = cells.filter(|cell| seen.insert(&cell.id)).collect();
        let mean = |find: fn(&Cell) -> Option<&Stage>| {
            let totals = cells.iter().map(|cell| total_of(find(cell)?, parts));
            let totals = totals.collect::<Option<Vec<u64>>>().filter(|totals| !totals.is_empty())?;
            Some(totals.iter().map(|&total| total as f64).sum::<f64>() / totals.len() as f64)
        };
        let (before, held, closed) = (mean(before)?, mean(held)?, mean(closed)?);
        let taken = held - before;
        Some(Kept {
            connections: cells.iter().filter_map(|cell| self::held(cell)).map(|stage| stage.connections).max()?,
            held,
            closed,
            share: (taken >= LEAST_TAKEN_BYTES).then(|| ((closed - before) / taken).max(0.0)),
        })
    }

    /// For under a panel.
    pub(super) fn line(&self, unit: Unit) -> String {
        let (held, closed) = (unit.show(self.held), unit.show(self.closed));
        let connections = format::counted(self.connections, "connection");
        let stays = self.share.map_or(String::new(), |share| format!(" ({} of what they took)", format::share(share)));
        format!("{held} with {connections} that asked once; {closed} after all were closed{stays}")
    }
}

/// The server with no connection yet.
fn before(cell: &Cell) -> Option<&Stage> {
    cell.stages.iter().find(|stage| stage.phase == Phase::Idle && stage.connections == 0)
}

/// With all of them, each having asked once.
fn held(cell: &Cell) -> Option<&Stage> {
    cell.stages.iter().rfind(|stage| stage.phase == Phase::AfterRequest)
}

fn closed(cell: &Cell) -> Option<&Stage> {
    cell.stages.iter().rfind(|stage| stage.phase == Phase::Closed)
}

/// Who gives memory back, in a sentence; absent where no share is known.
pub(super) fn sentence(held: &[&Series<'_>], parts: &[&Metric]) -> Option<String> {
    let share = |series: &&Series<'_>| Some((Kept::of(series, parts)?.share?, series.contender.label.clone()));
    let mut shares: Vec<(f64, String)> = held.iter().filter_map(share).collect();
    shares.sort_by(|a, b| a.0.total_cmp(&b.0));
    let each: Vec<String> =
        shares.iter().map(|(share, label)| format!("{} for {label}", format::share(*share))).collect();
    (!each.is_empty()).then(|| {
        format!(
            "Of the memory that the connections took, this much was still there when all were closed and the server at \
             rest: {}. It is what the allocator keeps for later, and what threads and their stacks leave behind.",
            format::list(&each)
        )
    })
}
