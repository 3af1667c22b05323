//! The one clock of the servers. A client on the same host reads the same clock, so that its timestamps
//! and the server's can be put on one line.

use rustix::time::{ClockId, clock_gettime};

/// Now, in nanoseconds of `CLOCK_MONOTONIC`: it never steps, and all processes of a host share it.
pub fn monotonic_ns() -> u64 {
    let now = clock_gettime(ClockId::Monotonic);
    let seconds = u64::try_from(now.tv_sec).expect("the monotonic clock starts at zero at boot");
    let nanoseconds = u64::try_from(now.tv_nsec).expect("the kernel keeps tv_nsec in 0..1e9");
    seconds * 1_000_000_000 + nanoseconds
}
