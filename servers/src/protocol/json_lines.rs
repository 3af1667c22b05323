//! One JSON object a line, UTF-8, so that a person can speak to a server with `nc`.
//!
//! Lines as our own encoder writes them are read by `canonical.rs` without serde; any other spelling of
//! the same JSON (fields in another order, spaces, escapes) is left to serde_json, with the same result.

use memchr::memchr;
use serde::Deserialize;

use super::canonical;
use super::format::{Decoded, MAX_REQUEST_BYTES, MAX_RESPONSE_BYTES, Persistence, WireFormat};
use super::message::{Fault, Request, Response};

/// The wire format of one JSON object a line.
#[derive(Debug, Clone, Copy)]
pub struct JsonLines;

impl WireFormat for JsonLines {
    fn decode_request<'a>(&self, bytes: &'a [u8]) -> Decoded<Request<'a>> {
        let mut decoded = decode(bytes, MAX_REQUEST_BYTES, canonical::read_request);
        if let Decoded::Message { message: Request::CloseConnection { .. }, then, .. } = &mut decoded {
            *then = Persistence::Close;
        }
        decoded
    }

    fn encode_request(&self, request: &Request<'_>, out: &mut Vec<u8>) {
        canonical::write_request(request, out);
        out.push(b'\n');
    }

    fn decode_response<'a>(&self, bytes: &'a [u8]) -> Decoded<Response<'a>> {
        let mut decoded = decode(bytes, MAX_RESPONSE_BYTES, canonical::read_work_done);
        if let Decoded::Message { message: Response::ConnectionClosed { .. }, then, .. } = &mut decoded {
            *then = Persistence::Close;
        }
        decoded
    }

    fn encode_response(&self, response: &Response<'_>, _then: Persistence, out: &mut Vec<u8>) {
        canonical::write_response(response, out);
        out.push(b'\n');
    }

    fn worth_decoding(&self, bytes: &[u8], seen: usize) -> bool {
        bytes.len() >= MAX_REQUEST_BYTES || memchr(b'\n', &bytes[seen..]).is_some()
    }
}

fn decode<'a, T: Deserialize<'a>>(
    bytes: &'a [u8],
    limit_bytes: usize,
    read_canonical: fn(&'a [u8]) -> Option<T>,
) -> Decoded<T> {
    let within_limit = &bytes[..bytes.len().min(limit_bytes)];
    let Some(line_bytes) = memchr(b'\n', within_limit) else {
        return if bytes.len() < limit_bytes {
            Decoded::Incomplete
        } else {
            let reason = format!("a line is at most {limit_bytes} bytes, newline included; send less");
            Decoded::Broken { fault: Fault::TooLong, reason }
        };
    };
    let line = &bytes[..line_bytes];
    let consumed = line_bytes + 1;
    let then = Persistence::KeepAlive;
    match read_canonical(line).map_or_else(|| serde_json::from_slice(line), Ok) {
        Ok(message) => Decoded::Message { message, consumed, then },
        Err(error) => Decoded::Malformed { fault: Fault::BadRequest, reason: explain(&error), consumed, then },
    }
}

/// serde_json quotes what it did not expect, which can be as long as the line.
fn explain(error: &serde_json::Error) -> String {
    const LONGEST_CHARS: usize = 200;
    let explanation: String = error.to_string().chars().take(LONGEST_CHARS).collect();
    format!("not a message of this protocol: {explanation}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_seeds_fields_are_the_wire_format() {
        let mut out = Vec::new();
        JsonLines.encode_request(&Request::work("sleep", "5ms", "17"), &mut out);
        JsonLines.encode_request(
            &Request::CloseConnection { initial_timestamp: "1".into(), final_timestamp: "2".into() },
            &mut out,
        );
        let expected = concat!(
            r#"{"RequestWork":{"request_message":"sleep","parameter":"5ms","sender_timestamp":"17"}}"#,
            "\n",
            r#"{"CloseConnection":{"initial_timestamp":"1","final_timestamp":"2"}}"#,
            "\n",
        );
        assert_eq!(String::from_utf8(out).unwrap(), expected);
    }

    #[test]
    fn other_spellings_of_the_same_json_say_the_same() {
        let line = b" { \"RequestWork\" : {\"sender_timestamp\":\"1\", \"parameter\":\"a\\u0062\\n\", \"request_message\":\"echo\", \"more\":[1]}}\r\n";
        let message = Request::work("echo", "ab\n", "1");
        assert_eq!(
            JsonLines.decode_request(line),
            Decoded::Message { message, consumed: line.len(), then: Persistence::KeepAlive }
        );
    }

    #[test]
    fn a_reply_needs_no_times_and_may_be_spelled_otherwise() {
        let done = |server_received_ns, server_sent_ns| Response::WorkDone {
            sender_timestamp: "1".into(),
            result: "hi".into(),
            server_received_ns,
            server_sent_ns,
            server_waited_ns: None,
        };
        for (line, message) in [
            ("{\"WorkDone\":{\"sender_timestamp\":\"1\",\"result\":\"hi\"}}\n", done(None, None)),
            ("{\"WorkDone\": {\"result\": \"hi\", \"sender_timestamp\": \"1\"}}\r\n", done(None, None)),
            (
                "\t{ \"WorkDone\" : { \"server_sent_ns\" : 9, \"server_received_ns\" : 5, \"result\" : \"hi\",\
                 \"sender_timestamp\" : \"\\u0031\", \"more\" : [] } } \n",
                done(Some(5), Some(9)),
            ),
            (
                "{\"WorkDone\":{\"sender_timestamp\":\"1\",\"result\":\"hi\",\"server_received_ns\":5}}\n",
                done(Some(5), None),
            ),
            (
                "{\"WorkDone\":{\"sender_timestamp\":\"1\",\"result\":\"hi\",\"server_sent_ns\":null}}\n",
                done(None, None),
            ),
        ] {
            let decoded = JsonLines.decode_response(line.as_bytes());
            let expected = Decoded::Message { message, consumed: line.len(), then: Persistence::KeepAlive };
            assert_eq!(decoded, expected, "{line}");
        }
    }

    #[test]
    fn a_line_may_be_just_as_long_as_the_limit() {
        let mut line = vec![b' '; MAX_REQUEST_BYTES - 1];
        assert_eq!(JsonLines.decode_request(&line), Decoded::Incomplete);
        line.push(b'\n');
        assert!(matches!(JsonLines.decode_request(&line), Decoded::Malformed { consumed: MAX_REQUEST_BYTES, .. }));
        line.insert(0, b' ');
        assert!(matches!(JsonLines.decode_request(&line), Decoded::Broken { .. }));
    }

    #[test]
    fn a_complaint_about_a_long_line_is_short() {
        let line = format!("{{\"{}\":{{}}}}\n", "x".repeat(60_000));
        let Decoded::Malformed { reason, .. } = JsonLines.decode_request(line.as_bytes()) else {
            panic!("an unknown message was accepted");
        };
        assert!(reason.len() < 300, "{} bytes of complaint", reason.len());
    }

    #[test]
    fn numbers_are_whole_and_fit_64_bits() {
        let decoded = |number: &str| {
            let fields = r#""sender_timestamp":"","result":"","server_received_ns":"#;
            let line = format!("{{\"WorkDone\":{{{fields}{number},\"server_sent_ns\":1}}}}\n");
            match JsonLines.decode_response(line.as_bytes()) {
                Decoded::Message { message: Response::WorkDone { server_received_ns, .. }, .. } => server_received_ns,
                _ => None,
            }
        };
        for number in [0, 1, 9_999_999_999_999_999_999, 10_000_000_000_000_000_000, u64::MAX] {
            assert_eq!(decoded(&number.to_string()), Some(number));
        }
        for bad in ["18446744073709551616", "007", "00", "-1", "1.5", "1e3", "", "\"1\""] {
            assert_eq!(decoded(bad), None, "{bad}");
        }
    }
}
