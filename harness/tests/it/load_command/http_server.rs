//! A tiny HTTP server that misbehaves as told: the path says how.

use std::io::{BufRead, BufReader, Write};
use std::net::{SocketAddr, TcpStream};
use std::sync::atomic::{AtomicUsize, Ordering};

use crate::common::listen;

/// Requests on one connection before `/close` and `/vanish` close it.
pub(crate) const KEPT_FOR: usize = 5;

const PLAIN: &str = "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello";

/// What becomes of the connection after a reply.
#[derive(PartialEq)]
enum Then {
    Stays,
    Closes,
}

/// Listens until the test ends.
pub(crate) fn start() -> SocketAddr {
    let count = AtomicUsize::new(0);
    listen(move |stream| answer_all(stream, &count))
}

fn answer_all(mut stream: TcpStream, count: &AtomicUsize) {
    let address = stream.local_addr().unwrap();
    let mut reader = BufReader::new(stream.try_clone().unwrap());
    for nth in 1.. {
        let Some(request) = request(&mut reader) else { return };
        let path = request.split(' ').nth(1).unwrap();
        let plainest = format!("GET {path} HTTP/1.1\r\nHost: {address}\r\n\r\n");
        let asks_to_close = request == plainest.replace("\r\n\r\n", "\r\nConnection: close\r\n\r\n");
        assert!(asks_to_close || request == plainest, "{request:?}");
        let overall = count.fetch_add(1, Ordering::Relaxed) + 1;
        let (reply, then) = if asks_to_close { closing() } else { reply(path, nth, overall) };
        if stream.write_all(reply.as_bytes()).is_err() || then == Then::Closes {
            return;
        }
    }
}

/// The head of the next request, with the empty line that ends it.
pub(crate) fn request(reader: &mut impl BufRead) -> Option<String> {
    let mut request = String::new();
    while !request.ends_with("\r\n\r\n") {
        if reader.read_line(&mut request).ok()? == 0 {
            return None;
        }
    }
    Some(request)
}

fn closing() -> (String, Then) {
    (PLAIN.replace("\r\n\r\n", "\r\nConnection: close\r\n\r\n"), Then::Closes)
}

/// The reply to the `nth` request of a connection, the `overall`-th of the server.
fn reply(path: &str, nth: usize, overall: usize) -> (String, Then) {
    let stays = |reply: &str| (reply.to_owned(), Then::Stays);
    match path {
        "/plain" => stays(PLAIN),
        "/chunked" => stays("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nhel\r\n2\r\nlo\r\n0\r\n\r\n"),
        "/close" if nth.is_multiple_of(KEPT_FOR) => closing(),
        "/vanish" if nth.is_multiple_of(KEPT_FOR) => (PLAIN.to_owned(), Then::Closes),
        "/close" | "/vanish" => stays(PLAIN),
        "/old" => ("HTTP/1.0 200 OK\r\nContent-Length: 0\r\n\r\n".to_owned(), Then::Closes),
        "/sometimes" if overall.is_multiple_of(10) => stays("HTTP/1.1 500 Oh\r\nContent-Length: 0\r\n\r\n"),
        "/sometimes" => stays(PLAIN),
        "/missing" => stays("HTTP/1.1 404 Not Found\r\nContent-Length: 2\r\n\r\nno"),
        "/elsewhere" => stays("HTTP/1.1 302 Found\r\nLocation: /plain\r\nContent-Length: 0\r\n\r\n"),
        "/garbage" => stays("\u{1}\u{2}what?\r\n\r\n"),
        "/endless" => stays("HTTP/1.1 200 OK\r\n\r\nno length"),
        "/silence" => stays(""),
        unknown => panic!("{unknown}"),
    }
}
