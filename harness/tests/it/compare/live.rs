//! A comparison that is followed: what it serves while it runs, to whom, and until when.
//!
//! Spoken to as plainly as can be, in HTTP/1.0 over a socket. Beside it: `live_page.rs`, the same in a browser.

use std::collections::BTreeMap;
use std::io::{BufRead, BufReader, Write};
use std::net::{TcpListener, TcpStream};

use nom_openmetrics::Label;
use nom_openmetrics::parser::{openmetrics, prometheus};
use reports::record::Ending;
use rustix::process::Signal;
use serde_json::Value;

use crate::common::clients::{connected, http};
use crate::common::home::Home;
use crate::common::started::Started;
use crate::common::{LONGEST_WAIT, within};

const FOLLOWED: [&str; 5] = ["--models", "threaded,async-single", "--live", "--live-port", "0"];

/// Starts a comparison that is followed; returns it with its page's address.
pub(crate) fn followed(home: &Home, experiment: &str, more: &[&str]) -> (Started, String) {
    let mut subject = Started::of(&mut home.compare(&[&FOLLOWED[..], &["--experiments", experiment], more].concat()));
    let first = subject.first_message();
    let address = first.strip_prefix("live: http://").and_then(|rest| rest.strip_suffix('/'));
    let address = address.unwrap_or_else(|| panic!("the first line is {first:?}")).to_owned();
    assert!(address.starts_with("127.0.0.1:"), "{address}");
    (subject, address)
}

/// Head, in small letters, and body of a whole reply.
fn reply(address: &str, line: &str, headers: &str) -> (String, String) {
    let (_, head, body) = http(address, line, headers, "");
    (head.to_lowercase(), body)
}

fn get(address: &str, path: &str) -> (String, String) {
    reply(address, &format!("GET {path}"), "Host: localhost\r\n")
}

/// The events of a run, one after another, until the stream ends.
struct Events {
    lines: std::io::Lines<BufReader<TcpStream>>,
}

impl Events {
    fn of(address: &str) -> Events {
        let mut stream = connected(address);
        stream.write_all(b"GET /events HTTP/1.0\r\nHost: localhost\r\n\r\n").unwrap();
        let mut lines = BufReader::new(stream).lines();
        let head: Vec<String> = lines.by_ref().map(Result::unwrap).take_while(|line| !line.is_empty()).collect();
        assert!(
            head[0].ends_with(" 200 OK") && head.iter().any(|line| line.ends_with(": text/event-stream")),
            "{head:?}"
        );
        Events { lines }
    }
}

impl Iterator for Events {
    type Item = (String, Value);

    fn next(&mut self) -> Option<(String, Value)> {
        let event = self.lines.by_ref().map(Result::unwrap).take_while(|line| !line.is_empty());
        let fields: BTreeMap<String, String> = event.map(|line| field(&line)).collect();
        let data = fields.get("data")?;
        Some((fields["event"].clone(), serde_json::from_str(data).unwrap()))
    }
}

/// A name and what stands after it, with or without a space between.
fn field(line: &str) -> (String, String) {
    let (name, value) = line.split_once(':').unwrap();
    (name.to_owned(), value.strip_prefix(' ').unwrap_or(value).to_owned())
}

#[test]
fn figures_grow_with_the_run_and_are_those_of_the_report_at_the_end() {
    let home = Home::new();
    let (subject, address) = followed(&home, "thread-or-task,latency-curve", &[]);
    let (mut states, mut pictures, mut anchors) = (Vec::new(), BTreeMap::new(), Vec::new());
    let mut end = None;
    for (kind, data) in Events::of(&address) {
        match kind.as_str() {
            "state" => states.push(data["ended"].as_u64().unwrap()),
            "pictures" => anchors = strings(&data),
            "picture" => {
                let [anchor, html] = strings(&data).try_into().unwrap();
                pictures.insert(anchor, html);
            }
            "sentences" => assert!(data.is_string()),
            "end" => end = Some(data),
            other => panic!("an event of the kind {other:?}"),
        }
    }
    let (head, report) = get(&address, "/report");
    assert!(head.contains(" 200 ok\r\n") && head.contains("content-type: text/html"), "{head}");
    assert_eq!(report, std::fs::read_to_string(home.out().join("report.html")).unwrap());
    let end = end.unwrap();
    assert_eq!(end["ending"], "ended");
    assert!(end["report"].as_str().unwrap().ends_with("the-run/report.html"), "{end}");
    assert!(states.is_sorted() && states.first() < states.last(), "{states:?}");
    assert_eq!(*states.last().unwrap(), home.run().cells.len() as u64);
    assert!(!pictures.is_empty() && pictures.keys().all(|anchor| anchors.contains(anchor)), "{anchors:?}");
    for (anchor, picture) in pictures {
        assert!(report.contains(picture.trim()), "{anchor} is another in the report");
    }
    subject.ended().measured().telling("\nlive: drew ");
}

fn strings(array: &Value) -> Vec<String> {
    array.as_array().unwrap().iter().map(|one| one.as_str().unwrap().to_owned()).collect()
}

#[test]
fn what_it_serves_lasts_as_long_as_is_asked_for_or_until_ctrl_c() {
    let home = Home::new();
    let (mut subject, address) = followed(&home, "thread-or-task,latency-curve", &["--live-linger", "1h"]);
    assert!(get(&address, "/report").0.contains(" 404 "), "there is none yet");
    assert_eq!(Events::of(&address).last().unwrap().0, "end");
    for _ in 0..2 {
        assert!(get(&address, "/report").1.starts_with("<!doctype html>"));
    }
    assert_eq!(Events::of(&address).last().unwrap().0, "end", "who comes late is told all the same");
    assert!(!subject.has_ended());
    scrape(&address, home.run().cells.len());
    subject.signal(Signal::INT);
    let status = subject.status_within(LONGEST_WAIT).expect("Ctrl-C ends it");
    assert!(matches!(status.code(), Some(0 | 4)), "the run had ended: {status}");
    assert_eq!(home.run().manifest.ending, Ending::Completed);
}

/// Both formats, whole, and what they say of a run with so many cells.
fn scrape(address: &str, cells: usize) {
    let (head, plain) = get(address, "/metrics");
    assert!(head.contains("content-type: text/plain; version=0.0.4"), "{head}");
    let wants = "Host: localhost\r\nAccept: application/openmetrics-text; version=1.0.0, text/plain;q=0.5\r\n";
    let (head, open) = reply(address, "GET /metrics", wants);
    assert!(head.contains("content-type: application/openmetrics-text; version=1.0.0"), "{head}");
    for families in [prometheus(&plain).unwrap(), openmetrics(&open).unwrap()] {
        let (left, families) = families;
        assert_eq!(left, "");
        let samples: Vec<_> = families.iter().flat_map(|family| &family.samples).collect();
        let sum = |name: &str, label: Option<(&str, &str)>| -> f64 {
            let has = |found: &[Label<'_>]| {
                label.is_none_or(|(key, value)| found.iter().any(|one| one.name == key && one.value == value))
            };
            samples.iter().filter(|sample| sample.name() == name && has(sample.labels())).map(|one| one.number()).sum()
        };
        assert_eq!(sum("harness_cells_total", None), cells as f64);
        assert_eq!(sum("harness_cells_planned", None), cells as f64);
        let all = sum("harness_response_time_seconds_count", None);
        assert!(all > 0.0 && all == sum("harness_response_time_seconds_bucket", Some(("le", "+Inf"))), "{all}");
        assert!(all <= sum("harness_requests_total", None));
        for contender in ["threaded", "async-single"] {
            assert!(sum("harness_server_cpu_seconds_total", Some(("contender", contender))) > 0.0);
            assert!(sum("harness_server_context_switches_total", Some(("contender", contender))) > 0.0);
        }
    }
}

#[test]
fn only_this_machine_may_look_and_nobody_may_do_more() {
    let home = Home::new();
    let (subject, address) = followed(&home, "memory", &["--live-linger", "1h"]);
    for (line, headers, status) in [
        ("GET /", "Host: attacker.example:80\r\n", "403"),
        ("GET /events", "Host: attacker.example\r\n", "403"),
        ("GET /metrics", "", "403"),
        ("POST /", "Host: localhost\r\nContent-Length: 0\r\n", "405"),
        ("DELETE /report", "Host: localhost\r\n", "405"),
        ("GET /manifest.json", "Host: localhost\r\n", "404"),
        ("GET /", "Host: localhost\r\n", "200"),
        ("HEAD /events", "Host: localhost\r\n", "200"),
    ] {
        let (head, _) = reply(&address, line, headers);
        assert_eq!(head.split(' ').nth(1), Some(status), "{line}: {head}");
        for guard in ["x-content-type-options: nosniff", "cross-origin-resource-policy: same-origin"] {
            assert!(head.contains(guard), "{line}: {head}");
        }
    }
    let (head, page) = get(&address, "/");
    assert!(head.contains("content-security-policy: default-src 'none';"), "{head}");
    assert!(page.starts_with("<!doctype html>") && !page.contains("http://") && !page.contains("https://"));
    drop(subject);
}

#[test]
fn an_interrupted_run_does_not_linger() {
    let home = Home::new();
    let (mut subject, address) = followed(&home, "memory", &["--live-linger", "1h"]);
    let mut events = Events::of(&address);
    assert!(within(LONGEST_WAIT, || !home.cell_files().is_empty()));
    subject.signal(Signal::INT);
    assert_eq!(events.by_ref().last().unwrap().1["ending"], "been interrupted");
    let status = subject.status_within(LONGEST_WAIT).expect("Ctrl-C ends it");
    assert_eq!(status.code(), Some(130));
}

#[test]
fn a_port_that_is_taken_is_refused_with_what_to_do() {
    let home = Home::new();
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = taken.local_addr().unwrap().port().to_string();
    let output = home.compared(&["--live", "--live-port", &port]);
    let message = &output.stderr;
    assert_eq!(output.code, Some(2), "{message}");
    assert!(message.contains(&format!("127.0.0.1:{port} can't be listened on")), "{message}");
    assert!(message.contains("choose another port with --live-port"), "{message}");
    assert!(!home.out().exists());
}
