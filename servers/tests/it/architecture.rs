//! What modules may not know, read from their sources. Comments are not code and may say anything.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use servers::MODELS;

fn sources(folder: &str) -> Vec<(PathBuf, String)> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("src").join(folder);
    let sources: Vec<_> =
        files(&folder).into_iter().map(|path| (path.clone(), fs::read_to_string(path).unwrap())).collect();
    assert!(!sources.is_empty(), "{} is empty", folder.display());
    sources
}

/// The files of a folder and of those in it.
fn files(folder: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    entries.flat_map(|path| if path.is_dir() { files(&path) } else { vec![path] }).collect()
}

/// What `folder` mentions of `forbidden` outside comments and tests.
fn mentions(folder: &str, forbidden: &[&str]) -> Vec<String> {
    let mut found = Vec::new();
    for (path, source) in sources(folder) {
        if path.ends_with("properties.rs") {
            continue;
        }
        let code = source.split("#[cfg(test)]\nmod tests").next().unwrap();
        let lines = code.lines().filter(|line| !line.trim_start().starts_with("//"));
        for line in lines {
            found.extend(
                forbidden
                    .iter()
                    .filter(|name| line.contains(**name))
                    .map(|name| format!("{name} in {}: {line}", path.display())),
            );
        }
    }
    found
}

const SOCKETS: &[&str] = &["std::net", "socket2", "rustix", "std::io", "TcpStream", "std::fs"];
const CLOCKS: &[&str] = &["Instant", "SystemTime", "monotonic_ns"];
const THREADS: &[&str] = &["std::thread", "spawn", "std::sync", "rayon", "tokio", "Runtime", "async "];
const BYTES: &[&str] = &["protocol", "serde", "Request", "Response", "Inbox", "READ_BUFFER", "service", "work::", "u8"];

#[test]
fn protocol_and_service_know_no_sockets_clocks_or_threads() {
    for folder in ["protocol", "service"] {
        let none: Vec<String> = Vec::new();
        assert_eq!(mentions(folder, &[SOCKETS, CLOCKS, THREADS].concat()), none);
    }
}

#[test]
fn connections_do_not_know_that_threads_or_runtimes_get_created() {
    let none: Vec<String> = Vec::new();
    assert_eq!(mentions("connection", &["thread::", "spawn", "rayon", "runtime", "Runtime", "models"]), none);
}

#[test]
fn models_know_neither_bytes_nor_work() {
    let none: Vec<String> = Vec::new();
    assert_eq!(mentions("models", BYTES), none);
}

#[test]
fn the_check_finds_what_it_looks_for() {
    assert!(!mentions("models", &["serve("]).is_empty());
    assert!(!mentions("connection", SOCKETS).is_empty());
}

#[test]
fn every_file_of_models_is_in_the_table() {
    let names = sources("models").into_iter().map(|(path, _)| path.file_stem().unwrap().to_str().unwrap().to_owned());
    let files: BTreeSet<String> = names.filter(|name| name != "mod").map(|name| name.replace('_', "-")).collect();
    let table: BTreeSet<String> = MODELS.iter().map(|model| model.name.to_owned()).collect();
    assert_eq!(files, table);
    assert_eq!(table.len(), MODELS.len(), "a name stands in the table twice");
}
