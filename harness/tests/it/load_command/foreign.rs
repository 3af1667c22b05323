//! Servers that are not ours, well-behaved and otherwise: what is counted must be what happened.

use crate::load_command::Findings;
use crate::load_command::http_server::{KEPT_FOR, start};

/// Two hundred requests, fifty on each of four connections in turn.
const REQUESTS: u64 = 200;
const CONNECTIONS: u64 = 4;
const ASKED: &[&str] =
    &["--rate", "400", "--arrivals", "constant", "--duration", "500ms", "--warm-up", "0s", "--connections", "4"];

fn asked(path: &str) -> Findings {
    let found = Findings::of(start(), &[ASKED, &["--path", path, "--timeout", "5s"]].concat());
    assert_eq!(found.ledger("scheduled"), REQUESTS);
    assert_eq!(found.json["wire"], "http");
    found
}

#[test]
fn whole_replies_are_right_however_they_are_framed() {
    for path in ["/plain", "/chunked"] {
        let found = asked(path);
        found.assert_all_ok();
        assert_eq!(
            (found.connections("established"), found.connections("closed_by_server")),
            (CONNECTIONS, 0),
            "{path}"
        );
    }
}

#[test]
fn a_connection_that_the_server_closes_is_opened_again_and_counted() {
    let found = asked("/close");
    found.assert_all_ok();
    assert_eq!(found.connections("closed_by_server"), REQUESTS / KEPT_FOR as u64);
    let found = asked("/old");
    found.assert_all_ok();
    assert_eq!(found.connections("closed_by_server"), REQUESTS);
    assert_eq!(found.connections("failed"), 0);
}

#[test]
fn a_connection_that_vanishes_between_requests_costs_none() {
    let found = asked("/vanish");
    found.assert_all_ok();
    // The last of each connection may vanish when the load is over.
    let most = REQUESTS / KEPT_FOR as u64;
    assert!((most - CONNECTIONS..=most).contains(&found.connections("closed_by_server")), "{}", found.json);
}

#[test]
fn a_closed_loop_goes_on_over_connections_that_close_or_vanish() {
    for path in ["/close", "/vanish", "/old"] {
        let brief = ["--duration", "200ms", "--warm-up", "0s", "--connections", "4", "--path", path];
        let found = Findings::of(start(), &brief);
        found.assert_all_ok();
        assert!(found.connections("closed_by_server") > 0, "{path}: {}", found.json);
    }
}

#[test]
fn sessions_ask_the_server_to_close_with_their_last_request() {
    let sessions = ["--rate", "500", "--arrivals", "sessions", "--requests-per-session", "4", "--duration", "500ms"];
    for path in ["/plain", "/old"] {
        let found = Findings::of(start(), &[&sessions[..], &["--path", path]].concat());
        found.assert_all_ok();
        assert_eq!(found.connections("closed_in_agreement") * 4, found.ledger("ok"), "{path}: {}", found.json);
        assert_eq!(found.connections("closed_in_disagreement"), 0);
    }
}

#[test]
fn errors_are_counted_and_connections_live_on() {
    let found = asked("/sometimes");
    assert_eq!((found.ledger("ok"), found.ledger("error")), (180, 20));
    assert_eq!(found.connections("established"), CONNECTIONS);
    for path in ["/missing", "/elsewhere"] {
        let found = asked(path);
        assert_eq!((found.code, found.ledger("error")), (6, REQUESTS), "{path}");
        assert!(found.stderr.contains("--path"), "{}", found.stderr);
        assert_eq!(found.connections("established"), CONNECTIONS, "{path}");
    }
}

#[test]
fn what_is_no_http_is_malformed() {
    let found = asked("/garbage");
    assert_eq!((found.code, found.ledger("malformed")), (6, REQUESTS), "{}", found.json["ledger"]);
}

#[test]
fn a_reply_whose_end_never_comes_is_a_timeout() {
    let found = Findings::of(start(), &[ASKED, &["--path", "/endless", "--timeout", "50ms"]].concat());
    assert_eq!((found.code, found.ledger("timeout")), (6, REQUESTS), "{}", found.json["ledger"]);
}

#[test]
fn silence_is_a_timeout_and_its_percentiles_lie_beyond() {
    let found = Findings::of(start(), &[ASKED, &["--path", "/silence", "--timeout", "50ms"]].concat());
    assert_eq!((found.code, found.ledger("timeout")), (6, REQUESTS), "{}", found.json["ledger"]);
    let median = &found.json["response_time_ns"]["p50"];
    assert!(median["value"].is_null() && median["above"] == 50_000_000, "{median}");
    assert!(found.json["service_time_ns"].is_null(), "nothing was answered");
}
