//! What goes into the background: a program that leaves its process group and its parent would outlive everything here.
//!
//! Orphans become children of this process instead of init's, and those that are in a session of their own are ended.
//! Nothing that is started here can be: the leader of a process group can't begin a session. Must not know: who started
//! what.

use std::fs;
use std::io;
use std::path::Path;

use rustix::process::{Pid, Signal, WaitOptions, getpid, kill_process, set_child_subreaper, waitpid};

use super::reap::turn;
use crate::observe::fields_after_name;

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
