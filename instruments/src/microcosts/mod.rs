//! What one of each costs on this machine: a thread and a task, their spawning, switching, and being woken.
//!
//! One implementation: `harness microcosts` and `harness/benches/microcosts.rs` both call [`measure`]. Read
//! `threads.rs` and `tasks.rs` side by side, which do the same in the same order, then `connections.rs`, where both
//! are driven by one client; `rounds.rs` repeats, `findings.rs` concludes.
//!
//! It is the one place outside the servers that knows a runtime. Must not know: models, the load generator, how
//! anything is shown.

mod comparison;
mod connections;
mod findings;
mod rounds;
mod sentences;
mod subject;
mod tasks;
mod threads;

use std::{io, thread};

pub use comparison::{CostVerdict, RoundSpread, RowSubject, Side};
pub use connections::CONNECTIONS;
pub use findings::{MicrocostFindings, MicrocostRow, conclude};
pub use rounds::{MicrocostRounds, RoundSettings, take_rounds};
pub use subject::{CpuSet, Microcost, Operation, Runner};

use crate::observe::restrict_this_thread;
use connections::{ReadyConnections, serve_with_tasks, serve_with_threads};
use subject::{Runtime, Timed};

/// What the machine refused.
#[derive(Debug, thiserror::Error)]
pub enum MicrocostError {
    /// A thread or a runtime could not be started, or sockets could not be had.
    #[error(
        "\"{operation}\" of {kind} needs more threads or descriptors than this machine gives: {source}; see ulimit -u and ulimit -n"
    )]
    Refused {
        /// What was to be done.
        operation: &'static str,
        /// By whom.
        kind: &'static str,
        /// What the kernel said.
        source: io::Error,
    },
    /// The CPUs or the memory of this process could not be read.
    #[error("this process could not look at itself: {0}; is /proc mounted?")]
    Unobservable(#[from] io::Error),
}

/// Does `count` operations (rounded up to whole batches, round trips or sweeps) on the CPUs of `placement`, and returns
/// what one took, in nanoseconds of the monotonic clock. Starting what is measured is not timed, and a first round trip
/// comes before the clock.
///
/// # Errors
/// Where the machine refuses threads, descriptors or the placement.
pub fn measure(subject: Microcost, count: u64, placement: &CpuSet) -> Result<f64, MicrocostError> {
    // A thread of its own, because threads and runtimes that it starts inherit its CPUs, and the caller must not.
    let measured = thread::scope(|scope| {
        let measuring = thread::Builder::new().spawn_scoped(scope, || {
            restrict_this_thread(&placement.cpus)?;
            timed(subject, count.max(1), placement.cpus.len())
        })?;
        measuring.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic))
    });
    let refused =
        |source| MicrocostError::Refused { operation: subject.operation.name(), kind: subject.kind.name(), source };
    measured.map(|timed| timed.time.as_nanos() as f64 / timed.count as f64).map_err(refused)
}

fn timed(subject: Microcost, count: u64, workers: usize) -> io::Result<Timed> {
    match Runtime::of(subject.kind, workers) {
        None => match subject.operation {
            Operation::Spawn => threads::spawn_and_join(count),
            Operation::Channel => threads::channel(count),
            Operation::Switch => threads::switch(count),
            Operation::Socket => threads::socket(count),
            Operation::SystemCalls => threads::system_calls(count),
            Operation::OneReady => serve_with_threads(count, ReadyConnections::One),
            Operation::AllReady => serve_with_threads(count, ReadyConnections::All),
        },
        Some(runtime) => match subject.operation {
            Operation::Spawn => runtime.run(tasks::spawn_and_join(count)),
            Operation::Channel => runtime.run(tasks::channel(count)),
            Operation::Switch => runtime.run(tasks::switch(count)),
            Operation::Socket => runtime.run(tasks::socket(count))?,
            Operation::SystemCalls => threads::system_calls(count),
            Operation::OneReady => serve_with_tasks(count, ReadyConnections::One, runtime),
            Operation::AllReady => serve_with_tasks(count, ReadyConnections::All, runtime),
        },
    }
}
