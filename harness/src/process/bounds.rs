//! What a server may take at most, so that the machine outlives it: enforced by the kernel where it can be, and by a
//! watchdog where it can't.
//!
//! Everything is set from outside, on a process that runs already: it needs no cooperation, and holds for any program.
//! Threads: a cgroup's `pids.max`, where one can be made. The resource limit RLIMIT_NPROC counts all processes of a
//! user and none of root's, and RLIMIT_AS bounds address space, of which an allocator reserves 64 MiB a thread that
//! nobody uses; neither is a bound of threads. Open files: RLIMIT_NOFILE. Memory: a cgroup's `memory.max`. What no cgroup
//! does, `bounds/watchdog.rs` does. Within: `bounds/cgroup.rs`; `bounds/oom.rs`, whether want of memory ended a process.

mod cgroup;
mod oom;
mod watchdog;

use std::io;
use std::os::fd::OwnedFd;

use reports::record::Bound;
use rustix::process::{Pid, Resource, Rlimit, getrlimit, prlimit};

use cgroup::{Cgroup, Controller};
pub use cgroup::{left_groups, sweep_control_groups};
pub(super) use oom::OomCounters;
use watchdog::{Watchdog, WatchedResource};

/// One bound.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Cap {
    /// Threads of the process.
    Threads(u64),
    /// Open descriptors of the process.
    OpenFiles(u64),
    /// Memory of the process in bytes.
    Memory(u64),
}

/// Bounds that are in force. Dropped after the process has been reaped, they leave nothing behind.
#[derive(Debug, Default)]
pub(super) struct BoundsInForce {
    cgroups: Vec<Cgroup>,
    watchdogs: Vec<Watchdog>,
}

impl BoundsInForce {
    /// Puts one more bound on the process; says what enforces it.
    pub(super) fn put(&mut self, cap: Cap, pid: u32, pidfd: &OwnedFd) -> io::Result<Bound> {
        let mut contain = |controller, value, otherwise| self.contain((controller, otherwise), value, pid, pidfd);
        let (resource, value, enforced_by) = match cap {
            Cap::OpenFiles(value) => ("open files", limit_open_files(pid, value)?, RLIMIT.to_owned()),
            Cap::Threads(value) => ("threads", value, contain(Controller::Pids, value, WatchedResource::Threads)?),
            Cap::Memory(value) => ("memory", value, contain(Controller::Memory, value, WatchedResource::Memory)?),
        };
        Ok(Bound { resource: resource.to_owned(), value, enforced_by })
    }

    /// Gives processes as much of the CPUs, together, as any other group beside theirs gets, however many threads want it.
    ///
    /// # Errors
    /// Where no control group can be made, with the reason.
    pub(super) fn share_cpus(&mut self, pids: &[u32]) -> io::Result<()> {
        let Some((first, others)) = pids.split_first() else { return Ok(()) };
        let cgroup = Cgroup::around(*first, Controller::Cpu, None)?;
        // One that has ended meanwhile needs no share.
        others.iter().for_each(|pid| drop(cgroup.add(*pid)));
        self.cgroups.push(cgroup);
        Ok(())
    }

    fn contain(
        &mut self,
        (controller, watched): (Controller, WatchedResource),
        value: u64,
        pid: u32,
        pidfd: &OwnedFd,
    ) -> io::Result<String> {
        // Why there is no cgroup to be had does not matter: there is another way.
        if let Ok(cgroup) = Cgroup::around(pid, controller, Some(value)) {
            let name = cgroup.name();
            self.cgroups.push(cgroup);
            return Ok(name);
        }
        self.watchdogs.push(Watchdog::start(watched, value, pid, pidfd.try_clone()?)?);
        Ok(watchdog::NAME.to_owned())
    }

    /// Which bound ended the process, or most likely did, if one did.
    pub(super) fn cause(&self) -> Option<String> {
        let cgroups = self.cgroups.iter().filter_map(Cgroup::cause);
        cgroups.chain(self.watchdogs.iter().filter_map(Watchdog::cause)).next()
    }
}

/// As it is to be named in a record.
const RLIMIT: &str = "rlimit (RLIMIT_NOFILE)";

/// Returns the limit that holds: the process may have a lower one from this process, and only root could raise that.
fn limit_open_files(pid: u32, value: u64) -> io::Result<u64> {
    let pid = Pid::from_raw(pid.cast_signed()).ok_or(io::ErrorKind::InvalidInput)?;
    let value = getrlimit(Resource::Nofile).maximum.map_or(value, |inherited| inherited.min(value));
    let limit = Rlimit { current: Some(value), maximum: Some(value) };
    prlimit(Some(pid), Resource::Nofile, limit)?;
    Ok(value)
}
