//! The one clock of the harness: the machine's monotonic clock, which servers, generator and observer share, so that
//! their timestamps can be put on one line.

use rustix::thread::clock_nanosleep_absolute;
use rustix::time::{ClockId, Timespec, clock_gettime};

/// Nanoseconds of `CLOCK_MONOTONIC`. Comparable between processes of one machine.
pub use servers::monotonic_ns as now_ns;

/// CPU time of the calling thread so far, in nanoseconds.
pub fn thread_cpu_ns() -> u64 {
    nanoseconds(clock_gettime(ClockId::ThreadCPUTime))
}

/// CPU time of all threads of this process so far, in nanoseconds.
pub fn process_cpu_ns() -> u64 {
    nanoseconds(clock_gettime(ClockId::ProcessCPUTime))
}

/// For how long the machine has been suspended since it started: the monotonic clock stands still then, and this one does
/// not. A reading is too small by what passes between the two clocks, so the greatest of a few is right.
pub(crate) fn suspended_ns() -> u64 {
    const READINGS: usize = 5;
    let reading = || {
        let boot_ns = nanoseconds(clock_gettime(ClockId::Boottime));
        boot_ns.saturating_sub(now_ns())
    };
    (0..READINGS).map(|_| reading()).max().unwrap_or(0)
}

/// Sleeps until a moment of the monotonic clock. Returns whether it came: where a signal handler ran on this thread, it
/// woke early.
pub(crate) fn sleep_until(at_ns: u64) -> bool {
    clock_nanosleep_absolute(rustix::thread::ClockId::Monotonic, &timespec(at_ns)).is_ok()
}

/// A moment or a span as the kernel's type.
pub(crate) fn timespec(ns: u64) -> Timespec {
    const SECOND: u64 = 1_000_000_000;
    // Both fit: 2^64 ns are fewer than 2^63 s, and the rest is below a thousand million.
    Timespec { tv_sec: (ns / SECOND) as i64, tv_nsec: (ns % SECOND) as i64 }
}

fn nanoseconds(time: Timespec) -> u64 {
    // CPU clocks count from the start of the thread or process and can't be negative.
    time.tv_sec as u64 * 1_000_000_000 + time.tv_nsec as u64
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn kernel_time_round_trips() {
        assert_eq!(nanoseconds(timespec(12_345_678_901)), 12_345_678_901);
    }
}
