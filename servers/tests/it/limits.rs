//! Limits on what clients may do to a server: be idle, be slow, be deaf, be many, ask for much.

use std::sync::Arc;
use std::time::{Duration, Instant};

use servers::ServerMonitor;
use servers::protocol::Wire;

use crate::client::Client;
use crate::running::{DEADLINE, RunningServer, wait_until, with_every_model_of_our_loop, with_every_model_that_takes};

/// The pause between two bytes of a client that trickles. A request takes some eighty of them.
const PAUSE: Duration = Duration::from_millis(25);

/// A limit that none of these clients exceeds by chance between two bytes, and all do who mean to.
const LIMIT: Duration = Duration::from_secs(1);

#[test]
fn an_idle_connection_is_closed_and_an_active_one_is_not() {
    with_every_model_that_takes("idle-timeout=1s", |running| {
        let mut client = running.connect();
        // Twice as long as the limit.
        for _ in 0..40 {
            assert_eq!(client.work("sleep", "50ms")["result"], "");
        }
        // The time that the server takes is not the client's.
        client.work("sleep", "1200ms");
        assert_eq!(running.server.counters().idle_timeouts, 0);

        assert!(client.error().contains("nothing came"));
        client.assert_closed();
        let counters = running.server.counters();
        assert_eq!((counters.idle_timeouts, counters.frame_deadlines, counters.requests_refused), (1, 0, 0));
    });
}

#[test]
fn a_client_that_sends_nothing_at_all_is_idle() {
    with_every_model_that_takes("idle-timeout=50ms", |running| {
        let mut client = running.connect();
        assert!(client.error().contains("nothing came"));
        client.assert_closed();
    });
}

/// Sends a request byte by byte, until it is whole or the server says something before that.
fn trickle(running: &RunningServer, client: &mut Client) {
    for byte in running.request("echo", "slowly", "1") {
        client.send(&[byte]);
        if client.hears_within(PAUSE) {
            return;
        }
    }
}

#[test]
fn who_trickles_defeats_an_idle_timeout() {
    with_every_model_that_takes("idle-timeout=1s", |running| {
        let mut client = running.connect();
        let begin = Instant::now();
        trickle(running, &mut client);
        assert!(begin.elapsed() > LIMIT, "this client was not slow enough to show anything");
        assert_eq!(client.reply().unwrap()["WorkDone"]["result"], "slowly");
    });
}

#[test]
fn who_trickles_does_not_defeat_a_frame_deadline() {
    for options in ["frame-deadline=1s", "frame-deadline=1s,idle-timeout=10s"] {
        with_every_model_that_takes(options, |running| {
            let mut client = running.connect();
            client.work("echo", "before");
            trickle(running, &mut client);
            assert!(client.error().contains("not whole in time"));
            client.assert_closed();
            let counters = running.server.counters();
            assert_eq!((counters.frame_deadlines, counters.idle_timeouts, counters.requests_served), (1, 0, 1));
        });
    }
}

#[test]
fn who_still_sends_when_its_time_is_over_is_told_so_and_not_reset() {
    for options in ["frame-deadline=1s", "idle-timeout=1s"] {
        with_every_model_that_takes(options, |running| {
            let mut client = running.connect();
            let request = running.request("echo", "too late", "1");
            let (begin, end) = request.split_at(request.len() / 2);
            client.send(begin);
            assert!(client.hears_within(DEADLINE));
            // The server has given up. A closed socket would answer the first of these bytes with a reset.
            end.iter().for_each(|byte| client.send(&[*byte]));
            assert!(!client.error().is_empty());
            client.assert_closed();
        });
    }
}

#[test]
fn a_request_has_its_whole_deadline_though_it_waited_for_another() {
    with_every_model_that_takes("frame-deadline=1s", |running| {
        let mut client = running.connect();
        let second = running.request("echo", "2", "2");
        let (begin, end) = second.split_at(second.len() / 2);
        client.send(&[&running.request("sleep", "1200ms", "1"), begin].concat());
        assert_eq!(client.reply().unwrap()["WorkDone"]["sender_timestamp"], "1");
        client.send(end);
        assert_eq!(client.reply().unwrap()["WorkDone"]["sender_timestamp"], "2");
    });
}

#[test]
fn a_broken_frame_cannot_be_held_longer_than_an_idle_connection() {
    with_every_model_that_takes("idle-timeout=200ms", |running| {
        let mut client = running.connect();
        client.send(&vec![b'x'; 2 * servers::protocol::MAX_REQUEST_BYTES]);
        assert!(client.error().contains("at most 65536 bytes"));
        client.assert_closed();
        // Ended on this side only, the connection would still be there, and a sequential server busy with it.
        assert_eq!(running.connect().work("echo", "after")["result"], "after");
    });
}

#[test]
fn who_is_beyond_the_limit_waits_outside_and_is_served_when_another_leaves() {
    with_every_model_that_takes("max-connections=2", |running| {
        let mut inside: Vec<_> = (0..2).map(|_| running.connect()).collect();
        inside.iter_mut().for_each(|client| drop(client.work("echo", "inside")));
        let mut outside = running.connect();
        outside.send(&running.request("echo", "at last", "1"));
        wait_until("the server waits at its limit", || running.server.counters().limit_waits == 1);
        inside.iter_mut().for_each(|client| drop(client.work("echo", "still inside")));
        assert_eq!(running.server.counters().accepted, 2);

        inside.pop();
        assert_eq!(outside.reply().unwrap()["WorkDone"]["result"], "at last");
        assert_eq!(running.server.counters().accepted, 3);
    });
}

#[test]
fn a_server_at_its_limit_can_be_stopped() {
    for contender in ["threaded:max-connections=1", "async-single:max-connections=1"] {
        let running = RunningServer::start(contender, Wire::JsonLines);
        let mut inside = running.connect();
        inside.work("echo", "inside");
        wait_until("the server waits at its limit", || running.server.counters().limit_waits == 1);
        running.stop().unwrap();
    }
}

#[test]
fn who_does_not_read_loses_the_connection() {
    with_every_model_that_takes("unread-timeout=300ms", |running| {
        let mut deaf = running.connect();
        // More than the buffers of both ends hold.
        deaf.send(&running.request("reply", "65536", "1").repeat(1_000));
        let mut monitor = ServerMonitor::new(Arc::clone(&running.server));
        wait_until("its replies are on their way", || running.server.counters().requests_served > 0);
        wait_until("the kernel has given up", || monitor.snapshot().open_connections == 0);
        let served = running.server.counters().requests_served;
        assert!(served < 1_000, "all of it found room, and nothing was unread");
        assert_eq!(running.connect().work("echo", "after")["result"], "after");
    });
}

#[test]
fn who_reads_late_but_in_time_gets_everything() {
    with_every_model_that_takes("unread-timeout=20s", |running| {
        let mut client = running.connect();
        client.send(&running.request("reply", "65536", "1").repeat(200));
        for _ in 0..200 {
            assert!(client.reply().unwrap()["WorkDone"]["result"].as_str().unwrap().len() == 65_536);
        }
    });
}

#[test]
fn a_connection_has_so_much_work_and_no_more() {
    with_every_model_that_takes("max-work=100ms", |running| {
        let mut client = running.connect();
        // What takes no time is no work.
        for _ in 0..10 {
            client.work("echo", "hi");
        }
        for work in ["sleep", "block", "spin", "call"] {
            client.work(work, "25ms");
        }
        client.send(&running.request("lock", "1ms", "1"));
        assert!(client.error().contains("0.1s of work in all"));
        client.assert_closed();
        assert_eq!(running.server.counters().requests_refused, 1);
        assert_eq!(running.connect().work("lock", "1ms")["result"], "", "another connection has its own");
    });
}

#[test]
fn the_work_of_a_client_that_is_gone_is_given_up() {
    with_every_model_that_takes("abandon=200ms", |running| {
        let mut monitor = ServerMonitor::new(Arc::clone(&running.server));
        for work in ["sleep", "lock", "call"] {
            let mut leaves = running.connect();
            leaves.send(&running.request(work, "60s", "1"));
            wait_until("its work has begun", || {
                let now = monitor.snapshot();
                now.open_connections == 1 && now.waiting_connections == 0
            });
            drop(leaves);
            wait_until("its connection has ended with its work", || monitor.snapshot().open_connections == 0);
        }
        assert_eq!(running.connect().work("lock", "1ms")["result"], "", "the lock was given back");
    });
}

#[test]
fn who_has_said_all_and_waits_for_the_reply_gets_it_in_its_time() {
    with_every_model_that_takes("abandon=20s", |running| {
        let mut client = running.connect();
        client.send(&running.request("sleep", "50ms", "1"));
        client.end_sending();
        assert_eq!(client.reply().unwrap()["WorkDone"]["result"], "");
    });
}

#[test]
fn without_any_limit_a_client_that_is_gone_has_the_request_in_hand_done_and_not_all_of_its_others() {
    with_every_model_of_our_loop(|running| {
        let mut leaves = running.connect();
        leaves.send(&running.request("sleep", "20ms", "1").repeat(100));
        drop(leaves);
        let mut monitor = ServerMonitor::new(Arc::clone(&running.server));
        wait_until("it was accepted", || running.server.counters().accepted > 0);
        wait_until("its connection has ended", || monitor.snapshot().open_connections == 0);
        assert!(running.server.counters().requests_served < 100);
    });
}
