//! What a service promises, and what loads are searched for that keep the promise.
//!
//! Beside it: `experiment.rs`, which holds it; `../objective.rs`, which holds cells against it.

use serde::{Deserialize, Serialize};

/// A bound on a percentile of the response time. That no request fails is a part of it.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Objective {
    /// Which percentile, 0 to 1.
    pub percentile: f64,
    /// It must be less than this.
    pub below_ns: u64,
    /// Each load of the search over the next lower one: as finely as a result is known.
    pub step: f64,
    /// The lowest load that the search would try, in requests per second; absent in records of older versions.
    #[serde(default)]
    pub lowest_rps: Option<f64>,
}
