//! What modules may not know, read from their sources. Comments are not code and may say anything.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use servers::{LEFT_OUT, MODELS};

/// A file of the sources, or the files of a folder.
fn sources(place: &str) -> Vec<(PathBuf, String)> {
    let place = Path::new(env!("CARGO_MANIFEST_DIR")).join("src").join(place);
    let sources: Vec<_> =
        files(&place).into_iter().map(|path| (path.clone(), fs::read_to_string(path).unwrap())).collect();
    assert!(!sources.is_empty(), "{} is empty", place.display());
    sources
}

/// The file itself, or the files of a folder and of those in it.
fn files(place: &Path) -> Vec<PathBuf> {
    if place.is_file() {
        return vec![place.to_owned()];
    }
    let entries = fs::read_dir(place).unwrap().map(|entry| entry.unwrap().path());
    entries.flat_map(|path| files(&path)).collect()
}

/// What `place` mentions of `forbidden` outside comments and tests.
fn mentions(place: &str, forbidden: &[&str]) -> Vec<String> {
    let mut found = Vec::new();
    for (path, source) in sources(place) {
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
    for place in ["protocol", "service.rs"] {
        let none: Vec<String> = Vec::new();
        assert_eq!(mentions(place, &[SOCKETS, CLOCKS, THREADS].concat()), none);
    }
}

#[test]
fn connections_do_not_know_that_threads_or_runtimes_get_created() {
    let none: Vec<String> = Vec::new();
    assert_eq!(mentions("connection", &["thread::", "spawn", "rayon", "runtime", "Runtime", "models"]), none);
}

#[test]
fn models_know_neither_bytes_nor_work() {
    for place in ["models", "tasks.rs"] {
        let none: Vec<String> = Vec::new();
        assert_eq!(mentions(place, BYTES), none);
    }
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
    let left_out = LEFT_OUT.iter().map(|model| (*model).to_owned());
    let table: BTreeSet<String> = MODELS.iter().map(|model| model.name.to_owned()).chain(left_out).collect();
    assert_eq!(files, table);
    assert_eq!(table.len(), MODELS.len() + LEFT_OUT.len(), "a name stands in the tables twice");
}
