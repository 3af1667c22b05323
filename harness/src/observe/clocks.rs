//! Monotonic time, and the CPU clocks of processes and threads.

use std::io;
use std::time::Duration;

use nix::time::clock_getcpuclockid;
use nix::unistd::Pid;
use rustix::time::{ClockId, Timespec, clock_gettime};

/// Now on `CLOCK_MONOTONIC`, in nanoseconds. Comparable between processes of one machine.
pub fn monotonic_ns() -> u64 {
    nanoseconds(clock_gettime(ClockId::Monotonic))
}

/// CPU time, user and system, of all threads of a process since it began, those that have exited included. From the
/// scheduler's own account in nanoseconds, not from clock ticks.
///
/// # Errors
/// `NotFound` where there is no such process.
pub fn process_cpu(pid: u32) -> io::Result<Duration> {
    let ended = || io::Error::new(io::ErrorKind::NotFound, format!("process {pid} has ended"));
    // The id of a CPU clock is the pid shifted left: a pid beyond what Linux gives out would name another clock, and 0
    // names the caller's.
    let raw = i32::try_from(pid).ok().filter(|raw| (1..=GREATEST_PID).contains(raw)).ok_or_else(ended)?;
    // An unknown pid is ESRCH when the clock is asked for, and EINVAL when it is read.
    let time = clock_getcpuclockid(Pid::from_raw(raw)).and_then(|clock| clock.now()).map_err(|error| match error {
        nix::Error::ESRCH | nix::Error::EINVAL => ended(),
        other => other.into(),
    })?;
    Ok(Duration::from(time))
}

/// PID_MAX_LIMIT of 64-bit kernels.
const GREATEST_PID: i32 = 1 << 22;

/// CPU time of all threads of this process, in nanoseconds.
pub(super) fn own_process_cpu_ns() -> u64 {
    nanoseconds(clock_gettime(ClockId::ProcessCPUTime))
}

/// CPU time of the calling thread, in nanoseconds.
pub(super) fn own_thread_cpu_ns() -> u64 {
    nanoseconds(clock_gettime(ClockId::ThreadCPUTime))
}

/// The same moment as the kernel's type.
pub(super) fn timespec(ns: u64) -> Timespec {
    const SECOND: u64 = 1_000_000_000;
    // Both fit: 2^64 ns are fewer than 2^63 s, and the rest is below a thousand million.
    Timespec { tv_sec: (ns / SECOND) as i64, tv_nsec: (ns % SECOND) as i64 }
}

fn nanoseconds(time: Timespec) -> u64 {
    // These clocks count from the machine's or the process's start and can't be negative.
    time.tv_sec as u64 * 1_000_000_000 + time.tv_nsec as u64
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_process_that_is_not_there_is_not_found() {
        for pid in [0, GREATEST_PID as u32, i32::MAX as u32, u32::MAX] {
            assert_eq!(process_cpu(pid).unwrap_err().kind(), io::ErrorKind::NotFound, "{pid}");
        }
    }

    #[test]
    fn the_own_clock_agrees_with_the_clock_by_pid() {
        let by_self = own_process_cpu_ns();
        let by_pid = process_cpu(std::process::id()).unwrap();
        assert!(by_pid.as_nanos() as u64 >= by_self);
    }

    #[test]
    fn kernel_time_round_trips() {
        assert_eq!(nanoseconds(timespec(12_345_678_901)), 12_345_678_901);
    }
}
