//! However a gate ends, nothing is left of what it made.

use std::fs;
use std::os::unix::process::CommandExt;
use std::process::{Command, Stdio};

use rustix::process::{Pid, Signal, kill_process_group};

use crate::subject::{Ended, Repository, ended};
use crate::{LONGEST_WAIT, send, turn, within};

#[test]
fn what_does_not_build_is_named_and_leaves_nothing() {
    let repository = Repository::new();
    repository.branch("broken", "build", "#!/bin/sh\necho it will not >&2\nexit 3\n");
    let Ended { code, said } = ended(repository.gate_on("broken"));
    assert_eq!(code, Some(1), "{said}");
    assert!(said.contains("it will not") && said.contains("head does not build: ./build ended with 3"), "{said}");
    assert!(!repository.out().exists());
    repository.assert_clean();
}

#[test]
fn a_server_that_does_not_start_is_named_and_leaves_nothing() {
    let _turn = turn();
    let repository = Repository::new();
    repository.branch("broken", "server", "#!/bin/sh\necho no server today >&2\nexit 3\n");
    let Ended { code, said } = ended(repository.gate_on("broken"));
    assert_eq!(code, Some(2), "{said}");
    assert!(said.contains("--server head: ") && said.contains("no server today"), "{said}");
    repository.assert_clean();
}

/// As Ctrl-C: a terminal sends it to the group of the gate.
#[test]
fn ctrl_c_ends_a_run_and_leaves_nothing() {
    let _turn = turn();
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
