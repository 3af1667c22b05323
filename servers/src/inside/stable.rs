//! Of a usual runtime: what only an unstable one tells is absent. Beside it: `unstable.rs`, which stands here where the
//! runtime is one.

use tokio::runtime::{Builder, RuntimeMetrics};

use super::UnstableMetrics;

/// The builder as it is.
pub(crate) fn with_histograms(builder: &mut Builder) -> &mut Builder {
    builder
}

pub(super) fn look(_runtime: &RuntimeMetrics) -> Option<UnstableMetrics> {
    None
}
