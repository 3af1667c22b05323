//! What options do to a server: each value that a model takes serves, and placement and locks do what they say.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use servers::protocol::Wire;
use servers::{Contender, MODELS, ServerMonitor};

use crate::client::Client;
use crate::intervals::{intervals, most_at_once, whole_time};
use crate::running::{RunningServer, wait_until, with_contenders};

/// Values of every option there is; a model need not take all of them.
const VALUES: &[(&str, &[&str])] = &[
    ("abandon", &["off", "30s"]),
    ("accept", &["single", "reuseport"]),
    ("backend-pool", &["off", "1"]),
    ("backlog", &["1", "65535"]),
    ("blocking-threads", &["1", "512"]),
    ("drain", &["off", "30s"]),
    ("frame-deadline", &["off", "30s"]),
    ("idle-timeout", &["off", "30s"]),
    ("max-connections", &["off", "1"]),
    ("max-work", &["off", "30s"]),
    ("mutex", &["tokio", "std", "std-across-await"]),
    ("placement", &["inline", "yielding", "spawn-blocking", "block-in-place", "rayon"]),
    ("read-buffer", &["64", "512", "64KiB"]),
    ("spawn", &["builder", "panicking"]),
    ("stack", &["64KiB", "2MiB"]),
    ("stretch", &["100%", "1000%"]),
    ("unread-timeout", &["off", "30s"]),
    ("workers", &["1", "8"]),
];

#[test]
fn every_value_of_every_option_serves() {
    let mut taken = BTreeSet::new();
    let mut contenders = Vec::new();
    for model in MODELS {
        for option in model.options() {
            let (_, values) = VALUES.iter().find(|(name, _)| *name == option.name).expect("a value to test it with");
            for value in *values {
                let contender = format!("{}:{}={value}", model.name, option.name);
                if Contender::parse(&contender).is_ok() {
                    taken.insert((option.name, *value));
                    contenders.push(contender);
                }
            }
        }
    }
    let all = VALUES.iter().flat_map(|(name, values)| values.iter().map(move |value| (*name, *value)));
    assert_eq!(taken, all.collect(), "no model takes some of these");

    with_contenders(contenders, Wire::JsonLines, |running| {
        let mut client = running.connect();
        assert_eq!(client.work("echo", "hi")["result"], "hi");
        for work in ["spin", "block", "lock", "sleep"] {
            let done = client.work(work, "1ms");
            assert_eq!((done["result"].as_str(), done["sender_timestamp"].as_str()), (Some(""), Some("s")));
        }
        assert_eq!(running.server.counters().requests_served, 5);
    });
}

/// How many of four requests a server works on at the same time.
fn at_once(contender: &str, work: &str, parameter: &str) -> usize {
    let running = RunningServer::start(contender, Wire::JsonLines);
    let intervals = intervals(&running, 4, work, parameter);
    running.stop().unwrap();
    most_at_once(&intervals)
}

#[test]
fn blocking_holds_up_the_others_where_its_placement_lets_it() {
    let expected = [
        ("threaded", 4),
        ("reactor", 1),
        ("async-single", 1),
        ("async-single:placement=yielding", 1),
        ("async-single:placement=spawn-blocking", 4),
        ("async-multi:workers=1", 1),
        ("async-multi:workers=1,placement=spawn-blocking", 4),
        ("async-multi:workers=1,placement=block-in-place", 4),
    ];
    for (contender, expected) in expected {
        assert_eq!(at_once(contender, "block", "300ms"), expected, "{contender}");
    }
}

#[test]
fn computing_lets_others_in_between_where_its_placement_says_so() {
    assert_eq!(at_once("async-single", "spin", "50ms"), 1);
    for placement in ["yielding", "spawn-blocking", "rayon"] {
        let contender = format!("async-single:placement={placement}");
        assert!(at_once(&contender, "spin", "300ms") > 1, "{contender}");
    }
}

#[test]
fn jobs_beyond_the_threads_for_them_wait_for_one() {
    for contender in ["async-single:placement=spawn-blocking,blocking-threads=1", "pool-per-request:workers=1"] {
        let running = RunningServer::start(contender, Wire::JsonLines);
        let took = whole_time(&intervals(&running, 4, "block", "50ms"));
        assert!(took >= Duration::from_millis(4 * 50), "{contender}: one thread has blocked four times in {took:?}");
        running.stop().unwrap();
    }
}

#[test]
fn a_request_that_blocks_in_a_pool_holds_up_no_other_connection() {
    let running = RunningServer::start("pool-per-request:workers=2", Wire::JsonLines);
    let (mut blocking, mut other) = (running.connect(), running.connect());
    blocking.send(&running.request("block", "1s", "1"));
    assert_eq!(other.work("echo", "hi")["result"], "hi");
    let echo_sent_ns = other.work("echo", "hi")["server_sent_ns"].as_u64().unwrap();
    assert!(echo_sent_ns < blocking.reply().unwrap()["WorkDone"]["server_sent_ns"].as_u64().unwrap());
    running.stop().unwrap();
}

/// Two clients that want the lock for a second each, the second one while the first has it.
fn contend(running: &RunningServer) -> [Client; 2] {
    let mut clients = [running.connect(), running.connect()];
    for client in &mut clients {
        client.work("echo", "hi");
    }
    for client in &mut clients {
        client.send(&running.request("lock", "1s", "1"));
    }
    clients
}

#[test]
fn a_lock_that_blocks_held_across_an_await_stops_the_server_for_good() {
    // It cannot be stopped either: what it occupies is given back at the end of the tests.
    let running = RunningServer::start("async-single:mutex=std-across-await", Wire::JsonLines);
    let _clients = contend(&running);
    let mut third = running.connect();
    third.send(&running.request("echo", "hi", "1"));
    let mut monitor = ServerMonitor::new(Arc::clone(&running.server));
    let long = Duration::from_secs(3).as_nanos() as u64;
    let mut seen = monitor.snapshot();
    wait_until("the only worker has stood still for three times as long as the lock is held", || {
        seen = monitor.snapshot();
        seen.runtime.iter().flat_map(|runtime| &runtime.workers).any(|worker| worker.still_ns > long)
    });
    // Both echoes before are done, both locks are under way, and nobody has read the third client's.
    assert_eq!((seen.requests_begun, seen.requests_ended), (4, 2));
}

#[test]
fn other_locks_come_free() {
    with_contenders(
        ["async-single:mutex=tokio", "async-single:mutex=std", "async-multi:mutex=std"],
        Wire::JsonLines,
        |running| {
            for mut client in contend(running) {
                assert_eq!(client.reply().unwrap()["WorkDone"]["result"], "");
            }
        },
    );
}

#[test]
fn a_lock_held_by_who_blocks_holds_up_all_and_one_held_by_who_awaits_does_not() {
    let echo_overtakes = |contender: &str| {
        let running = RunningServer::start(contender, Wire::JsonLines);
        let clients = contend(&running);
        let echo_sent_ns = running.connect().work("echo", "hi")["server_sent_ns"].as_u64().unwrap();
        let locks = clients.map(|mut client| client.reply().unwrap()["WorkDone"]["server_sent_ns"].as_u64().unwrap());
        running.stop().unwrap();
        locks.iter().all(|lock_sent_ns| echo_sent_ns < *lock_sent_ns)
    };
    assert!(echo_overtakes("async-single:mutex=tokio"));
    assert!(!echo_overtakes("async-single:mutex=std"));
}

#[test]
fn calls_over_a_pool_wait_for_a_link_and_say_how_long() {
    for wire in Wire::ALL {
        let models = ["threaded", "async-multi", "pool-per-request", "axum"];
        let pooled = models.map(|model| format!("{model}:backend-pool=1"));
        // This build may leave a model out.
        let built_in = pooled.into_iter().filter(|contender| Contender::parse(contender).is_ok());
        with_contenders(built_in, wire, |running| {
            let mut clients: Vec<_> = (0..3).map(|_| running.connect()).collect();
            clients.iter_mut().for_each(|client| client.send(&running.request("call", "50ms", "1")));
            let replies = clients.iter_mut().map(|client| client.reply().unwrap()["WorkDone"].clone());
            let mut waited_ns: Vec<u64> = replies.map(|done| done["server_waited_ns"].as_u64().unwrap()).collect();
            waited_ns.sort_unstable();
            // The second waits for the first, the third for both; they may have come some time after it.
            assert!(waited_ns[2] >= 30_000_000, "{waited_ns:?}");
            let mut alone = running.connect();
            assert!(alone.work("echo", "hi")["server_waited_ns"].is_null());
        });
    }
}
