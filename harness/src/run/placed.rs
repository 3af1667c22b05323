//! The load generator on the CPUs that a cell gives it: how it runs there, and how the thread that makes it gets there and back.
//!
//! Beside it: `cell.rs`, which runs the cell; `plan/placement.rs`, whose CPUs are whose.

use std::io;

use instruments::load::{Generator, Pacing};
use instruments::observe::{allowed_cpus, restrict_this_thread};
use reports::record::{PlacementKind, PlacementRecord};

use super::called::beside_a_backend;
use crate::plan::TaskKind;

/// How the generator runs for a task, on its CPUs.
pub(super) fn generator(task: &TaskKind, placement: &PlacementRecord) -> Generator {
    let cpus = placement.generator_cpus.len() as u32;
    // A connection costs its client about as much as its server, and a request half of that.
    let comes_and_goes = matches!(task, TaskKind::Load(spec) if spec.comes_and_goes());
    let of_shared = if comes_and_goes { cpus } else { cpus / 2 };
    let alone = match placement.kind {
        PlacementKind::Isolated => Generator { threads: cpus.max(1), pacing: Pacing::Precise },
        PlacementKind::Shared => Generator { threads: of_shared.max(1), pacing: Pacing::Sleeping },
    };
    if task.calls_backend() { beside_a_backend(alone, placement.kind) } else { alone }
}

/// Does something on these CPUs, with every thread that it makes meanwhile, and goes back to those from before.
///
/// # Errors
/// Where this process may use none of them.
pub(super) fn on_cpus<T>(cpus: &[u32], work: impl FnOnce() -> T) -> io::Result<T> {
    let before = allowed_cpus()?;
    restrict_this_thread(cpus)?;
    let done = work();
    // It has run there before. Where it can't go back, the noise and lag of the next cell show it.
    let _ = restrict_this_thread(&before);
    Ok(done)
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use instruments::load::{ArrivalProcess, LoadSpec, Shape};

    fn asking(arrivals: ArrivalProcess, requests: u32) -> TaskKind {
        let shape = Shape::Sessions { requests, think_time: Duration::ZERO, concurrent: 8 };
        TaskKind::Load(LoadSpec { shape, ..LoadSpec::of_a_second(arrivals) })
    }

    #[test]
    fn clients_that_connect_for_each_request_get_as_many_threads_as_they_share_cpus() {
        let placed = |kind| PlacementRecord { kind, server_cpus: vec![0, 1], generator_cpus: vec![0, 1] };
        let threads = |kind, task: &TaskKind| generator(task, &placed(kind)).threads;
        let (open, closed) = (ArrivalProcess::Constant { rate_rps: 9.0 }, ArrivalProcess::Closed);
        assert_eq!(threads(PlacementKind::Shared, &asking(closed, 1)), 2);
        assert_eq!(threads(PlacementKind::Shared, &asking(closed, 10)), 1);
        assert_eq!(threads(PlacementKind::Shared, &asking(open, 1)), 1);
        assert_eq!(threads(PlacementKind::Isolated, &asking(open, 10)), 2);
    }

    #[test]
    fn a_thread_goes_back_to_its_cpus() {
        let before = allowed_cpus().unwrap();
        let last = &before[before.len() - 1..];
        assert_eq!(on_cpus(last, || allowed_cpus().unwrap()).unwrap(), last);
        assert!(on_cpus(&[u32::MAX], || ()).is_err());
        assert_eq!(allowed_cpus().unwrap(), before);
    }
}
