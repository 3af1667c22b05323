//! A `compare` under way or ended: its process, its servers, its folder.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Output, Stdio};
use std::time::Duration;

use reports::record::store::{Run, RunFolder};
use rustix::process::Signal;
use tempfile::TempDir;

use crate::common::{LONGEST_WAIT, is_alive, send, within};
use crate::compare::program;

/// A folder for temporary files, in which the run's folder and the lock lie.
pub(crate) struct Home {
    folder: TempDir,
}

impl Home {
    pub(crate) fn new() -> Self {
        Self { folder: TempDir::new().unwrap() }
    }

    pub(crate) fn path(&self) -> &Path {
        self.folder.path()
    }

    /// Where runs in here are written.
    pub(crate) fn out(&self) -> PathBuf {
        self.path().join("the-run")
    }

    /// The program with these arguments, at home here.
    pub(crate) fn command(&self, arguments: &[&str]) -> Command {
        let mut command = program();
        command
            .args(arguments)
            .env("TMPDIR", self.path())
            .env("HARNESS_LOCK", self.path().join("lock"))
            .current_dir(self.path())
            .stdin(Stdio::null());
        command
    }

    /// A smoke comparison that writes to [`Home::out`].
    pub(crate) fn compare(&self, arguments: &[&str]) -> Command {
        let out = self.out();
        let mut command = self.command(&["compare", "--preset", "smoke", "--out", out.to_str().unwrap()]);
        command.args(arguments);
        command
    }

    pub(crate) fn run(&self) -> Run {
        RunFolder::open(self.out()).unwrap().read().unwrap()
    }

    /// Names of the cells' files, which appear when they are whole.
    pub(crate) fn cell_files(&self) -> Vec<String> {
        let Ok(entries) = fs::read_dir(self.out().join("cells")) else { return Vec::new() };
        let names = entries.map(|entry| entry.unwrap().file_name().into_string().unwrap());
        let mut names: Vec<String> = names.filter(|name| name.ends_with(".json")).collect();
        names.sort();
        names
    }
}

/// A comparison that runs; killed when dropped.
pub(crate) struct Subject {
    child: Child,
}

impl Subject {
    pub(crate) fn start(mut command: Command) -> Self {
        Self { child: command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap() }
    }

    pub(crate) fn pid(&self) -> u32 {
        self.child.id()
    }

    /// Waits until it has a server; returns it.
    pub(crate) fn server(&self) -> u32 {
        let mut found = None;
        let seen = within(LONGEST_WAIT, || {
            found = servers_of(self.pid()).first().copied();
            found.is_some()
        });
        assert!(seen, "no server of {} was seen", self.pid());
        found.unwrap()
    }

    pub(crate) fn signal(&self, signal: Signal) {
        send(self.pid(), signal);
    }

    pub(crate) fn has_ended(&mut self) -> bool {
        self.child.try_wait().unwrap().is_some()
    }

    /// Its exit status, if it ends in time.
    pub(crate) fn status_within(&mut self, deadline: Duration) -> Option<ExitStatus> {
        within(deadline, || self.has_ended());
        self.child.try_wait().unwrap()
    }

    /// The first line that it writes to stderr.
    pub(crate) fn first_message(&mut self) -> String {
        let stderr = self.child.stderr.as_mut().unwrap();
        // Byte by byte, so that the rest is left to who reads that.
        let bytes = std::io::Read::bytes(stderr).map(Result::unwrap);
        String::from_utf8(bytes.take_while(|byte| *byte != b'\n').collect()).unwrap()
    }

    /// Its exit status and all it said after that; it must have ended, or its pipes are waited for.
    pub(crate) fn output(mut self) -> Output {
        let status = self.child.wait().unwrap();
        let (mut stdout, mut stderr) = (Vec::new(), Vec::new());
        std::io::Read::read_to_end(&mut self.child.stdout.take().unwrap(), &mut stdout).unwrap();
        std::io::Read::read_to_end(&mut self.child.stderr.take().unwrap(), &mut stderr).unwrap();
        Output { status, stdout, stderr }
    }
}

impl Drop for Subject {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Servers that were started by the process `parent`, whether it still lives or not: its number is in their arguments.
pub(crate) fn servers_of(parent: u32) -> Vec<u32> {
    let parent = parent.to_string();
    let entries = fs::read_dir("/proc").unwrap();
    let pids = entries.filter_map(|entry| entry.ok()?.file_name().to_str()?.parse().ok());
    let is_server = |pid: &u32| {
        let arguments = fs::read(format!("/proc/{pid}/cmdline")).unwrap_or_default();
        let words: Vec<&[u8]> = arguments.split(|byte| *byte == 0).collect();
        words.get(1) == Some(&&b"serve"[..])
            && words.windows(2).any(|pair| pair == [b"--parent", parent.as_bytes()])
            // One that has ended and that nobody has reaped yet has no arguments; one that is about to is no matter.
            && is_alive(*pid)
    };
    pids.filter(is_server).collect()
}
