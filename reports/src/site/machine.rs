//! Which runs may stand in one trend: those of one machine, as far as it bears on the numbers.
//!
//! Must not know: pages. Beside it: `record/manifest.rs`, which says what is known of a machine.

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use crate::format::{Unit, counted};
use crate::record::{Manifest, PlacementKind};

/// A machine together with the way its CPUs were divided.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Machine {
    /// Differs where anything differs that is known to bear on the numbers: processor, number of CPUs and whose they
    /// were, memory, kernel, clock source, congestion control, hypervisor, governor, allocator.
    pub fingerprint: String,
    /// For a reader, in a line.
    pub label: String,
}

impl Machine {
    /// The machine of a run.
    pub fn of(manifest: &Manifest) -> Machine {
        let (machine, placement) = (&manifest.machine, &manifest.placement);
        // Rounded, because the same machine may differ by some pages from boot to boot.
        let memory = Unit::Bytes.show(machine.memory_bytes as f64);
        let cpus = counted(u64::from(machine.cpus), "CPU");
        let placed = match placement.kind {
            PlacementKind::Isolated => {
                format!("{} for the server, {} apart", placement.server_cpus.len(), placement.generator_cpus.len())
            }
            PlacementKind::Shared => "shared with the load".to_owned(),
        };
        let known = |value: Option<String>| value.unwrap_or_else(|| "unknown".into());
        let parts = [
            machine.cpu_model.clone(),
            cpus.clone(),
            placed.clone(),
            memory.clone(),
            machine.kernel.clone(),
            machine.clock_source.clone(),
            machine.congestion_control.clone(),
            known(machine.virtualised.map(|virtualised| virtualised.to_string())),
            known(machine.governor.clone()),
            machine.allocator.clone(),
        ];
        // What follows the release is how the kernel was built: it tells machines apart, and a reader little.
        let release = machine.kernel.split(' ').next().unwrap_or_default();
        let hash = Sha256::digest(parts.join("\n").as_bytes());
        Machine {
            fingerprint: hash.iter().take(4).map(|byte| format!("{byte:02x}")).collect(),
            label: format!("{}, {cpus} ({placed}), {memory}, Linux {release}", machine.cpu_model),
        }
    }
}
