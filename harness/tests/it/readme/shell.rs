//! Runs what README and guide tell a reader to type, in a folder of its own.
//!
//! Blocks are run as they are written. What differs from a reader's terminal is in the environment: `cargo run
//! --release --` is the binary that this test was built with, because building another would take minutes.

use std::fs::{self, File};
use std::os::unix::process::CommandExt;
use std::path::PathBuf;
use std::process::{Child, Command, ExitStatus};

use rustix::process::{Pid, Signal, kill_process_group};
use tempfile::{NamedTempFile, TempDir};

use crate::common::home::{HARNESS, at_home};
use crate::common::started::LONGEST_RUN;
use crate::common::{within, write_executable};

/// Stands in for cargo. `compare`, `map`, `capacity` and `microcosts` are made short, and code 4 of `compare`, `diff`, `load` and `lesson` is let pass: it
/// says that the figures are not to be believed, which beside other tests they are not, and none is looked at. `selftest`
/// is left with what no machine can disturb.
const CARGO: &str = r#"#!/usr/bin/env bash
set -euo pipefail
[ "$1 $2 $3" = "run --release --" ] || { echo "the test has no cargo $*" >&2; exit 1; }
shift 3
case "$1" in
    compare) case "$*" in *" --resume "* | *" --like "*) set -- "${@/#10/2}" ;; *) set -- "$@" --preset smoke ;; esac ;;
    load | diff | lesson) ;;
    map) set -- "$@" --budget 25s --connections 1,64 --work echo ;;
    capacity) set -- "$@" --models async-single --blocks 1 --budget 20s ;;
    microcosts) exec "$HARNESS" "$@" --rounds 2 --round-time 1us ;;
    selftest) exec "$HARNESS" "$@" --only merging,schedule ;;
    *) exec "$HARNESS" "$@" ;;
esac
"$HARNESS" "$@" || { code=$?; [ "$code" = 4 ] || exit "$code"; }
"#;

/// A folder in which blocks are run one after another, removed at the end.
pub(crate) struct Shell {
    folder: TempDir,
}

/// A block that runs; killed with all it started when dropped.
pub(crate) struct Running {
    child: Child,
    output: PathBuf,
    messages: PathBuf,
}

impl Shell {
    pub(crate) fn new() -> Shell {
        let folder = TempDir::new().unwrap();
        let cargo = folder.path().join("bin/cargo");
        fs::create_dir_all(cargo.parent().unwrap()).unwrap();
        write_executable(&cargo, CARGO);
        Shell { folder }
    }

    /// A file that a block made.
    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// Starts a block.
    pub(crate) fn start(&self, block: &str) -> Running {
        let [output, messages] = [(); 2].map(|()| NamedTempFile::new_in(self.folder.path()).unwrap().keep().unwrap().1);
        let path = format!("{}:{}", self.path("bin").display(), std::env::var("PATH").unwrap());
        let mut bash = Command::new("bash");
        at_home(&mut bash, self.folder.path());
        bash.args(["-euo", "pipefail", "-c", block]).env("PATH", path).env("HARNESS", HARNESS).process_group(0);
        bash.stdout(File::create(&output).unwrap()).stderr(File::create(&messages).unwrap());
        Running { child: bash.spawn().unwrap(), output, messages }
    }

    /// Runs a block to its end, which must be a good one, and returns what it wrote to stdout.
    pub(crate) fn run(&self, block: &str) -> String {
        let mut running = self.start(block);
        let status = running.wait();
        let messages = fs::read_to_string(&running.messages).unwrap();
        assert!(status.success(), "{status}:\n{block}\n{}\n{messages}", running.output());
        running.output()
    }
}

impl Running {
    /// What it has written to stdout so far.
    pub(crate) fn output(&self) -> String {
        fs::read_to_string(&self.output).unwrap()
    }

    /// Waits for its first line.
    pub(crate) fn first_line(&self) -> String {
        assert!(within(LONGEST_RUN, || self.output().contains('\n')), "a first line did not come");
        self.output().lines().next().unwrap().to_owned()
    }

    /// Ends it as Ctrl-C does: all of its processes get the signal.
    pub(crate) fn interrupt(&mut self) {
        self.signal(Signal::INT);
        self.wait();
    }

    fn wait(&mut self) -> ExitStatus {
        assert!(within(LONGEST_RUN, || self.child.try_wait().unwrap().is_some()), "its end did not come");
        self.child.wait().unwrap()
    }

    fn signal(&self, signal: Signal) {
        // A group that has ended already is as good.
        let _ = kill_process_group(Pid::from_child(&self.child), signal);
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        self.signal(Signal::KILL);
        let _ = self.child.wait();
    }
}
