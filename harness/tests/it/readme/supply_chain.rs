//! What is built is what was looked at: actions of workflows are named by commit, cargo takes what is locked, scripts name no
//! address, and one place says which Rust there must be.

use std::fs;

use crate::common::{root, source};

/// What a forge runs: the workflows, and the action that others use.
pub(crate) fn workflows() -> Vec<(String, String)> {
    let entries = fs::read_dir(root().join(".github/workflows")).unwrap();
    let paths = entries.map(|entry| format!(".github/workflows/{}", entry.unwrap().file_name().to_string_lossy()));
    paths.chain(["action.yml".to_owned()]).map(|path| (path.clone(), source(&path))).collect()
}

#[test]
fn every_action_is_named_by_its_commit_and_says_its_version() {
    let mut actions = 0;
    for (path, workflow) in workflows() {
        for line in workflow.lines().filter_map(|line| line.split_once("uses: ")).map(|(_, action)| action) {
            // This repository's own, at the commit that is looked at.
            if line == "./" {
                continue;
            }
            actions += 1;
            let (action, version) = line.split_once(" # v").unwrap_or_else(|| panic!("{path}: {line} says no version"));
            let commit = action.split_once('@').map(|(_, commit)| commit).unwrap_or_default();
            let is_commit = commit.len() == 40 && commit.bytes().all(|byte| byte.is_ascii_hexdigit());
            assert!(is_commit && version.split('.').count() == 3, "{path}: {line} is not pinned by its commit");
        }
    }
    assert!(actions > 0);
}

#[test]
fn cargo_takes_what_is_locked_wherever_nobody_looks_on() {
    let scripts =
        ["scripts/test", "scripts/fuzz", "scripts/gate", "scripts/release"].map(|path| (path.to_owned(), source(path)));
    for (path, script) in workflows().into_iter().chain(scripts) {
        let words = ["cargo build", "cargo test", "cargo check", "cargo clippy", "cargo doc", "cargo install"];
        let lines = script.lines().filter(|line| words.iter().any(|words| line.contains(words)));
        for line in lines.filter(|line| !line.trim_start().starts_with('#')) {
            assert!(line.contains("--locked"), "{path}: {line}");
        }
        assert!(!script.contains("://"), "{path} names an address; let cargo, npm or apt-get know theirs");
    }
}

#[test]
fn the_oldest_rust_is_said_once_and_the_pinned_one_is_not_older() {
    let manifest = source("Cargo.toml");
    let oldest = manifest.lines().find_map(|line| line.strip_prefix("rust-version = ")).unwrap().trim_matches('"');
    assert!(source("README.md").contains(&format!("Rust {oldest} or later")), "the README says another than {oldest}");
    let toolchain = source("rust-toolchain.toml");
    let pinned = toolchain.lines().find_map(|line| line.strip_prefix("channel = ")).unwrap().trim_matches('"');
    let numbers = |version: &str| version.split('.').map(|part| part.parse().unwrap()).collect::<Vec<u32>>();
    assert!(numbers(pinned) >= numbers(oldest), "{pinned} is older than {oldest}");
}
