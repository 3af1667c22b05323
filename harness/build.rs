//! Notes from which commit this program is built, for `src/run/session.rs`: with `-dirty` where what it is built from has
//! changed since, and empty outside a checkout or without git.
//!
//! Looked at again when a source has changed, and not at every commit: a commit of what was built before changes nothing
//! in the program, and none of it is compiled again.

use std::env;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

/// All that the program is made of, from the root of the workspace.
const SOURCES: [&str; 10] = [
    "Cargo.toml",
    "Cargo.lock",
    "harness/Cargo.toml",
    "harness/build.rs",
    "harness/src",
    "reports/Cargo.toml",
    "reports/src",
    "servers/Cargo.toml",
    "servers/build.rs",
    "servers/src",
];

fn main() {
    let here = env::var_os("CARGO_MANIFEST_DIR").map(PathBuf::from);
    let Some(root) = here.as_deref().and_then(Path::parent) else { return };
    let sources: Vec<&str> = SOURCES.into_iter().filter(|source| root.join(source).exists()).collect();
    for source in &sources {
        println!("cargo::rerun-if-changed={}", root.join(source).display());
    }
    println!("cargo::rustc-env=HARNESS_COMMIT={}", commit(root, &sources).unwrap_or_default());
}

fn commit(root: &Path, sources: &[&str]) -> Option<String> {
    // Of a copy that lies in somebody's checkout, no commit says anything.
    git(root, &["ls-files", "--error-unmatch", "harness/src/main.rs"])?;
    let commit = git(root, &["rev-parse", "--short=12", "HEAD"])?;
    let changed = git(root, &[&["status", "--porcelain", "--"], sources].concat())?;
    Some(if changed.is_empty() { commit } else { format!("{commit}-dirty") })
}

/// What git says, without the end of the line; nothing where it fails.
fn git(root: &Path, arguments: &[&str]) -> Option<String> {
    let mut git = Command::new("git");
    let output = git.arg("-C").arg(root).args(arguments).stdin(Stdio::null()).stderr(Stdio::null()).output().ok()?;
    output.status.success().then(|| String::from_utf8(output.stdout).ok()).flatten().map(|text| text.trim().to_owned())
}
