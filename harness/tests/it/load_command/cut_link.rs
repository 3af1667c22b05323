//! A link that is cut for 300 ms in the middle of a load, between two network namespaces: it shows as the stall that it is,
//! by the arithmetic of stalls. Skipped by name where this machine does not let namespaces be made.
//!
//! The server runs in this process, on a thread that has moved to the server's namespace, so that the test reads its count
//! of requests and knows the length of the stall from there: the generator that is under test is not asked for it. The
//! length is no matter of the link alone. What was sent into the cut is sent again when TCP thinks fit, and that is some
//! time after the link is back.

use std::fs::File;
use std::os::fd::AsFd;
use std::process::Command;
use std::thread;
use std::time::{Duration, Instant};

use rustix::thread::{LinkNameSpaceType, move_into_link_name_space};
use servers::protocol::Wire;

use crate::common::bed::{Bed, ip};
use crate::common::home::AS_WORKER;
use crate::common::own_server::{OwnServer, serve_at};
use crate::common::started::Started;
use crate::common::{LONGEST_WAIT, text, within};
use crate::load_command::namespaces::SERVER;
use crate::load_command::{Findings, load};
use crate::skipped::skipped;

/// Served on a thread in the server's namespace.
fn serve_within(bed: &Bed) -> OwnServer {
    let namespace = File::open(format!("/run/netns/{}", bed.names[0])).unwrap();
    let move_there = move || move_into_link_name_space(namespace.as_fd(), Some(LinkNameSpaceType::Network)).unwrap();
    serve_at("async-single", Wire::JsonLines, SERVER, move_there)
}

/// What the server saw of a stall.
#[derive(Debug)]
struct Stall {
    /// For how long it served nobody.
    length: Duration,
    /// How fast it then served what had gathered, in requests per second.
    drain_rps: f64,
}

const CUT: Duration = Duration::from_millis(300);
const RATE_RPS: u32 = 1_000;
const WINDOW: Duration = Duration::from_secs(10);

/// Cuts the link at the server's end and mends it, and looks on until the server serves again.
fn cut(bed: &Bed, server: &OwnServer) -> Stall {
    let mut look = {
        let mut last = (Instant::now(), server.served());
        move || {
            let now = server.served();
            if now > last.1 {
                last = (Instant::now(), now);
            }
            thread::sleep(Duration::from_micros(500));
            last
        }
    };
    let link = |state: &str| assert!(ip(&["-n", &bed.names[0], "link", "set", "w0", state]), "{state}");
    look();
    link("down");
    let down = Instant::now();
    let mut stopped = look();
    while down.elapsed() < CUT {
        stopped = look();
    }
    link("up");
    let cut = down.elapsed();
    let resumed = loop {
        let seen = look();
        if seen.1 > stopped.1 {
            break seen;
        }
        assert!(down.elapsed() < LONGEST_WAIT, "nothing came through any more");
    };
    let length = resumed.0 - stopped.0;
    let gathered = (length.as_secs_f64() * f64::from(RATE_RPS)) as u64;
    let half = loop {
        let seen = look();
        if seen.1 >= resumed.1 + gathered / 2 {
            break seen;
        }
        assert!(down.elapsed() < LONGEST_WAIT, "what had gathered was not served");
    };
    assert!(length >= cut - Duration::from_millis(20), "it was cut for {cut:?} and stood still for {length:?}");
    Stall { length, drain_rps: (half.1 - resumed.1) as f64 / (half.0 - resumed.0).as_secs_f64() }
}

/// Segments that TCP sent again in a namespace since it was made.
fn sent_again(namespace: &str) -> u64 {
    let output = Command::new("ip").args(["netns", "exec", namespace, "cat", "/proc/net/snmp"]).output().unwrap();
    let lines: Vec<&str> = text(&output.stdout).lines().filter(|line| line.starts_with("Tcp:")).collect();
    let place = lines[0].split(' ').position(|name| name == "RetransSegs").unwrap();
    lines[1].split(' ').nth(place).unwrap().parse().unwrap()
}

#[test]
fn a_link_that_is_cut_shows_as_the_stall_that_it_is() {
    for _ in 0..3 {
        let Some(bed) = Bed::made() else { return };
        let (found, stall) = cut_load(&bed);
        // Else it never caught up: other programs held the server up, and the arithmetic is that of a server that does.
        if stall.drain_rps > 2.0 * f64::from(RATE_RPS) {
            return assert_shows(&found, &stall, sent_again(&bed.names[1]));
        }
    }
    skipped("how a cut shows: the server did not catch up in any of three tries, so busy was this machine");
}

/// A load whose link is cut in the middle, and what the server saw of it.
fn cut_load(bed: &Bed) -> (Findings, Stall) {
    let server = serve_within(bed);
    let (worker, rate, window) = (bed.within(1), RATE_RPS.to_string(), format!("{}s", WINDOW.as_secs()));
    // One connection, behind which all requests wait together; a second one would be back at a moment of its own.
    let asked = ["-c", "1", "--arrivals", "constant", "--rate", &rate, "--duration", &window, "--warm-up", "0s"];
    let elsewhere = ["--allow-remote", "--load-from", &worker, AS_WORKER[0], AS_WORKER[1]];
    let load = Started::of(&mut load(&[&[SERVER, "--format", "json"], &asked[..], &elsewhere].concat()));
    assert!(within(LONGEST_WAIT, || server.served() > 4_000), "nothing was sent");
    let stall = cut(bed, &server);
    (Findings::read(load.ended()), stall)
}

fn assert_shows(found: &Findings, stall: &Stall, segments_sent_again: u64) {
    assert_eq!(found.ledger("ok"), found.ledger("scheduled"), "{}", found.json["ledger"]);
    // Of all requests, (1 - q) have waited longer than the percentile q. In a stall a request waits the longer the earlier
    // it was due, and what had gathered is gone when the server has caught up.
    let catching_up = 1.0 - f64::from(RATE_RPS) / stall.drain_rps;
    for (name, q) in [("p99", 0.99), ("p99_9", 0.999)] {
        let expected = stall.length.as_secs_f64() - (1.0 - q) * WINDOW.as_secs_f64() * catching_up;
        let measured = found.json["response_time_ns"][name]["value"].as_f64().unwrap() / 1e9;
        let off = measured / expected - 1.0;
        eprintln!("{name}: {:.1} ms, {:.1} ms by arithmetic, of {stall:?}", measured * 1e3, expected * 1e3);
        assert!(off.abs() < 0.05, "{name}: {measured} s where {stall:?} makes {expected} s");
    }
    // And it is said whose doing it was.
    assert_eq!(found.json["workers"][0]["noise"]["segments_sent_again"], segments_sent_again);
    let notices = found.json["notices"].as_array().unwrap();
    let said = notices.iter().any(|notice| notice.as_str().unwrap().contains("again during the load"));
    assert!(segments_sent_again > 0 && said, "{segments_sent_again}: {notices:?}");
}
