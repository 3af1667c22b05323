//! What every model must do alike: the same bytes in, the same bytes out. Each test runs against the whole table.

use std::io::ErrorKind;
use std::time::Duration;

use servers::monotonic_ns;
use servers::protocol::{MAX_REQUEST_BYTES, MAX_RESULT_BYTES, Wire};

use crate::client::{Client, close};
use crate::intervals::{intervals, most_at_once, whole_time};
use crate::running::{RunningServer, wait_until, with_every_model, with_every_model_of_our_loop};

#[test]
fn work_is_done() {
    with_every_model(|running| {
        let mut client = running.connect();
        assert_eq!(client.work("echo", "\"höher\"\n")["result"], "\"höher\"\n");
        assert_eq!(client.work("spin", "1ms")["result"], "");
        assert_eq!(client.work("reply", "3")["result"], "xxx");
        assert_eq!(client.work("reply", &MAX_RESULT_BYTES.to_string())["result"].as_str().unwrap().len(), 1_048_576);
        for waiting in ["call", "sleep", "block", "lock"] {
            let done = client.work(waiting, "20ms");
            let waited_ns = done["server_sent_ns"].as_u64().unwrap() - done["server_received_ns"].as_u64().unwrap();
            assert!(waited_ns >= 20_000_000, "{waiting} took {waited_ns} ns");
        }
        assert_eq!(running.server.counters().requests_served, 8);
    });
}

#[test]
fn pipelined_requests_are_answered_in_order() {
    with_every_model(|running| {
        let mut client = running.connect();
        let works = ["echo", "sleep", "call"].iter().cycle().take(60);
        let bytes: Vec<u8> =
            works.enumerate().flat_map(|(i, work)| running.request(work, "1ms", &i.to_string())).collect();
        client.send(&bytes);
        for i in 0..60 {
            assert_eq!(client.reply().unwrap()["WorkDone"]["sender_timestamp"], i.to_string());
        }
    });
}

#[test]
fn bytes_may_come_one_at_a_time() {
    with_every_model(|running| {
        let mut client = running.connect();
        for byte in running.request("echo", "slowly", "1") {
            client.send(&[byte]);
        }
        assert_eq!(client.reply().unwrap()["WorkDone"]["result"], "slowly");
    });
}

#[test]
fn a_request_may_be_as_long_as_the_limit() {
    with_every_model(|running| {
        let mut client = running.connect();
        let text = "x".repeat(MAX_REQUEST_BYTES - running.request("echo", "", "s").len());
        assert_eq!(client.work("echo", &text)["result"], text);
    });
}

#[test]
fn a_line_beyond_the_limit_is_refused_and_ends_the_connection() {
    with_every_model_of_our_loop(|running| {
        let mut client = running.connect();
        client.send(&running.request("echo", "before", "1"));
        // Twice the limit: the server must refuse it before it has read it all, and the refusal must arrive.
        client.send(&vec![b'x'; 2 * MAX_REQUEST_BYTES]);
        assert_eq!(client.reply().unwrap()["WorkDone"]["result"], "before");
        let reason = client.reply().unwrap()["Error"]["reason"].as_str().unwrap().to_owned();
        assert!(reason.contains("at most 65536 bytes"), "{reason}");
        client.assert_closed();
        // The server is still taking in what a client may send that has not read the refusal yet.
        for _ in 0..50 {
            client.send(&[b'x'; 1024]);
        }
        drop(client);
        assert_eq!(running.connect().work("echo", "after")["result"], "after");
    });
}

#[test]
fn a_client_that_never_stops_sending_is_cut_off() {
    with_every_model_of_our_loop(|running| {
        let mut client = running.connect();
        let mebibyte = vec![b'x'; 1024 * 1024];
        let refused =
            (0..64).find_map(|_| client.try_send(&mebibyte).err()).expect("not all of 64 MiB in one line is taken");
        assert_ne!(refused.kind(), ErrorKind::WouldBlock, "it is neither taken nor refused");
    });
}

#[test]
fn bad_requests_are_refused_and_the_connection_lives_on() {
    with_every_model_of_our_loop(|running| {
        let mut client = running.connect();
        let bad = bad_requests(running);
        let expected = bad.len() as u64;
        for request in bad {
            client.send(&request);
            assert!(client.reply().unwrap()["Error"]["reason"].is_string());
            assert_eq!(client.work("echo", "still here")["result"], "still here");
        }
        assert_eq!(running.server.counters().requests_refused, expected);
    });
}

/// Requests that end where they should and make no sense.
fn bad_requests(running: &RunningServer) -> Vec<Vec<u8>> {
    let of_the_wire: &[&[u8]] = match running.wire {
        Wire::JsonLines => &[b"GET / HTTP/1.1\r\n", b"{\"RequestWork\":{}}\n", b"\xff\xfe\n", b"\n"],
        Wire::Http => &[
            b"GET / HTTP/1.1\r\nHost: x\r\n\r\n",
            b"GET /echo/%zz HTTP/1.1\r\nHost: x\r\n\r\n",
            b"GET /echo/no-host HTTP/1.1\r\n\r\n",
            b"POST /echo HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\n\r\n\xff",
            b"HEAD /echo/hi HTTP/1.1\r\nHost: x\r\n\r\n",
            b"DELETE /echo/hi HTTP/1.1\r\nHost: x\r\n\r\n",
        ],
    };
    let of_any = [running.request("dance", "", "1"), running.request("sleep", "61s", "1")];
    of_the_wire.iter().map(|bytes| bytes.to_vec()).chain(of_any).collect()
}

#[test]
fn closing_is_answered_and_the_server_closes() {
    with_every_model_of_our_loop(|running| {
        let mut client = running.connect();
        client.work("echo", "1");
        client.work("echo", "2");
        client.send(&close(running.wire, "from", "to"));
        let expected = serde_json::json!({"ConnectionClosed": {
            "initial_timestamp": "from", "final_timestamp": "to", "requests_served": 2,
        }});
        assert_eq!(client.reply().unwrap(), expected);
        client.assert_closed();
    });
}

#[test]
fn the_last_reply_reaches_a_client_that_has_sent_more() {
    with_every_model_of_our_loop(|running| {
        let mut client = running.connect();
        let more = running.request("echo", "never looked at", "1").repeat(300);
        client.send(&[close(running.wire, "from", "to"), more].concat());
        assert_eq!(client.reply().unwrap()["ConnectionClosed"]["requests_served"], 0);
        client.end_sending();
        client.assert_closed();
    });
}

#[test]
fn requests_before_a_half_close_are_answered() {
    with_every_model(|running| {
        let mut client = running.connect();
        let whole = [("sleep", "20ms", "1"), ("call", "20ms", "2"), ("echo", "hi", "3")];
        let mut bytes = whole.map(|(work, parameter, sent)| running.request(work, parameter, sent)).concat();
        bytes.extend_from_slice(&running.request("echo", "half", "4")[..20]);
        client.send(&bytes);
        client.end_sending();
        for (.., sent) in whole {
            assert_eq!(client.reply().unwrap()["WorkDone"]["sender_timestamp"], sent);
        }
        client.assert_closed();
    });
}

#[test]
fn a_reset_ends_one_connection_only() {
    with_every_model(|running| {
        for _ in 0..20 {
            let mut client = running.connect();
            client.send(&running.request("echo", "half", "1")[..20]);
            client.reset();
            let mut client = running.connect();
            client.send(&[running.request("sleep", "5ms", "1"), running.request("reply", "500000", "2")].concat());
            client.reset();
            let mut client = running.connect();
            client.send(&running.request("call", "5ms", "1"));
            client.reset();
        }
        assert_eq!(running.connect().work("echo", "after")["result"], "after");
    });
}

#[test]
fn two_hundred_connections_at_once() {
    with_every_model(|running| {
        let mut clients: Vec<_> = (0..running.holds(200)).map(|_| running.connect()).collect();
        for round in ["1", "2"] {
            for client in &mut clients {
                assert_eq!(client.work("echo", round)["result"], round);
            }
        }
        let expected = clients.len() as u64;
        assert_eq!(running.server.counters().accepted, expected);
        assert_eq!(running.server.counters().requests_served, 2 * expected);
    });
}

#[test]
fn who_waits_is_served_when_another_leaves() {
    with_every_model(|running| {
        let mut held: Vec<_> = (0..running.holds(20)).map(|_| running.connect()).collect();
        held.iter_mut().for_each(|client| drop(client.work("echo", "held")));
        let mut waiting = running.connect();
        waiting.send(&running.request("echo", "at last", "1"));
        held.pop();
        assert_eq!(waiting.reply().unwrap()["WorkDone"]["result"], "at last");
    });
}

#[test]
fn sleeps_overlap_where_the_model_can() {
    with_every_model(|running| {
        let intervals = intervals(running, 4, "sleep", "500ms");
        assert_eq!(most_at_once(&intervals), running.holds(4));
    });
}

#[test]
fn calls_overlap_where_the_model_can() {
    with_every_model(|running| {
        let intervals = intervals(running, 4, "call", "500ms");
        assert_eq!(most_at_once(&intervals), running.holds(4));
    });
}

#[test]
fn the_lock_is_held_by_one_at_a_time() {
    with_every_model(|running| {
        let took = whole_time(&intervals(running, 4, "lock", "30ms"));
        assert!(took >= Duration::from_millis(4 * 30), "four locks of 30 ms in {took:?}");
    });
}

#[test]
fn timestamps_nest() {
    with_every_model(|running| {
        let mut client = running.connect();
        for _ in 0..50 {
            let sent_ns = monotonic_ns();
            let done = client.work("echo", "");
            let received_ns = monotonic_ns();
            let server_received_ns = done["server_received_ns"].as_u64().unwrap();
            let server_sent_ns = done["server_sent_ns"].as_u64().unwrap();
            let nested = [sent_ns, server_received_ns, server_sent_ns, received_ns];
            assert!(nested.is_sorted(), "{nested:?}");
        }
    });
}

#[test]
fn stopping_ends_the_accept_loop_and_refuses_clients() {
    for model in servers::MODELS {
        let wire = if model.is_http_only { Wire::Http } else { Wire::JsonLines };
        let running = RunningServer::start(model.name, wire);
        let address = running.address;
        Client::connect(address, wire).work("echo", "before");
        running.stop().unwrap();
        wait_until("connecting fails", || std::net::TcpStream::connect(address).is_err());
    }
}

#[test]
fn a_server_stopped_before_it_runs_does_not_run() {
    for model in servers::MODELS {
        RunningServer::start_stopped(model.name).stop().unwrap();
    }
}
