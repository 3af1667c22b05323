//! Signals to a comparison: what it keeps, how it ends, and what is left of its servers.

use reports::record::Ending;
use rustix::process::Signal;

use crate::common::home::Home;
use crate::common::started::{Started, servers_of};
use crate::common::{LONGEST_WAIT, is_alive, send, within};

const MODELS: [&str; 2] = ["--models", "threaded,async-single"];

/// A comparison with two cells on disk and a server running.
fn in_the_middle(home: &Home) -> (Started, u32) {
    let subject = Started::of(&mut home.compare(&MODELS));
    assert!(within(LONGEST_WAIT, || home.cell_files().len() >= 2));
    let server = subject.server();
    // A second thread is there once it has said where it listens.
    assert!(within(LONGEST_WAIT, || threads_of(server).is_none_or(|threads| threads >= 2)));
    (subject, server)
}

/// Absent where the process has ended.
fn threads_of(pid: u32) -> Option<usize> {
    Some(std::fs::read_dir(format!("/proc/{pid}/task")).ok()?.count())
}

/// Ends a comparison by a signal and looks at all that it leaves.
fn ends_in_order(signal: Signal, code: i32) {
    let home = Home::new();
    let (mut subject, _) = in_the_middle(&home);
    let kept = home.cell_files();
    subject.signal(signal);
    let status = subject.status_within(LONGEST_WAIT).expect("it has not ended in time");
    assert_eq!(status.code(), Some(code));
    assert_eq!(servers_of(subject.pid()), [] as [u32; 0]);
    let output = subject.ended();
    assert!(output.stderr.contains("interrupted:"), "{}", output.stderr);
    assert!(output.stdout.trim_end().ends_with("the-run/report.html"), "{}", output.stdout);
    assert!(kept.iter().all(|name| home.cell_files().contains(name)));
    let run = home.run();
    assert_eq!(run.manifest.ending, Ending::Interrupted);
    assert!(run.manifest.planned_cells as usize > run.cells.len(), "{}", run.manifest.planned_cells);
    assert!(run.cells.len() >= kept.len());
    let page = std::fs::read(home.out().join("report.html")).unwrap();
    home.ended(&["report", "the-run"]).with_code(0);
    assert!(std::fs::read(home.out().join("report.html")).unwrap() == page);
}

#[test]
fn ctrl_c_keeps_what_has_been_measured() {
    ends_in_order(Signal::INT, 130);
}

#[test]
fn term_keeps_what_has_been_measured() {
    ends_in_order(Signal::TERM, 143);
}

#[test]
fn ctrl_c_while_connections_are_held_ends_in_time() {
    let home = Home::new();
    let mut subject = Started::of(&mut home.compare(&["--models", "sequential", "--experiments", "memory"]));
    subject.server();
    subject.signal(Signal::INT);
    let status = subject.status_within(LONGEST_WAIT).expect("it has not ended in time");
    assert_eq!(status.code(), Some(130));
    assert_eq!(servers_of(subject.pid()), [] as [u32; 0]);
    assert_eq!(home.run().manifest.ending, Ending::Interrupted);
}

/// Whether a signal waits until the process runs again.
fn has_pending(pid: u32, signal: Signal) -> bool {
    let Ok(status) = std::fs::read_to_string(format!("/proc/{pid}/status")) else { return false };
    let line = status.lines().find_map(|line| line.strip_prefix("ShdPnd:")).unwrap();
    u64::from_str_radix(line.trim(), 16).unwrap() >> (signal.as_raw() - 1) & 1 == 1
}

/// A stopped server does not end when it is asked to, so that an end in order takes until it is killed: a comparison
/// that ends before has not waited for it.
#[test]
fn a_second_signal_ends_at_once() {
    let home = Home::new();
    let (mut subject, server) = in_the_middle(&home);
    send(server, Signal::STOP);
    subject.signal(Signal::INT);
    // The first signal has been taken in when the server has been asked to stop.
    assert!(within(LONGEST_WAIT, || has_pending(server, Signal::TERM)));
    subject.signal(Signal::INT);
    let status = subject.status_within(LONGEST_WAIT).expect("it has not ended");
    assert_eq!(status.code(), Some(130));
    assert_eq!(home.run().manifest.ending, Ending::Running, "it has taken its time to write the manifest");
    assert!(within(LONGEST_WAIT, || !is_alive(server) && servers_of(subject.pid()).is_empty()));
}

#[test]
fn a_server_that_hangs_does_not_hold_up_the_end() {
    let home = Home::new();
    let (mut subject, server) = in_the_middle(&home);
    send(server, Signal::STOP);
    subject.signal(Signal::INT);
    let status = subject.status_within(LONGEST_WAIT).expect("it has not ended in time");
    assert_eq!(status.code(), Some(130));
    assert!(!is_alive(server) && servers_of(subject.pid()).is_empty());
    assert_eq!(home.run().manifest.ending, Ending::Interrupted);
}

#[test]
fn no_server_outlives_a_killed_comparison_and_its_cells_stay_readable() {
    let home = Home::new();
    let (mut subject, server) = in_the_middle(&home);
    let kept = home.cell_files().len();
    subject.signal(Signal::KILL);
    subject.status_within(LONGEST_WAIT).unwrap();
    assert!(within(LONGEST_WAIT, || !is_alive(server) && servers_of(subject.pid()).is_empty()));
    let run = home.run();
    assert_eq!(run.manifest.ending, Ending::Running);
    assert!(run.cells.len() >= kept);
    home.ended(&["report", "the-run"]).with_code(0);
    assert!(home.out().join("report.html").exists());
}
