//! What is measured of whom, and on which CPUs. Names, and which runtime a kind of task needs; nothing of how it is done.

use std::time::Duration;
use std::{fmt, io};

use reports::format::list;
use tokio::runtime::Builder;

/// Who does it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Runner {
    /// OS threads.
    Thread,
    /// Tasks on tokio's current-thread runtime.
    Task,
    /// Tasks on tokio's multi-thread runtime, with as many workers as the placement has CPUs.
    TaskOnMany,
}

impl Runner {
    /// In words, in the plural.
    pub fn name(self) -> &'static str {
        match self {
            Runner::Thread => "threads",
            Runner::Task => "tasks (current-thread)",
            Runner::TaskOnMany => "tasks (multi-thread)",
        }
    }

    /// The flavour of runtime under it, as tokio calls it; absent for threads.
    pub fn flavour(self) -> Option<&'static str> {
        match self {
            Runner::Thread => None,
            Runner::Task => Some("current-thread"),
            Runner::TaskOnMany => Some("multi-thread"),
        }
    }
}

/// What is done.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Operation {
    /// Spawn one that does next to nothing, and wait for its end; in batches.
    Spawn,
    /// Pass a message over a channel of capacity one to another, which waits for it.
    Channel,
    /// Wake another and wait to be woken, without any I/O.
    Switch,
    /// Pass a byte over a socket to another, which waits for it.
    Socket,
    /// Write a byte to a socket and read it, by one thread: the system calls of `Socket` without waiting or waking.
    SystemCalls,
    /// A client asks one of many connections at a time, in a ring, each served by one of its own.
    OneReady,
    /// A client asks all of those connections, then reads all the replies.
    AllReady,
}

impl Operation {
    /// All of them, in the order in which they build on one another.
    pub const ALL: [Operation; 7] = [
        Operation::Spawn,
        Operation::Channel,
        Operation::Switch,
        Operation::Socket,
        Operation::SystemCalls,
        Operation::OneReady,
        Operation::AllReady,
    ];

    /// What it is called in tables.
    pub fn name(self) -> &'static str {
        match self {
            Operation::Spawn => "spawn and join",
            Operation::Channel => "hand-off over a channel",
            Operation::Switch => "switch without I/O",
            Operation::Socket => "hand-off over a socket",
            Operation::SystemCalls => "its system calls alone",
            Operation::OneReady => "request, 1 of 1,000 ready",
            Operation::AllReady => "request, all 1,000 ready",
        }
    }

    /// The kinds for which it is measured.
    pub fn kinds(self) -> &'static [Runner] {
        match self {
            Operation::SystemCalls => &[Runner::Thread],
            _ => &[Runner::Thread, Runner::Task, Runner::TaskOnMany],
        }
    }
}

/// One figure to be had.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Microcost {
    /// What is done.
    pub operation: Operation,
    /// Who does it.
    pub kind: Runner,
}

impl Microcost {
    /// All of them, operation by operation.
    pub fn all() -> impl Iterator<Item = Microcost> {
        let of = |operation: Operation| operation.kinds().iter().map(move |&kind| Microcost { operation, kind });
        Operation::ALL.into_iter().flat_map(of)
    }
}

/// Operations, and the time that they took together.
pub(super) struct Timed {
    pub(super) time: Duration,
    pub(super) count: u64,
}

/// The runtime under tasks.
#[derive(Debug, Clone, Copy)]
pub(super) enum Runtime {
    CurrentThread,
    MultiThread { workers: usize },
}

impl Runtime {
    /// Absent for threads.
    pub(super) fn of(kind: Runner, workers: usize) -> Option<Runtime> {
        match kind {
            Runner::Thread => None,
            Runner::Task => Some(Runtime::CurrentThread),
            Runner::TaskOnMany => Some(Runtime::MultiThread { workers: workers.max(1) }),
        }
    }

    /// Runs a future to its end as a task. Not as the future of `block_on`, which is no task: on a multi-thread runtime
    /// it stays outside the workers, and everything it wakes would cross threads.
    pub(super) fn run<T, F>(self, future: F) -> io::Result<T>
    where
        T: Send + 'static,
        F: Future<Output = T> + Send + 'static,
    {
        let mut builder = match self {
            Runtime::CurrentThread => Builder::new_current_thread(),
            Runtime::MultiThread { .. } => Builder::new_multi_thread(),
        };
        if let Runtime::MultiThread { workers } = self {
            builder.worker_threads(workers);
        }
        let runtime = builder.enable_io().build()?;
        Ok(runtime.block_on(runtime.spawn(future)).expect("the task neither panics nor is cancelled"))
    }
}

/// The CPUs that all threads of a measurement may use; within them the kernel decides.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CpuSet {
    /// At least one.
    pub cpus: Vec<u32>,
}

impl CpuSet {
    /// The first of the allowed CPUs alone, and the first two where there are two.
    pub fn of(allowed: &[u32]) -> Vec<CpuSet> {
        (1..=allowed.len().min(2)).map(|cpus| CpuSet { cpus: allowed[..cpus].to_vec() }).collect()
    }
}

impl fmt::Display for CpuSet {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let numbers: Vec<String> = self.cpus.iter().map(u32::to_string).collect();
        write!(f, "CPU{} {}", if numbers.len() == 1 { "" } else { "s" }, list(&numbers))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_cpu_and_two_where_there_are_two() {
        let shown = |allowed: &[u32]| CpuSet::of(allowed).iter().map(CpuSet::to_string).collect::<Vec<_>>();
        assert_eq!(shown(&[3]), ["CPU 3"]);
        assert_eq!(shown(&[2, 5, 7]), ["CPU 2", "CPUs 2 and 5"]);
        assert!(shown(&[]).is_empty());
    }
}
