//! The commands of the guide that need a server beside them, run as they are written.
//!
//! A block marked `sh serve` runs as long as the blocks behind it. The port that a reader types is exchanged for a free
//! one. Beside it: `commands.rs`.

use std::net::TcpListener;
use std::process::Command;

use serde_json::Value;

use crate::common::has;
use crate::readme::pages::marked;
use crate::readme::shell::{Running, Shell};
use crate::skipped::missing;

const PORT: &str = "7878";

#[test]
fn a_server_answers_by_hand() {
    if !has_netcat() {
        return missing("OpenBSD nc");
    }
    let [serve] = marked("With nc", "sh serve").try_into().unwrap();
    let [ask] = marked("With nc", "sh run").try_into().unwrap();
    let [reply] = marked("With nc", "json reply").try_into().unwrap();
    let (shell, mut server, ask) = served(&serve, &ask);
    assert_eq!(in_common(&shell.run(&ask)), in_common(&reply));
    server.interrupt();
    assert!(server.output().lines().last().unwrap().contains("\"requests_served\":1"), "{}", server.output());
}

#[test]
fn any_server_takes_load() {
    let [serve] = marked("Put load on a server", "sh serve").try_into().unwrap();
    let [load] = marked("Put load on a server", "sh run").try_into().unwrap();
    let (shell, mut server, load) = served(&serve, &load);
    let output = shell.run(&load);
    for expected in ["offered 2,000/s", "response time", "GET /echo/hi", "service time"] {
        assert!(output.contains(expected), "no {expected:?} in\n{output}");
    }
    assert!(std::fs::read_to_string(shell.path("page.hgrm")).unwrap().contains("#[Max"));
    server.interrupt();
}

#[test]
fn a_server_answers_curl() {
    if !has("curl", "--version") {
        return;
    }
    let [serve] = marked("With curl, wrk, oha", "sh serve").try_into().unwrap();
    let [ask] = marked("With curl, wrk, oha", "sh run").try_into().unwrap();
    let (shell, mut server, ask) = served(&serve, &ask);
    let output = shell.run(&ask);
    assert!(output.starts_with("HTTP/1.1 200 OK\r\n") && output.contains("Server-Sent-Ns: "), "{output}");
    assert!(output.ends_with("\r\n\r\nhiany text"), "{output}");
    server.interrupt();
    assert!(server.output().lines().last().unwrap().contains("\"requests_served\":2"), "{}", server.output());
}

/// Runs what serves on a port of its own, and gives what asks it on that port.
fn served(serve: &str, ask: &str) -> (Shell, Running, String) {
    let port = free_port().to_string();
    assert!(serve.contains(PORT) && ask.contains(PORT));
    let shell = Shell::new();
    let server = shell.start(&serve.replace(PORT, &port));
    assert!(server.first_line().contains(&format!("127.0.0.1:{port}")), "{}", server.output());
    (shell, server, ask.replace(PORT, &port))
}

/// A reply without its times, which differ each time and must be in order.
fn in_common(reply: &str) -> Value {
    let mut reply: Value = serde_json::from_str(reply).unwrap_or_else(|error| panic!("{error}: {reply:?}"));
    let work_done = reply["WorkDone"].as_object_mut().unwrap();
    let [received, sent] =
        ["server_received_ns", "server_sent_ns"].map(|name| work_done.remove(name).unwrap().as_u64().unwrap());
    assert!(0 < received && received <= sent, "received at {received}, sent at {sent}");
    reply
}

/// Only the OpenBSD netcat knows `-N`.
fn has_netcat() -> bool {
    let help = Command::new("nc").arg("-h").output();
    help.is_ok_and(|help| String::from_utf8_lossy(&[help.stdout, help.stderr].concat()).contains("OpenBSD"))
}

/// A port that is free now and that nobody else is likely to take in the next moment.
fn free_port() -> u16 {
    TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port()
}
