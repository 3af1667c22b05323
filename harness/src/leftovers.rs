//! Names of what would be left behind if this process were killed: each says which process made it, so that the next one
//! can tell what nobody needs any more. Its maker has ended.
//!
//! Must not know: what bears such a name. Beside it: `process/bounds/cgroup.rs`, `trace/window.rs`, which make things;
//! `cli/new_run.rs`, which says what was cleared away.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

/// How all such names begin; the number of the process that made the thing follows.
const PREFIX: &str = "tokio-or-threads-";

/// How the names begin of what this process makes. Something that tells them apart is to follow.
pub(crate) fn prefix() -> String {
    format!("{PREFIX}{}-", std::process::id())
}

/// What lies in a folder and was made by a process that has ended. Nothing where the folder can't be read.
pub(crate) fn left_behind(folder: &Path) -> Vec<PathBuf> {
    let Ok(entries) = fs::read_dir(folder) else { return Vec::new() };
    let is_orphaned = |name: &str| maker(name).is_some_and(|pid| !Path::new("/proc").join(pid.to_string()).exists());
    let orphaned = entries.flatten().filter(|entry| entry.file_name().to_str().is_some_and(is_orphaned));
    orphaned.map(|entry| entry.path()).collect()
}

/// Removes what was left behind in a folder, each as `remove` does it; returns how much of it could be removed.
pub(crate) fn sweep(folder: &Path, remove: impl Fn(&Path) -> io::Result<()>) -> usize {
    left_behind(folder).iter().filter(|path| remove(path).is_ok()).count()
}

/// The process that made the thing of this name, if it is one of this program's.
fn maker(name: &str) -> Option<u32> {
    name.strip_prefix(PREFIX)?.split_once('-')?.0.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_killed_process_left_is_removed_and_nothing_else() {
        let parent = tempfile::tempdir().unwrap();
        let living = format!("{}0", prefix());
        // No process can have the highest number there is.
        let others = ["another-4294967295-3", "tokio-or-threads-notes", "tokio-or-threads.lock"];
        for name in others.into_iter().chain([living.as_str(), "tokio-or-threads-4294967295-3"]) {
            fs::create_dir(parent.path().join(name)).unwrap();
        }
        assert_eq!(sweep(parent.path(), |path| fs::remove_dir(path)), 1);
        assert_eq!(sweep(parent.path(), |path| fs::remove_dir(path)), 0);
        let entries = fs::read_dir(parent.path()).unwrap();
        let mut left: Vec<_> = entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
        left.sort();
        assert_eq!(left, [others[0].to_owned(), living, others[1].to_owned(), others[2].to_owned()]);
        assert_eq!(sweep(&parent.path().join("absent"), |_| Ok(())), 0);
    }
}
