//! Programs that are run where the machine gives them less: under a CPU quota, without a file of the kernel's, on a small
//! disk. What this machine does not allow is skipped by name.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::common::home::Ended;
use crate::common::started::Started;
use crate::common::{LONGEST_WAIT, within};
use crate::skipped::skipped;

/// A control group of its own, of whichever version this machine has. Removed when dropped, once all that was in it has ended.
pub(crate) struct SmallGroup(PathBuf);

impl SmallGroup {
    /// So many hundredths of one CPU; nothing, which is said, where no such group can be made.
    pub(crate) fn of_cpu_percent(percent: u32) -> Option<SmallGroup> {
        let (two, one) = (format!("{} 100000", percent * 1_000), (percent * 1_000).to_string());
        let files = [("/sys/fs/cgroup", "cpu.max", two), ("/sys/fs/cgroup/cpu", "cpu.cfs_quota_us", one)];
        SmallGroup::new(&format!("cpu-{percent}"), files)
    }

    /// As [`SmallGroup::of_cpu_percent`], of memory.
    pub(crate) fn of_bytes(bytes: u64) -> Option<SmallGroup> {
        let (two, one) = ("memory.max", "memory.limit_in_bytes");
        let files = [("/sys/fs/cgroup", two, bytes.to_string()), ("/sys/fs/cgroup/memory", one, bytes.to_string())];
        SmallGroup::new(&format!("memory-{bytes}"), files)
    }

    /// Bounded by what is written to a file of it, in the tree of the one version or the other.
    fn new(what: &str, files: [(&str, &str, String); 2]) -> Option<SmallGroup> {
        let name = format!("tokio-or-threads-test-{}-{what}", std::process::id());
        // Where both versions are mounted, the folder of their trees is no group itself.
        let is_group = |tree: &str| Path::new(tree).join("cgroup.procs").exists();
        let made = files.into_iter().filter(|(tree, ..)| is_group(tree)).find_map(|(tree, file, bound)| {
            let group = SmallGroup(Path::new(tree).join(&name));
            fs::create_dir(&group.0).and_then(|()| fs::write(group.0.join(file), bound)).ok().map(|()| group)
        });
        if made.is_none() {
            skipped(format_args!("no control group bounded in {what} can be made here"));
        }
        made
    }

    /// What a shell does to be in the group, with all that it starts.
    pub(crate) fn entering(&self) -> String {
        format!("echo $$ > {}/cgroup.procs", self.0.display())
    }

    /// The same command, in the group.
    pub(crate) fn around(&self, command: &Command) -> Command {
        after("sh", &[], &self.entering(), command)
    }
}

impl Drop for SmallGroup {
    fn drop(&mut self) {
        within(LONGEST_WAIT, || fs::remove_dir(&self.0).is_ok() || !self.0.exists());
    }
}

/// The same command where `/proc/stat` is an empty file, in a namespace of mounts that ends with it.
pub(crate) fn without_proc_stat(command: &Command) -> Command {
    after("unshare", &["--mount", "sh"], "mount --bind /dev/null /proc/stat", command)
}

/// The same command in a namespace of mounts that ends with it, between what a shell does first and last there.
pub(crate) fn in_own_mounts(first: &str, last: &str, command: &Command) -> Command {
    let script = format!("{first} && {{ \"$@\"; code=$?; {last}; exit $code; }}");
    with_shell("unshare", &["--mount", "sh"], &script, command)
}

/// What came of it; nothing, which is said, where this machine does not let it begin.
pub(crate) fn unless_refused(mut command: Command) -> Option<Ended> {
    let ended = match Started::tried(&mut command) {
        Ok(started) => started.ended(),
        Err(error) => {
            skipped(error);
            return None;
        }
    };
    let is_refused = ["unshare:", "mount:", "sh:"].iter().any(|refused| ended.stderr.starts_with(refused));
    if is_refused {
        skipped(&ended.stderr);
    }
    (!is_refused).then_some(ended)
}

/// The command as the last words of a shell that first does something else.
fn after(program: &str, shell: &[&str], first: &str, command: &Command) -> Command {
    with_shell(program, shell, &format!("{first} && exec \"$@\""), command)
}

/// A shell with this script, whose words are the command's.
fn with_shell(program: &str, shell: &[&str], script: &str, command: &Command) -> Command {
    let mut whole = Command::new(program);
    whole.args(shell).args(["-c", script, "sh"]);
    whole.arg(command.get_program()).args(command.get_args()).stdin(std::process::Stdio::null());
    for (name, value) in command.get_envs() {
        match value {
            Some(value) => whole.env(name, value),
            None => whole.env_remove(name),
        };
    }
    if let Some(folder) = command.get_current_dir() {
        whole.current_dir(folder);
    }
    whole
}
