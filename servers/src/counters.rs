//! What a server counts while it runs. Every number only grows; what is open or under way is a difference of two.
//!
//! A thread that counts waits for no other, and a reading takes no lock. It knows nothing of connections, threads or
//! tasks. Beside it: `server.rs`, which owns the counters, and `snapshot.rs`, which takes the differences.

use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

/// What a server has counted since it started.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Counters {
    /// Connections accepted.
    pub accepted: u64,
    /// Calls of accept that failed, most often because the process had no descriptor left.
    pub accept_errors: u64,
    /// Connections that were closed at once because no thread could be had for them.
    pub spawn_errors: u64,
    /// Requests answered with `WorkDone`, counted before the reply is written.
    pub requests_served: u64,
    /// Requests answered with `Error`, counted likewise.
    pub requests_refused: u64,
    /// Requests answered with `Error` since the backend they call did not answer.
    pub backend_errors: u64,
    /// Connections closed because no byte came for as long as `idle-timeout`.
    pub idle_timeouts: u64,
    /// Connections closed because a request was not whole at its `frame-deadline`.
    pub frame_deadlines: u64,
    /// Times that as many connections as `max-connections` were open and the next accept had to wait.
    pub limit_waits: u64,
}

/// A number that any thread may add to.
#[derive(Debug, Default)]
pub(crate) struct RelaxedCounter(AtomicU64);

impl RelaxedCounter {
    /// Adds one, and gives the new number.
    pub(crate) fn increment(&self) -> u64 {
        self.0.fetch_add(1, Relaxed) + 1
    }

    pub(crate) fn get(&self) -> u64 {
        self.0.load(Relaxed)
    }
}

/// The counters of a server, as its connections and its accept loop see them.
#[derive(Debug, Default)]
pub(crate) struct LiveCounters {
    pub(crate) accepted: RelaxedCounter,
    pub(crate) accept_errors: RelaxedCounter,
    pub(crate) spawn_errors: RelaxedCounter,
    /// Connections that a thread or a task has begun to serve.
    pub(crate) connections_begun: RelaxedCounter,
    /// Those of them that are over.
    pub(crate) connections_ended: RelaxedCounter,
    /// Requests whose work has begun; refusals are not among them.
    pub(crate) requests_begun: RelaxedCounter,
    pub(crate) requests_served: RelaxedCounter,
    pub(crate) requests_refused: RelaxedCounter,
    pub(crate) backend_errors: RelaxedCounter,
    pub(crate) idle_timeouts: RelaxedCounter,
    pub(crate) frame_deadlines: RelaxedCounter,
}

/// Counts a connection as ended when it is dropped, be it by a panic.
#[derive(Debug)]
pub(crate) struct ServingGuard<'a>(&'a LiveCounters);

impl LiveCounters {
    /// Counts a connection that a thread or a task begins to serve.
    pub(crate) fn begin_connection(&self) -> ServingGuard<'_> {
        self.connections_begun.increment();
        ServingGuard(self)
    }
}

impl Drop for ServingGuard<'_> {
    fn drop(&mut self) {
        self.0.connections_ended.increment();
    }
}

#[cfg(test)]
mod tests {
    use std::panic::{AssertUnwindSafe, catch_unwind};

    use super::*;

    #[test]
    fn a_connection_has_ended_when_its_guard_is_dropped() {
        let counters = LiveCounters::default();
        let (first, second) = (counters.begin_connection(), counters.begin_connection());
        drop(first);
        let panicked = catch_unwind(AssertUnwindSafe(|| {
            let _second = second;
            panic!("a panic in a connection, as the test wants it");
        }));
        panicked.unwrap_err();
        assert_eq!((counters.connections_begun.get(), counters.connections_ended.get()), (2, 2));
    }
}
