//! On what a run was made: the machine, its limits, what was found out about each server before the run; and of a run that is
//! spread over several machines who has the servers, who sends, how long the way between them takes, and what part of a
//! response time that is.
//!
//! Must not know: tags. Beside it: `content.rs`, which shows it; `record/manifest.rs` and `record/workers.rs`, what is known.

use std::collections::BTreeMap;

use crate::format::{self, Unit, counted};
use crate::machine::{drivers, in_words, sleep_in_words};
use crate::placement::placement;
use crate::record::store::Run;
use crate::record::{Cell, HostRecord, HostRole, Purpose, WorkerRecord};
use crate::stats::{BlockValue, median};
use crate::study::{Pool, counts};

pub(super) fn environment(run: &Run) -> Vec<(String, String)> {
    let manifest = &run.manifest;
    let machine = &manifest.machine;
    let cpus = |cpus: &[u32]| cpus.iter().map(u32::to_string).collect::<Vec<_>>().join(", ");
    let known = |value: &Option<String>| value.clone().unwrap_or_else(|| "not shown by the kernel".into());
    let rows = [
        ("Command", manifest.argv.join(" ")),
        ("Seed", manifest.seed.to_string()),
        ("How often", manifest.blocks_in_words()),
        ("Started", [vec![manifest.started_at.clone()], manifest.resumed_at.clone()].concat().join(", resumed ")),
        ("Took", manifest.elapsed_ns.map_or("not ended".into(), |ns| Unit::Nanoseconds.show(ns as f64))),
        ("Harness", format!("{} {}", manifest.harness_version, manifest.commit.as_deref().unwrap_or(""))),
        ("Placement", placement(run)),
        ("Server's CPUs", cpus(&manifest.placement.server_cpus)),
        ("Generator's CPUs", cpus(&manifest.placement.generator_cpus)),
        ("Processor", machine.cpu_model.clone()),
        ("Kernel", machine.kernel.clone()),
        ("Clock source", machine.clock_source.clone()),
        ("Congestion control", machine.congestion_control.clone()),
        ("Hypervisor", machine.virtualised.map_or("unknown", |yes| if yes { "yes" } else { "no" }).into()),
        ("Frequency governor", known(&machine.governor)),
        ("CPUs sleep", sleep_in_words(machine.cpu_latency_limit_us)),
        ("Allocator of the servers", allocator(run)),
        ("Built with", built_with(run)),
        ("Kernel stack of a thread", Unit::Bytes.show(machine.kernel_stack_bytes_per_thread as f64)),
    ];
    let drivers = drivers(run).into_iter().map(|(contender, driver)| (format!("Driver of {contender}"), driver));
    let hosts = host_rows(&manifest.hosts, &run.cells);
    rows.map(|(name, value)| (name.to_owned(), value)).into_iter().chain(hosts).chain(drivers).collect()
}

/// Servers of another build have that build's, which its version names where it is not the system's.
fn allocator(run: &Run) -> String {
    let ours = &run.manifest.machine.allocator;
    match &run.manifest.against {
        Some(other) => format!("{ours}; of those called base that of {}", other.version),
        None => ours.clone(),
    }
}

/// The compiler and what runs underneath the models, of both builds where there are two.
fn built_with(run: &Run) -> String {
    let told = |built_with: &BTreeMap<String, String>| match built_with.is_empty() {
        true => "not noted".to_owned(),
        false => in_words(built_with),
    };
    let ours = told(&run.manifest.built_with);
    match &run.manifest.against {
        Some(other) => format!("{ours}; those called base with {}", told(&other.built_with)),
        None => ours,
    }
}

pub(super) fn limits(run: &Run) -> Vec<[String; 4]> {
    let shown = |value: Option<u64>| value.map_or_else(|| "none".to_owned(), format::count);
    let limits = run.manifest.limits.iter();
    limits.map(|limit| [limit.name.clone(), shown(limit.value), shown(limit.needed), limit.remedy.clone()]).collect()
}

/// What was asked of whom, as readers call both, and what came of it.
pub(super) fn probe(run: &Run, cell: &Cell) -> [String; 5] {
    let its = run.manifest.experiments.iter().filter(|experiment| experiment.name == cell.experiment);
    let mut workloads = its.flat_map(|experiment| &experiment.workloads);
    let asked = workloads.find(|workload| workload.key == cell.workload).map_or(&cell.workload, |found| &found.label);
    let contender = run.manifest.contenders.iter().find(|contender| contender.label == cell.contender);
    let server = contender.map_or_else(|| cell.contender.clone(), |found| found.name());
    let pool = Pool::of(vec![cell]);
    let achieved = pool.achieved_rps().map_or("-".into(), |rps| Unit::PerSecond.show(rps));
    let failed = cell.traffic.as_ref().map_or("-".into(), |traffic| format::count(traffic.ledger.failed()));
    let standing = if counts(cell) { "valid" } else { "invalid" };
    [asked.clone(), server, achieved, failed, standing.into()]
}

/// Name and value; nothing where all was done on one machine.
fn host_rows(hosts: &[HostRecord], cells: &[Cell]) -> Vec<(String, String)> {
    let mut number = 0;
    let row = |host: &HostRecord| match host.role {
        HostRole::Server => ("Machine of the servers".to_owned(), described(host)),
        HostRole::Load => {
            number += 1;
            let path = host.path.map_or("an unknown way", |path| path.words());
            let reached = format!("{}; its way to the server is {path}", described(host));
            let told = way(cells, number).map(|way| format!("; {way}")).unwrap_or_default();
            (format!("Worker {number}"), format!("{reached}{told}"))
        }
    };
    hosts.iter().map(row).collect()
}

/// Host, CPUs, kernel, build, and how it was started.
fn described(host: &HostRecord) -> String {
    let HostRecord { host: name, cpus, kernel, version, build, command, .. } = host;
    let kernel = kernel.as_ref().map_or("kernel not told".to_owned(), |kernel| format!("Linux {kernel}"));
    // As many characters as tell two builds apart.
    let build = build
        .as_ref()
        .map_or("build not told".to_owned(), |build| format!("build {}", build.chars().take(12).collect::<String>()));
    format!(
        "{name}, {}, {kernel}, harness {version} ({build}), started by `{command}`",
        counted(u64::from(*cpus), "CPU")
    )
}

/// The way of one worker over all cells that count: `the way there and back takes 63 µs before a load and 65 µs after it, by TCP
/// connects; that is 12% of its median response time`.
fn way(cells: &[Cell], number: u32) -> Option<String> {
    let of_it = || {
        let cells = cells.iter().filter(|cell| cell.purpose == Purpose::Measure && counts(cell));
        cells.flat_map(|cell| cell.workers.iter()).filter(move |worker| worker.number == number)
    };
    let middle = |of: &dyn Fn(&WorkerRecord) -> Option<f64>| match median(of_it().filter_map(of).map(BlockValue::Is)) {
        BlockValue::Is(value) => Some(value),
        BlockValue::Beyond(_) | BlockValue::Missing => None,
    };
    let time = |of: fn(&WorkerRecord) -> Option<u64>| {
        middle(&|worker| Some(of(worker)? as f64)).map(|ns| Unit::Nanoseconds.show(ns))
    };
    let (before, after) = (time(|it| it.way.before_ns)?, time(|it| it.way.after_ns)?);
    let share = middle(&|it| Some(it.way.least_ns()? as f64 / it.p50_ns.filter(|ns| *ns > 0)? as f64));
    let share = share.map(|share| {
        // A server that answers faster than two kernels shake hands is possible, and then this says nothing.
        format!("; that is {} of its median response time", format::share(share.min(1.0)))
    });
    Some(format!(
        "the way there and back takes {before} before a load and {after} after it, by TCP connects{}",
        share.unwrap_or_default()
    ))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::metrics::disturbed;
    use crate::record::{Ledger, PathKind, WayTimes};

    fn host(role: HostRole, path: Option<PathKind>) -> HostRecord {
        HostRecord {
            role,
            command: "ssh a".to_owned(),
            host: "gen-a".to_owned(),
            cpus: 4,
            kernel: Some("6.1.0".to_owned()),
            version: "0.1.0".to_owned(),
            build: Some("0123456789abcdef".to_owned()),
            path,
        }
    }

    #[test]
    fn a_machine_is_told_in_a_line() {
        let said = described(&host(HostRole::Server, None));
        assert_eq!(said, "gen-a, 4 CPUs, Linux 6.1.0, harness 0.1.0 (build 0123456789ab), started by `ssh a`");
    }

    #[test]
    fn a_way_is_told_with_its_part_of_the_response_time() {
        let worker: WorkerRecord = serde_json::from_value(serde_json::json!({
            "number": 1, "host": "gen-a", "clock_offset_ns": -5, "clock_bound_ns": 5, "p50_ns": 400_000,
            "way": WayTimes { before_ns: Some(100_000), after_ns: Some(120_000) },
        }))
        .unwrap();
        let cell = Cell { workers: vec![worker], ..disturbed(0..1, 0, 1, Ledger::default()) };
        let hosts = vec![host(HostRole::Server, None), host(HostRole::Load, Some(PathKind::Network))];
        let rows = host_rows(&hosts, &[cell]);
        assert_eq!((rows[0].0.as_str(), rows[1].0.as_str()), ("Machine of the servers", "Worker 1"));
        assert!(
            rows[1].1.ends_with(
                "its way to the server is a network; the way there and back takes 100 µs before a load and 120 µs after it, by \
                 TCP connects; that is 25% of its median response time"
            ),
            "{}",
            rows[1].1
        );
    }
}
