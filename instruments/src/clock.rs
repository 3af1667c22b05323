//! The one clock of the harness: the machine's monotonic clock, which servers, generator and observer share, so that
//! their timestamps can be put on one line.

use std::num::NonZeroU64;
use std::time::Duration;

use rustix::thread::{clock_nanosleep_absolute, set_current_timer_slack};
use rustix::time::{ClockId, Timespec, clock_gettime};

/// Nanoseconds of `CLOCK_MONOTONIC`. Comparable between processes of one machine.
pub use servers::monotonic_ns as now_ns;

/// CPU time of the calling thread so far, in nanoseconds.
pub fn thread_cpu_ns() -> u64 {
    of_timespec(clock_gettime(ClockId::ThreadCPUTime))
}

/// CPU time so far of another thread of this process, in nanoseconds. None where there is no such thread.
pub(crate) fn cpu_ns_of_thread(thread: rustix::thread::Pid) -> Option<u64> {
    // As the kernel numbers them: the complement of the thread's number, and three bits that say that it is the number of a
    // thread (4) and that the scheduler's time is asked for (2). It is part of the kernel's interface.
    let clock = (!thread.as_raw_nonzero().get() << 3) | 6;
    let time = nix::time::clock_gettime(nix::time::ClockId::from_raw(clock)).ok()?;
    Some(of_timespec(Timespec { tv_sec: time.tv_sec(), tv_nsec: time.tv_nsec() }))
}

/// CPU time of all threads of this process so far, in nanoseconds.
pub fn process_cpu_ns() -> u64 {
    of_timespec(clock_gettime(ClockId::ProcessCPUTime))
}

/// For how long the machine has been suspended since it started: the monotonic clock stands still then, and this one does
/// not. A reading is too small by what passes between the two clocks, so the greatest of a few is right.
pub(crate) fn suspended_ns() -> u64 {
    const READINGS: usize = 5;
    let reading = || {
        let boot_ns = of_timespec(clock_gettime(ClockId::Boottime));
        boot_ns.saturating_sub(now_ns())
    };
    (0..READINGS).map(|_| reading()).max().unwrap_or(0)
}

/// Sleeps until a moment of the monotonic clock. Returns whether it came: where a signal handler ran on this thread, it
/// woke early.
pub fn sleep_until(at_ns: u64) -> bool {
    clock_nanosleep_absolute(rustix::thread::ClockId::Monotonic, &timespec(at_ns)).is_ok()
}

/// Has the kernel wake this thread when its time has come, and not up to 50 us later to save power. Where the kernel refuses,
/// what wakes late shows it.
pub fn wake_promptly() {
    let _ = set_current_timer_slack(NonZeroU64::new(1));
}

/// A moment or a span as the kernel's type.
pub fn timespec(ns: u64) -> Timespec {
    const SECOND: u64 = 1_000_000_000;
    // Both fit: 2^64 ns are fewer than 2^63 s, and the rest is below a thousand million.
    Timespec { tv_sec: (ns / SECOND) as i64, tv_nsec: (ns % SECOND) as i64 }
}

/// A duration in the unit of the records; saturates after 584 years.
pub fn nanoseconds(duration: Duration) -> u64 {
    u64::try_from(duration.as_nanos()).unwrap_or(u64::MAX)
}

fn of_timespec(time: Timespec) -> u64 {
    // CPU clocks count from the start of the thread or process and can't be negative.
    time.tv_sec as u64 * 1_000_000_000 + time.tv_nsec as u64
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_threads_cpu_time_is_the_same_from_inside_and_from_outside() {
        let thread = rustix::thread::gettid();
        let (before, seen, after) = (thread_cpu_ns(), cpu_ns_of_thread(thread).unwrap(), thread_cpu_ns());
        assert!((before..=after).contains(&seen), "{before} {seen} {after}");
    }

    #[test]
    fn kernel_time_round_trips() {
        assert_eq!(of_timespec(timespec(12_345_678_901)), 12_345_678_901);
    }

    #[test]
    fn a_time_beyond_all_records_saturates() {
        assert_eq!(nanoseconds(Duration::from_micros(5)), 5_000);
        assert_eq!(nanoseconds(Duration::MAX), u64::MAX);
    }
}
