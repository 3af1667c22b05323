//! What is done to a server beside the requests that are measured: over the network against servers of known behaviour,
//! as whole cells against our own, and what is left of it all when things go wrong.
//!
//! Everything stays on loopback and is bounded by a few hundred connections and a second or two. Nothing in here
//! depends on how fast anything is.

#![allow(clippy::unwrap_used, reason = "a panic in a test's helper is the test's failure")]

mod bounds;
mod cells;
#[path = "../common/mod.rs"]
mod common;
mod crowds;
mod fakes;
mod left_behind;
mod over_the_network;
mod trial;

use std::path::Path;

use common::{LONGEST_WAIT, is_alive, send, state, turn, within};

/// The program under test.
fn program() -> &'static Path {
    Path::new(env!("CARGO_BIN_EXE_harness"))
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
