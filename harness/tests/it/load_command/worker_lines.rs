//! `harness worker`, spoken to line by line.

use std::io::{BufRead, BufReader, Write};
use std::process::{ChildStdin, ChildStdout, Stdio};

use serde_json::{Value, json};
use servers::protocol::Wire;

use crate::common::home::harness;
use crate::common::own_server::serve;
use crate::common::started::Killed;
use crate::common::{LONGEST_WAIT, is_alive, nobody, within};

struct Worker {
    child: Killed,
    stdin: Option<ChildStdin>,
    said: BufReader<ChildStdout>,
}

impl Worker {
    fn start() -> Worker {
        let child = harness(&["worker"]).stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
        let mut child = Killed(child);
        let (stdin, said) = (child.0.stdin.take(), BufReader::new(child.0.stdout.take().unwrap()));
        let mut worker = Worker { child, stdin, said };
        assert_eq!(worker.hear()["hello"]["protocol"], 2);
        worker
    }

    fn say(&mut self, message: &Value) {
        writeln!(self.stdin.as_mut().unwrap(), "{message}").unwrap();
    }

    fn hear(&mut self) -> Value {
        let mut line = String::new();
        self.said.read_line(&mut line).unwrap();
        serde_json::from_str(&line).unwrap_or_else(|error| panic!("{error}: {line:?}"))
    }

    /// What it says next but how its load goes.
    fn hear_more(&mut self) -> Value {
        loop {
            let message = self.hear();
            if message.get("signs").is_none() {
                return message;
            }
        }
    }

    fn assert_ends(mut self) {
        let pid = self.child.0.id();
        assert!(within(LONGEST_WAIT, || !is_alive(pid)), "it goes on");
        assert_eq!(self.child.0.wait().unwrap().code(), Some(0));
    }
}

fn hello(protocol: u32) -> Value {
    json!({"hello": {"protocol": protocol, "version": "9.9.9", "host": "a", "clock_ns": 0, "cpus": 1}})
}

/// Half of 200 requests in a second, and a minute for the answers.
fn plan(target: &str) -> Value {
    json!({"plan": {
        "target": target, "allow_remote": false, "part": {"index": 0, "of": 2}, "threads": 1, "pacing": "sleeping",
        "requests": null, "by_second": false,
        "load": {"arrivals": "constant", "shape": {"connections": {"connections": 2}}, "offered_load_rps": null,
                 "work": "echo hi", "seed": 1, "warm_up_ns": 0, "window_ns": 1_000_000_000, "timeout_ns": 60_000_000_000_u64},
        "rate_bits": 200_f64.to_bits(),
        "work": {"asked": {"wire": "json", "request_message": "echo", "parameter": "hi"}},
    }})
}

#[test]
fn a_worker_sends_its_part_and_says_all_of_it() {
    let server = serve("async-single", Wire::JsonLines);
    let mut worker = Worker::start();
    worker.say(&hello(2));
    worker.say(&plan(&server.address.to_string()));
    assert_eq!(worker.hear(), "ready");
    worker.say(&json!({"ping": {"number": 7}}));
    let pong = worker.hear();
    assert_eq!(pong["pong"]["number"], 7);
    let start_ns = pong["pong"]["clock_ns"].as_i64().unwrap() + 50_000_000;
    worker.say(&json!({"go": {"start_ns": start_ns}}));
    let result = &worker.hear_more()["result"];
    let ledger = &result["traffic"]["ledger"];
    assert_eq!((ledger["scheduled"].as_u64(), ledger["ok"].as_u64()), (Some(100), Some(100)), "{ledger}");
    assert!(result["began_ns"].as_i64().unwrap() >= start_ns);
    assert!(result["traffic"]["response_time"]["v2_deflate_base64"].as_str().unwrap().len() > 20);
    assert_eq!(result["interval_times"].as_array().unwrap().len(), 20);
    worker.say(&json!("bye"));
    assert_eq!(worker.hear(), "bye");
    worker.assert_ends();
}

#[test]
fn a_worker_ends_with_its_stdin_even_in_the_middle_of_a_load() {
    let mut idle = Worker::start();
    drop(idle.stdin.take());
    idle.assert_ends();
    // Whoever is asked never answers, so that the load would last for a minute.
    let silent = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let mut busy = Worker::start();
    busy.say(&hello(2));
    busy.say(&plan(&silent.local_addr().unwrap().to_string()));
    assert_eq!(busy.hear(), "ready");
    busy.say(&json!({"ping": {"number": 1}}));
    let now_ns = busy.hear()["pong"]["clock_ns"].clone();
    busy.say(&json!({"go": {"start_ns": now_ns}}));
    assert!(busy.hear()["signs"].is_object());
    drop(busy.stdin.take());
    busy.assert_ends();
}

#[test]
fn what_a_worker_cannot_do_it_says_in_words() {
    let mut worker = Worker::start();
    let refusals = [
        (hello(1), "put the same build on both machines"),
        (plan("192.0.2.1:80"), "--allow-remote"),
        (json!({"plan": {"target": "127.0.0.1:80"}}), "is not a message"),
        (json!("good morning"), "is not a message"),
    ];
    for (message, words) in refusals {
        worker.say(&message);
        let said = worker.hear();
        assert!(said["error"]["reason"].as_str().unwrap().contains(words), "{message}: {said}");
    }
    worker.say(&plan(&nobody().to_string()));
    assert_eq!(worker.hear()["error"]["is_the_servers"], true);
    worker.say(&json!("bye"));
    assert_eq!(worker.hear(), "bye");
    worker.assert_ends();
}

#[test]
fn a_line_without_an_end_is_not_kept() {
    let mut worker = Worker::start();
    let mut stdin = worker.stdin.take().unwrap();
    // More than the first line may have; it may be gone before all of it is written.
    let _ = stdin.write_all(&[b'x'; 128 * 1024]);
    let said = worker.hear();
    assert!(said["error"]["reason"].as_str().unwrap().contains("longer than any message"), "{said}");
    worker.assert_ends();
}
