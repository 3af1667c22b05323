//! Ctrl-C ends a load and keeps what there is.

use std::fs;
use std::process::{Child, Stdio};
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process};
use servers::protocol::Wire;

use crate::common::own_server::serve;
use crate::common::{text, within};
use crate::load_command::{Findings, load};

#[test]
fn a_load_that_is_stopped_says_what_there_is() {
    let server = serve("async-single", Wire::JsonLines);
    let target = server.address.to_string();
    for rate in ["1000", "max"] {
        let asked = [&target, "--format", "json", "--rate", rate, "--duration", "60s", "--warm-up", "0s"];
        let child = load(&asked).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        let begun = Instant::now();
        let served_before = server.server.counters().requests_served;
        while server.server.counters().requests_served < served_before + 200 {
            assert!(begun.elapsed() < Duration::from_secs(30), "nothing was sent");
            std::thread::sleep(Duration::from_millis(1));
        }
        kill_process(Pid::from_child(&child), Signal::INT).unwrap();
        let found = Findings::read(child.wait_with_output().unwrap());
        assert_eq!(found.code, 130, "{}", found.stderr);
        let measured_ns = found.json["duration_ns"].as_u64().unwrap();
        assert!((1..60_000_000_000).contains(&measured_ns), "{measured_ns}");
        assert!(found.ledger("ok") > 0 && found.ledger("dropped") < 100, "{}", found.json["ledger"]);
        assert!(found.json["generator"]["cpu_ns_per_request"].as_f64().unwrap() > 0.0);
        let warnings = found.json["warnings"].to_string();
        assert!(warnings.contains("stopped after") && !warnings.contains("of its schedule"), "{warnings}");
    }
}

#[test]
fn a_load_whose_connections_never_come_can_be_stopped_too() {
    // Nobody accepts, and one or two connections fill the queue.
    let socket = socket2::Socket::new(socket2::Domain::IPV4, socket2::Type::STREAM, None).unwrap();
    socket.bind(&"127.0.0.1:0".parse::<std::net::SocketAddr>().unwrap().into()).unwrap();
    socket.listen(1).unwrap();
    let target = socket.local_addr().unwrap().as_socket().unwrap().to_string();
    let child = load(&[&target, "--connections", "20"]).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    let begun = Instant::now();
    while !is_sending(&child) {
        assert!(begun.elapsed() < Duration::from_secs(30), "it never began");
        std::thread::sleep(Duration::from_millis(1));
    }
    kill_process(Pid::from_child(&child), Signal::INT).unwrap();
    let output = child.wait_with_output().unwrap();
    assert_eq!(output.status.code(), Some(130));
    assert!(text(&output.stderr).contains("stopped before the load began"), "{}", text(&output.stderr));
    assert_eq!(output.stdout, b"");
}

/// Whether the generator's thread is there, which listens for signals before it has any.
fn is_sending(child: &Child) -> bool {
    let threads = fs::read_dir(format!("/proc/{}/task", child.id())).unwrap();
    let names = threads.filter_map(|thread| fs::read_to_string(thread.ok()?.path().join("comm")).ok());
    names.into_iter().any(|name| name.trim() == "load-0")
}

/// Ten thousand million requests that nobody waits for: at once, one after another, on any schedule. A list of them would
/// be eighty gigabytes.
#[test]
fn a_load_with_no_end_in_sight_can_be_stopped_before_it() {
    let server = serve("async-single", Wire::JsonLines);
    let target = server.address.to_string();
    let endless: [&[&str]; 4] = [
        &["--rate", "10000000", "--duration", "1h", "--warm-up", "0s"],
        &["--rate", "10000000", "--arrivals", "constant", "--duration", "1h", "--warm-up", "0s"],
        &["--rate", "100000", "--requests", "10000000000"],
        &["--rate", "max", "--requests", "10000000000"],
    ];
    for asked in endless {
        let served_before = server.server.counters().requests_served;
        let arguments = [&[&*target, "--format", "json"], asked].concat();
        let mut child = load(&arguments).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        let begun = Instant::now();
        while server.server.counters().requests_served < served_before + 200 {
            assert!(begun.elapsed() < Duration::from_secs(30), "{asked:?}: nothing was sent");
            std::thread::sleep(Duration::from_millis(1));
        }
        kill_process(Pid::from_child(&child), Signal::INT).unwrap();
        // Three seconds are promised, and a machine that others use is given more; its natural end is an hour away.
        let has_ended = within(Duration::from_secs(10), || child.try_wait().unwrap().is_some());
        if !has_ended {
            child.kill().unwrap();
        }
        let output = child.wait_with_output().unwrap();
        assert!(has_ended, "{asked:?}: it went on");
        let found = Findings::read(output);
        assert_eq!(found.code, 130, "{asked:?}: {}", found.stderr);
    }
}
