//! README.md, the guide and ARCHITECTURE.md say what is so: commands run, quoted lines are in the sources, paths exist, and
//! modules know nobody whom they must not know.

mod action;
mod arrows;
mod beside;
mod changelog;
mod commands;
mod formats;
mod handout;
mod licences;
mod manifests;
mod markdown;
mod pages;
mod paths;
mod picture;
mod quotes;
mod sentences;
mod servers;
mod shell;
mod supply_chain;
mod workshop;

use std::fs;
use std::path::Path;

/// The root of the repository.
fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap()
}

/// A file of the repository, by its path from the root.
fn text(path: &str) -> String {
    fs::read_to_string(root().join(path)).unwrap_or_else(|error| panic!("{path}: {error}"))
}
