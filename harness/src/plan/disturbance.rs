//! A probe and what is done to its server meanwhile, within bounds.

use instruments::load::{Disturbance, DisturbanceKind, LoadSpec};

/// A probe, and what is done to its server meanwhile.
#[derive(Debug, Clone, PartialEq)]
pub struct DisturbedSpec {
    /// The requests that are measured.
    pub probe: LoadSpec,
    /// What else happens.
    pub disturbance: Disturbance,
    /// What the server may take at most, so that the machine outlives the experiment.
    pub bounds: Bounds,
}

impl DisturbedSpec {
    /// Has at most so many connections open at once: the disturbance gives way to the probe.
    pub fn limit_connections(&mut self, ceiling: u32) {
        self.probe.limit_connections(ceiling);
        let left = ceiling - self.probe.peak_connections();
        match &mut self.disturbance.kind {
            DisturbanceKind::IdleFlood { at_most, .. } => *at_most = (*at_most).min(left),
            DisturbanceKind::HalfRequests { connections, .. }
            | DisturbanceKind::KeepAlive { connections }
            | DisturbanceKind::Burst { connections, .. }
            | DisturbanceKind::SlowReaders { connections, .. } => {
                *connections = (*connections).min(left);
            }
            DisturbanceKind::Load(spec) => spec.limit_connections(left),
            DisturbanceKind::Shutdown { idle, half_sent, running, .. } => {
                *idle = (*idle).min(left / 3);
                *half_sent = (*half_sent).min(left / 3);
                *running = (*running).min(left / 3);
            }
            DisturbanceKind::Nothing | DisturbanceKind::Stall | DisturbanceKind::Pipelining { .. } => {}
        }
    }
}

/// What a server may take at most. Absent: whatever the machine allows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Bounds {
    /// Threads of the process.
    pub threads: Option<u32>,
    /// Open descriptors of the process.
    pub open_files: Option<u32>,
    /// Memory of the process in bytes.
    pub memory_bytes: Option<u64>,
}
