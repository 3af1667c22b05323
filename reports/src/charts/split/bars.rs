//! The bars of one contender at one load: the median and the slowest, or the mean where a run of an earlier version
//! tells no more.

use crate::metrics::{Band, Bands, TimePart};
use crate::study::Point;

/// The parts of the response times of some correct replies.
pub(super) struct Bar {
    /// Which replies.
    pub(super) of: &'static str,
    /// How many they are.
    pub(super) replies: u64,
    /// Mean of each part in nanoseconds, absent where it is not known.
    pub(super) parts_ns: Vec<Option<f64>>,
}

impl Bar {
    pub(super) fn response_time_ns(&self) -> f64 {
        self.parts_ns.iter().flatten().sum()
    }
}

/// From the top down; none where no reply was split.
pub(super) fn bars(point: &Point<'_>, parts: &[&TimePart]) -> Vec<Bar> {
    if let Some(bands) = Bands::of_pool(&point.pool) {
        let bar = |of, band: &Band| Bar {
            of,
            replies: band.replies,
            parts_ns: parts.iter().map(|part| band.mean_ns(part)).collect(),
        };
        let slowest = bands.slowest.as_ref().map(|band| bar("slowest 1%", band));
        return [bar("median", &bands.median)].into_iter().chain(slowest).collect();
    }
    let parts_ns = means(point, parts);
    let replies = point.pool.sum(|cell| Some(cell.traffic.as_ref()?.ledger.ok)).unwrap_or(0);
    let any = parts_ns.iter().any(Option::is_some);
    any.then_some(Bar { of: "mean", replies, parts_ns }).into_iter().collect()
}

/// Over all correct replies.
pub(super) fn means(point: &Point<'_>, parts: &[&TimePart]) -> Vec<Option<f64>> {
    parts.iter().map(|part| part.mean_ns(&point.pool)).collect()
}
