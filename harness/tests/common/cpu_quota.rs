//! A control group with a CPU quota, of whichever version this machine has. Included by the tests that need one.

use std::path::{Path, PathBuf};
use std::time::Duration;
use std::{fs, thread};

/// A group of its own. Removed when dropped, once all that was in it has ended.
pub(crate) struct CpuQuota(PathBuf);

impl CpuQuota {
    /// So many hundredths of one CPU; nothing, which is said, where no such group can be made.
    pub(crate) fn of_percent(percent: u32) -> Option<CpuQuota> {
        let name = format!("tokio-or-threads-test-{}-{percent}", std::process::id());
        let two = ("/sys/fs/cgroup", "cpu.max", format!("{} 100000", percent * 1_000));
        let one = ("/sys/fs/cgroup/cpu", "cpu.cfs_quota_us", (percent * 1_000).to_string());
        // Where both versions are mounted, the folder of their trees is no group itself.
        let is_group = |tree: &str| Path::new(tree).join("cgroup.procs").exists();
        let made = [two, one].into_iter().filter(|(tree, ..)| is_group(tree)).find_map(|(tree, file, quota)| {
            let group = CpuQuota(Path::new(tree).join(&name));
            fs::create_dir(&group.0).and_then(|()| fs::write(group.0.join(file), quota)).ok().map(|()| group)
        });
        if made.is_none() {
            eprintln!("skipped: no control group with a CPU quota can be made here");
        }
        made
    }

    /// Words of a shell that put it into the group.
    pub(crate) fn enter(&self) -> String {
        format!("echo $$ > {}/cgroup.procs", self.0.display())
    }
}

impl Drop for CpuQuota {
    fn drop(&mut self) {
        for _ in 0..500 {
            if fs::remove_dir(&self.0).is_ok() || !self.0.exists() {
                return;
            }
            thread::sleep(Duration::from_millis(10));
        }
    }
}
