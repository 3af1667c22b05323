//! Reads the reply of any HTTP/1.1 server, for clients. It knows the headers of our own servers and what every
//! server says of the end of its reply. Beside it: body.rs; response.rs makes the protocol's messages of it.

use std::borrow::Cow;
use std::mem::MaybeUninit;

use httparse::{Header, Status};

use super::body::chunked;
use super::framing::{Framing, Reason, TransferCoding, explain, number};
use super::headers::{
    FINAL_TIMESTAMP, INITIAL_TIMESTAMP, MAX_HEADERS, REQUESTS_SERVED, SENDER_TIMESTAMP, SERVER_RECEIVED_NS,
    SERVER_SENT_NS, SERVER_WAITED_NS,
};
use crate::protocol::format::{Decoded, Persistence};
use crate::protocol::message::Fault;

/// A reply. What our servers say in headers is absent where another server replies.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct HttpReply<'a> {
    /// The status code, such as 200. Of those below 200, the reply proper follows.
    pub status: u16,
    /// The body, empty where the status allows none; borrowed unless it came in several chunks.
    pub body: Cow<'a, [u8]>,
    /// [`SENDER_TIMESTAMP`], as the request had it.
    pub sender_timestamp: Option<&'a [u8]>,
    /// [`SERVER_RECEIVED_NS`], of the server's monotonic clock.
    pub server_received_ns: Option<u64>,
    /// [`SERVER_SENT_NS`], on the same clock.
    pub server_sent_ns: Option<u64>,
    /// [`SERVER_WAITED_NS`].
    pub server_waited_ns: Option<u64>,
    /// [`INITIAL_TIMESTAMP`], as the request to close had it.
    pub initial_timestamp: Option<&'a [u8]>,
    /// [`FINAL_TIMESTAMP`], as the request to close had it.
    pub final_timestamp: Option<&'a [u8]>,
    /// [`REQUESTS_SERVED`], where the request was one to close.
    pub requests_served: Option<u64>,
}

/// The reply at the front of `bytes` to a request other than HEAD or CONNECT; at most `limit_bytes`, head and
/// body together.
///
/// Looks at each byte of the head once and allocates nothing but the words of a complaint. A reply that has no
/// length, and ends only where the connection does, is `Broken`: it could not be told from one cut short.
#[inline(never)]
pub(crate) fn decode_reply(bytes: &[u8], limit_bytes: usize) -> Decoded<HttpReply<'_>> {
    let within_limit = &bytes[..bytes.len().min(limit_bytes)];
    match whole(within_limit, limit_bytes) {
        Ok(Some((message, consumed, then))) => Decoded::Message { message, consumed, then },
        Ok(None) if bytes.len() < limit_bytes => Decoded::Incomplete,
        Ok(None) => {
            Decoded::Broken { fault: Fault::TooLong, reason: format!("a reply is longer than {limit_bytes} bytes") }
        }
        Err(reason) => Decoded::Broken { fault: Fault::BadRequest, reason: reason.to_owned() },
    }
}

fn whole(bytes: &[u8], limit_bytes: usize) -> Result<Option<(HttpReply<'_>, usize, Persistence)>, Reason> {
    let Some(ReplyHead { mut reply, framing, minor_version, bytes: head_bytes }) = head(bytes)? else {
        return Ok(None);
    };
    let rest = &bytes[head_bytes..];
    let body_bytes = match (reply.status, framing.transfer, framing.content_length) {
        (100..=199 | 204 | 304, ..) => 0,
        (_, TransferCoding::Plain, Some(length)) if length > limit_bytes - head_bytes => {
            return Err("a reply's Content-Length is beyond the limit");
        }
        (_, TransferCoding::Plain, Some(length)) => {
            let Some(body) = rest.get(..length) else { return Ok(None) };
            reply.body = Cow::Borrowed(body);
            length
        }
        (_, TransferCoding::Chunked, None) => {
            let Some((body, length)) = chunked(rest)? else { return Ok(None) };
            reply.body = body;
            length
        }
        (_, TransferCoding::Plain, None) => {
            return Err(
                "a reply has neither a Content-Length nor chunks, so that only the connection's end would end it",
            );
        }
        (_, TransferCoding::Chunked, Some(_)) => {
            return Err("a reply has both a Content-Length and a Transfer-Encoding");
        }
        (_, TransferCoding::Unknown, _) => return Err("a reply has a Transfer-Encoding that does not end in chunked"),
    };
    let unsaid = if minor_version == 0 { Persistence::Close } else { Persistence::KeepAlive };
    Ok(Some((reply, head_bytes + body_bytes, framing.connection().unwrap_or(unsaid))))
}

struct ReplyHead<'a> {
    /// Its body is yet to be found.
    reply: HttpReply<'a>,
    framing: Framing,
    /// The 0 or 1 of HTTP/1.0 and HTTP/1.1.
    minor_version: u8,
    /// Its length, the empty line included.
    bytes: usize,
}

/// None while it is not whole.
fn head(bytes: &[u8]) -> Result<Option<ReplyHead<'_>>, Reason> {
    let mut headers = [const { MaybeUninit::uninit() }; MAX_HEADERS];
    let mut parsed = httparse::Response::new(&mut []);
    let config = httparse::ParserConfig::default();
    let status = config.parse_response_with_uninit_headers(&mut parsed, bytes, &mut headers).map_err(explain)?;
    let (Status::Complete(head_bytes), Some(status), Some(minor_version)) = (status, parsed.code, parsed.version)
    else {
        return Ok(None);
    };
    let reply = HttpReply { status, ..HttpReply::default() };
    let mut head = ReplyHead { reply, framing: Framing::default(), minor_version, bytes: head_bytes };
    for header in parsed.headers.iter() {
        head.note(header)?;
    }
    Ok(Some(head))
}

impl<'a> ReplyHead<'a> {
    fn note(&mut self, header: &Header<'a>) -> Result<(), Reason> {
        // The length is compared first, which tells nearly all headers apart.
        let is = |name: &str| header.name.eq_ignore_ascii_case(name);
        let in_digits = || number(header.value).map(Some).ok_or("a header that should be a number is not one");
        if is(SENDER_TIMESTAMP) {
            self.reply.sender_timestamp = Some(header.value);
        } else if is(SERVER_RECEIVED_NS) {
            self.reply.server_received_ns = in_digits()?;
        } else if is(SERVER_SENT_NS) {
            self.reply.server_sent_ns = in_digits()?;
        } else if is(SERVER_WAITED_NS) {
            self.reply.server_waited_ns = in_digits()?;
        } else if is(INITIAL_TIMESTAMP) {
            self.reply.initial_timestamp = Some(header.value);
        } else if is(FINAL_TIMESTAMP) {
            self.reply.final_timestamp = Some(header.value);
        } else if is(REQUESTS_SERVED) {
            self.reply.requests_served = in_digits()?;
        } else {
            self.framing.read(header)?;
        }
        Ok(())
    }
}
