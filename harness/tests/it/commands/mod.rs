//! Programs of another hand: how they are started and ended, whether they keep to the protocol, and how they are compared. And
//! what `doctor` says of the machine. And how commands get on with a shell.
//!
//! What python3 and node are needed for is skipped by name where they are not there; with `CI` in the environment it fails
//! instead.

mod compared;
mod doctor;
mod examples;
mod faulty;
mod launching;
mod orphans;
mod shell;
mod transcripts;

use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

/// The program under test.
const HARNESS: &str = env!("CARGO_BIN_EXE_harness");

/// The harness with these arguments, at the root of the repository, where the examples are.
fn harness(arguments: &[&str], temporary: &Path) -> Output {
    let mut command = Command::new(HARNESS);
    command
        .args(arguments)
        .current_dir(root())
        .env("TMPDIR", temporary)
        .env("HARNESS_LOCK", temporary.join("lock"))
        .stdin(Stdio::null());
    command.output().unwrap()
}

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap().to_owned()
}
