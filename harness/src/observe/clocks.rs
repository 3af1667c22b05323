//! The CPU clock of another process. This process's own clocks are in `clock.rs`.

use std::io;
use std::time::Duration;

use nix::time::clock_getcpuclockid;
use nix::unistd::Pid;

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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clock::process_cpu_ns;

    #[test]
    fn a_process_that_is_not_there_is_not_found() {
        for pid in [0, GREATEST_PID as u32, i32::MAX as u32, u32::MAX] {
            assert_eq!(process_cpu(pid).unwrap_err().kind(), io::ErrorKind::NotFound, "{pid}");
        }
    }

    #[test]
    fn the_own_clock_agrees_with_the_clock_by_pid() {
        let by_self = process_cpu_ns();
        let by_pid = process_cpu(std::process::id()).unwrap();
        assert!(by_pid.as_nanos() as u64 >= by_self);
    }
}
