//! Programs that are run where the machine gives them less: under a CPU quota, without a file of the kernel's, on a small
//! disk. What this machine does not allow is skipped by name.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::thread;
use std::time::Duration;

/// A control group of its own, of whichever version this machine has. Removed when dropped, once all that was in it has ended.
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

    /// The same command, in the group.
    pub(crate) fn around(&self, command: &Command) -> Command {
        after("sh", &[], &format!("echo $$ > {}/cgroup.procs", self.0.display()), command)
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
pub(crate) fn unless_refused(output: io::Result<Output>) -> Option<Output> {
    let output = match output {
        Ok(output) => output,
        Err(error) => {
            eprintln!("skipped: {error}");
            return None;
        }
    };
    let said = String::from_utf8_lossy(&output.stderr);
    let is_refused = ["unshare:", "mount:", "sh:"].iter().any(|refused| said.starts_with(refused));
    if is_refused {
        eprintln!("skipped: {said}");
    }
    (!is_refused).then_some(output)
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
