//! Who had which CPUs, as titles and paragraphs say it: of the run, and of experiments whose servers got others.
//!
//! Must not know: charts, HTML. Beside it: `record/manifest.rs`, the run's placement; `record/cell.rs`, a cell's own.

use std::collections::BTreeSet;

use itertools::Itertools;

use crate::format;
use crate::record::store::Run;
use crate::record::{Cell, HostRole, PlacementKind};
use crate::study::Group;

/// Who had which CPUs, in a sentence, and one more for each experiment whose servers got others.
pub(crate) fn placement(run: &Run) -> String {
    let experiments = run.cells.iter().filter(|cell| cell.placement.is_some()).map(|cell| cell.experiment.as_str());
    let others = experiments.unique().sorted().map(|name| {
        let of_it = run.cells.iter().filter(|cell| cell.experiment == name);
        format!(" In {name} the server was on {}.", of_cells(run, of_it))
    });
    format!("{}{}", placement_of_run(run), others.collect::<String>())
}

/// Who had which CPUs wherever nothing else is said, in a sentence.
pub(crate) fn placement_of_run(run: &Run) -> String {
    if !run.manifest.hosts.is_empty() {
        return placement_of_hosts(run);
    }
    let placement = &run.manifest.placement;
    let server = cpus(placement.server_cpus.len());
    match placement.kind {
        PlacementKind::Isolated => {
            let generator = format::counted(placement.generator_cpus.len() as u64, "other CPU");
            format!("The server had {server} to itself; the load generator had {generator}.")
        }
        PlacementKind::Shared => format!("Server and load generator shared the same {server}."),
    }
}

/// The same where other machines took part.
fn placement_of_hosts(run: &Run) -> String {
    let server = cpus(run.manifest.placement.server_cpus.len());
    let of_role = |role: HostRole| {
        let hosts = run.manifest.hosts.iter().filter(move |host| host.role == role);
        hosts.map(|host| host.host.as_str()).collect::<Vec<_>>()
    };
    let place = of_role(HostRole::Server).first().map_or(String::new(), |host| format!(" of {host}"));
    format!("The server had {server}{place}; the load came from {}.", format::list(of_role(HostRole::Load)))
}

/// How many CPUs the server had, as the title of a picture says it.
pub(crate) fn server_cpus(run: &Run) -> String {
    format!("server on {}", cpus(run.manifest.placement.server_cpus.len()))
}

/// The same where a picture shows one group, whose servers may have had others: `server on 1 or 2 CPUs, with 2 shared
/// with the load`.
pub(crate) fn server_cpus_of(run: &Run, group: &Group<'_>) -> String {
    let is_of_group = |cell: &&Cell| cell.experiment == group.experiment.name && cell.workload == group.workload.key;
    format!("server on {}", of_cells(run, run.cells.iter().filter(is_of_group)))
}

/// `1 or 2 CPUs, with 2 shared with the load`.
fn of_cells<'a>(run: &Run, cells: impl Iterator<Item = &'a Cell>) -> String {
    let placed = cells.map(|cell| {
        // Of the whole run's CPUs a title says how many they are.
        let is_shared = cell.placement.as_ref().is_some_and(|own| own.kind == PlacementKind::Shared);
        (cpus_of_cell(run, cell), is_shared)
    });
    let placed: Vec<(usize, bool)> = placed.collect();
    let counts: BTreeSet<usize> = placed.iter().map(|(count, _)| *count).collect();
    let shared: BTreeSet<usize> = placed.iter().filter(|(_, is_shared)| *is_shared).map(|(count, _)| *count).collect();
    let on = match counts.last() {
        None => cpus(run.manifest.placement.server_cpus.len()),
        Some(only) if counts.len() == 1 => cpus(*only),
        Some(_) => format!("{} CPUs", or(&counts)),
    };
    match shared.len() {
        0 => on,
        all if all == counts.len() => format!("{on}, shared with the load"),
        _ => format!("{on}, with {} shared with the load", or(&shared)),
    }
}

/// How many CPUs the server of a cell had.
pub(crate) fn cpus_of_cell(run: &Run, cell: &Cell) -> usize {
    cell.placement.as_ref().unwrap_or(&run.manifest.placement).server_cpus.len()
}

/// `1, 2 or 4`.
fn or(counts: &BTreeSet<usize>) -> String {
    format::choice(counts.iter().map(usize::to_string))
}

fn cpus(count: usize) -> String {
    format::counted(count as u64, "CPU")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counts_are_read_aloud() {
        let said = |counts: &[usize]| or(&counts.iter().copied().collect());
        assert_eq!((said(&[2]), said(&[1, 2]), said(&[1, 2, 4])), ("2".into(), "1 or 2".into(), "1, 2 or 4".into()));
    }
}
