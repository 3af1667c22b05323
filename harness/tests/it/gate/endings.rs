//! However a gate ends, nothing is left of what it made.

use std::fs;
use std::os::unix::process::CommandExt;
use std::process::{Command, Stdio};

use rustix::process::{Pid, Signal, kill_process_group};

use crate::common::{LONGEST_WAIT, send, within, write_executable};
use crate::gate::subject::{Repository, ended};

#[test]
fn what_does_not_build_is_named_and_leaves_nothing() {
    let repository = Repository::new();
    repository.branch("broken", "build", "#!/bin/sh\necho it will not >&2\nexit 3\n");
    let (code, said) = ended(repository.gate_on("broken"));
    assert_eq!(code, Some(1), "{said}");
    assert!(said.contains("it will not") && said.contains("head does not build: ./build ended with 3"), "{said}");
    assert!(!repository.out().exists());
    repository.assert_clean();
}

#[test]
fn a_server_that_does_not_start_is_named_and_leaves_nothing() {
    let repository = Repository::new();
    repository.branch("broken", "server", "#!/bin/sh\necho no server today >&2\nexit 3\n");
    let (code, said) = ended(repository.gate_on("broken"));
    assert_eq!(code, Some(2), "{said}");
    assert!(said.contains("--server head: ") && said.contains("no server today"), "{said}");
    repository.assert_clean();
}

/// As where a build leaves files of another user: what the gate found stands.
#[test]
fn a_checkout_that_can_not_be_removed_is_named_and_changes_no_exit_code() {
    let repository = Repository::new();
    repository.branch("broken", "server", "#!/bin/sh\nexit 3\n");
    let tools = repository.out().with_file_name("tools");
    fs::create_dir(&tools).unwrap();
    write_executable(&tools.join("rm"), "#!/bin/sh\nexit 1\n");
    let mut command = repository.gate_on("broken");
    command.env("PATH", format!("{}:{}", tools.display(), std::env::var("PATH").unwrap()));
    let (code, said) = ended(command);
    assert_eq!(code, Some(2), "{said}");
    assert!(said.contains("could not be removed"), "{said}");
    assert_eq!(repository.git(&["worktree", "list"]).lines().count(), 1);
}

#[test]
fn what_is_built_gets_no_token() {
    let repository = Repository::new();
    repository.branch(
        "curious",
        "build",
        "#!/bin/sh\necho \"token: ${GH_TOKEN-none} ${GITHUB_TOKEN-none}\" >&2\nexit 3\n",
    );
    let mut command = repository.gate_on("curious");
    command.env("GH_TOKEN", "secret").env("GITHUB_TOKEN", "secret");
    let (_, said) = ended(command);
    assert!(said.contains("token: none none"), "{said}");
}

/// As Ctrl-C: a terminal sends it to the group of the gate.
#[test]
fn ctrl_c_ends_a_run_and_leaves_nothing() {
    let repository = Repository::new();
    repository.branch("same", "README", "Another text.");
    let cells = repository.out().join("run/cells");
    let has_begun = || fs::read_dir(&cells).is_ok_and(|cells| cells.count() > 0);
    let (code, left) = interrupted(&repository, repository.gate_on("same"), has_begun, |group| {
        kill_process_group(group, Signal::INT).unwrap();
    });
    assert_eq!((code, left), (Some(130), 0));
}

/// As a runner does that is told to stop: it sends TERM to the gate alone.
#[test]
fn term_ends_a_build_and_leaves_nothing() {
    let repository = Repository::new();
    repository.branch("endless", "build", "#!/bin/sh\ntouch \"$BEGUN\"\nsleep 1000 &\nwait\n");
    let begun = repository.out().with_file_name("begun");
    let mut command = repository.gate_on("endless");
    command.env("BEGUN", &begun);
    let (code, left) = interrupted(
        &repository,
        command,
        || begun.exists(),
        |gate| {
            send(gate.as_raw_nonzero().get().cast_unsigned(), Signal::TERM);
        },
    );
    assert_eq!((code, left), (Some(143), 0));
}

/// Sends a signal once something is seen. Returns the exit code, and how many processes of the gate are still there.
fn interrupted(
    repository: &Repository,
    mut command: Command,
    begun: impl Fn() -> bool,
    signal: impl Fn(Pid),
) -> (Option<i32>, usize) {
    let mark = repository.out().display().to_string();
    let mut gate = command
        .env("GATE_UNDER_TEST", &mark)
        .process_group(0)
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let seen = within(LONGEST_WAIT, begun);
    signal(Pid::from_child(&gate));
    let has_ended = within(LONGEST_WAIT, || gate.try_wait().unwrap().is_some());
    if !has_ended {
        gate.kill().unwrap();
    }
    let code = gate.wait().unwrap().code();
    assert!(seen && has_ended, "begun: {seen}, ended: {has_ended}");
    repository.assert_clean();
    // The guards of servers end when those have.
    within(LONGEST_WAIT, || processes_with(&mark) == 0);
    (code, processes_with(&mark))
}

/// Processes in whose environment the mark is.
fn processes_with(mark: &str) -> usize {
    let variable = format!("GATE_UNDER_TEST={mark}");
    let processes = fs::read_dir("/proc").unwrap().map(|entry| entry.unwrap().path().join("environ"));
    let environments = processes.filter_map(|path| fs::read(path).ok());
    environments.filter(|bytes| bytes.split(|byte| *byte == 0).any(|entry| entry == variable.as_bytes())).count()
}
