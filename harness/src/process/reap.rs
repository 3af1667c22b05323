//! Reaping a child and learning exactly what it used.
//!
//! The kernel adds what a child used to its parent's `RUSAGE_CHILDREN` at the moment it is reaped, all threads
//! included, those that had exited too. So the difference over one reaping is that child's, to the microsecond, as
//! long as nothing else is reaped between the two readings: reapings here take turns, and no other part of the harness
//! may start processes while servers run. `/proc/PID/status` would tell the main thread's switches alone.

use std::io;
use std::process::Child;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use nix::sys::resource::{Usage, UsageWho, getrusage};
use nix::sys::time::TimeVal;
use rustix::io::Errno;
use rustix::process::{Pid, WaitOptions, waitpgid};

/// What a process used in its whole life.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct LifeUsage {
    pub(super) user_cpu: Duration,
    pub(super) system_cpu: Duration,
    pub(super) voluntary_switches: u64,
    pub(super) involuntary_switches: u64,
}

/// One reaping at a time.
static REAPING: Mutex<()> = Mutex::new(());

/// The turn of whoever reaps.
pub(super) fn turn() -> MutexGuard<'static, ()> {
    REAPING.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Reaps `child`, which must be dead or dying: this waits for its end.
pub(super) fn reap(child: &mut Child) -> io::Result<LifeUsage> {
    reap_and(child, || ())
}

/// As [`reap`], with all that `child` started and did not wait for: the rest of the process group that it leads, which must
/// be dead or dying too, and whose orphans must become children of this process.
pub(super) fn reap_group(child: &mut Child) -> io::Result<LifeUsage> {
    let group = Pid::from_child(child);
    reap_and(child, || {
        // It ends where no child of that group is left.
        while matches!(waitpgid(group, WaitOptions::empty()), Ok(_) | Err(Errno::INTR)) {}
    })
}

fn reap_and(child: &mut Child, rest: impl FnOnce()) -> io::Result<LifeUsage> {
    let _turn = turn();
    let before = getrusage(UsageWho::RUSAGE_CHILDREN)?;
    child.wait()?;
    rest();
    let after = getrusage(UsageWho::RUSAGE_CHILDREN)?;
    Ok(difference(&before, &after))
}

fn difference(before: &Usage, after: &Usage) -> LifeUsage {
    let switches = |of: fn(&Usage) -> i64| u64::try_from(of(after) - of(before)).unwrap_or(0);
    LifeUsage {
        user_cpu: duration(after.user_time()).saturating_sub(duration(before.user_time())),
        system_cpu: duration(after.system_time()).saturating_sub(duration(before.system_time())),
        voluntary_switches: switches(Usage::voluntary_context_switches),
        involuntary_switches: switches(Usage::involuntary_context_switches),
    }
}

fn duration(time: TimeVal) -> Duration {
    // The kernel's totals never run backwards, and microseconds are below a million.
    let seconds = u64::try_from(time.tv_sec()).unwrap_or(0);
    let microseconds = u64::try_from(time.tv_usec()).unwrap_or(0);
    Duration::from_secs(seconds) + Duration::from_micros(microseconds)
}
