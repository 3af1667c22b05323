//! A process with those it started: a program may serve with several.
//!
//! Only children of main threads are found, and theirs: that is where servers start their workers. Beside it:
//! `process_reader.rs`, which adds their samples up.

use std::fs;
use std::io;
use std::str::SplitWhitespace;
use std::time::Duration;

use rustix::param::clock_ticks_per_second;

use super::clocks::process_cpu;

/// What is observed of a process.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Extent {
    /// The process alone. All there is of our own servers.
    Alone,
    /// With the processes that it started, and those that they did.
    WithChildren,
}

/// The processes that this one started and that run, and those that they did. None where the kernel does not tell.
pub fn descendants(pid: u32) -> Vec<u32> {
    let mut found: Vec<u32> = children(pid);
    let mut looked_at = 0;
    // Children are found as the list grows; a process has one parent, so that it ends.
    while let Some(next) = found.get(looked_at).copied() {
        found.extend(children(next));
        looked_at += 1;
    }
    found
}

fn children(pid: u32) -> Vec<u32> {
    let list = fs::read_to_string(format!("/proc/{pid}/task/{pid}/children")).unwrap_or_default();
    list.split_whitespace().filter_map(|pid| pid.parse().ok()).collect()
}

/// CPU time of all threads since the process began. With its children: of those that run to the nanosecond, of those that
/// have ended and were waited for in clock ticks.
///
/// # Errors
/// `NotFound` where there is no such process.
pub fn cpu_time(pid: u32, extent: Extent) -> io::Result<Duration> {
    let own = process_cpu(pid)?;
    Ok(match extent {
        Extent::Alone => own,
        Extent::WithChildren => {
            let of_children = descendants(pid).into_iter().map(|child| {
                // One that has just ended is in what its parent waited for.
                process_cpu(child).unwrap_or_default() + of_ended_children(child)
            });
            own + of_ended_children(pid) + of_children.sum()
        }
    })
}

/// CPU time of the children that a process has waited for.
fn of_ended_children(pid: u32) -> Duration {
    let stat = fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
    let ticks = ticks_of_ended_children(&stat).unwrap_or(0);
    Duration::from_nanos(ticks.saturating_mul(1_000_000_000 / clock_ticks_per_second().max(1)))
}

/// The fields of a `/proc/PID/stat` from the state on. The name of a process stands in brackets before them and may hold
/// anything, brackets too.
pub(crate) fn fields_after_name(stat: &str) -> Option<SplitWhitespace<'_>> {
    let (_, fields) = stat.rsplit_once(')')?;
    Some(fields.split_whitespace())
}

/// `cutime` and `cstime`.
fn ticks_of_ended_children(stat: &str) -> Option<u64> {
    const CUTIME: usize = 13;
    let mut fields = fields_after_name(stat)?.skip(CUTIME);
    let (user, system): (u64, u64) = (fields.next()?.parse().ok()?, fields.next()?.parse().ok()?);
    Some(user + system)
}

#[cfg(test)]
mod tests {
    use std::io::Read;
    use std::process::{Command, Stdio};

    use super::*;

    #[test]
    fn ticks_are_found_behind_any_name() {
        let stat = "7 (a) b (c)) S 1 7 7 0 -1 4194560 100 200 0 0 5 6 70 8 20 0 1 0 99 1 1";
        assert_eq!(ticks_of_ended_children(stat), Some(78));
        assert_eq!(ticks_of_ended_children("7 (x) S 1"), None);
    }

    #[test]
    fn children_and_their_children_are_found_and_their_time_counts() {
        let script = "(while :; do :; done) & echo; read end; kill $!";
        let mut shell =
            Command::new("sh").args(["-c", script]).stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
        shell.stdout.take().unwrap().read_exact(&mut [0]).unwrap();
        let pid = shell.id();
        assert_eq!(descendants(pid).len(), 1);
        while cpu_time(pid, Extent::WithChildren).unwrap()
            < cpu_time(pid, Extent::Alone).unwrap() + Duration::from_millis(20)
        {
            std::thread::yield_now();
        }
        drop(shell.stdin.take());
        shell.wait().unwrap();
    }
}
