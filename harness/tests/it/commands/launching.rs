//! A program of another hand is started on a port of its own, watched, and ended with all that it started.

use std::env;
use std::io::{BufRead, BufReader, Write};
use std::net::TcpStream;
use std::process::{Command, Stdio};
use std::sync::atomic::AtomicBool;
use std::time::Duration;

use harness::process::{CommandLaunch, LaunchFailure, ProcessError, ServerProcess, launch_command};
use instruments::observe::{Extent, cpu_time, descendants};

use crate::common::home::{Ended, HARNESS};
use crate::common::{LONGEST_WAIT, has, is_alive, within};
use crate::skipped::skipped;

fn launch_within(words: &[&str], readiness_deadline: Duration) -> Result<ServerProcess, ProcessError> {
    let words: Vec<String> = words.iter().map(|word| (*word).to_owned()).collect();
    let stop = AtomicBool::new(false);
    let harness = Some(HARNESS.as_ref());
    launch_command(&CommandLaunch {
        cpus: &[0],
        readiness_deadline,
        harness,
        ..CommandLaunch::new("it", &words, &stop)
    })
}

fn launch(words: &[&str]) -> Result<ServerProcess, ProcessError> {
    launch_within(words, LONGEST_WAIT)
}

/// Listens on PORT, and says who it is to whoever connects: its pid, its arguments and its CPUs.
const SAYING: &str = "
import os, socket, sys
listener = socket.create_server(('127.0.0.1', int(os.environ['PORT'])))
while True:
    client, _ = listener.accept()
    try: client.sendall(f'{os.getpid()} {sys.argv[1:]} {os.sched_getaffinity(0)}\\n'.encode())
    except OSError: pass
    client.close()
";

#[test]
fn it_is_told_where_to_listen_and_put_on_its_cpus() {
    if !has("python3", "--version") {
        return;
    }
    let server = launch(&["python3", "-c", SAYING, "{port}", "at={address}", "{{port}}"]).unwrap();
    let mut line = String::new();
    BufReader::new(TcpStream::connect(server.address()).unwrap()).read_line(&mut line).unwrap();
    let (pid, address) = (server.pid(), server.address());
    assert_eq!(line.trim(), format!("{pid} ['{}', 'at={address}', '{{port}}'] {{0}}", address.port()));
    assert_eq!(server.extent(), Extent::WithChildren);
    let stopped = server.stop();
    assert_eq!((stopped.death, stopped.killed, stopped.counters), (None, false, None), "it was asked to end, and did");
    assert!(stopped.peak_resident_bytes.unwrap() > 1024 * 1024);
    assert!(!is_alive(pid));
}

#[test]
fn what_it_started_is_observed_and_ends_with_it() {
    if !has("python3", "--version") {
        return;
    }
    // A child that computes, and then the server that does not.
    let script = format!("import os, sys\nif os.fork() == 0:\n    while True: pass\n{SAYING}");
    let server = launch(&["python3", "-c", &script]).unwrap();
    let pid = server.pid();
    let [child] = descendants(pid)[..] else { panic!("no child, or more than one") };
    let burnt = || cpu_time(pid, Extent::WithChildren).unwrap().saturating_sub(cpu_time(pid, Extent::Alone).unwrap());
    assert!(within(LONGEST_WAIT, || burnt() > Duration::from_millis(50)));
    let stopped = server.stop();
    assert_eq!(stopped.peak_resident_bytes, None, "of several processes nothing is known of the peak of their sum");
    assert!(!is_alive(child) && !std::path::Path::new(&format!("/proc/{child}")).exists(), "not even a zombie is left");
    assert!(
        stopped.usage.user_cpu + stopped.usage.system_cpu > Duration::from_millis(50),
        "the child's time is in the totals"
    );
}

#[test]
fn one_that_ends_is_quoted() {
    let error = launch(&["sh", "-c", "echo no such luck >&2; exit 3"]).unwrap_err();
    let said = error.to_string();
    assert_eq!(
        said,
        "it: the server exited with status 3 before it listened; its standard error ends with: no such luck"
    );
    assert!(matches!(launch(&["true"]).unwrap_err().failure, LaunchFailure::LeftItsProcess));
    let error = launch(&["/nowhere/to/be/found"]).unwrap_err().to_string();
    assert!(error.contains("/nowhere/to/be/found can't be executed"), "{error}");
}

#[test]
fn one_that_goes_into_the_background_is_refused_and_ended() {
    if !has("python3", "--version") {
        return;
    }
    let folder = tempfile::TempDir::new().unwrap();
    let file = folder.path().join("pid");
    // As a daemon does it, and with a child of its own.
    let script = format!(
        "import os\nif os.fork(): os._exit(0)\nos.setsid()\nif os.fork() == 0:\n    import time\n    time.sleep(600)\n\
         open('{0}.new', 'w').write(f'{{os.getpid()}}'); os.rename('{0}.new', '{0}')\n{SAYING}",
        file.display()
    );
    let error = launch(&["python3", "-c", &script]).unwrap_err();
    assert!(matches!(error.failure, LaunchFailure::LeftItsProcess), "{error}");
    // It may have been ended before it said who it was.
    if let Ok(pid) = std::fs::read_to_string(&file) {
        assert!(!is_alive(pid.parse().unwrap()), "the daemon lives on");
    }
    let mut others = std::fs::read_dir("/proc").unwrap().filter_map(|entry| entry.ok()?.file_name().into_string().ok());
    let is_ours = |pid: &String| {
        std::fs::read(format!("/proc/{pid}/cmdline")).is_ok_and(|words| {
            words.windows(file.as_os_str().len()).any(|part| part == file.as_os_str().as_encoded_bytes())
        })
    };
    assert_eq!(others.find(is_ours), None, "something of it lives on");
}

#[test]
fn who_listens_must_be_who_was_started() {
    if !has("python3", "--version") {
        return;
    }
    // It stays, and what listens has left it.
    let script = format!(
        "import os, time\nif os.fork():\n    os.wait()\n    time.sleep(600)\nos.setsid()\nif os.fork(): os._exit(0)\n{SAYING}"
    );
    let error = launch(&["python3", "-c", &script]).unwrap_err();
    assert!(matches!(error.failure, LaunchFailure::PortTaken { .. }), "{error}");
}

#[test]
fn one_that_never_listens_is_given_up_and_its_words_are_told() {
    let error = launch_within(&["sh", "-c", "echo waiting for nothing >&2; exec sleep 60"], Duration::from_millis(300))
        .unwrap_err();
    let said = error.to_string();
    assert!(said.contains("did not listen on 127.0.0.1:") && said.contains("{port}"), "{said}");
    assert!(said.ends_with("its standard error ends with: waiting for nothing"), "{said}");
}

#[test]
fn waiting_ends_when_it_is_told_to() {
    let words = ["sleep".to_owned(), "60".to_owned()];
    let (stop, harness) = (AtomicBool::new(true), Some(HARNESS.as_ref()));
    let launch = CommandLaunch { readiness_deadline: LONGEST_WAIT, harness, ..CommandLaunch::new("it", &words, &stop) };
    assert!(matches!(launch_command(&launch).unwrap_err().failure, LaunchFailure::Interrupted));
}

#[test]
fn a_server_of_ours_is_one_too() {
    let server = launch(&[HARNESS, "serve", "threaded", "--listen", "{address}"]).unwrap();
    let mut client = TcpStream::connect(server.address()).unwrap();
    client.write_all(b"{\"CloseConnection\":{\"initial_timestamp\":\"\",\"final_timestamp\":\"\"}}\n").unwrap();
    let mut line = String::new();
    BufReader::new(client).read_line(&mut line).unwrap();
    assert!(line.contains("ConnectionClosed"), "{line}");
    assert_eq!(server.stop().death, None);
}

/// All of the above in a PID namespace whose sessions were begun outside of it, as in a container: none of them has a
/// number there.
#[test]
fn all_of_it_holds_where_no_session_has_a_number() {
    let mut command = Command::new("unshare");
    command.args(["--pid", "--fork", "--mount-proc"]).arg(env::current_exe().unwrap());
    // One by one: without numbers, what one server leaves behind can't be told from what another does.
    command.args(["commands::launching::", "--skip", "all_of_it_holds", "--nocapture", "--test-threads=1"]);
    let ended = Ended::of(command.stdin(Stdio::null()));
    let said = &ended.stderr;
    if said.starts_with("unshare:") {
        return skipped(format_args!("no PID namespace can be made here: {said}"));
    }
    ended.with_code(0);
}
