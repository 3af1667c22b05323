//! A control group of its own around one process: made beside or below this process's own, removed when the process is
//! gone.
//!
//! In version 1 each controller has a tree of its own, and only the one that counts threads is used: memory is left to
//! whoever has put this process into its group. In version 2 there is one tree, and a group gets a controller only where
//! its parent passes it on. Whatever is not as it should be makes an attempt fail, and it leaves nothing behind.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU32, Ordering};
use std::thread;
use std::time::Duration;

/// What a group is to bound.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Controller {
    Pids,
    Memory,
}

impl Controller {
    fn name(self) -> &'static str {
        match self {
            Controller::Pids => "pids",
            Controller::Memory => "memory",
        }
    }

    fn limit_file(self) -> &'static str {
        match self {
            Controller::Pids => "pids.max",
            Controller::Memory => "memory.max",
        }
    }
}

/// The two kinds of tree.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Version {
    One,
    Two,
}

/// A group with one process in it.
#[derive(Debug)]
pub(super) struct Cgroup {
    folder: PathBuf,
    version: Version,
    controller: Controller,
}

/// How the groups of this program begin; the number of the process that made them follows, and another.
const PREFIX: &str = "tokio-or-threads-";

impl Cgroup {
    /// Makes a group with a limit and puts the process into it, all its threads with it.
    pub(super) fn around(pid: u32, controller: Controller, limit: u64) -> io::Result<Cgroup> {
        let own = fs::read_to_string("/proc/self/cgroup")?;
        let mounts = fs::read_to_string("/proc/self/mountinfo")?;
        let mut reason = io::Error::from(io::ErrorKind::NotFound);
        for (version, parent) in parents(&own, &mounts, controller) {
            sweep(&parent);
            match Cgroup::below(&parent, version, controller, limit, pid) {
                Ok(cgroup) => return Ok(cgroup),
                Err(error) => reason = error,
            }
        }
        Err(reason)
    }

    fn below(parent: &Path, version: Version, controller: Controller, limit: u64, pid: u32) -> io::Result<Cgroup> {
        static COUNT: AtomicU32 = AtomicU32::new(0);
        let number = COUNT.fetch_add(1, Ordering::Relaxed);
        let folder = parent.join(format!("{PREFIX}{}-{number}", std::process::id()));
        fs::create_dir(&folder)?;
        // From here on it is removed on the way out, whatever fails.
        let cgroup = Cgroup { folder, version, controller };
        let limit_file = cgroup.folder.join(controller.limit_file());
        if !limit_file.exists() {
            return Err(io::Error::other("the group does not have the controller"));
        }
        fs::write(limit_file, limit.to_string())?;
        fs::write(cgroup.folder.join("cgroup.procs"), pid.to_string())?;
        Ok(cgroup)
    }

    /// As it is to be named in a record.
    pub(super) fn name(&self) -> String {
        let version = match self.version {
            Version::One => "v1",
            Version::Two => "v2",
        };
        format!("cgroup {version} ({})", self.controller.limit_file())
    }

    /// Whether the kernel killed in this group for want of memory.
    pub(super) fn cause(&self) -> Option<String> {
        let events = fs::read_to_string(self.folder.join("memory.events")).ok()?;
        killed_for_memory(&events).then(|| "for want of memory, says its cgroup".to_owned())
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

/// Removes the groups that earlier processes of this program left behind when they were killed. One that is in use can't
/// be removed, and one whose maker lives is not touched.
fn sweep(parent: &Path) {
    let Ok(entries) = fs::read_dir(parent) else { return };
    for entry in entries.flatten() {
        let maker = entry.file_name().to_str().and_then(maker);
        if maker.is_some_and(|pid| !Path::new("/proc").join(pid.to_string()).exists()) {
            let _ = fs::remove_dir(entry.path());
        }
    }
}

/// The process that made the group of this name, if it is one of this program's.
fn maker(name: &str) -> Option<u32> {
    name.strip_prefix(PREFIX)?.split_once('-')?.0.parse().ok()
}

/// Where a group may be made, first choice first: below this process's own and, in version 2, beside it, because there a
/// group that holds processes passes no controllers on.
fn parents(own: &str, mounts: &str, controller: Controller) -> Vec<(Version, PathBuf)> {
    let mut parents = Vec::new();
    if let (Some(mount), Some(group)) = (mount_of(mounts, "cgroup2", None), group_of(own, None)) {
        let folder = below_mount(&mount, &group);
        let beside = folder.parent().filter(|parent| parent.starts_with(&mount)).map(Path::to_owned);
        parents.push((Version::Two, folder));
        parents.extend(beside.map(|parent| (Version::Two, parent)));
    }
    let name = controller.name();
    if controller == Controller::Pids
        && let (Some(mount), Some(group)) = (mount_of(mounts, "cgroup", Some(name)), group_of(own, Some(name)))
    {
        parents.push((Version::One, below_mount(&mount, &group)));
    }
    parents
}

fn below_mount(mount: &Path, group: &str) -> PathBuf {
    mount.join(group.trim_start_matches('/'))
}

/// Where the tree of a controller, or of version 2, is mounted.
fn mount_of(mounts: &str, kind: &str, controller: Option<&str>) -> Option<PathBuf> {
    mounts.lines().find_map(|line| {
        let (place, what) = line.split_once(" - ")?;
        let mut words = what.split(' ');
        let is_kind = words.next() == Some(kind);
        let has_controller = |options: &str| controller.is_none_or(|name| options.split(',').any(|word| word == name));
        let fits = is_kind && words.nth(1).is_some_and(has_controller);
        fits.then(|| place.split(' ').nth(4).map(PathBuf::from)).flatten()
    })
}

/// The group of this process in the tree of a controller, or of version 2.
fn group_of(own: &str, controller: Option<&str>) -> Option<String> {
    own.lines().find_map(|line| {
        let mut fields = line.splitn(3, ':');
        let (_, names, group) = (fields.next()?, fields.next()?, fields.next()?);
        let fits = match controller {
            Some(name) => names.split(',').any(|word| word == name),
            None => names.is_empty(),
        };
        fits.then(|| group.to_owned())
    })
}

fn killed_for_memory(events: &str) -> bool {
    let kills = events.lines().find_map(|line| line.strip_prefix("oom_kill "));
    kills.is_some_and(|count| count.trim() != "0")
}

#[cfg(test)]
mod tests {
    use super::*;

    const MOUNTS_V1: &str = "31 23 0:27 / /sys/fs/cgroup/pids rw,relatime - cgroup cgroup rw,pids\n\
        32 23 0:28 / /sys/fs/cgroup/memory rw,relatime - cgroup cgroup rw,memory\n";
    const MOUNTS_V2: &str = "30 23 0:26 / /sys/fs/cgroup rw,nosuid shared:4 - cgroup2 cgroup2 rw,nsdelegate\n";

    fn found(own: &str, mounts: &str, controller: Controller) -> Vec<(Version, String)> {
        let shown = |(version, path): (Version, PathBuf)| (version, path.to_str().unwrap().to_owned());
        parents(own, mounts, controller).into_iter().map(shown).collect()
    }

    #[test]
    fn a_group_is_made_below_or_beside_ones_own() {
        let own = "8:pids:/a\n4:memory:/b\n0::/\n";
        assert_eq!(found(own, MOUNTS_V1, Controller::Pids), [(Version::One, "/sys/fs/cgroup/pids/a".to_owned())]);
        assert_eq!(found(own, MOUNTS_V1, Controller::Memory), []);
        let own = "0::/user.slice/app.slice/x.scope\n";
        let both = |path: &str| (Version::Two, format!("/sys/fs/cgroup/user.slice/app.slice{path}"));
        assert_eq!(found(own, MOUNTS_V2, Controller::Memory), [both("/x.scope"), both("")]);
        // Nothing lies beside the root of the tree.
        assert_eq!(found("0::/\n", MOUNTS_V2, Controller::Pids), [(Version::Two, "/sys/fs/cgroup/".to_owned())]);
        assert_eq!(found("", "", Controller::Pids), []);
    }

    #[test]
    fn a_group_without_its_controller_is_given_up_and_removed() {
        let parent = tempfile::tempdir().unwrap();
        let made = Cgroup::below(parent.path(), Version::Two, Controller::Memory, 1, std::process::id());
        assert!(made.is_err());
        assert_eq!(fs::read_dir(parent.path()).unwrap().count(), 0);
    }

    #[test]
    fn what_a_killed_run_left_is_removed_and_nothing_else() {
        let parent = tempfile::tempdir().unwrap();
        let living = format!("{PREFIX}{}-0", std::process::id());
        // No process can have the highest number there is.
        for name in [living.as_str(), "tokio-or-threads-4294967295-3", "another-4294967295-3"] {
            fs::create_dir(parent.path().join(name)).unwrap();
        }
        sweep(parent.path());
        let mut left: Vec<_> = fs::read_dir(parent.path())
            .unwrap()
            .map(|entry| entry.unwrap().file_name().into_string().unwrap())
            .collect();
        left.sort();
        assert_eq!(left, ["another-4294967295-3".to_owned(), living]);
    }

    #[test]
    fn a_kill_for_want_of_memory_is_read_from_the_events() {
        assert!(killed_for_memory("low 0\nmax 12\noom 1\noom_kill 1\noom_group_kill 0\n"));
        assert!(!killed_for_memory("low 0\nmax 12\noom 1\noom_kill 0\n"));
        assert!(!killed_for_memory(""));
    }
}
