//! `harness map` and `harness capacity` as a person meets them: the real program, small, its folder and what it says.
//!
//! Nothing is said of who is faster: other tests keep the machine busy.

mod capacity;
mod interruption;
mod map;

use std::process::{Command, Output, Stdio};

use reports::record::store::{Run, RunFolder};
use serde_json::Value;
use tempfile::TempDir;

/// A command that has ended, with the folder it wrote to.
struct Ended {
    home: TempDir,
    output: Output,
}

impl Ended {
    fn of(arguments: &[&str]) -> Ended {
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
