//! What HTTP has and JSON lines have not, over real sockets: connections that a request or its faults end. A model
//! on threads and one on tasks stand for the twins.

use servers::protocol::Wire;

use crate::running::RunningServer;

fn with_both_twins(test: fn(&RunningServer)) {
    for contender in ["threaded", "async-multi"] {
        let running = RunningServer::start(contender, Wire::Http);
        test(&running);
        running.stop().unwrap();
    }
}

#[test]
fn a_client_that_wants_the_connection_closed_gets_it_closed() {
    with_both_twins(|running| {
        let closing: [&[u8]; 5] = [
            b"GET /echo/hi HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n",
            b"GET /echo/hi HTTP/1.0\r\n\r\n",
            b"GET /dance/hi HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n",
            b"GET / HTTP/1.0\r\n\r\n",
            b"HEAD / HTTP/1.0\r\n\r\n",
        ];
        for request in closing {
            let mut client = running.connect();
            client.send(request);
            let mut head = Vec::new();
            while let Some(line) = client.line().filter(|line| !line.is_empty()) {
                head.push(line);
            }
            assert!(head.contains(&"Connection: close".to_owned()), "{head:?}");
            // The body, if there is one, ends with the connection.
            while client.line().is_some() {}
        }
    });
}

#[test]
fn what_cannot_be_framed_is_refused_and_ends_the_connection() {
    with_both_twins(|running| {
        let broken: [&[u8]; 4] = [
            b"POST /echo HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nhi\r\n0\r\n\r\n",
            b"POST /echo HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nhi",
            b"PUT /echo HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\n\r\nhi",
            b"{\"RequestWork\":{}}\n",
        ];
        for request in broken {
            let mut client = running.connect();
            client.send(&running.request("echo", "before", "1"));
            client.send(request);
            client.send(&running.request("echo", "smuggled", "2"));
            assert_eq!(client.reply().unwrap()["WorkDone"]["result"], "before");
            assert!(client.reply().unwrap()["Error"]["reason"].is_string());
            client.assert_closed();
        }
        assert_eq!(running.server.counters().requests_served, 4);
    });
}

#[test]
fn who_is_too_slow_is_told_so_by_status() {
    for contender in ["threaded:idle-timeout=200ms", "async-multi:frame-deadline=200ms"] {
        let running = RunningServer::start(contender, Wire::Http);
        let mut client = running.connect();
        client.send(b"POST /echo HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\n\r\nh");
        assert_eq!(client.line().unwrap(), "HTTP/1.1 408 Request Timeout");
        while client.line().is_some() {}
        running.stop().unwrap();
    }
}
