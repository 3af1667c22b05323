//! The backend of one cell, where the server of the cell calls one: started before the server, ended after it, and looked at
//! when the window begins and ends.
//!
//! Beside it: `cell.rs`, which runs the cell; `instruments/src/backend/`, the backend itself.

use std::io;
use std::net::SocketAddr;

use instruments::backend::{Backend, BackendMark, Promptness};
use instruments::load::{Generator, LoadMoments, Pacing};
use reports::record::{BackendUsage, PlacementKind};

use super::findings::CellFailure;
use crate::plan::TaskKind;

/// A cell's backend, and what it has done within the window.
#[derive(Debug)]
pub(super) struct CalledBackend {
    backend: Backend,
    mark: Option<BackendMark>,
    usage: Option<BackendUsage>,
}

impl CalledBackend {
    /// Starts one for a task whose requests call it, on the generator's CPUs; none for any other. One that has a CPU to
    /// itself may poll.
    ///
    /// # Errors
    /// As [`Backend::start`].
    pub(super) fn start(task: &TaskKind, generator: Generator) -> io::Result<Option<CalledBackend>> {
        if !task.calls_backend() {
            return Ok(None);
        }
        let promptness = if generator.pacing.polls() { Promptness::Polls } else { Promptness::Sleeps };
        CalledBackend::begin(promptness).map(Some)
    }

    /// Starts one.
    ///
    /// # Errors
    /// As [`Backend::start`].
    pub(super) fn begin(promptness: Promptness) -> io::Result<CalledBackend> {
        Ok(CalledBackend { backend: Backend::start(promptness)?, mark: None, usage: None })
    }

    pub(super) fn address(&self) -> SocketAddr {
        self.backend.address()
    }

    /// Why it stopped answering, where it has.
    pub(super) fn failure(&self) -> Option<CellFailure> {
        let failure = self.backend.failure()?;
        Some(CellFailure::of_the_harness(format!("the backend stopped answering: {failure}")))
    }

    /// Counts from the start of the window to its end; to be called again and again.
    pub(super) fn look_at(&mut self, moments: LoadMoments, now_ns: u64) {
        if self.mark.is_none() && now_ns >= moments.window_start_ns {
            self.mark = Some(self.backend.mark());
        }
        if self.usage.is_none() && now_ns >= moments.window_end_ns {
            self.usage = self.mark.and_then(|mark| self.backend.since(mark));
        }
    }

    /// What it did within the window. The load may be over before anybody looked again; it has been idle since then.
    pub(super) fn usage(self) -> Option<BackendUsage> {
        let Self { backend, mark, usage } = self;
        usage.or_else(|| backend.since(mark?))
    }
}

/// How the generator runs beside a backend, given how it runs alone. Of several CPUs the backend gets one; on a single one
/// neither may poll, since each would take it from the other.
pub(super) fn beside_a_backend(alone: Generator, placement: PlacementKind) -> Generator {
    match (placement, alone.threads) {
        (PlacementKind::Isolated, 2..) => Generator { threads: alone.threads - 1, ..alone },
        _ => Generator { pacing: Pacing::Sleeping, ..alone },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_backend_gets_a_cpu_where_there_are_several_and_shares_a_single_one() {
        let polling = |threads| Generator { threads, pacing: Pacing::Precise };
        assert_eq!(beside_a_backend(polling(4), PlacementKind::Isolated), polling(3));
        let one = beside_a_backend(polling(1), PlacementKind::Isolated);
        assert_eq!(one, Generator { threads: 1, pacing: Pacing::Sleeping });
        let shared = Generator { threads: 2, pacing: Pacing::Sleeping };
        assert_eq!(beside_a_backend(shared, PlacementKind::Shared), shared);
    }
}
