//! Whether the kernel ended a process for want of memory. It does so by SIGKILL, as anybody could; but it counts, and what
//! has been counted meanwhile tells the two apart.
//!
//! Beside it: `../reap.rs`, how a process ended; `cgroup.rs`, where a process has a bound of its own.

use std::fs;
use std::path::{Path, PathBuf};

use instruments::observe::cgroups::{CgroupVersion, groups_of};

use crate::process::reap::Death;

/// The kernel's counters as they were before a process began.
#[derive(Debug, Default)]
pub(in crate::process) struct OomCounters(Vec<OomCounter>);

#[derive(Debug)]
struct OomCounter {
    file: PathBuf,
    counted_for: CountedFor,
    before: u64,
}

/// Among whom processes were ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum CountedFor {
    /// The control group that this process and what it starts are in, or one around it.
    Group,
    Machine,
}

impl OomCounters {
    /// To be called before the process is started. What the kernel does not show is left out.
    pub(in crate::process) fn now() -> OomCounters {
        let groups = groups_of(std::process::id(), "memory").unwrap_or_default();
        let file = |version| match version {
            CgroupVersion::One => "memory.oom_control",
            CgroupVersion::Two => "memory.events",
        };
        let of_groups = groups
            .iter()
            .flat_map(|group| group.with_ancestors().map(|folder| folder.join(file(group.version))))
            .map(|path| (path, CountedFor::Group));
        let of_machine = (PathBuf::from("/proc/vmstat"), CountedFor::Machine);
        OomCounters::of(of_groups.chain([of_machine]))
    }

    fn of(files: impl Iterator<Item = (PathBuf, CountedFor)>) -> OomCounters {
        let counter =
            |(file, counted_for): (PathBuf, CountedFor)| Some(OomCounter { before: kills(&file)?, file, counted_for });
        OomCounters(files.filter_map(counter).collect())
    }

    /// The death, with want of memory for its cause where the kernel has ended somebody for that since: a process that
    /// ended otherwise is left as it is.
    pub(in crate::process) fn explain(&self, death: Death) -> Death {
        let cause = if death.is_by_sigkill() { self.cause() } else { None };
        death.because(cause)
    }

    fn cause(&self) -> Option<String> {
        let has_risen = |counter: &&OomCounter| kills(&counter.file).is_some_and(|now| now > counter.before);
        let risen = self.0.iter().find(has_risen)?;
        let cause = match risen.counted_for {
            CountedFor::Group => "out of memory in its control group",
            // It may have been another process, at the same time.
            CountedFor::Machine => "most likely out of memory",
        };
        Some(cause.to_owned())
    }
}

fn kills(file: &Path) -> Option<u64> {
    oom_kills_in(&fs::read_to_string(file).ok()?)
}

/// The count in the text of `/proc/vmstat`, or of a group's `memory.events` or `memory.oom_control`.
pub(super) fn oom_kills_in(text: &str) -> Option<u64> {
    text.lines().find_map(|line| line.strip_prefix("oom_kill "))?.trim().parse().ok()
}

#[cfg(test)]
mod tests {
    use std::os::fd::AsFd;
    use std::process::{Command, Stdio};
    use std::time::{Duration, Instant};

    use rustix::process::{Pid, PidfdFlags, pidfd_open};

    use super::*;
    use crate::process::pipe::wait_readable;
    use crate::process::reap::look;

    /// How a process ended that ended itself so.
    fn death(script: &str) -> Death {
        let mut child = Command::new("sh").args(["-c", script]).stdin(Stdio::null()).spawn().unwrap();
        let pidfd = pidfd_open(Pid::from_child(&child), PidfdFlags::empty()).unwrap();
        wait_readable(&pidfd, Instant::now() + Duration::from_secs(60)).unwrap();
        let death = look(pidfd.as_fd()).unwrap().unwrap();
        child.wait().unwrap();
        death
    }

    #[test]
    fn a_kill_is_explained_where_the_kernel_has_counted_one_meanwhile_and_nowhere_else() {
        let folder = tempfile::tempdir().unwrap();
        let [group, machine] = ["memory.events", "vmstat"].map(|name| folder.path().join(name));
        let write = |of_group: u32, of_machine: u32| {
            fs::write(&group, format!("low 0\noom 9\noom_kill {of_group}\noom_group_kill 7\n")).unwrap();
            fs::write(&machine, format!("pgfault 12\noom_kill {of_machine}\n")).unwrap();
        };
        let files = || {
            let absent = (folder.path().join("absent"), CountedFor::Group);
            [absent, (group.clone(), CountedFor::Group), (machine.clone(), CountedFor::Machine)].into_iter()
        };
        write(3, 4);
        let counters = OomCounters::of(files());
        let (killed, exited) = (death("kill -9 $$"), death("exit 9"));
        assert_eq!(counters.explain(killed.clone()), killed, "kills from before are of others");
        write(3, 5);
        let how = counters.explain(killed.clone()).how;
        assert_eq!(how, "was killed by SIGKILL, most likely out of memory");
        write(4, 5);
        assert!(counters.explain(killed).how.contains("out of memory in its control group"));
        assert_eq!(counters.explain(exited.clone()), exited);
    }

    #[test]
    fn only_whole_numbers_of_kills_count() {
        assert_eq!(oom_kills_in("oom_kill_disable 0\nunder_oom 0\noom_kill 2\n"), Some(2));
        assert_eq!(oom_kills_in("oom_group_kill 1\noom 3\n"), None);
    }
}
