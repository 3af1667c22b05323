//! Programs of another hand: how they are started and ended, whether they keep to the protocol, and how they are compared.
//!
//! What python3 and node are needed for is skipped by name where they are not there; with `CI` in the environment it fails
//! instead.

#![allow(clippy::unwrap_used, reason = "a panic in a test's helper is the test's failure")]

mod compared;
mod examples;
mod faulty;
mod launching;
mod orphans;
mod transcripts;

use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

/// Longer than anything in here takes, on however busy a machine.
const PATIENT: Duration = Duration::from_secs(30);

/// The program under test.
const HARNESS: &str = env!("CARGO_BIN_EXE_harness");

/// One comparison at a time; a test that failed is no reason for the next to fail.
fn turn() -> MutexGuard<'static, ()> {
    static TURN: Mutex<()> = Mutex::new(());
    TURN.lock().unwrap_or_else(PoisonError::into_inner)
}

/// The harness with these arguments, at the root of the repository, where the examples are.
fn harness(arguments: &[&str], temporary: &Path) -> Output {
    let mut command = Command::new(HARNESS);
    command.args(arguments).current_dir(root()).env("TMPDIR", temporary).stdin(Stdio::null());
    command.output().unwrap()
}

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap().to_owned()
}

fn text(bytes: &[u8]) -> &str {
    std::str::from_utf8(bytes).unwrap()
}

/// Whether this machine has a program. Where it has not, what needs it is skipped, and in CI fails.
fn has(program: &str) -> bool {
    let said = Command::new(program).arg("--version").stdout(Stdio::null()).stderr(Stdio::null()).status();
    let is_there = said.is_ok_and(|status| status.success());
    if !is_there {
        assert!(std::env::var_os("CI").is_none(), "no {program} here: install it, in CI nothing is skipped");
        eprintln!("skipped: no {program}");
    }
    is_there
}

/// Looks again and again until `seen`; false when it was not seen in time.
fn within(deadline: Duration, mut seen: impl FnMut() -> bool) -> bool {
    let give_up = Instant::now() + deadline;
    while !seen() {
        if Instant::now() >= give_up {
            return false;
        }
        std::thread::sleep(Duration::from_millis(2));
    }
    true
}

/// Whether a process runs. One that has ended and is not reaped yet doesn't.
fn is_alive(pid: u32) -> bool {
    let Ok(stat) = std::fs::read_to_string(format!("/proc/{pid}/stat")) else { return false };
    // The state follows the program's name, which may itself hold parentheses.
    !stat.rsplit(") ").next().unwrap_or_default().starts_with(['Z', 'X'])
}
