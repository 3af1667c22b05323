//! Bounds on a running process: met, named as the cause of its end, and gone with it.

use std::path::Path;

use harness::process::{Cap, ServerProcess};
use rustix::process::Signal;

use crate::common::fakes::{Fake, HANDSHAKE};
use crate::common::home::HARNESS;
use crate::common::{LONGEST_WAIT, assert_no_groups_of, is_alive, send, state, within};
use crate::supervision::launch_as;

fn launch(program: &Path, contender: &str) -> ServerProcess {
    launch_as(program, contender, LONGEST_WAIT).unwrap()
}

fn death(server: &mut ServerProcess) -> String {
    let mut how = None;
    assert!(within(LONGEST_WAIT, || {
        how = server.poll_death().map(|death| death.how);
        how.is_some()
    }));
    how.unwrap()
}

#[test]
fn a_process_that_takes_too_much_memory_is_killed_and_the_cause_is_named() {
    let greedy = Fake::new(&format!("{HANDSHAKE}\nread wait < /dev/null; text=x; while :; do text=$text$text; done"));
    let mut server = launch(&greedy.path, "threaded");
    let bounds = server.bound(&[Cap::Memory(48 << 20)]).unwrap();
    assert_eq!((bounds[0].resource.as_str(), bounds[0].value), ("memory", 48 << 20));
    let how = death(&mut server);
    assert!(how.contains("SIGKILL") && how.contains("memory"), "{how}");
    if bounds[0].enforced_by == "watchdog" {
        assert!(how.contains("by the watchdog") && how.contains("48.0 MiB of memory are allowed"), "{how}");
    }
    assert_eq!(server.stop().death.unwrap().how, how);
    assert_no_groups_of(std::process::id());
}

#[test]
fn a_bounded_process_that_is_killed_by_another_hand_is_not_blamed_on_its_bounds() {
    let mut server = launch(HARNESS.as_ref(), "threaded");
    server.bound(&[Cap::Threads(500), Cap::OpenFiles(500), Cap::Memory(1 << 30)]).unwrap();
    send(server.pid(), Signal::KILL);
    assert_eq!(death(&mut server), "was killed by SIGKILL");
    drop(server);
    assert_no_groups_of(std::process::id());
}

#[test]
fn a_panic_is_quoted_in_the_death() {
    let panics = "echo \"thread 'main' panicked at src/main.rs:1:2:\" >&2; echo 'out of luck' >&2; exit 101";
    let fake = Fake::new(&format!("{HANDSHAKE}\n{panics}"));
    let mut server = launch(&fake.path, "threaded");
    assert_eq!(death(&mut server), "exited with status 101");
    let stopped = server.stop();
    assert_eq!(
        stopped.death.unwrap().how,
        "exited with status 101, thread 'main' panicked at src/main.rs:1:2: out of luck"
    );
}

#[test]
fn a_paused_process_stands_still_goes_on_and_can_be_stopped_all_the_same() {
    let server = launch(HARNESS.as_ref(), "async-single");
    let pid = server.pid();
    server.pause().unwrap();
    assert!(within(LONGEST_WAIT, || state(pid) == Some('T')));
    server.resume();
    assert!(within(LONGEST_WAIT, || state(pid) != Some('T')));
    server.pause().unwrap();
    let stopped = server.stop();
    assert!(stopped.killed && !is_alive(pid));
}

#[test]
fn bounds_on_a_process_that_has_ended_do_no_harm_and_leave_nothing() {
    let fake = Fake::new(&format!("{HANDSHAKE}\nexit 3"));
    let mut server = launch(&fake.path, "threaded");
    assert_eq!(death(&mut server), "exited with status 3");
    // It may be too late for some of them, and whoever asked for them sees it dead anyway.
    let _ = server.bound(&[Cap::Memory(1 << 20), Cap::Threads(10), Cap::OpenFiles(10)]);
    assert_eq!(server.stop().death.unwrap().how, "exited with status 3");
    assert_no_groups_of(std::process::id());
}
