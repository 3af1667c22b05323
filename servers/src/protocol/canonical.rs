//! Messages spelled exactly as our own encoder spells them, read and written without serde.
//!
//! Every request passes here four times (written and read, there and back), so this is where the cost of
//! the protocol is decided. Reading is all or nothing: whatever is spelled otherwise gives `None`, and the
//! caller asks serde_json. `properties.rs` holds the two against each other.

use std::borrow::Cow;

use memchr::memchr2;

use super::message::{Request, Response};

/// A `RequestWork` line without its newline.
pub(super) fn read_request(line: &[u8]) -> Option<Request<'_>> {
    let (request_message, rest) = read_text(br#"{"RequestWork":{"request_message":""#, line)?;
    let (parameter, rest) = read_text(br#"","parameter":""#, rest)?;
    let (sender_timestamp, rest) = read_text(br#"","sender_timestamp":""#, rest)?;
    (rest == br#""}}"#).then(|| Request::work(request_message, parameter, sender_timestamp))
}

/// A `WorkDone` line without its newline, with both of the server's times.
pub(super) fn read_work_done(line: &[u8]) -> Option<Response<'_>> {
    let (sender_timestamp, rest) = read_text(br#"{"WorkDone":{"sender_timestamp":""#, line)?;
    let (result, rest) = read_text(br#"","result":""#, rest)?;
    let (server_received_ns, rest) = read_integer(br#"","server_received_ns":"#, rest)?;
    let (server_sent_ns, rest) = read_integer(br#","server_sent_ns":"#, rest)?;
    (rest == b"}}").then_some(Response::WorkDone {
        sender_timestamp: Cow::Borrowed(sender_timestamp),
        result: Cow::Borrowed(result),
        server_received_ns: Some(server_received_ns),
        server_sent_ns: Some(server_sent_ns),
        // With it, a reply is not spelled like this.
        server_waited_ns: None,
    })
}

pub(super) fn write_request(request: &Request<'_>, out: &mut Vec<u8>) {
    match request {
        Request::RequestWork { request_message, parameter, sender_timestamp } => {
            write_text(br#"{"RequestWork":{"request_message":"#, request_message, out);
            write_text(br#","parameter":"#, parameter, out);
            write_text(br#","sender_timestamp":"#, sender_timestamp, out);
        }
        Request::CloseConnection { initial_timestamp, final_timestamp } => {
            write_text(br#"{"CloseConnection":{"initial_timestamp":"#, initial_timestamp, out);
            write_text(br#","final_timestamp":"#, final_timestamp, out);
        }
    }
    out.extend_from_slice(b"}}");
}

pub(super) fn write_response(response: &Response<'_>, out: &mut Vec<u8>) {
    match response {
        Response::WorkDone { sender_timestamp, result, server_received_ns, server_sent_ns, server_waited_ns } => {
            write_text(br#"{"WorkDone":{"sender_timestamp":"#, sender_timestamp, out);
            write_text(br#","result":"#, result, out);
            if let Some(server_received_ns) = *server_received_ns {
                write_integer(br#","server_received_ns":"#, server_received_ns, out);
            }
            if let Some(server_sent_ns) = *server_sent_ns {
                write_integer(br#","server_sent_ns":"#, server_sent_ns, out);
            }
            if let Some(server_waited_ns) = *server_waited_ns {
                write_integer(br#","server_waited_ns":"#, server_waited_ns, out);
            }
        }
        Response::ConnectionClosed { initial_timestamp, final_timestamp, requests_served } => {
            write_text(br#"{"ConnectionClosed":{"initial_timestamp":"#, initial_timestamp, out);
            write_text(br#","final_timestamp":"#, final_timestamp, out);
            write_integer(br#","requests_served":"#, *requests_served, out);
        }
        Response::Error { reason, .. } => write_text(br#"{"Error":{"reason":"#, reason, out),
    }
    out.extend_from_slice(b"}}");
}

/// Text behind `name`, up to its closing quote, which stays in the rest. Only text without escapes can be borrowed.
fn read_text<'a>(name: &[u8], line: &'a [u8]) -> Option<(&'a str, &'a [u8])> {
    let rest = line.strip_prefix(name)?;
    let end = memchr2(b'"', b'\\', rest)?;
    let (text, rest) = rest.split_at(end);
    // JSON allows no control characters inside a string; serde_json has the words to say so.
    if rest[0] == b'\\' || contains(text, is_control) {
        return None;
    }
    Some((std::str::from_utf8(text).ok()?, rest))
}

/// Digits behind `name` as JSON writes them: no sign, no leading zero. Twenty digits may not fit: they are left to serde_json.
fn read_integer<'a>(name: &[u8], line: &'a [u8]) -> Option<(u64, &'a [u8])> {
    const DIGITS_THAT_FIT: usize = 19;
    let rest = line.strip_prefix(name)?;
    let digits = rest.iter().take_while(|byte| byte.is_ascii_digit()).count();
    let leading_zero = digits > 1 && rest[0] == b'0';
    if digits == 0 || digits > DIGITS_THAT_FIT || leading_zero {
        return None;
    }
    let (digits, rest) = rest.split_at(digits);
    let value = digits.iter().fold(0, |value, digit| value * 10 + u64::from(digit - b'0'));
    Some((value, rest))
}

fn write_text(name: &[u8], text: &str, out: &mut Vec<u8>) {
    out.extend_from_slice(name);
    if contains(text.as_bytes(), |byte| is_control(byte) | (byte == b'"') | (byte == b'\\')) {
        serde_json::to_writer(out, text).expect("a Vec takes every byte and a str is always JSON");
    } else {
        out.push(b'"');
        out.extend_from_slice(text.as_bytes());
        out.push(b'"');
    }
}

fn write_integer(name: &[u8], value: u64, out: &mut Vec<u8>) {
    out.extend_from_slice(name);
    out.extend_from_slice(itoa::Buffer::new().format(value).as_bytes());
}

/// Looks at every byte, even after a find: without an early exit the compiler takes sixteen at a time.
fn contains(text: &[u8], what: impl Fn(u8) -> bool) -> bool {
    text.iter().fold(false, |found, byte| found | what(*byte))
}

/// What a JSON string must escape below the quote and the backslash. 0x7f may stand as it is.
fn is_control(byte: u8) -> bool {
    byte < 0x20
}
