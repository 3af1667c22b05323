//! The figures of a load on our own servers, over either wire.

use servers::protocol::Wire;

use crate::common::own_server::serve;
use crate::load_command::{Findings, loaded};

const BRIEF: &[&str] = &["--duration", "500ms", "--warm-up", "100ms", "--connections", "8"];

#[test]
fn an_open_loop_on_either_wire_adds_up() {
    for wire in Wire::ALL {
        let server = serve("async-single", wire);
        let wire = wire.to_string();
        let asked = ["--wire", &wire, "--rate", "2000", "--arrivals", "constant", "--threads", "2", "--seed", "9"];
        let found = Findings::of(server.address, &[BRIEF, &asked].concat());
        found.assert_all_ok();
        assert_eq!((found.ledger("scheduled"), found.connections("established")), (1_000, 8));
        let json = &found.json;
        assert_eq!((&json["wire"], &json["arrivals"]), (&wire.into(), &"constant".into()));
        assert_eq!((&json["connections"], &json["threads"], &json["seed"]), (&8.into(), &2.into(), &9.into()));
        assert_eq!((&json["duration_ns"], &json["offered_rps"]), (&500_000_000_u64.into(), &2_000.0.into()));
        for times in ["response_time_ns", "service_time_ns", "schedule_lag_ns"] {
            assert_eq!(json[times]["count"], 1_000, "{times}");
            let ordered = ["low", "value", "high"].map(|bound| json[times]["p50"][bound].as_u64().unwrap());
            assert!(ordered.is_sorted() && ordered[2] <= json[times]["max"]["value"].as_u64().unwrap(), "{times}");
            assert!(json[times]["p99_9"].is_null(), "a thousand requests are too few");
        }
        assert!(json["response_time_ns"]["mean"].as_f64() >= json["service_time_ns"]["mean"].as_f64());
        assert!(json["opening_ns"].as_u64().unwrap() > 0);
        assert!(json["generator"]["cpu_ns_per_request"].as_f64().unwrap() > 0.0);
        assert_eq!((&json["pacing"], &json["warm_up_ns"]), (&"sleeping".into(), &100_000_000.into()));
        assert!(humantime::parse_rfc3339(json["started_at"].as_str().unwrap()).is_ok());
        assert_eq!(found.stderr, "", "nothing is said where nobody watches");
    }
}

#[test]
fn a_closed_loop_has_no_response_time_and_says_how_to_get_one() {
    for wire in Wire::ALL {
        let server = serve("async-single", wire);
        let found =
            Findings::of(server.address, &[BRIEF, &["--wire", &wire.to_string(), "--work", "sleep 5ms"]].concat());
        found.assert_all_ok();
        for absent in ["response_time_ns", "schedule_lag_ns", "offered_rps", "scheduled_rps"] {
            assert!(found.json[absent].is_null(), "{absent}");
        }
        let fastest = found.json["service_time_ns"]["p50"]["low"].as_u64().unwrap();
        assert!(fastest > 4_900_000, "{fastest}");
        assert!(found.json["achieved_rps"].as_f64().unwrap() <= 8.0 / 0.005);
        assert!(found.stderr.contains("--rate N"), "{}", found.stderr);
    }
}

#[test]
fn sessions_connect_and_part_in_agreement() {
    for wire in Wire::ALL {
        let server = serve("threaded", wire);
        let wire = wire.to_string();
        let asked = ["--wire", &wire, "--rate", "1000", "--arrivals", "sessions", "--requests-per-session", "5"];
        let found =
            Findings::of(server.address, &[&asked[..], &["--duration", "500ms", "--think-time", "1ms"]].concat());
        found.assert_all_ok();
        assert_eq!(found.connections("closed_in_agreement") * 5, found.ledger("ok"), "{}", found.json);
        assert_eq!(found.connections("closed_in_disagreement"), 0);
        assert!(found.json["opening_ns"].is_null());
    }
}

#[test]
fn every_pacing_keeps_the_schedule_whole() {
    let server = serve("async-single", Wire::JsonLines);
    for pacing in ["sleeping", "precise", "spinning", "ticking"] {
        let asked = ["--rate", "1000", "--arrivals", "constant", "--pacing", pacing];
        let found = Findings::of(server.address, &[BRIEF, &asked].concat());
        assert_eq!((found.ledger("scheduled"), found.ledger("ok")), (500, 500), "{pacing}");
        assert_eq!(found.json["schedule_lag_ns"]["count"], 500, "{pacing}");
    }
}

#[test]
fn work_that_no_server_knows_fails_with_its_figures() {
    for wire in Wire::ALL {
        let server = serve("async-single", wire);
        let asked = ["--wire", &wire.to_string(), "--work", "juggle 3", "--rate", "200"];
        let found = Findings::of(server.address, &[BRIEF, &asked].concat());
        assert_eq!((found.code, found.ledger("error")), (6, found.ledger("scheduled")));
        assert!(found.stderr.contains("no request") && found.stderr.contains("--work"), "{}", found.stderr);
    }
}

#[test]
fn the_other_wire_is_malformed_and_named() {
    let server = serve("async-single", Wire::Http);
    let found = Findings::of(server.address, &[BRIEF, &["--wire", "json", "--rate", "100"]].concat());
    assert_eq!((found.code, found.ledger("ok")), (6, 0));
    assert!(found.stderr.contains("--wire"), "{}: {}", found.stderr, found.json["ledger"]);
}

#[test]
fn the_table_says_it_all_in_words() {
    let server = serve("async-single", Wire::JsonLines);
    let ended = loaded(&[&[server.address.to_string().as_str(), "--rate", "2000"], BRIEF].concat());
    let said = &ended.stdout;
    for words in ["echo hi", "poisson", "offered 2,000/s", "8 held, established in", "response time", "service time"] {
        assert!(said.contains(words), "{words}: {said}");
    }
    let valid = said.contains("\nvalid: ");
    assert_eq!((valid, !valid), (ended.code == Some(0), said.contains("INVALID")), "{said}");
}
