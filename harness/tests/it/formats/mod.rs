//! What goes out keeps to what is published of it: the JSON Schemas of `docs/schemas/`, CSV, OpenMetrics.
//!
//! Real output of the real program. Beside it: `harness/src/cli/schemas.rs`, which writes the schemas.

mod figures;
mod schemas;

use std::path::PathBuf;
use std::process::{Command, Output, Stdio};

use servers::protocol::Wire;
use tempfile::TempDir;

use crate::common::own_server::OwnServer;
use crate::common::text;

/// A file of the repository.
fn of_repository(path: &str) -> PathBuf {
    PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/..")).join(path)
}

/// The program with these arguments, at home in a folder of its own.
fn harness(home: &TempDir, arguments: &[&str]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_harness"));
    command.args(arguments).env("TMPDIR", home.path()).env("HARNESS_LOCK", home.path().join("lock"));
    command.current_dir(home.path()).stdin(Stdio::null()).output().unwrap()
}

/// What it writes to stdout, whose figures need not be fit to be believed: other tests keep the machine busy.
fn written(home: &TempDir, arguments: &[&str]) -> String {
    let Output { status, stdout, stderr } = harness(home, arguments);
    assert!([Some(0), Some(4)].contains(&status.code()), "{arguments:?}: {status}\n{}", text(&stderr));
    String::from_utf8(stdout).unwrap()
}

/// A copy of a saved run, which a report is written into.
fn saved(home: &TempDir, name: &str, run: &str) {
    let copied = Command::new("cp").arg("-r").arg(of_repository(run)).arg(home.path().join(name)).status();
    assert!(copied.unwrap().success());
}

/// A server of ours, and its address as it is typed.
fn serve() -> (OwnServer, String) {
    let server = crate::common::own_server::serve("async-single", Wire::JsonLines);
    let address = server.address.to_string();
    (server, address)
}
