//! What is done to a server beside the requests that are measured: over the network against servers of known behaviour,
//! as whole cells against our own, and what is left of it all when things go wrong.
//!
//! Everything stays on loopback and is bounded by a few hundred connections and a second or two. Nothing in here
//! depends on how fast anything is.

#![allow(clippy::unwrap_used, reason = "a panic in a test's helper is the test's failure")]

mod bounds;
mod cells;
mod fakes;
mod left_behind;
mod over_the_network;
mod trial;

use std::path::Path;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process};

/// Longer than anything in here takes, on however busy a machine.
const PATIENT: Duration = Duration::from_secs(60);

/// The program under test.
fn program() -> &'static Path {
    Path::new(env!("CARGO_BIN_EXE_harness"))
}

/// One at a time; a test that failed is no reason for the next to fail.
fn turn() -> MutexGuard<'static, ()> {
    static TURN: Mutex<()> = Mutex::new(());
    TURN.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Looks again and again until `seen`; false when it was not seen in time.
fn within(deadline: Duration, mut seen: impl FnMut() -> bool) -> bool {
    let give_up = Instant::now() + deadline;
    while !seen() {
        if Instant::now() >= give_up {
            return false;
        }
        std::thread::sleep(Duration::from_millis(1));
    }
    true
}

/// The letter that `/proc` gives for what a process does: `S` sleeps, `T` is stopped, `Z` has ended. None where it is
/// gone.
fn state(pid: u32) -> Option<char> {
    let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
    // The state follows the program's name, which may itself hold parentheses.
    stat.rsplit(") ").next()?.chars().next()
}

fn is_alive(pid: u32) -> bool {
    state(pid).is_some_and(|state| !matches!(state, 'Z' | 'X'))
}

fn send(pid: u32, signal: Signal) {
    kill_process(Pid::from_raw(pid.cast_signed()).unwrap(), signal).unwrap();
}

/// Control groups that the process `maker` has made and that are still there, wherever a process of its own would be put.
fn groups_of(maker: u32) -> Vec<String> {
    let own = std::fs::read_to_string("/proc/self/cgroup").unwrap();
    let groups: Vec<&str> = own.lines().filter_map(|line| line.splitn(3, ':').nth(2)).collect();
    let trees = ["/sys/fs/cgroup", "/sys/fs/cgroup/pids", "/sys/fs/cgroup/unified"].map(Path::new);
    let folders = trees.iter().flat_map(|tree| groups.iter().map(|group| tree.join(group.trim_start_matches('/'))));
    let folders = folders.flat_map(|folder| [Some(folder.clone()), folder.parent().map(Path::to_owned)]).flatten();
    let prefix = format!("tokio-or-threads-{maker}-");
    let names = folders.filter_map(|folder| std::fs::read_dir(folder).ok()).flatten();
    let names = names.filter_map(|entry| entry.ok()?.file_name().into_string().ok());
    names.filter(|name| name.starts_with(&prefix)).collect()
}
