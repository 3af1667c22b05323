//! Where the time went, of servers whose times are known: what each part must come to, and one reply that lies.

use std::net::SocketAddr;
use std::thread;
use std::time::Duration;

use instruments::clock::now_ns;
use serde_json::{Value, json};

use crate::common::own_server::serve;
use crate::common::scripted::scripted;
use crate::load_command::{Findings, http_server};
use servers::protocol::Wire;

const WAITING: Duration = Duration::from_millis(3);
const SERVICE: Duration = Duration::from_millis(6);

/// Reads a request late, by its own times, and answers later. The reply with this number says that it was received
/// before it was sent.
fn start(lies: Option<usize>) -> SocketAddr {
    scripted(move |nth, line| {
        let asked: Value = serde_json::from_str(line).unwrap();
        let work = &asked["RequestWork"];
        thread::sleep(WAITING);
        let received_ns = now_ns();
        thread::sleep(SERVICE);
        let is_a_lie = Some(nth) == lies;
        let sent_ns = now_ns();
        let reply = json!({ "WorkDone": {
            "sender_timestamp": work["sender_timestamp"],
            "result": work["parameter"],
            "server_received_ns": if is_a_lie { 1 } else { received_ns },
            "server_sent_ns": sent_ns,
        }});
        Some(format!("{reply}\n"))
    })
}

const LOAD: &[&str] = &["--work", "echo hi", "--rate", "400", "--connections", "40", "--warm-up", "0s"];

fn ms(found: &Findings, band: &str, part: &str) -> f64 {
    found.json["where_the_time_went_ns"][band][part].as_f64().unwrap() / 1e6
}

#[test]
fn parts_are_what_the_server_did_and_add_up_to_the_median() {
    let found = Findings::of(start(None), &[LOAD, &["--duration", "1s"]].concat());
    found.assert_all_ok();
    let (waiting, service) = (ms(&found, "median", "waiting"), ms(&found, "median", "service"));
    let median = found.json["response_time_ns"]["p50"]["value"].as_u64().unwrap() as f64 / 1e6;
    assert!(waiting >= 3.0 && service >= 6.0, "{waiting} {service}: a thread sleeps at least as long");
    assert!(waiting + service <= median * 1.05, "{waiting} {service} {median}");
    let parts = ["schedule_lag", "connection", "waiting", "service", "returning"];
    let sum: f64 = parts.iter().map(|part| ms(&found, "median", part)).sum();
    assert!((sum - median).abs() <= 0.05 * median, "{sum} {median}");
    assert!((sum - ms(&found, "median", "response_time")).abs() < 1e-6);
    assert!(found.json["where_the_time_went_ns"]["median"]["answering"].is_null());
}

#[test]
fn one_reply_whose_times_are_out_of_order_is_found() {
    let found = Findings::of(start(Some(70)), &[LOAD, &["--duration", "500ms"]].concat());
    assert_eq!(found.code, 4, "{}", found.json);
    let said: Vec<&str> = found.json["warnings"].as_array().unwrap().iter().map(|w| w.as_str().unwrap()).collect();
    assert!(said.iter().any(|said| said.contains("1 replies with times out of order")), "{said:?}");
}

#[test]
fn a_connection_that_is_busy_is_waited_for_without_any_lag() {
    // Every second request is due while the one before it is served for another 5 ms at least.
    let one = ["--work", "sleep 10ms", "--rate", "150", "--arrivals", "constant", "--connections", "1"];
    let server = serve("threaded", Wire::JsonLines);
    let found = Findings::of(server.address, &[&one[..], &["--warm-up", "0s", "--duration", "500ms"]].concat());
    assert_eq!(found.ledger("ok"), 75, "{}", found.json);
    let (connection, service) = (ms(&found, "median", "connection"), ms(&found, "median", "service"));
    // The line grows by 10 - 6.7 ms with each request, to 250 ms.
    assert!(connection > 50.0 && service >= 10.0, "{connection} {service}");
    let lag = ms(&found, "median", "schedule_lag");
    // A generator that other tests have kept from its CPU was late itself, and says so with code 4.
    assert!(lag < 5.0 || found.code == 4, "{lag}: {}", found.json["warnings"]);
}

#[test]
fn of_a_server_without_times_only_what_can_be_known_is_said() {
    let page = ["--path", "/plain", "--rate", "1000", "--duration", "500ms", "--warm-up", "0s"];
    let found = Findings::of(http_server::start(), &page);
    found.assert_all_ok();
    let median = &found.json["where_the_time_went_ns"]["median"];
    assert!(median["answering"].as_f64().unwrap() > 0.0);
    for unknown in ["waiting", "service", "returning"] {
        assert!(median[unknown].is_null(), "{unknown}: {median}");
    }
    assert!(!found.json["where_the_time_went_ns"]["slowest_1_percent"].is_null());
}
