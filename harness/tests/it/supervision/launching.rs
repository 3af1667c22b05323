//! Launching, watching and stopping, with servers that behave and with programs that don't.

use std::path::Path;
use std::time::{Duration, Instant};

use harness::process::{Launch, LaunchFailure, ServerProcess, launch_program};
use rustix::process::Signal;

use crate::common::clients::{asked, connected};
use crate::common::confined::SmallGroup;
use crate::common::fakes::{Fake, HANDSHAKE};
use crate::common::home::HARNESS;
use crate::common::{LONGEST_WAIT, is_alive, send, within};
use crate::supervision::{launch, launch_as};

fn ask(server: &ServerProcess, work: &str, parameter: &str) -> String {
    asked(&mut connected(server.address()), work, parameter)
}

#[test]
fn a_server_is_launched_used_and_accounted_for() {
    let mut server = launch("thread-pool:workers=3").unwrap();
    let pid = server.pid();
    assert!(ask(&server, "spin", "100ms").contains("WorkDone"));
    assert_eq!(server.poll_death(), None);
    let cpu = instruments::observe::process_cpu(pid).unwrap();
    let stopped = server.stop();
    assert!(!is_alive(pid));
    assert_eq!((stopped.killed, &stopped.death), (false, &None), "{stopped:?}");
    assert_eq!(stopped.counters.map(|counters| (counters.accepted, counters.requests_served)), Some((1, 1)));
    // The rusage of the whole life can't be less than the CPU clock some time before; it counts in microseconds.
    assert!(
        stopped.usage.user_cpu + stopped.usage.system_cpu + Duration::from_micros(2) >= cpu,
        "{stopped:?}, {cpu:?}"
    );
    assert!(stopped.usage.voluntary_switches > 0);
    assert!(stopped.peak_resident_bytes.unwrap() > 100 * 1024);
}

#[test]
fn a_server_gets_the_cpus_it_was_given() {
    let launch =
        Launch { cpus: &[0], readiness_deadline: LONGEST_WAIT, spin_rate: Some(1), ..Launch::new("async-multi") };
    let server = launch_program(HARNESS.as_ref(), &launch).unwrap();
    for task in std::fs::read_dir(format!("/proc/{}/task", server.pid())).unwrap() {
        let status = std::fs::read_to_string(task.unwrap().path().join("status")).unwrap();
        assert!(status.contains("Cpus_allowed_list:\t0\n"), "{status}");
    }
}

#[test]
fn a_dropped_server_is_gone() {
    let server = launch("threaded").unwrap();
    let pid = server.pid();
    drop(server);
    assert!(!Path::new(&format!("/proc/{pid}")).exists());
}

#[test]
fn a_server_that_never_listens_fails_with_its_last_words() {
    let fake = Fake::new("echo 'no luck today' >&2; echo $$ >&2; exec sleep 60");
    let error = launch_as(&fake.path, "never", Duration::from_millis(500)).unwrap_err();
    assert!(matches!(error.failure, LaunchFailure::NotReady { .. }), "{error}");
    assert!(error.to_string().contains("never") && error.to_string().contains("no luck today"), "{error}");
    let pid = error.stderr.lines().last().unwrap().parse().unwrap();
    assert!(!is_alive(pid), "{pid} was left behind");
}

#[test]
fn a_server_that_ends_at_once_fails_with_its_status() {
    let fake = Fake::new("echo 'out of luck' >&2; exit 7");
    let error = launch_as(&fake.path, "brief", LONGEST_WAIT).unwrap_err().to_string();
    assert!(error.contains("exited with status 7 before it listened") && error.contains("out of luck"), "{error}");
}

#[test]
fn a_contender_that_is_unknown_fails_with_the_servers_own_words() {
    let error = launch("pool").unwrap_err();
    assert!(matches!(error.failure, LaunchFailure::EndedEarly { .. }), "{error}");
    assert!(error.stderr.contains("thread-pool"), "{error}");
}

#[test]
fn a_program_that_is_not_there_is_named() {
    let error = launch_as(Path::new("/nowhere/at/all"), "x", LONGEST_WAIT).unwrap_err().to_string();
    assert!(error.contains("/nowhere/at/all can't be executed"), "{error}");
}

#[test]
fn another_nonce_is_refused() {
    let fake = Fake::new(&format!("{}\nexec sleep 60", HANDSHAKE.replace("nonce=$2", "nonce=00")));
    let error = launch_as(&fake.path, "impostor", LONGEST_WAIT).unwrap_err();
    assert!(matches!(error.failure, LaunchFailure::Handshake { .. }), "{error}");
}

#[test]
fn a_stopped_server_is_killed_and_reaped() {
    let server = launch("threaded").unwrap();
    let pid = server.pid();
    send(pid, Signal::STOP);
    let begun = Instant::now();
    let stopped = server.stop();
    assert!(stopped.killed && stopped.counters.is_none() && stopped.death.is_none(), "{stopped:?}");
    assert!(begun.elapsed() >= Duration::from_secs(2));
    assert!(!Path::new(&format!("/proc/{pid}")).exists());
}

#[test]
fn a_crash_is_noticed_with_its_signal() {
    let mut server = launch("async-single").unwrap();
    // Not SIGSEGV, which Rust's handler of stack overflows takes for a fault that will come again.
    send(server.pid(), Signal::ABORT);
    let mut death = None;
    assert!(within(LONGEST_WAIT, || {
        death = server.poll_death();
        death.is_some()
    }));
    assert_eq!(death.as_ref().unwrap().how, "was killed by SIGABRT");
    let stopped = server.stop();
    assert_eq!((stopped.death, stopped.killed, stopped.peak_resident_bytes), (death, false, None));
}

#[test]
fn a_chatty_server_never_waits_for_a_reader() {
    let fake = Fake::new(&format!(
        "{HANDSHAKE}\nhead -c 1000000 /dev/zero | tr '\\0' x >&2\necho ' the end' >&2\nexec sleep 60"
    ));
    let server = launch_as(&fake.path, "chatty", LONGEST_WAIT).unwrap();
    let comm = format!("/proc/{}/comm", server.pid());
    assert!(within(LONGEST_WAIT, || std::fs::read_to_string(&comm).is_ok_and(|name| name == "sleep\n")));
    let stopped = server.stop();
    assert_eq!(stopped.stderr_tail.len(), 4096);
    assert!(stopped.stderr_tail.ends_with("xx the end\n"));
    assert_eq!(stopped.death.unwrap().how, "was killed by SIGTERM");
}

/// Nobody asks it anything, so that nobody reads what it says until it is asked to stop: its pipe is full by then.
#[test]
fn a_server_that_prints_more_than_a_pipe_holds_can_still_end_in_order() {
    // A shell looks at its signals when the program that it waits for has ended.
    let chat = "head -c 300000 /dev/zero | tr '\\0' '\\n'";
    let farewell = r#"echo '{"stopped":{"accepted":3,"accept_errors":0,"spawn_errors":0,"requests_served":7,"requests_refused":1}}'"#;
    let fake = Fake::new(&format!("trap : TERM\n{HANDSHAKE}\n{chat}\n{farewell}\nexit 0"));
    let stopped = launch_as(&fake.path, "chatty", LONGEST_WAIT).unwrap().stop();
    assert_eq!(
        (stopped.killed, stopped.counters.map(|counters| counters.requests_served)),
        (false, Some(7)),
        "{stopped:?}"
    );
}

/// Its group is none of ours, so only the kernel's own count tells.
#[test]
fn a_server_that_the_kernel_ends_for_want_of_memory_is_told_from_one_that_somebody_killed() {
    let Some(group) = SmallGroup::of_bytes(16 << 20) else { return };
    // A line of 64 MiB, which is all kept until it ends. It has an end, should the group not bound it.
    let eat = "mkfifo $0.line; head -c 67108864 /dev/zero > $0.line & exec tail < $0.line";
    let eat = format!("{}\n{eat}", group.entering());
    let death_of = |script: &str| {
        let fake = Fake::new(script);
        let mut death = None;
        let mut server = launch_as(&fake.path, "hungry", LONGEST_WAIT).unwrap();
        assert!(within(LONGEST_WAIT, || {
            death = server.poll_death();
            death.is_some()
        }));
        assert_eq!(server.stop().death, death);
        death.unwrap().how
    };
    let hungry = death_of(&format!("{HANDSHAKE}\n{eat}"));
    assert_eq!(hungry, "was killed by SIGKILL, most likely out of memory");
    assert_eq!(death_of(&format!("{HANDSHAKE}\nkill -9 $$")), "was killed by SIGKILL");
    // One that never listens is a cell too.
    let fake = Fake::new(&eat);
    let error = launch_as(&fake.path, "hungry", LONGEST_WAIT).unwrap_err().to_string();
    assert!(error.contains("most likely out of memory before it listened"), "{error}");
}

#[test]
fn a_servers_own_children_go_with_it() {
    let fake = Fake::new(&format!("sleep 60 >/dev/null 2>&1 </dev/null &\necho $! >&2\n{HANDSHAKE}\nexec sleep 60"));
    let stopped = launch_as(&fake.path, "parent", LONGEST_WAIT).unwrap().stop();
    let grandchild = stopped.stderr_tail.trim().parse().unwrap();
    assert!(within(LONGEST_WAIT, || !is_alive(grandchild)));
}
