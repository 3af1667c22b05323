//! Loads with a number of their own, or that ask for more or less than there can be: each ends, and says what it came to.

use servers::protocol::Wire;

use crate::common::own_server::serve;
use crate::load_command::{Findings, loaded};

#[test]
fn a_number_of_requests_is_sent_and_no_more_in_either_loop() {
    // Room for all hundred sessions at once on either thread: those that find none on a busy machine are left out.
    let of_sessions =
        ["--rate", "2000", "--arrivals", "sessions", "--requests-per-session", "7", "--connections", "200"];
    for more in [&["--connections", "16"][..], &["--rate", "2000", "--connections", "16"], &of_sessions] {
        let server = serve("async-single", Wire::JsonLines);
        let counted = ["--work", "echo hi", "--requests", "700", "--threads", "2"];
        let found = Findings::of(server.address, &[&counted[..], more].concat());
        assert_eq!((found.ledger("scheduled"), found.ledger("ok")), (700, 700), "{more:?}: {}", found.json);
        let seconds = found.json["duration_ns"].as_u64().unwrap() as f64 / 1e9;
        let achieved = found.json["achieved_rps"].as_f64().unwrap();
        assert!((achieved * seconds - 700.0).abs() < 1.0, "{more:?}: {}", found.json);
    }
}

#[test]
fn more_polling_threads_than_cpus_sleep_and_say_so() {
    let server = serve("async-single", Wire::JsonLines);
    let asked = ["--threads", "250", "--connections", "250", "--rate", "2000", "--pacing", "spinning"];
    let found = Findings::of(server.address, &[&asked[..], &["--duration", "300ms", "--warm-up", "0s"]].concat());
    let warnings = found.json["warnings"].to_string();
    assert!(warnings.contains("250 generator threads would poll on"), "{warnings}");
    assert!(found.ledger("ok") > 0, "{}", found.json["ledger"]);
}

/// Every one of these once went on for minutes, or for ever.
#[test]
fn extremes_come_to_an_end() {
    let server = serve("async-single", Wire::JsonLines);
    let target = server.address.to_string();
    let brief = ["--duration", "300ms", "--warm-up", "0s", "--timeout", "200ms", "--format", "json"];
    for extreme in [
        &["--rate", "1e-12"][..],
        &["--rate", "1e-300"],
        &["--rate", "1e-300", "--arrivals", "constant"],
        &["--rate", "1e7", "--threads", "250", "--connections", "250"],
    ] {
        let ended = loaded(&[&[target.as_str()], &brief[..], extreme].concat());
        assert_eq!(ended.json()["valid"], false, "{extreme:?}: {}", ended.stderr);
    }
}

/// It was told to send more, and its ledger was empty.
#[test]
fn a_generator_that_is_overrun_in_its_warm_up_owes_the_whole_window() {
    let server = serve("async-single", Wire::JsonLines);
    let target = server.address.to_string();
    let brief = ["--warm-up", "2s", "--duration", "100ms", "--timeout", "100ms", "--format", "json"];
    let overrun = ["--rate", "1e7", "--arrivals", "constant", "--threads", "1", "--connections", "1"];
    let ended = loaded(&[&[target.as_str()], &brief[..], &overrun].concat());
    let found = ended.json();
    assert_eq!(found["valid"], false, "{}", ended.stderr);
    assert_eq!(found["ledger"]["scheduled"], 1_000_000, "{}", found["ledger"]);
    assert!(!ended.stderr.contains("no request was due"), "{}", ended.stderr);
}

/// What is established and not yet looked at was once taken for lost, and made again twelve times.
#[test]
fn many_connections_are_opened_once_each() {
    let server = serve("async-single", Wire::JsonLines);
    let found = Findings::of(server.address, &["--connections", "900", "--requests", "900"]);
    assert_eq!(found.ledger("ok"), 900, "{}", found.json["ledger"]);
    let accepted = server.server.counters().accepted;
    // A server that did not get its CPU for some milliseconds makes a few seem lost.
    assert!((900..1_800).contains(&accepted), "{accepted} connections accepted of 900");
}
