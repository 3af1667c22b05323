//! A page of any HTTP server: one request, and whether what comes back is the whole of a reply with a status of 200 to
//! 299. Of a body nothing is looked at but its end.
//!
//! Must not know: sockets, time, our own protocol. Beside it: `asked.rs`, the work of our own servers.

use std::net::SocketAddr;

use reports::record::MalformedReason;
use servers::protocol::Persistence;
use servers::protocol::http::{ReplyFault, ReplyStep, WholeReply};

use super::heard::{Heard, Hearing, Meaning};
use crate::load::PageRequest;

/// The longest front of a reply that is remembered.
const LONGEST_REMEMBERED_BYTES: usize = 64 * 1024;

/// A page, ready to be asked for.
#[derive(Debug, Clone)]
pub(crate) struct PageExchange {
    request: Vec<u8>,
    last_request: Vec<u8>,
    latest: LatestReply,
}

/// How the latest good reply began, and how many bytes followed. The next one begins alike, but for a date that changes
/// every second, and comparing is far cheaper than parsing.
#[derive(Debug, Clone, Default)]
struct LatestReply {
    front: Vec<u8>,
    rest_bytes: u64,
    status: u16,
}

impl PageExchange {
    /// What is asked of whoever is at `target`.
    pub(crate) fn new(request: &PageRequest, target: SocketAddr) -> PageExchange {
        PageExchange {
            request: encoded(request, target, ""),
            last_request: encoded(request, target, "Connection: close\r\n"),
            latest: LatestReply::default(),
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

    /// What `bytes` amount to, behind what was heard before.
    #[inline]
    pub(crate) fn hear(&mut self, hearing: &mut Hearing, bytes: &[u8]) -> Heard {
        let LatestReply { front, rest_bytes, status } = &self.latest;
        if hearing.is_fresh() && !front.is_empty() && bytes.starts_with(front) {
            let reply_bytes = front.len() as u64 + rest_bytes;
            if bytes.len() as u64 >= reply_bytes {
                let meaning = Meaning::Right { server_ns: None, then: Persistence::KeepAlive };
                return Heard { reply_bytes, status: *status, ..Heard::new(meaning, reply_bytes as usize) };
            }
            hearing.reader.begin_body(*status, front.len(), *rest_bytes);
            let (taken, _) = hearing.reader.read(&mut hearing.kept, &bytes[front.len()..]);
            return Heard::new(Meaning::Incomplete, front.len() + taken);
        }
        self.read(hearing, bytes)
    }

    /// What the orderly end of the connection makes of what was heard.
    pub(crate) fn end(hearing: &Hearing) -> Heard {
        match hearing.reader.end() {
            ReplyStep::Whole(whole) => said(0, &whole),
            _ => cut_short(),
        }
    }

    #[inline(never)]
    fn read(&mut self, hearing: &mut Hearing, bytes: &[u8]) -> Heard {
        let was_fresh = hearing.is_fresh();
        let (consumed, step) = hearing.reader.read(&mut hearing.kept, bytes);
        match step {
            ReplyStep::Incomplete => Heard::new(Meaning::Incomplete, consumed),
            ReplyStep::Whole(whole) => {
                let heard = said(consumed, &whole);
                let is_kept = matches!(heard.meaning, Meaning::Right { then: Persistence::KeepAlive, .. });
                if was_fresh && is_kept && consumed as u64 == whole.bytes {
                    self.remember(&bytes[..consumed], &whole);
                }
                heard
            }
            ReplyStep::Broken(fault) => Heard::new(Meaning::Wrong(reason(fault)), consumed),
        }
    }

    fn remember(&mut self, reply: &[u8], whole: &WholeReply) {
        let front = &reply[..whole.front_bytes as usize];
        if front.len() <= LONGEST_REMEMBERED_BYTES {
            self.latest.front.clear();
            self.latest.front.extend_from_slice(front);
            self.latest.rest_bytes = (reply.len() - front.len()) as u64;
            self.latest.status = whole.status;
        }
    }
}

fn said(consumed: usize, whole: &WholeReply) -> Heard {
    let meaning = match whole.status {
        200..=299 => Meaning::Right { server_ns: None, then: whole.then },
        _ => Meaning::Refused { then: whole.then },
    };
    Heard { reply_bytes: whole.bytes, status: whole.status, ..Heard::new(meaning, consumed) }
}

/// A reply that the end of its connection cut off.
pub(crate) fn cut_short() -> Heard {
    Heard::new(Meaning::Wrong(MalformedReason::CutShort), 0)
}

fn reason(fault: ReplyFault) -> MalformedReason {
    match fault {
        ReplyFault::Head => MalformedReason::NotTheProtocol,
        ReplyFault::HeadTooLong => MalformedReason::HeadTooLong,
        ReplyFault::Length => MalformedReason::BadLength,
        ReplyFault::Chunk => MalformedReason::BadChunk,
        ReplyFault::EndlessInterim => MalformedReason::EndlessInterim,
        ReplyFault::CutShort => MalformedReason::CutShort,
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

    fn page() -> PageExchange {
        PageExchange::new(&PageRequest::get("/a"), ([127, 0, 0, 1], 80).into())
    }

    fn whole(page: &mut PageExchange, bytes: &str) -> Heard {
        page.hear(&mut Hearing::default(), bytes.as_bytes())
    }

    fn right(consumed: usize) -> Heard {
        let meaning = Meaning::Right { server_ns: None, then: Persistence::KeepAlive };
        Heard { reply_bytes: consumed as u64, status: 200, ..Heard::new(meaning, consumed) }
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
        let page = PageExchange::new(&asked, ([127, 0, 0, 1], 80).into());
        let expected = "POST /a HTTP/1.1\r\nHost: localhost:8080\r\nAccept: a/b\r\nContent-Length: 2\r\n\r\nhi";
        assert_eq!(std::str::from_utf8(page.request()), Ok(expected));
    }

    #[test]
    fn a_whole_reply_is_right_the_first_time_and_the_next_however_it_comes() {
        for reply in [PLAIN, CHUNKED, ONE_CHUNK, "HTTP/1.1 200 No Content\r\nContent-Length: 0\r\n\r\n"] {
            let mut page = page();
            for _ in 0..3 {
                for end in 1..reply.len() {
                    let (front, rest) = reply.as_bytes().split_at(end);
                    let mut hearing = Hearing::default();
                    let heard = page.hear(&mut hearing, front);
                    assert_eq!((heard.meaning, heard.consumed), (Meaning::Incomplete, end), "{end} of {reply}");
                    let heard = page.hear(&mut hearing, rest);
                    assert_eq!((heard.meaning, heard.consumed), (right(0).meaning, rest.len()), "{end} of {reply}");
                    assert_eq!(heard.reply_bytes, reply.len() as u64);
                }
                assert_eq!(whole(&mut page, reply), right(reply.len()), "{reply}");
                assert_eq!(whole(&mut page, &(reply.to_owned() + reply)), right(reply.len()), "{reply}");
            }
        }
    }

    #[test]
    fn another_date_or_length_is_read_anew() {
        let mut page = page();
        let other = PLAIN.replace("Date: 1", "Date: 2");
        let longer = "HTTP/1.1 200 OK\r\nDate: 2\r\nContent-Length: 6\r\n\r\nhello!";
        let empty = "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n";
        for reply in [PLAIN, &other, longer, empty, empty] {
            assert_eq!(whole(&mut page, reply), right(reply.len()));
        }
    }

    #[test]
    fn a_reply_that_closes_says_so_each_time() {
        let mut page = page();
        for reply in [
            "HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 0\r\n\r\n",
            "HTTP/1.0 200 OK\r\nContent-Length: 0\r\n\r\n",
        ] {
            let closes = Meaning::Right { server_ns: None, then: Persistence::Close };
            for _ in 0..2 {
                assert_eq!(whole(&mut page, reply), Heard { meaning: closes, ..right(reply.len()) });
            }
        }
    }

    #[test]
    fn the_end_of_the_connection_ends_a_reply_without_a_length_and_cuts_off_all_others() {
        let mut hearing = Hearing::default();
        let reply = b"HTTP/1.1 200 OK\r\nConnection: close\r\n\r\nhello";
        assert_eq!(page().hear(&mut hearing, reply).meaning, Meaning::Incomplete);
        let closes = Meaning::Right { server_ns: None, then: Persistence::Close };
        assert_eq!(
            (PageExchange::end(&hearing).meaning, PageExchange::end(&hearing).reply_bytes),
            (closes, reply.len() as u64)
        );
        for front in [10, PLAIN.len() - 1] {
            let mut hearing = Hearing::default();
            page().hear(&mut hearing, &PLAIN.as_bytes()[..front]);
            assert_eq!(PageExchange::end(&hearing).meaning, Meaning::Wrong(MalformedReason::CutShort), "{front}");
        }
    }

    #[test]
    fn other_statuses_are_errors_and_what_is_no_http_is_wrong() {
        for (line, status) in [("301 Moved", 301), ("404 Not Found", 404), ("500 Oh", 500)] {
            let reply = format!("HTTP/1.1 {line}\r\nContent-Length: 2\r\n\r\nno");
            let heard = whole(&mut page(), &reply);
            assert_eq!(heard.meaning, Meaning::Refused { then: Persistence::KeepAlive });
            assert_eq!((heard.consumed, heard.status), (reply.len(), status));
        }
        let not_http = Meaning::Wrong(MalformedReason::NotTheProtocol);
        for nonsense in ["{\"Error\":{}}\n", "SSH-2.0-OpenSSH\r\n", "HTTP/2 200\r\n\r\n"] {
            assert_eq!(whole(&mut page(), nonsense).meaning, not_http, "{nonsense:?}");
        }
    }
}
