//! A repository with a server in it, and the gate in front of that.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::PathBuf;
use std::process::Command;

use serde_json::Value;
use tempfile::TempDir;

use crate::common::home::{Ended, HARNESS, at_home};
use crate::common::root;

/// What is built: a copy of what the server is to read, so that a checkout that was not built has no server.
const BUILD: &str = "#!/bin/sh\ncp work built\n";
/// The harness's own server, whose work takes as much of its time as was built.
const SERVER: &str =
    "#!/bin/sh\nexec \"$HARNESS\" serve \"async-single:stretch=$(cat built)\" --wire http --listen \"$1\"\n";

/// A folder with a repository, and what the gate makes beside it.
pub(crate) struct Repository {
    folder: TempDir,
}

impl Repository {
    /// On the branch `main` with a server whose work takes its time, and no more.
    pub(crate) fn new() -> Repository {
        let repository = Repository { folder: TempDir::new().unwrap() };
        fs::create_dir(repository.tree()).unwrap();
        fs::create_dir(repository.temporary()).unwrap();
        repository.git(&["init", "--quiet", "--initial-branch", "main"]);
        for (name, script) in [("build", BUILD), ("server", SERVER)] {
            repository.write(name, script);
            fs::set_permissions(repository.tree().join(name), fs::Permissions::from_mode(0o755)).unwrap();
        }
        repository.write("work", "100%");
        repository.commit("A server");
        repository
    }

    /// A branch off main in which a file is another.
    pub(crate) fn branch(&self, name: &str, file: &str, content: &str) {
        self.git(&["checkout", "--quiet", "-b", name, "main"]);
        self.write(file, content);
        self.commit(name);
    }

    pub(crate) fn write(&self, file: &str, content: &str) {
        fs::write(self.tree().join(file), content).unwrap();
    }

    pub(crate) fn commit(&self, message: &str) {
        self.git(&["add", "--all"]);
        self.git(&["commit", "--quiet", "--message", message]);
    }

    /// What git says to these arguments.
    pub(crate) fn git(&self, arguments: &[&str]) -> String {
        let identity = ["-c", "user.name=Test", "-c", "user.email=test@example.org", "-c", "commit.gpgsign=false"];
        let mut command = Command::new("git");
        // Nothing of whoever runs the test is in it.
        command.env("GIT_CONFIG_GLOBAL", "/dev/null").env("GIT_CONFIG_SYSTEM", "/dev/null");
        let said = Ended::of(command.args(identity).args(arguments).current_dir(self.tree())).with_code(0).stdout;
        said.trim().to_owned()
    }

    pub(crate) fn tree(&self) -> PathBuf {
        self.folder.path().join("repository")
    }

    /// Where the gate has its checkouts.
    pub(crate) fn temporary(&self) -> PathBuf {
        // A name that a shell and a command line have to quote.
        self.folder.path().join("it's temporary")
    }

    /// Where results are to be.
    pub(crate) fn out(&self) -> PathBuf {
        self.folder.path().join("results")
    }

    /// The gate with these arguments.
    pub(crate) fn gate(&self, arguments: &[&str]) -> Command {
        // Whoever runs the tests in the background may have had Ctrl-C ignored, which no shell can undo.
        let mut command = Command::new("env");
        at_home(&mut command, self.folder.path());
        command.arg("--default-signal=INT").arg(root().join("scripts/gate")).args(arguments).current_dir(self.tree());
        command.env("HARNESS", HARNESS).env("TMPDIR", self.temporary());
        for of_a_workflow in ["GITHUB_RUN_ID", "GITHUB_REPOSITORY", "GITHUB_SERVER_URL"] {
            command.env_remove(of_a_workflow);
        }
        command
    }

    /// The gate between main and a branch.
    pub(crate) fn gate_on(&self, head: &str) -> Command {
        let out = self.out();
        let known = ["--base", "main", "--head", head, "--build", "./build", "--server", "./server {address}"];
        let short = ["--path", "/spin/500us", "--out", out.to_str().unwrap(), "--blocks", BLOCKS];
        let mut command = self.gate(&known);
        command.args(short);
        command
    }

    /// What was found, as programs read it.
    pub(crate) fn found(&self) -> Value {
        serde_json::from_str(&self.result("diff.json")).unwrap()
    }

    pub(crate) fn result(&self, file: &str) -> String {
        fs::read_to_string(self.out().join(file)).unwrap()
    }

    /// Nothing is left of the checkouts, and git knows of none.
    pub(crate) fn assert_clean(&self) {
        let left: Vec<PathBuf> = fs::read_dir(self.temporary()).unwrap().map(|entry| entry.unwrap().path()).collect();
        assert!(left.is_empty(), "{left:?}");
        assert_eq!(self.git(&["worktree", "list"]).lines().count(), 1);
        assert_eq!(self.git(&["status", "--porcelain"]), "");
    }
}

/// Enough for a verdict, with some to spare, since a busy machine spoils a few.
const BLOCKS: &str = "12";

/// How a gate ended, and what it said.
pub(crate) fn ended(mut command: Command) -> (Option<i32>, String) {
    let Ended { code, stdout, stderr } = Ended::of(&mut command);
    assert_eq!(stdout, "", "results are in files, and what is said goes to stderr");
    (code, stderr)
}
