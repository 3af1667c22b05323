//! Whether two runs were made on the same machine, used in the same way: what bears on the numbers, and differs.
//!
//! Must not know: what was measured. Beside it: `record/manifest.rs`, which says what is known of a machine.

use serde::Serialize;

use crate::record::{Manifest, PlacementKind};

/// One thing in which the machines of two runs differ.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Difference {
    /// What differs: `kernel`.
    pub what: &'static str,
    /// Of the first run.
    pub base: String,
    /// Of the second run.
    pub new: String,
}

/// What differs between the machines of two runs; empty where figures of both may stand in one comparison.
pub fn differences(base: &Manifest, new: &Manifest) -> Vec<Difference> {
    let pairs = facts(base).into_iter().zip(facts(new));
    let differs = pairs.filter(|((_, base), (_, new))| base != new);
    differs.map(|((what, base), (_, new))| Difference { what, base, new }).collect()
}

fn facts(manifest: &Manifest) -> Vec<(&'static str, String)> {
    let machine = &manifest.machine;
    let known = |value: Option<String>| value.unwrap_or_else(|| "unknown".to_owned());
    vec![
        ("processor", machine.cpu_model.clone()),
        ("CPUs", machine.cpus.to_string()),
        ("CPU placement", placed(manifest)),
        // Rounded: the same machine differs by some pages from boot to boot.
        ("memory", format!("{:.1} GiB", machine.memory_bytes as f64 / 1_073_741_824.0)),
        ("kernel", machine.kernel.clone()),
        ("clock source", machine.clock_source.clone()),
        ("congestion control", machine.congestion_control.clone()),
        ("virtualised", known(machine.virtualised.map(|yes| yes.to_string()))),
        ("governor", known(machine.governor.clone())),
        ("allocator", machine.allocator.clone()),
        // The kernel stack of a thread is left out: an estimate that is never quite the same twice.
    ]
}

fn placed(manifest: &Manifest) -> String {
    let placement = &manifest.placement;
    let list = |cpus: &[u32]| cpus.iter().map(u32::to_string).collect::<Vec<_>>().join(",");
    match placement.kind {
        PlacementKind::Isolated => {
            format!("{} for the server, {} apart", list(&placement.server_cpus), list(&placement.generator_cpus))
        }
        PlacementKind::Shared => format!("{} shared", list(&placement.server_cpus)),
    }
}
