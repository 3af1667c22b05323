//! What the transcripts say: requests as bytes, and texts that are hard to read.
//!
//! Beside it: `transcripts.rs`, which says them.

use servers::protocol::{JsonLines, MAX_REQUEST_BYTES, Request, WireFormat};

use super::transcripts::{Expected, Step};

pub(super) const TEXT: &str = "\"höher\" \\ / \n\t\u{1} {}[]:, 😀 \u{2028} end";

/// Fields in another order, spaces, an escape, a field of no meaning, and a line end as some clients write it.
pub(super) const SPELLED: &[u8] =
    b" { \"RequestWork\" : {\"sender_timestamp\":\"1\", \"more\":[1, {\"a\":null}], \"parameter\":\"a\\u0062\",\t\
                         \"request_message\":\"echo\"} }\r\n";

/// Lines that end where they should and are no requests.
pub(super) const NO_REQUESTS: [&[u8]; 5] =
    [b"GET / HTTP/1.1\r\n", b"{\"RequestWork\":{}}\n", b"{\"Dance\":{}}\n", b"[1,2]\n", b"\xff\xfe\n"];

pub(super) fn send(lines: &[Vec<u8>]) -> Step {
    Step::Send(lines.concat())
}

pub(super) fn done(timestamp: &str, result: &str) -> Step {
    Step::Expect(Expected::Done { timestamp: timestamp.to_owned(), result: result.to_owned() })
}

pub(super) fn echo(text: &str, timestamp: &str) -> Vec<u8> {
    work("echo", text, timestamp)
}

pub(super) fn work(kind: &str, parameter: &str, timestamp: &str) -> Vec<u8> {
    line(&Request::RequestWork {
        request_message: kind.into(),
        parameter: parameter.into(),
        sender_timestamp: timestamp.into(),
    })
}

pub(super) fn close(initial: &str, last: &str) -> Vec<u8> {
    line(&Request::CloseConnection { initial_timestamp: initial.into(), final_timestamp: last.into() })
}

fn line(request: &Request<'_>) -> Vec<u8> {
    let mut line = Vec::new();
    JsonLines.encode_request(request, &mut line);
    line
}

pub(super) fn number(number: u32) -> String {
    number.to_string()
}

/// A text that fills a request up to the limit.
pub(super) fn longest() -> String {
    "x".repeat(MAX_REQUEST_BYTES - echo("", "1").len())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_longest_line_is_as_long_as_may_be() {
        assert_eq!(echo(&longest(), "1").len(), MAX_REQUEST_BYTES);
    }
}
