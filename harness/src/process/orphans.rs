//! What goes into the background: a program that leaves its process group and its parent would outlive everything here.
//!
//! Orphans become children of this process instead of init's, and those that are in a session of their own are ended.
//! Nothing that is started here can be: the leader of a process group can't begin a session. Must not know: who started
//! what.

use std::fs;
use std::io;

use rustix::process::{Pid, Signal, WaitOptions, getpid, getsid, kill_process, set_child_subreaper, waitpid};

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
    matches!((getsid(Some(pid)), getsid(None)), (Ok(its), Ok(own)) if its != own)
}

/// Of all threads of this process.
fn children() -> Vec<Pid> {
    let Ok(threads) = fs::read_dir("/proc/self/task") else { return Vec::new() };
    let lists = threads.filter_map(|thread| fs::read_to_string(thread.ok()?.path().join("children")).ok());
    lists
        .flat_map(|list| list.split_whitespace().filter_map(|pid| Pid::from_raw(pid.parse().ok()?)).collect::<Vec<_>>())
        .collect()
}
