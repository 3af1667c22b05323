//! How a child ended, told without reaping it; and reaping it, and learning exactly what it used.
//!
//! The kernel adds what a child used to its parent's `RUSAGE_CHILDREN` at the moment it is reaped, all threads
//! included, those that had exited too. So the difference over one reaping is that child's, to the microsecond, as
//! long as nothing else is reaped between the two readings: reapings here take turns, and no other part of the harness
//! may start processes while servers run. `/proc/PID/status` would tell the main thread's switches alone.

use std::io;
use std::os::fd::BorrowedFd;
use std::process::Child;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use nix::sys::resource::{Usage, UsageWho, getrusage};
use nix::sys::time::TimeVal;
use rustix::io::Errno;
use rustix::process::{Pid, WaitId, WaitIdOptions, WaitIdStatus, WaitOptions, waitid, waitpgid};
use signal_hook::consts::SIGKILL;
use signal_hook::low_level::signal_name;

/// The end of a process.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Death {
    /// `was killed by SIGKILL` or `exited with status 101`.
    pub how: String,
    kind: DeathKind,
}

/// What the kernel says of the end of a process.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum DeathKind {
    /// With this status.
    Exited(i32),
    /// By this signal.
    Killed(i32),
    Unknown,
}

impl Death {
    fn new(kind: DeathKind) -> Death {
        let how = match kind {
            DeathKind::Exited(code) => format!("exited with status {code}"),
            DeathKind::Killed(signal) => match signal_name(signal) {
                Some(name) => format!("was killed by {name}"),
                None => format!("was killed by signal {signal}"),
            },
            DeathKind::Unknown => "ended in a way that the kernel does not tell".to_owned(),
        };
        Death { how, kind }
    }

    /// The same, with what is known besides: `was killed by SIGKILL, by the watchdog ...`.
    pub(super) fn because(self, cause: Option<String>) -> Death {
        match cause {
            Some(cause) => Death { how: format!("{}, {cause}", self.how), ..self },
            None => self,
        }
    }

    /// Whether it was an exit with status 0.
    pub fn is_in_order(&self) -> bool {
        self.kind == DeathKind::Exited(0)
    }

    pub(super) fn is_by_sigkill(&self) -> bool {
        self.kind == DeathKind::Killed(SIGKILL)
    }
}

/// What a Rust program said when it panicked last, as far as `stderr` has it: where, and the message.
pub(super) fn panic_text(stderr: &str) -> Option<String> {
    let lines: Vec<&str> = stderr.lines().collect();
    let place = lines.iter().rposition(|line| line.contains(" panicked at "))?;
    let message = lines.get(place + 1).map(|line| line.trim()).filter(|line| !line.is_empty());
    let place = lines[place].trim().trim_end_matches(':');
    Some(match message {
        Some(message) => format!("{place}: {message}"),
        None => place.to_owned(),
    })
}

/// How the process ended; `None` while it runs. It stays a zombie, so its id and its group can't be taken by another.
pub(super) fn look(pidfd: BorrowedFd<'_>) -> io::Result<Option<Death>> {
    let options = WaitIdOptions::EXITED | WaitIdOptions::NOHANG | WaitIdOptions::NOWAIT;
    Ok(waitid(WaitId::PidFd(pidfd), options)?.map(|status| Death::new(kind(&status))))
}

fn kind(status: &WaitIdStatus) -> DeathKind {
    match (status.exit_status(), status.terminating_signal()) {
        (Some(code), _) => DeathKind::Exited(code),
        (None, Some(signal)) => DeathKind::Killed(signal),
        (None, None) => DeathKind::Unknown,
    }
}

/// What a process used in its whole life.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct LifeUsage {
    /// User CPU time, all threads, to the microsecond.
    pub user_cpu: Duration,
    /// System CPU time, all threads, to the microsecond.
    pub system_cpu: Duration,
    /// Voluntary context switches, all threads, exact.
    pub voluntary_switches: u64,
    /// Involuntary context switches, all threads, exact.
    pub involuntary_switches: u64,
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_death_is_told_by_its_kind_and_not_by_its_sentence() {
        let (by_us, of_itself) = (Death::new(DeathKind::Killed(SIGKILL)), Death::new(DeathKind::Exited(9)));
        assert_eq!((by_us.how.as_str(), of_itself.how.as_str()), ("was killed by SIGKILL", "exited with status 9"));
        let why = of_itself.because(Some("its last word was SIGKILL".to_owned()));
        assert!(by_us.is_by_sigkill() && !why.is_by_sigkill() && !why.is_in_order());
        assert!(Death::new(DeathKind::Exited(0)).is_in_order());
    }

    #[test]
    fn the_last_panic_is_quoted_with_its_message() {
        let stderr = "thread 'a' (7) panicked at src/x.rs:1:2:\nfirst\nnote: run with\n\
                      thread 'main' (8) panicked at library/std/src/thread/mod.rs:729:29:\n\
                      failed to spawn thread: EAGAIN\nnote: run with `RUST_BACKTRACE=1`\n";
        assert_eq!(
            panic_text(stderr).unwrap(),
            "thread 'main' (8) panicked at library/std/src/thread/mod.rs:729:29: failed to spawn thread: EAGAIN"
        );
        assert_eq!(panic_text("thread 'a' panicked at x.rs:1:2:").unwrap(), "thread 'a' panicked at x.rs:1:2");
        assert_eq!(panic_text("all is well\n"), None);
    }
}
