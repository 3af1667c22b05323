//! Which runs may stand in one comparison: those of one machine, used in the same way, as far as it bears on the numbers.
//!
//! Must not know: what was measured, pages. Beside it: `record/manifest.rs`, which says what is known of a machine.

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use crate::format::{Unit, counted};
use crate::record::{Manifest, PlacementKind};

/// A machine together with the way its CPUs were divided.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct MachineIdentity {
    /// Differs where anything differs that is known to bear on the numbers: processor, number of CPUs and whose they
    /// were, memory, kernel, clock source, congestion control, hypervisor, governor, allocator.
    pub fingerprint: String,
    /// For a reader, in a line.
    pub label: String,
}

impl MachineIdentity {
    /// The machine of a run.
    pub fn of(manifest: &Manifest) -> MachineIdentity {
        let (machine, placement) = (&manifest.machine, &manifest.placement);
        let memory = Unit::Bytes.show(machine.memory_bytes as f64);
        let cpus = counted(u64::from(machine.cpus), "CPU");
        let placed = match placement.kind {
            PlacementKind::Isolated => {
                format!("{} for the server, {} apart", placement.server_cpus.len(), placement.generator_cpus.len())
            }
            PlacementKind::Shared => "shared with the load".to_owned(),
        };
        let facts = facts(manifest, cpus.clone(), placed.clone(), memory.clone()).map(|(_, value)| value);
        // What follows the release is how the kernel was built: it tells machines apart, and a reader little.
        let release = machine.kernel.split(' ').next().unwrap_or_default();
        let hash = Sha256::digest(facts.join("\n").as_bytes());
        MachineIdentity {
            fingerprint: hash.iter().take(4).map(|byte| format!("{byte:02x}")).collect(),
            label: format!("{}, {cpus} ({placed}), {memory}, Linux {release}", machine.cpu_model),
        }
    }
}

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
    let of = |manifest: &Manifest| {
        let machine = &manifest.machine;
        let memory = format!("{:.1} GiB", machine.memory_bytes as f64 / 1_073_741_824.0);
        facts(manifest, machine.cpus.to_string(), placed(manifest), memory)
    };
    let pairs = of(base).into_iter().zip(of(new));
    let differs = pairs.filter(|((_, base), (_, new))| base != new);
    differs.map(|((what, base), (_, new))| Difference { what, base, new }).collect()
}

/// What bears on the numbers, by name. The memory is rounded, since the same machine differs by some pages from boot to
/// boot; the kernel stack of a thread is left out, an estimate that is never quite the same twice.
fn facts(manifest: &Manifest, cpus: String, placed: String, memory: String) -> [(&'static str, String); 10] {
    let machine = &manifest.machine;
    let known = |value: Option<String>| value.unwrap_or_else(|| "unknown".to_owned());
    [
        ("processor", machine.cpu_model.clone()),
        ("CPUs", cpus),
        ("CPU placement", placed),
        ("memory", memory),
        ("kernel", machine.kernel.clone()),
        ("clock source", machine.clock_source.clone()),
        ("congestion control", machine.congestion_control.clone()),
        ("virtualised", known(machine.virtualised.map(|yes| yes.to_string()))),
        ("governor", known(machine.governor.clone())),
        ("allocator", machine.allocator.clone()),
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
