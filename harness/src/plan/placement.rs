//! Which CPUs are whose: the server's and the generator's in a run, and in a task that asks for CPUs of its own.
//!
//! Must not know: which CPUs this process may use; who asks has looked. Beside it: `run.rs`, whose placement it is.

use reports::record::{PlacementKind, PlacementRecord};

/// How many CPUs the server of a task gets.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CpuNeed {
    /// Those that servers have throughout the run.
    AsPlaced,
    /// So many, however many there are.
    Just(u32),
}

/// A generator needs about half of what a server does for the same requests.
const SERVERS_OVER_GENERATORS: usize = 2;

/// Divides the CPUs this process may use. Isolated placement needs two; on one CPU everything is shared.
pub fn place(kind: PlacementKind, cpus: &[u32]) -> PlacementRecord {
    match kind {
        PlacementKind::Isolated if cpus.len() >= 2 => {
            let (server, generator) = cpus.split_at(cpus.len() - cpus.len().div_ceil(1 + SERVERS_OVER_GENERATORS));
            PlacementRecord { kind, server_cpus: server.to_vec(), generator_cpus: generator.to_vec() }
        }
        _ => PlacementRecord { kind: PlacementKind::Shared, server_cpus: cpus.to_vec(), generator_cpus: cpus.to_vec() },
    }
}

/// Divides the CPUs of a run for a task. Where its server leaves the generator too few, the two share: the generator may
/// use all of the run's then. None where the run does not have as many as the server needs.
pub fn place_task(of_run: &PlacementRecord, need: CpuNeed) -> Option<PlacementRecord> {
    let count = match need {
        CpuNeed::AsPlaced => return Some(of_run.clone()),
        CpuNeed::Just(count) => count as usize,
    };
    let mut cpus = [&of_run.server_cpus[..], &of_run.generator_cpus].concat();
    cpus.sort_unstable();
    cpus.dedup();
    let (server, left) = cpus.split_at_checked(count)?;
    let needed = count.div_ceil(SERVERS_OVER_GENERATORS);
    let has_room = of_run.kind == PlacementKind::Isolated && left.len() >= needed;
    // No more than in the rest of the run, or threads that have nothing to do would poll on all that are left.
    let most = of_run.generator_cpus.len().max(needed);
    let (kind, generator_cpus) = match has_room {
        true => (PlacementKind::Isolated, left[left.len().saturating_sub(most)..].to_vec()),
        false => (PlacementKind::Shared, cpus.clone()),
    };
    Some(PlacementRecord { kind, server_cpus: server.to_vec(), generator_cpus })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn isolated_cpus_are_disjoint_and_one_cpu_is_shared() {
        assert_eq!(place(PlacementKind::Isolated, &[0, 1]).server_cpus, [0]);
        let eight = place(PlacementKind::Isolated, &[0, 1, 2, 3, 4, 5, 6, 7]);
        assert_eq!((eight.server_cpus.len(), eight.generator_cpus.as_slice()), (5, [5, 6, 7].as_slice()));
        assert_eq!(place(PlacementKind::Isolated, &[3]).kind, PlacementKind::Shared);
        assert_eq!(place(PlacementKind::Shared, &[0, 1]).generator_cpus, [0, 1]);
    }

    fn placed(cpus: &[u32], need: CpuNeed) -> Option<(PlacementKind, Vec<u32>, Vec<u32>)> {
        let placed = place_task(&place(PlacementKind::Isolated, cpus), need)?;
        Some((placed.kind, placed.server_cpus, placed.generator_cpus))
    }

    #[test]
    fn a_task_gets_its_cpus_and_shares_them_with_the_generator_where_few_are_left() {
        use PlacementKind::{Isolated, Shared};
        assert_eq!(placed(&[4, 5], CpuNeed::Just(1)), Some((Isolated, vec![4], vec![5])));
        assert_eq!(placed(&[4, 5], CpuNeed::Just(2)), Some((Shared, vec![4, 5], vec![4, 5])));
        assert_eq!(placed(&[4, 5, 6], CpuNeed::Just(2)), Some((Isolated, vec![4, 5], vec![6])));
        let eight = [0, 1, 2, 3, 4, 5, 6, 7];
        assert_eq!(placed(&eight, CpuNeed::Just(1)), Some((Isolated, vec![0], vec![5, 6, 7])));
        assert_eq!(placed(&eight, CpuNeed::Just(6)), Some((Shared, vec![0, 1, 2, 3, 4, 5], eight.to_vec())));
    }

    #[test]
    fn a_task_that_needs_more_cpus_than_the_run_has_is_placed_nowhere() {
        assert_eq!(placed(&[0, 1], CpuNeed::Just(4)), None);
        assert_eq!(placed(&[3], CpuNeed::Just(1)), Some((PlacementKind::Shared, vec![3], vec![3])));
    }

    #[test]
    fn what_asks_for_nothing_gets_what_the_run_gives() {
        let run = place(PlacementKind::Isolated, &[0, 1, 2, 3]);
        assert_eq!(place_task(&run, CpuNeed::AsPlaced), Some(run));
    }
}
