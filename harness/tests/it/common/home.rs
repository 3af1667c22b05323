//! The harness at home in a folder of its own, and what a command came to.
//!
//! In the folder are the command's temporary files and the lock of benchmarks, so that no test waits for another, and
//! none for a benchmark of whoever runs the tests. Nor does any of their variables that begin with `HARNESS_` reach it;
//! all others do.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::{Mutex, PoisonError};

use nix::libc;
use reports::record::store::{Run, RunFolder};
use serde_json::Value;
use tempfile::TempDir;

use crate::common::started::Started;

/// The program under test.
pub(crate) const HARNESS: &str = env!("CARGO_BIN_EXE_harness");

/// Its worker on another machine, which is the same file where that machine is this one.
pub(crate) const AS_WORKER: [&str; 2] = ["--worker-program", HARNESS];

/// The harness with these arguments, at nobody's terminal and without the variables of whoever runs the tests. For what
/// takes no lock; all else is at [`Home`].
pub(crate) fn harness(arguments: &[&str]) -> Command {
    let mut command = Command::new(HARNESS);
    command.args(arguments).stdin(Stdio::null());
    without_settings(&mut command);
    command
}

/// Puts a program at home in a folder: the harness, or what will call it.
pub(crate) fn at_home(command: &mut Command, folder: &Path) {
    without_settings(command);
    command.env("TMPDIR", folder).env("HARNESS_LOCK", folder.join("lock"));
    command.current_dir(folder).stdin(Stdio::null());
}

fn without_settings(command: &mut Command) {
    let is_setting = |name: &std::ffi::OsString| name.as_encoded_bytes().starts_with(b"HARNESS_");
    for name in std::env::vars_os().map(|(name, _)| name).filter(is_setting) {
        command.env_remove(name);
    }
}

/// Has a folder removed when this program ends. For one that lies in a static, which nobody drops.
pub(crate) fn removed_at_the_end(folder: &Path) {
    static FOLDERS: Mutex<Vec<PathBuf>> = Mutex::new(Vec::new());
    extern "C" fn remove() {
        for folder in FOLDERS.lock().unwrap_or_else(PoisonError::into_inner).drain(..) {
            let _ = fs::remove_dir_all(folder);
        }
    }
    let mut folders = FOLDERS.lock().unwrap();
    if folders.is_empty() {
        // SAFETY: the function does not unwind, and touches nothing that is gone when a program exits.
        assert_eq!(unsafe { libc::atexit(remove) }, 0);
    }
    folders.push(folder.to_owned());
}

/// A folder, removed when dropped.
pub(crate) struct Home {
    folder: TempDir,
}

impl Home {
    pub(crate) fn new() -> Home {
        Home { folder: TempDir::new().unwrap() }
    }

    /// One for a static.
    pub(crate) fn shared() -> Home {
        let home = Home::new();
        removed_at_the_end(home.path());
        home
    }

    pub(crate) fn path(&self) -> &Path {
        self.folder.path()
    }

    /// What lies in here under this name.
    pub(crate) fn join(&self, name: impl AsRef<Path>) -> PathBuf {
        self.path().join(name)
    }

    /// Where runs in here are written.
    pub(crate) fn out(&self) -> PathBuf {
        self.join("the-run")
    }

    /// The harness with these arguments, at home here.
    pub(crate) fn command(&self, arguments: &[&str]) -> Command {
        let mut command = harness(arguments);
        at_home(&mut command, self.path());
        command
    }

    /// As [`Home::command`], to its end.
    pub(crate) fn ended(&self, arguments: &[&str]) -> Ended {
        Ended::of(&mut self.command(arguments))
    }

    /// A smoke comparison that writes to [`Home::out`].
    pub(crate) fn compare(&self, arguments: &[&str]) -> Command {
        let out = self.out();
        let mut command = self.command(&["compare", "--preset", "smoke", "--out", out.to_str().unwrap()]);
        command.args(arguments);
        command
    }

    /// As [`Home::compare`], to its end.
    pub(crate) fn compared(&self, arguments: &[&str]) -> Ended {
        Ended::of(&mut self.compare(arguments))
    }

    /// The record at [`Home::out`].
    pub(crate) fn run(&self) -> Run {
        self.run_in("the-run")
    }

    /// The record of another name.
    pub(crate) fn run_in(&self, name: &str) -> Run {
        RunFolder::open(self.join(name)).unwrap().read().unwrap()
    }

    /// Names of the files of cells at [`Home::out`], which appear when they are whole.
    pub(crate) fn cell_files(&self) -> Vec<String> {
        let Ok(entries) = std::fs::read_dir(self.out().join("cells")) else { return Vec::new() };
        let names = entries.map(|entry| entry.unwrap().file_name().into_string().unwrap());
        let mut names: Vec<String> = names.filter(|name| name.ends_with(".json")).collect();
        names.sort();
        names
    }
}

/// How a command ended, and what it wrote.
#[derive(Debug)]
pub(crate) struct Ended {
    /// None where a signal ended it.
    pub(crate) code: Option<i32>,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
}

impl Ended {
    /// To its end, with nothing to read: not the terminal of whoever runs the tests either.
    pub(crate) fn of(command: &mut Command) -> Ended {
        Started::of(command.stdin(Stdio::null())).ended()
    }

    /// With this exit code, or the test fails.
    #[track_caller]
    pub(crate) fn with_code(self, code: i32) -> Ended {
        assert_eq!(self.code, Some(code), "{}{}", self.stdout, self.stderr);
        self
    }

    /// To the end of what was to be measured, or the test fails. Figures need not be fit to be believed, which the
    /// program says with code 4: other tests keep the machine busy.
    #[track_caller]
    pub(crate) fn measured(self) -> Ended {
        assert!(matches!(self.code, Some(0 | 4)), "{:?}: {}", self.code, self.stderr);
        self
    }

    /// Refused as a mistake of whoever typed it, with these words among others, or the test fails.
    #[track_caller]
    pub(crate) fn refused(self, words: &str) -> Ended {
        self.with_code(2).telling(words)
    }

    /// With these words on stderr, or the test fails.
    #[track_caller]
    pub(crate) fn telling(self, words: &str) -> Ended {
        assert!(self.stderr.contains(words), "no {words:?}: {}", self.stderr);
        self
    }

    /// What it wrote to stdout, which is one JSON value.
    #[track_caller]
    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.stdout).unwrap_or_else(|error| panic!("{error}: {}{}", self.stdout, self.stderr))
    }
}
