//! What the task of a cell finds out, whichever task it is. Beside it: `cell.rs` (load), `held.rs` (held connections),
//! `disturbed.rs` (a probe and a disturbance).

use std::time::Duration;

use reports::record::{Bound, Disturbance, GeneratorUsage, Stage, Traffic, Warning};

use crate::process::Death;

/// What the task itself found out, while the server ran.
#[derive(Debug, Default)]
pub(super) struct Found {
    /// Start of the load, monotonic; the start of the task where there is no load.
    pub(super) origin_ns: u64,
    pub(super) traffic: Option<Traffic>,
    pub(super) generator: Option<GeneratorUsage>,
    pub(super) disturbance: Option<Disturbance>,
    pub(super) bounds: Vec<Bound>,
    pub(super) cpu_at_window_start: Option<Duration>,
    pub(super) window_cpu_ns: Option<u64>,
    pub(super) stages: Vec<Stage>,
    pub(super) warnings: Vec<Warning>,
    /// Why the task could not be put to the server.
    pub(super) failure: Option<String>,
    pub(super) death: Option<Death>,
    /// When it was found dead in the middle, from `origin_ns`.
    pub(super) died_at_ns: Option<u64>,
}
