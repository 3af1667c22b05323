//! What the task of a cell finds out, whichever task it is. Beside it: `cell.rs` (load), `held.rs` (held connections),
//! `disturbed.rs` (a probe and a disturbance).

use std::time::Duration;

use reports::record::{Bound, DisturbanceRecord, GeneratorUsage, Stage, Traffic, Warning};

use crate::process::Death;

/// What the task itself found out, while the server ran.
#[derive(Debug, Default)]
pub(crate) struct Found {
    /// Start of the load, monotonic; the start of the task where there is no load.
    pub(crate) origin_ns: u64,
    pub(crate) traffic: Option<Traffic>,
    pub(crate) generator: Option<GeneratorUsage>,
    pub(crate) disturbance: Option<DisturbanceRecord>,
    pub(crate) bounds: Vec<Bound>,
    pub(crate) cpu_at_window_start: Option<Duration>,
    pub(crate) window_cpu_ns: Option<u64>,
    pub(crate) stages: Vec<Stage>,
    pub(crate) warnings: Vec<Warning>,
    /// Why the task could not be put to the server.
    pub(crate) failure: Option<String>,
    pub(crate) death: Option<Death>,
    /// When it was found dead in the middle, from `origin_ns`.
    pub(crate) died_at_ns: Option<u64>,
}
