//! Which runs may stand in one comparison: those of one machine, used in the same way, as far as it bears on the numbers.
//!
//! Must not know: what was measured, pages. Beside it: `record/manifest.rs`, which says what is known of a machine.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use crate::format::{Unit, counted};
use crate::record::store::Run;
use crate::record::{HostRecord, HostRole, Manifest, PathKind, PlacementKind};

/// A machine together with the way its CPUs were divided.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct MachineIdentity {
    /// Differs where anything differs that makes it another machine: processor, number of CPUs and whose they were, memory,
    /// clock source, hypervisor, governor, whether its CPUs may sleep, and which other machines sent the loads. What runs on it
    /// may change from day to day: see [`software`].
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
        let awake = match machine.cpu_latency_limit_us {
            None => String::new(),
            Some(0) => "; kept awake".to_owned(),
            Some(us) => format!("; awake within {us} µs"),
        };
        let placed = format!("{placed}{awake}{}", spread(manifest));
        let facts = hardware(manifest, cpus.clone(), placed.clone(), memory.clone()).map(|(_, value)| value);
        let facts: Vec<String> = facts.into_iter().chain(senders(manifest)).collect();
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

impl Difference {
    /// `kernel: 6.1.0 and 6.5.0`.
    pub fn words(&self) -> String {
        let Difference { what, base, new } = self;
        format!("{what}: {base} and {new}")
    }
}

/// What differs between the machines of two runs; empty where figures of both may stand in one comparison.
pub fn differences(base: &Manifest, new: &Manifest) -> Vec<Difference> {
    let of = |manifest: &Manifest| {
        let machine = &manifest.machine;
        let memory = format!("{:.1} GiB", machine.memory_bytes as f64 / 1_073_741_824.0);
        let senders = senders(manifest).unwrap_or_else(|| "none".to_owned());
        hardware(manifest, machine.cpus.to_string(), placed(manifest) + &spread(manifest), memory)
            .into_iter()
            .chain([
                ("CPUs sleep", sleep_in_words(machine.cpu_latency_limit_us)),
                ("other machines that send", senders),
            ])
            .chain(system(manifest))
    };
    let pairs = of(base).zip(of(new));
    let differs = pairs.filter(|((_, base), (_, new))| base != new);
    differs.map(|((what, base), (_, new))| Difference { what, base, new }).collect()
}

/// What ran on the machine and bears on the numbers, by name, with versions: a change of it is a mark in a trend. The
/// system, the allocator, what the servers were built with as far as the run has it, and the drivers that they had.
pub fn software(run: &Run) -> BTreeMap<String, String> {
    let system = system(&run.manifest).map(|(what, value)| (what.to_owned(), value));
    let drivers = drivers(run).into_iter().map(|(contender, driver)| (format!("driver of {contender}"), driver));
    run.manifest.built_with.clone().into_iter().chain(system).chain(drivers).collect()
}

/// Which driver of its runtime each contender ran on, of those that had a choice.
pub fn drivers(run: &Run) -> BTreeMap<String, String> {
    let told = run.cells.iter().filter_map(|cell| Some((cell.contender.clone(), cell.server.driver.clone()?)));
    told.collect()
}

/// `rustc 1.95.0, tokio 1.54.1`.
pub fn in_words(software: &BTreeMap<String, String>) -> String {
    software.iter().map(|(what, version)| format!("{what} {version}")).collect::<Vec<_>>().join(", ")
}

fn system(manifest: &Manifest) -> [(&'static str, String); 3] {
    let machine = &manifest.machine;
    [
        ("kernel", machine.kernel.clone()),
        ("congestion control", machine.congestion_control.clone()),
        ("allocator", machine.allocator.clone()),
    ]
}

/// From where the loads came, where that was no part of this process: `; loads of 2 workers, over a network`.
fn spread(manifest: &Manifest) -> String {
    let workers = || manifest.hosts.iter().filter(|host| host.role == HostRole::Load);
    let mut ways: Vec<&str> = workers().map(|host| host.path.map_or("an unknown way", PathKind::words)).collect();
    ways.dedup();
    match workers().count() {
        0 => String::new(),
        count => format!("; loads of {}, over {}", counted(count as u64, "worker"), ways.join(" and ")),
    }
}

/// Who sent the loads, where that was no part of this process: `gen-a (2 CPUs, Linux 6.1.0), gen-b (...)`. In which order they
/// were typed does not matter.
fn senders(manifest: &Manifest) -> Option<String> {
    let workers = manifest.hosts.iter().filter(|host| host.role == HostRole::Load);
    let mut named: Vec<String> = workers
        .map(|HostRecord { host, cpus, kernel, .. }| {
            let kernel = kernel.as_deref().unwrap_or("of an unknown release");
            format!("{host} ({}, Linux {kernel})", counted(u64::from(*cpus), "CPU"))
        })
        .collect();
    named.sort_unstable();
    (!named.is_empty()).then(|| named.join(", "))
}

/// What the machine is, by name. The memory is rounded, since the same machine differs by some pages from boot to
/// boot; the kernel stack of a thread is left out, an estimate that is never quite the same twice.
fn hardware(manifest: &Manifest, cpus: String, placed: String, memory: String) -> [(&'static str, String); 7] {
    let machine = &manifest.machine;
    let known = |value: Option<String>| value.unwrap_or_else(|| "unknown".to_owned());
    [
        ("processor", machine.cpu_model.clone()),
        ("CPUs", cpus),
        ("CPU placement", placed),
        ("memory", memory),
        ("clock source", machine.clock_source.clone()),
        ("virtualised", known(machine.virtualised.map(|yes| yes.to_string()))),
        ("governor", known(machine.governor.clone())),
    ]
}

/// When the CPUs may sleep, by the microseconds that they may take to wake up: `never (a program keeps them awake)`.
pub fn sleep_in_words(cpu_latency_limit_us: Option<u32>) -> String {
    match cpu_latency_limit_us {
        None => "whenever idle (as far as is known)".to_owned(),
        Some(0) => "never (a program keeps them awake)".to_owned(),
        Some(us) => format!("where they wake up within {us} µs (a program asks for that)"),
    }
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
