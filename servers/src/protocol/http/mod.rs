//! HTTP/1.1, so that `curl`, `wrk` and their like can drive the servers, and our generator theirs.
//!
//! What a request of ours looks like, `request.rs` and `target.rs` say; what a reply of ours, `response.rs`.
//! `reply.rs` reads the reply of any server. `framing.rs` is what all of them need: where a message ends.
//! httparse reads the lines of a head; everything after them is decided here, and strictly: two parties that
//! disagree about where a message ends can be made to disagree about what was asked (request smuggling).

mod body;
mod framing;
mod headers;
mod reading;
#[cfg(test)]
mod reading_transcripts;
mod reply;
mod request;
mod response;
mod target;
#[cfg(test)]
mod transcripts;

pub use reading::{LONGEST_HEAD_BYTES, ReplyFault, ReplyReader, ReplyStep, WholeReply};
#[cfg(any(test, fuzzing))]
pub(crate) use reply::decode_reply;

use super::format::{Decoded, MAX_REQUEST_BYTES, Persistence, WireFormat};
use super::message::{Request, Response};

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

    fn announced_bytes(&self, bytes: &[u8]) -> Option<usize> {
        request::announced_bytes(bytes)
    }
}
