//! `harness serve` as a person meets it.

use std::fs;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::process::{ChildStdout, Command, ExitStatus, Stdio};

use harness::process::message::{Farewell, Ready};
use rustix::process::Signal;
use servers::MODELS;

use crate::common::clients::{ask_for, asked, connected};
use crate::common::home::{Ended, HARNESS, harness};
use crate::common::started::Killed;
use crate::common::{LONGEST_WAIT, send, within};

/// A server that was started from a shell.
struct ByHand {
    child: Killed,
    stdout: Option<BufReader<ChildStdout>>,
    ready: Ready,
}

impl ByHand {
    fn start(arguments: &[&str]) -> Self {
        let mut command = harness(&[&["serve"], arguments].concat());
        let (child, stdout, line) = Killed::saying(command.stdin(Stdio::piped()).stderr(Stdio::piped()));
        Self { child, stdout: Some(stdout), ready: serde_json::from_str(&line).unwrap() }
    }

    /// Waits for its end.
    fn status(&mut self) -> ExitStatus {
        let mut status = None;
        assert!(within(LONGEST_WAIT, || {
            status = self.child.0.try_wait().unwrap();
            status.is_some()
        }));
        status.unwrap()
    }

    /// Its exit status and what it said at the end; the pipe must end with that line.
    fn end(mut self) -> (ExitStatus, Farewell) {
        let status = self.status();
        let lines: Vec<String> = self.stdout.take().unwrap().lines().map(Result::unwrap).collect();
        assert_eq!(lines.len(), 1, "{lines:?}");
        (status, serde_json::from_str(&lines[0]).unwrap())
    }
}

/// One request on a connection of its own; the connection stays open as long as what is returned beside the reply.
fn ask_and_hold(address: SocketAddr) -> (String, TcpStream) {
    let mut stream = connected(address);
    (asked(&mut stream, "echo", "hi"), stream)
}

fn ask(address: SocketAddr) -> String {
    ask_and_hold(address).0
}

/// What is said on stderr by a `serve` that must fail.
fn refusal(arguments: &[&str]) -> String {
    let Ended { code, stdout, stderr } = Ended::of(&mut harness(&[&["serve"], arguments].concat()));
    assert!(code != Some(0) && stdout.is_empty(), "{arguments:?} was taken: {stdout}");
    stderr
}

#[test]
fn every_model_answers_and_stops_in_order() {
    for (model, stop) in MODELS.iter().zip([Signal::TERM, Signal::INT].into_iter().cycle()) {
        let server = ByHand::start(&[model.name, "--spin-rate", "100"]);
        assert_eq!((server.ready.pid, server.ready.model.as_str()), (server.child.0.id(), model.name));
        assert!(ask(server.ready.address).contains("\"result\":\"hi\""), "{}", model.name);
        send(server.ready.pid, stop);
        let (status, farewell) = server.end();
        assert_eq!(status.code(), Some(0), "{}", model.name);
        let counted = (farewell.stopped.accepted, farewell.stopped.requests_served);
        assert_eq!(counted, (1, 1), "{}", model.name);
    }
}

#[test]
fn an_open_connection_does_not_hold_up_the_stop() {
    for model in MODELS {
        let server = ByHand::start(&[model.name, "--spin-rate", "100"]);
        let held = ask_and_hold(server.ready.address);
        send(server.ready.pid, Signal::TERM);
        assert_eq!(server.end().0.code(), Some(0), "{}", model.name);
        drop(held);
    }
}

#[test]
fn the_end_of_stdin_ends_only_a_supervised_server() {
    let parent = std::process::id().to_string();
    let mut supervised = ByHand::start(&["threaded", "--spin-rate", "1", "--supervised", "--parent", &parent]);
    let mut by_hand = ByHand::start(&["threaded", "--spin-rate", "1"]);
    drop(by_hand.child.0.stdin.take());
    drop(supervised.child.0.stdin.take());
    assert_eq!(supervised.end().0.code(), Some(0));
    assert!(ask(by_hand.ready.address).contains("WorkDone"));
}

#[test]
fn a_reader_that_has_gone_is_no_panic() {
    let mut server = ByHand::start(&["threaded", "--spin-rate", "1"]);
    // The pipe breaks before the last line is said.
    drop(server.stdout.take());
    send(server.ready.pid, Signal::TERM);
    assert_eq!(server.status().code(), Some(0));
}

#[test]
fn a_server_by_hand_holds_as_many_connections_as_the_system_allows() {
    let shell = "ulimit -Sn 64 && exec \"$0\" serve threaded --spin-rate 1";
    let mut command = Command::new("sh");
    let (_child, _said, line) = Killed::saying(command.args(["-c", shell]).arg(HARNESS).stdin(Stdio::null()));
    let ready: Ready = serde_json::from_str(&line).unwrap();
    let limits = fs::read_to_string(format!("/proc/{}/limits", ready.pid)).unwrap();
    let open_files = limits.lines().find_map(|line| line.strip_prefix("Max open files")).unwrap();
    let [soft, hard, ..] = open_files.split_whitespace().collect::<Vec<_>>()[..] else { panic!("{limits}") };
    assert_eq!(soft, hard, "{limits}");
}

#[test]
fn an_address_off_this_machine_needs_consent() {
    let text = refusal(&["threaded", "--listen", "0.0.0.0:0"]);
    assert!(text.contains("0.0.0.0") && text.contains("--allow-remote"), "{text}");
    // What is given consent to is served, on loopback as on any address of the machine.
    let server = ByHand::start(&["threaded", "--spin-rate", "1", "--listen", "0.0.0.0:0", "--allow-remote"]);
    assert!(ask(on_loopback(&server)).contains("WorkDone"));
}

fn on_loopback(server: &ByHand) -> SocketAddr {
    SocketAddr::from(([127, 0, 0, 1], server.ready.address.port()))
}

#[test]
fn who_can_come_from_anywhere_has_limits_that_are_said_and_can_be_changed() {
    let contender = "threaded:idle-timeout=300ms";
    let remote = ["--spin-rate", "1", "--listen", "0.0.0.0:0", "--allow-remote"];
    let mut server = ByHand::start(&[&[contender], &remote[..]].concat());
    let (_, mut silent) = ask_and_hold(on_loopback(&server));
    let mut last = String::new();
    silent.read_to_string(&mut last).unwrap();
    assert!(last.contains("nothing came for too long"), "what is typed counts: {last}");
    // Sixty seconds and a little more, in two requests that are each allowed alone.
    let mut greedy = connected(on_loopback(&server));
    ask_for(&mut greedy, "sleep", "1ms");
    ask_for(&mut greedy, "sleep", "60s");
    let mut said = String::new();
    greedy.read_to_string(&mut said).unwrap();
    assert!(said.contains("one connection may ask for 60s of work in all"), "{said}");
    let mut line = String::new();
    BufReader::new(server.child.0.stderr.take().unwrap()).read_line(&mut line).unwrap();
    for limit in
        ["max-connections=1000", "idle-timeout=300ms", "frame-deadline=10s", "unread-timeout=30s", "max-work=60s"]
    {
        assert!(line.contains(limit), "{limit}: {line}");
    }
}

#[test]
fn a_taken_port_is_named() {
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap().to_string();
    let text = refusal(&["threaded", "--listen", &address]);
    assert!(text.contains(&format!("port {}", taken.local_addr().unwrap().port())), "{text}");
    assert!(text.contains("--listen 127.0.0.1:0"), "{text}");
}

#[test]
fn a_supervised_server_speaks_http_too() {
    let parent = std::process::id().to_string();
    let arguments = ["async-single", "--spin-rate", "1", "--wire", "http", "--supervised", "--parent", &parent];
    let server = ByHand::start(&arguments);
    let mut stream = connected(server.ready.address);
    stream.write_all(b"GET /echo/hi HTTP/1.0\r\n\r\n").unwrap();
    let mut reply = String::new();
    stream.read_to_string(&mut reply).unwrap();
    assert!(reply.starts_with("HTTP/1.1 200 OK\r\n") && reply.ends_with("\r\n\r\nhi"), "{reply}");
    let text = refusal(&["threaded", "--wire", "smoke"]);
    assert!(text.contains("smoke") && text.contains("json, http"), "{text}");
}

#[test]
fn what_is_misspelt_lists_what_there_is() {
    let text = refusal(&["pool"]);
    assert!(MODELS.iter().all(|model| text.contains(model.name)), "{text}");
    let text = refusal(&["thread-pool:wrokers=8"]);
    assert!(text.contains("wrokers") && text.contains("workers"), "{text}");
}

#[test]
fn a_spawn_that_panics_takes_the_whole_server_down() {
    // A few stacks of a quarter of a gibibyte, and the address space is full.
    let shell = "ulimit -v 2097152 && exec \"$0\" serve threaded:spawn=panicking,stack=256MiB --spin-rate 1";
    let mut child = Command::new("sh")
        .args(["-c", shell])
        .arg(HARNESS)
        // Without address space, looking for the names of functions takes minutes.
        .env("RUST_BACKTRACE", "0")
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut line = String::new();
    let mut stdout = BufReader::new(child.stdout.take().unwrap());
    stdout.read_line(&mut line).unwrap();
    let ready: Ready = serde_json::from_str(&line).unwrap();

    let (reply, mut first) = ask_and_hold(ready.address);
    assert!(reply.contains("WorkDone"), "{reply}");
    // Connecting fails once nobody listens any more.
    let crowd: Vec<_> = (0..20).map_while(|_| TcpStream::connect(ready.address).ok()).collect();
    let ended = within(LONGEST_WAIT, || child.try_wait().unwrap().is_some());
    if !ended {
        let _ = child.kill();
    }
    let output = child.wait_with_output().unwrap();
    let said = String::from_utf8(output.stderr).unwrap();
    assert!(ended, "the server outlived {} connections", crowd.len());
    assert_eq!(output.status.code(), Some(101), "{said}");
    assert!(said.contains("failed to spawn thread"), "{said}");
    // Those who had been served all along are gone with it.
    assert!(matches!(first.read(&mut [0]), Ok(0) | Err(_)));
}
