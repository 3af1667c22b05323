//! `harness map` and `harness capacity` as a person meets them: the real program, small, its folder and what it says.
//!
//! Nothing is said of who is faster. The tests take turns, because each keeps the machine busy, and each has a folder for
//! temporary files of its own, in which the lock lies.

#![allow(clippy::unwrap_used, reason = "a panic in a test's helper is the test's failure")]

mod capacity;
#[path = "../common/mod.rs"]
mod common;
mod interruption;
mod map;

use std::process::{Command, Output, Stdio};

use reports::record::store::{Run, RunFolder};
use serde_json::Value;
use tempfile::TempDir;

use common::turn;

/// A command that has ended, with the folder it wrote to.
struct Ended {
    home: TempDir,
    output: Output,
}

impl Ended {
    fn of(arguments: &[&str]) -> Ended {
        let _turn = turn();
        let home = TempDir::new().unwrap();
        let mut command = Command::new(env!("CARGO_BIN_EXE_harness"));
        command.args(arguments).args(["--out", "the-run"]);
        command
            .env("TMPDIR", home.path())
            .env("HARNESS_LOCK", home.path().join("lock"))
            .current_dir(home.path())
            .stdin(Stdio::null());
        Ended { output: command.output().unwrap(), home }
    }

    fn code(&self) -> i32 {
        self.output.status.code().unwrap()
    }

    fn stderr(&self) -> &str {
        std::str::from_utf8(&self.output.stderr).unwrap()
    }

    fn json(&self) -> Value {
        serde_json::from_slice(&self.output.stdout).unwrap_or_else(|error| panic!("{error}: {}", self.stderr()))
    }

    fn run(&self) -> Run {
        RunFolder::open(self.home.path().join("the-run")).unwrap().read().unwrap()
    }

    fn page(&self) -> String {
        std::fs::read_to_string(self.home.path().join("the-run/report.html")).unwrap()
    }
}
