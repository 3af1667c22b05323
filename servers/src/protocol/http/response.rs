//! The protocol's own replies as HTTP: a result is a body, times and timestamps are headers, a fault is a status.
//!
//! There is no Date header: RFC 9110 asks one of servers with a clock, and the protocol has none.

use std::borrow::Cow;

use super::framing::Reason;
use super::headers::{
    FINAL_TIMESTAMP, INITIAL_TIMESTAMP, REQUESTS_SERVED, SENDER_TIMESTAMP, SERVER_RECEIVED_NS, SERVER_SENT_NS,
    SERVER_WAITED_NS, write_header, write_number,
};
use super::reply::{HttpReply, decode_reply};
use crate::protocol::format::{Decoded, MAX_RESPONSE_BYTES, Persistence};
use crate::protocol::message::{Fault, Response};

/// Statuses and what they say, with the headers that each needs.
const FAULTS: &[(Fault, u16, &[u8])] = &[
    (Fault::BadRequest, 400, b"HTTP/1.1 400 Bad Request\r\n"),
    (Fault::UnknownWork, 404, b"HTTP/1.1 404 Not Found\r\n"),
    (Fault::Method, 405, b"HTTP/1.1 405 Method Not Allowed\r\nAllow: GET, POST\r\n"),
    (Fault::Timeout, 408, b"HTTP/1.1 408 Request Timeout\r\n"),
    (Fault::TooLong, 413, b"HTTP/1.1 413 Content Too Large\r\n"),
    (Fault::Expectation, 417, b"HTTP/1.1 417 Expectation Failed\r\n"),
    (Fault::Backend, 502, b"HTTP/1.1 502 Bad Gateway\r\n"),
];

/// Appends a response.
pub(super) fn encode(response: &Response<'_>, then: Persistence, out: &mut Vec<u8>) {
    match response {
        Response::WorkDone { sender_timestamp, result, server_received_ns, server_sent_ns, server_waited_ns } => {
            out.extend_from_slice(b"HTTP/1.1 200 OK\r\n");
            if !sender_timestamp.is_empty() {
                write_header(SENDER_TIMESTAMP, sender_timestamp, out);
            }
            if let Some(server_received_ns) = *server_received_ns {
                write_number(SERVER_RECEIVED_NS, server_received_ns, out);
            }
            if let Some(server_sent_ns) = *server_sent_ns {
                write_number(SERVER_SENT_NS, server_sent_ns, out);
            }
            if let Some(server_waited_ns) = *server_waited_ns {
                write_number(SERVER_WAITED_NS, server_waited_ns, out);
            }
            write_rest(then, result, out);
        }
        Response::ConnectionClosed { initial_timestamp, final_timestamp, requests_served } => {
            out.extend_from_slice(b"HTTP/1.1 200 OK\r\n");
            write_header(INITIAL_TIMESTAMP, initial_timestamp, out);
            write_header(FINAL_TIMESTAMP, final_timestamp, out);
            write_number(REQUESTS_SERVED, *requests_served, out);
            write_rest(Persistence::Close, "", out);
        }
        Response::Error { fault, reason } => {
            let row = FAULTS.iter().find(|(of, ..)| of == fault).unwrap_or(&FAULTS[0]);
            out.extend_from_slice(row.2);
            write_rest(then, reason, out);
        }
    }
}

/// What all replies end in.
fn write_rest(then: Persistence, body: &str, out: &mut Vec<u8>) {
    if then == Persistence::Close {
        out.extend_from_slice(b"Connection: close\r\n");
    }
    out.extend_from_slice(b"Content-Type: text/plain; charset=utf-8\r\n");
    write_number("Content-Length", body.len() as u64, out);
    out.extend_from_slice(b"\r\n");
    out.extend_from_slice(body.as_bytes());
}

/// The response at the front of `bytes`.
pub(super) fn decode(bytes: &[u8]) -> Decoded<Response<'_>> {
    match decode_reply(bytes, MAX_RESPONSE_BYTES) {
        Decoded::Message { message, consumed, then } => match response(message) {
            Ok(message) => Decoded::Message { message, consumed, then },
            Err(reason) => Decoded::Malformed { fault: Fault::BadRequest, reason: reason.to_owned(), consumed, then },
        },
        Decoded::Incomplete => Decoded::Incomplete,
        Decoded::Malformed { fault, reason, consumed, then } => Decoded::Malformed { fault, reason, consumed, then },
        Decoded::Broken { fault, reason } => Decoded::Broken { fault, reason },
    }
}

fn response(reply: HttpReply<'_>) -> Result<Response<'_>, Reason> {
    let fault = FAULTS.iter().find(|(_, status, _)| *status == reply.status);
    match (reply.status, reply.requests_served, fault) {
        (200, Some(requests_served), _) => Ok(Response::ConnectionClosed {
            initial_timestamp: text(reply.initial_timestamp)?,
            final_timestamp: text(reply.final_timestamp)?,
            requests_served,
        }),
        (200, None, _) => Ok(Response::WorkDone {
            sender_timestamp: text(reply.sender_timestamp)?,
            result: text_of(reply.body)?,
            server_received_ns: reply.server_received_ns,
            server_sent_ns: reply.server_sent_ns,
            server_waited_ns: reply.server_waited_ns,
        }),
        (_, _, Some((fault, ..))) => Ok(Response::Error { fault: *fault, reason: text_of(reply.body)? }),
        _ => Err("a status that these servers do not reply with"),
    }
}

fn text(header: Option<&[u8]>) -> Result<Cow<'_, str>, Reason> {
    let text = std::str::from_utf8(header.unwrap_or_default());
    text.map(Cow::Borrowed).map_err(|_| "a timestamp is not UTF-8")
}

fn text_of(body: Cow<'_, [u8]>) -> Result<Cow<'_, str>, Reason> {
    let body = match body {
        Cow::Borrowed(bytes) => std::str::from_utf8(bytes).ok().map(Cow::Borrowed),
        Cow::Owned(bytes) => String::from_utf8(bytes).ok().map(Cow::Owned),
    };
    body.ok_or("a body is not UTF-8")
}
