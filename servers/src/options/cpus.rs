//! The number of CPUs from which options take their defaults: those that this process may use or, where another machine is
//! to have the servers, as many as they get there.
//!
//! Beside it: `keys.rs`, whose defaults ask.

use std::sync::OnceLock;
use std::thread::available_parallelism;

static ELSEWHERE: OnceLock<usize> = OnceLock::new();

/// From now on defaults in this process are those of servers on so many CPUs of another machine. What was said first stays.
pub fn assume_cpus(count: usize) {
    // Said twice it is the same machine.
    let _ = ELSEWHERE.set(count.max(1));
}

/// Whether that was said.
pub fn are_cpus_assumed() -> bool {
    ELSEWHERE.get().is_some()
}

pub(super) fn cpus_of_a_server() -> usize {
    ELSEWHERE.get().copied().unwrap_or_else(|| available_parallelism().map_or(1, usize::from))
}
