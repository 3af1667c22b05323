//! What would outlive everything here: processes that a server started in turn.
//!
//! One goes into the background: it leaves its process group and its parent. Orphans become children of this process instead
//! of init's, and those that are in a session of their own are ended. Nothing that is started here can be: the leader of a
//! process group can't begin a session. Must not know: who started what.
//!
//! The other is left behind when the harness is killed with `kill -9`: the kernel's death signal reaches the program that
//! was started and none that this one started. A guard waits beside it for the end of the harness, and then ends the process
//! group of the server.

use std::fs;
use std::io::{self, Read};
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::{Child, Command, Stdio};

use instruments::observe::fields_after_name;
use rustix::process::{
    Pid, Signal, WaitOptions, getpid, kill_process, kill_process_group, set_child_subreaper, waitpid,
};

use super::image::OWN_NAME;
use super::reap::turn;

/// From now on orphans among the descendants of this process are its children.
pub(super) fn adopt() -> io::Result<()> {
    Ok(set_child_subreaper(Some(getpid()))?)
}

/// As many rounds as there may be generations: the children of an orphan that is killed become orphans.
const GENERATIONS: usize = 16;

/// Ends and reaps all that went into the background.
pub(super) fn end() {
    for _ in 0..GENERATIONS {
        let gone: Vec<Pid> = children().into_iter().filter(|pid| is_in_the_background(*pid)).collect();
        if gone.is_empty() {
            return;
        }
        let _turn = turn();
        for pid in gone {
            // Its own child can't be anybody else's; one that has ended is reaped all the same.
            let _ = kill_process(pid, Signal::KILL);
            let _ = waitpid(Some(pid), WaitOptions::empty());
        }
    }
}

fn is_in_the_background(pid: Pid) -> bool {
    let session = |pid: Pid| session_in(&fs::read_to_string(format!("/proc/{}/stat", pid.as_raw_pid())).ok()?);
    matches!((session(pid), session(getpid())), (Some(its), Some(own)) if its != own)
}

/// The session of a process from its `/proc/PID/stat`. Zero where the session was begun outside this PID namespace, as
/// in a container: that is a session like any other, though rustix's `getsid` has no value for it.
fn session_in(stat: &str) -> Option<u32> {
    const SESSION: usize = 3;
    fields_after_name(stat)?.nth(SESSION)?.parse().ok()
}

/// Of all threads of this process. None where `/proc` counts processes as another PID namespace does: its numbers would be
/// those of strangers here.
fn children() -> Vec<Pid> {
    if fs::read_link("/proc/self").ok().as_deref() != Some(Path::new(&getpid().as_raw_pid().to_string())) {
        return Vec::new();
    }
    let Ok(threads) = fs::read_dir("/proc/self/task") else { return Vec::new() };
    let lists = threads.filter_map(|thread| fs::read_to_string(thread.ok()?.path().join("children")).ok());
    lists
        .flat_map(|list| list.split_whitespace().filter_map(|pid| Pid::from_raw(pid.parse().ok()?)).collect::<Vec<_>>())
        .collect()
}

/// Starts a guard of the group that this process leads. It must be killed and reaped before that process is.
pub(super) fn start_guard(program: &Path, leader: u32) -> io::Result<Child> {
    Command::new(program)
        .arg0(OWN_NAME)
        .args(["guard", &leader.to_string()])
        .stdin(Stdio::piped())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        // It must outlive a Ctrl-C that ends the harness.
        .process_group(0)
        .spawn()
}

/// What the guard does: waits for the end of stdin, whose other end the harness holds, and kills the group.
///
/// # Errors
/// Where `leader` can't be a process.
pub fn guard(leader: u32) -> io::Result<()> {
    // However reading ends, nobody is left to hold the other end.
    let _ = io::stdin().read_to_end(&mut Vec::new());
    let leader = i32::try_from(leader).ok().and_then(Pid::from_raw).ok_or(io::ErrorKind::InvalidInput)?;
    // The kernel does not give an id away while a group has it. No such group is fine.
    let _ = kill_process_group(leader, Signal::KILL);
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::session_in;

    #[test]
    fn the_session_is_found_behind_any_name_and_may_lie_outside_the_namespace() {
        assert_eq!(session_in("7 (a) b (c)) S 1 7 5 0 -1 4194560"), Some(5));
        assert_eq!(session_in("7 (x) S 1 7 0 0 -1 4194560"), Some(0));
        assert_eq!(session_in("7 (x) S 1"), None);
    }
}
