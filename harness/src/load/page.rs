//! A page of any HTTP server: `GET` of a path, and whether what comes back is the whole of a reply with a status of 200
//! to 299.
//!
//! Must not know: sockets, time, our own protocol. Beside it: `asked.rs`, the work of our own servers.

use std::net::SocketAddr;

use servers::protocol::http::{Body, Reply, decode_reply};
use servers::protocol::{Persistence, Step};

use super::exchange::Answer;
use crate::plan::PageRequest;

/// The longest reply that is waited for, head and body.
const LONGEST_REPLY_BYTES: usize = 16 * 1024 * 1024;

/// The longest reply in chunks that is remembered whole.
const LONGEST_REMEMBERED_BYTES: usize = 64 * 1024;

/// A page, ready to be asked for.
#[derive(Debug, Clone)]
pub(crate) struct Page {
    request: Vec<u8>,
    last_request: Vec<u8>,
    latest: Known,
}

/// How the latest good reply began, and how many bytes followed. The next one begins alike, but for a date that changes
/// every second, and comparing is far cheaper than parsing.
#[derive(Debug, Clone, Default)]
struct Known {
    front: Vec<u8>,
    rest_bytes: usize,
}

impl Page {
    /// What is asked of whoever is at `target`.
    pub(crate) fn new(request: &PageRequest, target: SocketAddr) -> Page {
        Page {
            request: encoded(request, target, ""),
            last_request: encoded(request, target, "Connection: close\r\n"),
            latest: Known::default(),
        }
    }

    /// The request.
    pub(crate) fn request(&self) -> &[u8] {
        &self.request
    }

    /// The request after which there is no other: the server is to close.
    pub(crate) fn last_request(&self) -> &[u8] {
        &self.last_request
    }

    /// What `bytes`, the front of what the server sent, amount to.
    #[inline]
    pub(crate) fn answer(&mut self, bytes: &[u8]) -> Answer {
        let Known { front, rest_bytes } = &self.latest;
        if !front.is_empty() && bytes.starts_with(front) {
            let consumed = front.len() + rest_bytes;
            return match bytes.len() < consumed {
                true => Answer::Incomplete,
                false => Answer::Right { server_ns: None, consumed, then: Persistence::KeepAlive },
            };
        }
        self.decoded(bytes)
    }

    fn decoded(&mut self, bytes: &[u8]) -> Answer {
        let mut skipped = 0;
        loop {
            let bytes = &bytes[skipped..];
            match decode_reply(bytes, LONGEST_REPLY_BYTES) {
                Step::Incomplete => return Answer::Incomplete,
                // What comes before the reply proper.
                Step::Message { message: Reply { status: 100..=199, .. }, consumed, .. } => skipped += consumed,
                Step::Message { message: reply @ Reply { status: 200..=299, .. }, consumed, then } => {
                    if then == Persistence::KeepAlive {
                        self.remember(&bytes[..consumed], &reply.body);
                    }
                    return Answer::Right { server_ns: None, consumed: skipped + consumed, then };
                }
                Step::Message { consumed, then, .. } => {
                    return Answer::Refused { consumed: skipped + consumed, then };
                }
                Step::Malformed { .. } | Step::Broken { .. } => return Answer::Wrong,
            }
        }
    }

    fn remember(&mut self, reply: &[u8], body: &Body<'_>) {
        let rest_bytes = match body {
            // Not so where it came as a single chunk, which has an end of its own behind it.
            Body::Contiguous(body) if body.as_ptr_range().end == reply.as_ptr_range().end => body.len(),
            _ => 0,
        };
        let front = &reply[..reply.len() - rest_bytes];
        if front.len() <= LONGEST_REMEMBERED_BYTES {
            self.latest.front.clear();
            self.latest.front.extend_from_slice(front);
            self.latest.rest_bytes = rest_bytes;
        }
    }
}

fn encoded(request: &PageRequest, target: SocketAddr, last_header: &str) -> Vec<u8> {
    let PageRequest { method, path, host, headers, body } = request;
    let host = host.clone().unwrap_or_else(|| target.to_string());
    let mut head = format!("{method} {path} HTTP/1.1\r\nHost: {host}\r\n");
    for header in headers {
        head.push_str(header);
        head.push_str("\r\n");
    }
    if let Some(body) = body {
        head.push_str(&format!("Content-Length: {}\r\n", body.len()));
    }
    head.push_str(last_header);
    head.push_str("\r\n");
    [head.as_bytes(), body.as_deref().unwrap_or_default()].concat()
}

#[cfg(test)]
mod tests {
    use super::*;

    const PLAIN: &str = "HTTP/1.1 200 OK\r\nDate: 1\r\nContent-Length: 5\r\n\r\nhello";
    const CHUNKED: &str = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nhel\r\n2\r\nlo\r\n0\r\n\r\n";
    const ONE_CHUNK: &str = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n";

    fn page() -> Page {
        Page::new(&PageRequest::get("/a"), ([127, 0, 0, 1], 80).into())
    }

    fn right(consumed: usize) -> Answer {
        Answer::Right { server_ns: None, consumed, then: Persistence::KeepAlive }
    }

    #[test]
    fn a_request_has_nothing_superfluous() {
        assert_eq!(page().request(), b"GET /a HTTP/1.1\r\nHost: 127.0.0.1:80\r\n\r\n");
        assert_eq!(page().last_request(), b"GET /a HTTP/1.1\r\nHost: 127.0.0.1:80\r\nConnection: close\r\n\r\n");
    }

    #[test]
    fn a_request_says_all_that_was_asked_for() {
        let asked = PageRequest {
            method: "POST".to_owned(),
            host: Some("localhost:8080".to_owned()),
            headers: vec!["Accept: a/b".to_owned()],
            body: Some(b"hi".to_vec()),
            ..PageRequest::get("/a")
        };
        let page = Page::new(&asked, ([127, 0, 0, 1], 80).into());
        let expected = "POST /a HTTP/1.1\r\nHost: localhost:8080\r\nAccept: a/b\r\nContent-Length: 2\r\n\r\nhi";
        assert_eq!(std::str::from_utf8(page.request()), Ok(expected));
    }

    #[test]
    fn a_whole_reply_is_right_the_first_time_and_the_next() {
        for reply in [PLAIN, CHUNKED, ONE_CHUNK, "HTTP/1.1 204 No Content\r\n\r\n"] {
            let mut page = page();
            for _ in 0..3 {
                for end in 0..reply.len() {
                    assert_eq!(page.answer(&reply.as_bytes()[..end]), Answer::Incomplete, "{end} of {reply}");
                }
                assert_eq!(page.answer(reply.as_bytes()), right(reply.len()), "{reply}");
                assert_eq!(page.answer((reply.to_owned() + reply).as_bytes()), right(reply.len()), "{reply}");
            }
        }
    }

    #[test]
    fn another_date_or_length_is_read_anew() {
        let mut page = page();
        assert_eq!(page.answer(PLAIN.as_bytes()), right(PLAIN.len()));
        let other = PLAIN.replace("Date: 1", "Date: 2");
        assert_eq!(page.answer(other.as_bytes()), right(other.len()));
        let longer = "HTTP/1.1 200 OK\r\nDate: 2\r\nContent-Length: 6\r\n\r\nhello!";
        assert_eq!(page.answer(longer.as_bytes()), right(longer.len()));
        let empty = "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n";
        assert_eq!(page.answer(empty.as_bytes()), right(empty.len()));
        assert_eq!(page.answer(empty.as_bytes()), right(empty.len()));
    }

    #[test]
    fn a_reply_that_closes_says_so_each_time() {
        let mut page = page();
        for reply in [
            "HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 0\r\n\r\n",
            "HTTP/1.0 200 OK\r\nContent-Length: 0\r\n\r\n",
        ] {
            let closes = Answer::Right { server_ns: None, consumed: reply.len(), then: Persistence::Close };
            assert_eq!(page.answer(reply.as_bytes()), closes);
            assert_eq!(page.answer(reply.as_bytes()), closes);
        }
    }

    #[test]
    fn other_statuses_are_errors_and_what_is_no_http_is_wrong() {
        for status in ["301 Moved", "404 Not Found", "500 Oh"] {
            let reply = format!("HTTP/1.1 {status}\r\nContent-Length: 2\r\n\r\nno");
            let refused = Answer::Refused { consumed: reply.len(), then: Persistence::KeepAlive };
            assert_eq!(page().answer(reply.as_bytes()), refused);
        }
        for nonsense in ["{\"Error\":{}}\n", "HTTP/1.1 200 OK\r\n\r\n", "SSH-2.0-OpenSSH\r\n", "HTTP/2 200\r\n\r\n"] {
            assert_eq!(page().answer(nonsense.as_bytes()), Answer::Wrong, "{nonsense:?}");
        }
    }

    #[test]
    fn what_comes_before_the_reply_is_passed_over() {
        let both = format!("HTTP/1.1 103 Early Hints\r\n\r\n{PLAIN}");
        assert_eq!(page().answer(both.as_bytes()), right(both.len()));
        assert_eq!(page().answer(&both.as_bytes()[..both.len() - 1]), Answer::Incomplete);
    }
}
