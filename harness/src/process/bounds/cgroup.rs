//! A control group of its own around one process: made beside or below this process's own, removed when the process is
//! gone.
//!
//! In version 1 each controller has a tree of its own, and those that count threads and share out CPUs are used: memory is
//! left to whoever has put this process into its group. In version 2 there is one tree, and a group gets a controller only where
//! its parent passes it on. Whatever is not as it should be makes an attempt fail, and it leaves nothing behind.

use std::collections::BTreeSet;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU32, Ordering};
use std::thread;
use std::time::Duration;

use instruments::observe::cgroups::{CgroupFolder, CgroupVersion, groups_of};

use super::oom::oom_kills_in;
use crate::leftovers;

/// What a group is to bound, or to share out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Controller {
    Pids,
    Memory,
    Cpu,
}

impl Controller {
    fn name(self) -> &'static str {
        match self {
            Controller::Pids => "pids",
            Controller::Memory => "memory",
            Controller::Cpu => "cpu",
        }
    }

    /// The file that takes the limit, or the share.
    fn file(self, version: CgroupVersion) -> &'static str {
        match (self, version) {
            (Controller::Pids, _) => "pids.max",
            (Controller::Memory, _) => "memory.max",
            (Controller::Cpu, CgroupVersion::One) => "cpu.shares",
            (Controller::Cpu, CgroupVersion::Two) => "cpu.weight",
        }
    }

    /// Whether its tree of version 1 is used.
    fn is_used_in_version_one(self) -> bool {
        self != Controller::Memory
    }
}

/// A group with one process in it.
#[derive(Debug)]
pub(super) struct Cgroup {
    folder: PathBuf,
    version: CgroupVersion,
    controller: Controller,
}

impl Cgroup {
    /// Makes a group with a limit, or without one what every new group gets, and puts the process into it, all its threads
    /// with it.
    pub(super) fn around(pid: u32, controller: Controller, limit: Option<u64>) -> io::Result<Cgroup> {
        let own = groups_of(std::process::id(), controller.name())?;
        let mut reason = io::Error::from(io::ErrorKind::NotFound);
        for parent in parents(own, controller) {
            leftovers::sweep(&parent.folder, |group| fs::remove_dir(group));
            match Cgroup::below(&parent.folder, parent.version, controller, limit, pid) {
                Ok(cgroup) => return Ok(cgroup),
                Err(error) => reason = error,
            }
        }
        Err(reason)
    }

    fn below(
        parent: &Path,
        version: CgroupVersion,
        controller: Controller,
        limit: Option<u64>,
        pid: u32,
    ) -> io::Result<Cgroup> {
        static COUNT: AtomicU32 = AtomicU32::new(0);
        let number = COUNT.fetch_add(1, Ordering::Relaxed);
        let folder = parent.join(format!("{}{number}", leftovers::prefix()));
        fs::create_dir(&folder)?;
        // From here on it is removed on the way out, whatever fails.
        let cgroup = Cgroup { folder, version, controller };
        let file = cgroup.folder.join(controller.file(version));
        if !file.exists() {
            return Err(io::Error::other(format!("control groups here do not have {}", controller.file(version))));
        }
        if let Some(limit) = limit {
            fs::write(file, limit.to_string())?;
        }
        cgroup.add(pid)?;
        Ok(cgroup)
    }

    /// Puts one more process into it.
    pub(super) fn add(&self, pid: u32) -> io::Result<()> {
        fs::write(self.folder.join("cgroup.procs"), pid.to_string())
    }

    /// As it is to be named in a record.
    pub(super) fn name(&self) -> String {
        let version = match self.version {
            CgroupVersion::One => "v1",
            CgroupVersion::Two => "v2",
        };
        format!("cgroup {version} ({})", self.controller.file(self.version))
    }

    /// Whether the kernel killed in this group for want of memory.
    pub(super) fn cause(&self) -> Option<String> {
        let events = fs::read_to_string(self.folder.join("memory.events")).ok()?;
        (oom_kills_in(&events)? > 0).then(|| "out of memory, says its cgroup".to_owned())
    }
}

impl Drop for Cgroup {
    fn drop(&mut self) {
        // A group is empty a moment after its last process was reaped.
        for _ in 0..50 {
            match fs::remove_dir(&self.folder) {
                Err(error) if error.kind() == io::ErrorKind::ResourceBusy => thread::sleep(Duration::from_millis(2)),
                _ => return,
            }
        }
    }
}

/// Removes the groups that earlier processes of this program left behind when they were killed, wherever one could be made;
/// returns how many. One that is in use can't be removed, and one whose maker lives is not touched.
pub fn sweep_control_groups() -> usize {
    homes().iter().map(|folder| leftovers::sweep(folder, |group| fs::remove_dir(group))).sum()
}

/// The groups that such processes left behind.
pub fn left_groups() -> Vec<PathBuf> {
    homes().iter().flat_map(|folder| leftovers::left_behind(folder)).collect()
}

/// Where this process could make a group.
fn homes() -> BTreeSet<PathBuf> {
    let controllers = [Controller::Pids, Controller::Memory, Controller::Cpu].into_iter();
    let parents = controllers.flat_map(|controller| {
        let own = groups_of(std::process::id(), controller.name()).unwrap_or_default();
        parents(own, controller).into_iter().map(|parent| parent.folder)
    });
    parents.collect()
}

/// Where a group may be made, first choice first: below this process's own and, in version 2, beside it, because there a
/// group that holds processes passes no controllers on.
fn parents(own: Vec<CgroupFolder>, controller: Controller) -> Vec<CgroupFolder> {
    let with_those_beside = own.into_iter().flat_map(|group| match group.version {
        CgroupVersion::Two => {
            let above = group.parent();
            vec![Some(group), above]
        }
        CgroupVersion::One => vec![controller.is_used_in_version_one().then_some(group)],
    });
    with_those_beside.flatten().collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use instruments::observe::cgroups::folders;

    const MOUNTS: &str = "31 23 0:27 / /sys/fs/cgroup/pids rw,relatime - cgroup cgroup rw,pids\n\
        32 23 0:28 / /sys/fs/cgroup/memory rw,relatime - cgroup cgroup rw,memory\n\
        33 23 0:29 / /sys/fs/cgroup/cpu,cpuacct rw,relatime - cgroup cgroup rw,cpu,cpuacct\n\
        30 23 0:26 / /sys/fs/cgroup/unified rw,nosuid shared:4 - cgroup2 cgroup2 rw,nsdelegate\n";

    fn found(own: &str, controller: Controller) -> Vec<String> {
        let parents = parents(folders(own, MOUNTS, controller.name()), controller).into_iter();
        parents.map(|parent| parent.folder.to_str().unwrap().replace("/sys/fs/cgroup/", "")).collect()
    }

    #[test]
    fn a_group_is_made_below_or_beside_ones_own() {
        assert_eq!(found("8:pids:/a\n4:memory:/b\n", Controller::Pids), ["pids/a"]);
        assert_eq!(found("8:pids:/a\n4:memory:/b\n", Controller::Memory), [""; 0]);
        assert_eq!(found("1:cpu,cpuacct:/c\n", Controller::Cpu), ["cpu,cpuacct/c"]);
        let own = "0::/user.slice/app.slice/x.scope\n";
        let both = ["unified/user.slice/app.slice/x.scope", "unified/user.slice/app.slice"];
        assert_eq!(found(own, Controller::Memory), both);
        // Nothing lies beside the root of the tree.
        assert_eq!(found("0::/\n", Controller::Pids), ["unified"]);
    }

    #[test]
    fn a_group_without_its_controller_is_given_up_and_removed() {
        let parent = tempfile::tempdir().unwrap();
        let made = Cgroup::below(parent.path(), CgroupVersion::Two, Controller::Memory, Some(1), std::process::id());
        assert!(made.is_err());
        assert_eq!(fs::read_dir(parent.path()).unwrap().count(), 0);
    }
}
