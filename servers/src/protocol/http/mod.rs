//! HTTP/1.1, so that `curl`, `wrk` and their like can drive the servers, and our generator theirs.
//!
//! What a request of ours looks like, `request.rs` and `target.rs` say; what a reply of ours, `response.rs`.
//! `reply.rs` reads the reply of any server. `framing.rs` is what all of them need: where a message ends.
//! httparse reads the lines of a head; everything after them is decided here, and strictly: two parties that
//! disagree about where a message ends can be made to disagree about what was asked (request smuggling).

mod body;
mod framing;
mod reading;
mod reply;
mod request;
mod response;
mod target;
#[cfg(test)]
mod transcripts;

pub use body::{Body, Chunks};
pub use reading::{LONGEST_HEAD_BYTES, ReplyFault, ReplyReader, ReplyStep, WholeReply};
pub use reply::{HttpReply, decode_reply};

use super::{Decoded, MAX_REQUEST_BYTES, Persistence, Request, Response, WireFormat};

/// The most headers that a request or a reply may have.
pub const MAX_HEADERS: usize = 64;

/// Anything the client wants back unchanged with the reply; visible ASCII characters.
pub const SENDER_TIMESTAMP: &str = "Sender-Timestamp";
/// When the server had received the request, in nanoseconds of its monotonic clock.
pub const SERVER_RECEIVED_NS: &str = "Server-Received-Ns";
/// Just before the server wrote the reply, on the same clock.
pub const SERVER_SENT_NS: &str = "Server-Sent-Ns";
/// Of a request to close and the reply to it: comes back unchanged.
pub const INITIAL_TIMESTAMP: &str = "Initial-Timestamp";
/// Of a request to close and the reply to it: comes back unchanged.
pub const FINAL_TIMESTAMP: &str = "Final-Timestamp";
/// Of the reply to a request to close: how many requests the connection has had done.
pub const REQUESTS_SERVED: &str = "Requests-Served";

/// The wire format of HTTP/1.1.
///
/// Timestamps are headers, and no header can hold any text: a character of a timestamp that is not visible
/// ASCII is written percent-encoded, and stays so.
#[derive(Debug, Clone, Copy)]
pub struct Http;

impl WireFormat for Http {
    fn decode_request<'a>(&self, bytes: &'a [u8]) -> Decoded<Request<'a>> {
        request::decode(bytes)
    }

    fn encode_request(&self, request: &Request<'_>, out: &mut Vec<u8>) {
        request::encode(request, out);
    }

    fn decode_response<'a>(&self, bytes: &'a [u8]) -> Decoded<Response<'a>> {
        response::decode(bytes)
    }

    fn encode_response(&self, response: &Response<'_>, then: Persistence, out: &mut Vec<u8>) {
        response::encode(response, then, out);
    }

    fn worth_decoding(&self, bytes: &[u8], seen: usize) -> bool {
        bytes.len() >= MAX_REQUEST_BYTES || framing::may_end_a_head(bytes, seen)
    }

    fn least_bytes(&self, bytes: &[u8]) -> usize {
        request::least_bytes(bytes)
    }
}

/// Writes a header. Whatever the value holds, it stays one header: what is not visible is percent-encoded.
fn write_header(name: &str, value: &str, out: &mut Vec<u8>) {
    write_name(name, out);
    for byte in value.bytes() {
        if byte.is_ascii_graphic() {
            out.push(byte);
        } else {
            target::percent_encode(byte, out);
        }
    }
    out.extend_from_slice(b"\r\n");
}

fn write_number(name: &str, value: u64, out: &mut Vec<u8>) {
    write_name(name, out);
    out.extend_from_slice(itoa::Buffer::new().format(value).as_bytes());
    out.extend_from_slice(b"\r\n");
}

fn write_name(name: &str, out: &mut Vec<u8>) {
    out.extend_from_slice(name.as_bytes());
    out.extend_from_slice(b": ");
}
