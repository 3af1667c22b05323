//! Ctrl-C ends a load and keeps what there is.

use std::fs;

use rustix::process::Signal;
use servers::protocol::Wire;

use crate::common::own_server::serve;
use crate::common::started::Started;
use crate::common::{LONGEST_WAIT, within};
use crate::load_command::{Findings, load, wait_for_requests};

#[test]
fn a_load_that_is_stopped_says_what_there_is() {
    let server = serve("async-single", Wire::JsonLines);
    let target = server.address.to_string();
    for rate in ["1000", "max"] {
        let asked = [&target, "--format", "json", "--rate", rate, "--duration", "60s", "--warm-up", "0s"];
        let load = Started::of(&mut load(&asked));
        wait_for_requests(&server, 200);
        load.signal(Signal::INT);
        let found = Findings::read(load.ended());
        assert_eq!(found.code, 130, "{}", found.stderr);
        let measured_ns = found.json["duration_ns"].as_u64().unwrap();
        assert!((1..60_000_000_000).contains(&measured_ns), "{measured_ns}");
        // What was due after it was stopped, sixty thousand at this rate, is not counted as never sent.
        assert!(found.ledger("ok") > 0 && found.ledger("dropped") < 10_000, "{}", found.json["ledger"]);
        assert!(found.json["generator"]["cpu_ns_per_request"].as_f64().unwrap() > 0.0);
        let warnings = found.json["warnings"].to_string();
        assert!(warnings.contains("stopped after") && !warnings.contains("of its schedule"), "{warnings}");
    }
}

#[test]
fn a_load_that_is_stopped_in_its_warm_up_blames_nobody() {
    let server = serve("async-single", Wire::JsonLines);
    let target = server.address.to_string();
    let asked = [&target, "--format", "json", "--rate", "1000", "--duration", "60s", "--warm-up", "60s"];
    let load = Started::of(&mut load(&asked));
    wait_for_requests(&server, 200);
    load.signal(Signal::INT);
    let found = Findings::read(load.ended());
    assert_eq!((found.code, found.ledger("scheduled")), (130, 0), "{}", found.stderr);
    let said = found.json["warnings"].to_string() + &found.stderr;
    assert!(said.contains("stopped after") && !said.contains("of its schedule"), "{said}");
}

#[test]
fn a_load_whose_connections_never_come_can_be_stopped_too() {
    // Nobody accepts, and one or two connections fill the queue.
    let socket = socket2::Socket::new(socket2::Domain::IPV4, socket2::Type::STREAM, None).unwrap();
    socket.bind(&"127.0.0.1:0".parse::<std::net::SocketAddr>().unwrap().into()).unwrap();
    socket.listen(1).unwrap();
    let target = socket.local_addr().unwrap().as_socket().unwrap().to_string();
    let load = Started::of(&mut load(&[&target, "--connections", "20"]));
    assert!(within(LONGEST_WAIT, || is_sending(load.pid())), "it never began");
    load.signal(Signal::INT);
    let ended = load.ended().with_code(130).telling("stopped before the load began");
    assert_eq!(ended.stdout, "");
}

/// Whether the generator's thread is there, which listens for signals before it has any.
fn is_sending(pid: u32) -> bool {
    let threads = fs::read_dir(format!("/proc/{pid}/task")).unwrap();
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
        let mut load = Started::of(&mut load(&[&[&*target, "--format", "json"], asked].concat()));
        wait_for_requests(&server, 200);
        load.signal(Signal::INT);
        // Its natural end is an hour away.
        assert!(load.status_within(LONGEST_WAIT).is_some(), "{asked:?}: it went on");
        let found = Findings::read(load.ended());
        assert_eq!(found.code, 130, "{asked:?}: {}", found.stderr);
    }
}
