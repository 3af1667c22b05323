//! Which comparisons of all with all a workload gets: what its curves show, CPU time, and what a connection costs.

use super::answers::pictured;
use crate::metrics::{Metric, Of, metric};
use crate::record::PictureKind;
use crate::study::Group;
use crate::verdict::Matrix;

/// Compared wherever there is load, whether or not it is drawn.
const ALWAYS: &[&str] = &["cpu_per_request"];

pub(super) fn of(group: &Group<'_>) -> Vec<Matrix> {
    let mut metrics = pictured(group, PictureKind::Curve);
    for more in ALWAYS.iter().filter_map(|name| metric(name)) {
        if !metrics.iter().any(|known| known.name == more.name) {
            metrics.push(more);
        }
    }
    let at_load = metrics.into_iter().filter_map(|metric| Matrix::at_load(group, metric));
    at_load.chain(Matrix::of_connections(group, &stacked(group))).collect()
}

/// The parts of what a connection costs, as the experiment stacks them.
pub(super) fn stacked(group: &Group<'_>) -> Vec<&'static Metric> {
    let parts = pictured(group, PictureKind::StackedParts);
    parts.into_iter().filter(|part| matches!(part.of, Of::Stage(_))).collect()
}
