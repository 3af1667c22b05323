//! Notes what the servers are built with, for `src/built_with.rs`: the compiler, and the versions that Cargo.lock names.

use std::env;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

/// The packages of which another version can change what is measured. Not all of them are in every build.
const PACKAGES: [&str; 7] = ["axum", "compio", "mimalloc", "mio", "rayon", "tikv-jemallocator", "tokio"];

fn main() {
    println!("cargo::rerun-if-changed=build.rs");
    println!("cargo::rustc-env=BUILT_WITH_RUSTC={}", rustc().unwrap_or_default());
    let lock = lock_file();
    if let Some(lock) = &lock {
        println!("cargo::rerun-if-changed={}", lock.display());
    }
    let text = lock.and_then(|lock| fs::read_to_string(lock).ok()).unwrap_or_default();
    let versions = PACKAGES.iter().flat_map(|package| versions(&text, package).map(move |v| format!("{package} {v}")));
    println!("cargo::rustc-env=BUILT_WITH_PACKAGES={}", versions.collect::<Vec<_>>().join(";"));
}

/// What the compiler says of itself, without its name: `1.95.0 (59807616e 2026-04-14)`.
fn rustc() -> Option<String> {
    let output = Command::new(env::var_os("RUSTC")?).arg("--version").output().ok()?;
    Some(String::from_utf8(output.stdout).ok()?.trim().strip_prefix("rustc ")?.to_owned())
}

/// The nearest on the way up from here: that of the workspace which is built.
fn lock_file() -> Option<PathBuf> {
    let here = PathBuf::from(env::var_os("CARGO_MANIFEST_DIR")?);
    here.ancestors().map(|folder: &Path| folder.join("Cargo.lock")).find(|path| path.exists())
}

/// The versions of a package in a lock file: its name and its version stand on two lines in a row.
fn versions<'a>(lock: &'a str, package: &'a str) -> impl Iterator<Item = &'a str> {
    let pairs = lock.lines().zip(lock.lines().skip(1));
    pairs.filter_map(move |(name, version)| {
        let name = name.strip_prefix("name = \"")?.strip_suffix('"')?;
        (name == package).then(|| version.strip_prefix("version = \"")?.strip_suffix('"')).flatten()
    })
}
