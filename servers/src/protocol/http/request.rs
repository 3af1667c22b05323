//! Requests: `GET /echo/hi`, `GET /echo?parameter=hi`, or `POST /echo` with the parameter as its body.
//! `POST /close` ends the connection in agreement. Beside it: target.rs, framing.rs.

use std::borrow::Cow;
use std::mem::MaybeUninit;

use httparse::Status;

use super::framing::{Framing, Reason, TransferCoding, explain, may_end_a_head};
use super::headers::{FINAL_TIMESTAMP, INITIAL_TIMESTAMP, MAX_HEADERS, SENDER_TIMESTAMP, write_header};
use super::target::{self, RequestFault, RequestTarget, bad};
use crate::protocol::format::{Decoded, MAX_REQUEST_BYTES, Persistence};
use crate::protocol::message::{Fault, Request};

/// The request at the front of `bytes`.
// Not inlined: the room for headers would be part of every caller's stack, whatever it speaks.
#[inline(never)]
pub(super) fn decode(bytes: &[u8]) -> Decoded<Request<'_>> {
    let within_limit = &bytes[..bytes.len().min(MAX_REQUEST_BYTES)];
    match RequestHead::read(within_limit) {
        Ok(Some(head)) => head.with_body(within_limit),
        Ok(None) if bytes.len() < MAX_REQUEST_BYTES => Decoded::Incomplete,
        Ok(None) => too_long(),
        Err(reason) => broken(Fault::BadRequest, reason),
    }
}

/// Appends a request; work is asked for with GET.
pub(super) fn encode(request: &Request<'_>, out: &mut Vec<u8>) {
    // No address is known here, and the servers go by none. HTTP/1.1 insists on the header.
    const VERSION_AND_HOST: &[u8] = b" HTTP/1.1\r\nHost: localhost\r\n";
    match request {
        Request::RequestWork { request_message, parameter, sender_timestamp } => {
            out.extend_from_slice(b"GET ");
            target::write(request_message, parameter, out);
            out.extend_from_slice(VERSION_AND_HOST);
            write_header(SENDER_TIMESTAMP, sender_timestamp, out);
        }
        Request::CloseConnection { initial_timestamp, final_timestamp } => {
            out.extend_from_slice(b"POST /close");
            out.extend_from_slice(VERSION_AND_HOST);
            out.extend_from_slice(b"Content-Length: 0\r\n");
            write_header(INITIAL_TIMESTAMP, initial_timestamp, out);
            write_header(FINAL_TIMESTAMP, final_timestamp, out);
        }
    }
    out.extend_from_slice(b"\r\n");
}

/// How long the request at the front of `bytes` will be, once its head is whole.
pub(super) fn announced_bytes(bytes: &[u8]) -> Option<usize> {
    // A head that has not ended is not worth the parsing.
    if !may_end_a_head(bytes, 0) {
        return None;
    }
    let head = RequestHead::read(bytes).ok()??;
    Some(head.bytes.saturating_add(head.body_bytes()).min(MAX_REQUEST_BYTES))
}

/// What stands before the body, as far as it matters here.
struct RequestHead<'a> {
    /// Its length, the empty line included, and the one before it if there is one.
    bytes: usize,
    method: &'a str,
    target: &'a str,
    /// The 0 or 1 of HTTP/1.0 and HTTP/1.1.
    minor_version: u8,
    framing: Framing,
    hosts: usize,
    awaits_continue: bool,
    sender_timestamp: &'a [u8],
    initial_timestamp: &'a [u8],
    final_timestamp: &'a [u8],
}

impl<'a> RequestHead<'a> {
    /// None while it is not whole.
    fn read(bytes: &'a [u8]) -> Result<Option<RequestHead<'a>>, Reason> {
        let Some(rest) = after_empty_line(bytes)? else { return Ok(None) };
        let mut headers = [const { MaybeUninit::uninit() }; MAX_HEADERS];
        let mut request = httparse::Request::new(&mut []);
        let head_bytes = match request.parse_with_uninit_headers(rest, &mut headers).map_err(explain)? {
            Status::Complete(head_bytes) => head_bytes,
            Status::Partial => return Ok(None),
        };
        let (Some(method), Some(target), Some(minor_version)) = (request.method, request.path, request.version) else {
            return Ok(None);
        };
        let mut head = RequestHead {
            bytes: bytes.len() - rest.len() + head_bytes,
            method,
            target,
            minor_version,
            framing: Framing::default(),
            hosts: 0,
            awaits_continue: false,
            sender_timestamp: b"",
            initial_timestamp: b"",
            final_timestamp: b"",
        };
        for header in request.headers.iter() {
            head.note(header)?;
        }
        Ok(Some(head))
    }

    fn note(&mut self, header: &httparse::Header<'a>) -> Result<(), Reason> {
        let is = |name: &str| header.name.eq_ignore_ascii_case(name);
        if is(SENDER_TIMESTAMP) {
            self.sender_timestamp = header.value;
        } else if is("Host") {
            self.hosts += 1;
        } else if is("Expect") {
            self.awaits_continue = true;
        } else if is(INITIAL_TIMESTAMP) {
            self.initial_timestamp = header.value;
        } else if is(FINAL_TIMESTAMP) {
            self.final_timestamp = header.value;
        } else {
            self.framing.read(header)?;
        }
        Ok(())
    }

    fn body_bytes(&self) -> usize {
        self.framing.content_length.unwrap_or(0)
    }

    /// `bytes` are those that the head was read from.
    fn with_body(self, bytes: &'a [u8]) -> Decoded<Request<'a>> {
        if let Some((fault, reason)) = self.distrust() {
            return broken(fault, reason);
        }
        if self.body_bytes() > MAX_REQUEST_BYTES - self.bytes {
            return too_long();
        }
        let consumed = self.bytes + self.body_bytes();
        let Some(body) = bytes.get(self.bytes..consumed) else { return Decoded::Incomplete };
        let then = match self.minor_version {
            // A client of HTTP/1.0 that could go on would want to be told so in words that HTTP/1.1 has dropped.
            0 => Persistence::Close,
            _ => self.framing.connection().unwrap_or(Persistence::KeepAlive),
        };
        match self.message(body) {
            Ok(message @ Request::RequestWork { .. }) => Decoded::Message { message, consumed, then },
            Ok(message @ Request::CloseConnection { .. }) => {
                Decoded::Message { message, consumed, then: Persistence::Close }
            }
            Err((fault, reason)) => Decoded::Malformed { fault, reason, consumed, then },
        }
    }

    /// Why nothing behind this head can be understood.
    fn distrust(&self) -> Option<(Fault, Reason)> {
        if self.framing.transfer != TransferCoding::Plain {
            let reason = "Transfer-Encoding is not taken; send the body whole, with a Content-Length and no other";
            Some((Fault::BadRequest, reason))
        } else if self.hosts > 1 {
            Some((Fault::BadRequest, "more than one Host header; send one"))
        } else if self.body_bytes() > 0 && self.is_other_method() {
            Some((Fault::Method, self.method_complaint()))
        } else if self.body_bytes() > 0 && self.awaits_continue {
            Some((Fault::Expectation, "nobody says 100 Continue here; send the body at once, without Expect"))
        } else {
            None
        }
    }

    fn is_other_method(&self) -> bool {
        !matches!(self.method, "GET" | "POST")
    }

    fn method_complaint(&self) -> Reason {
        // What answers HEAD has no body; the Allow header has to do.
        if self.method == "HEAD" { "" } else { "only GET and POST are taken, as in GET /echo/hi" }
    }

    fn message(&self, body: &'a [u8]) -> Result<Request<'a>, RequestFault> {
        if self.is_other_method() {
            return Err((Fault::Method, self.method_complaint().to_owned()));
        }
        if self.hosts == 0 && self.minor_version == 1 {
            return Err(bad("HTTP/1.1 needs a Host header; send one, with any value"));
        }
        let RequestTarget { work, parameter } = target::read(self.target)?;
        if self.method == "POST" && work == "close" && parameter.is_none() && body.is_empty() {
            return Ok(Request::CloseConnection {
                initial_timestamp: visible(self.initial_timestamp)?,
                final_timestamp: visible(self.final_timestamp)?,
            });
        }
        let parameter = match parameter {
            _ if self.method == "GET" && !body.is_empty() => return Err(bad("a GET has no body here; use POST")),
            Some(_) if !body.is_empty() => {
                return Err(bad("the parameter stands in the target and in the body; give it once"));
            }
            Some(parameter) => parameter,
            None => Cow::Borrowed(std::str::from_utf8(body).map_err(|_| bad("the body is not UTF-8"))?),
        };
        Ok(Request::work(work, parameter, visible(self.sender_timestamp)?))
    }
}

/// A timestamp goes back as a header, so it must not hold anything that could end one.
fn visible(timestamp: &[u8]) -> Result<Cow<'_, str>, RequestFault> {
    let text = std::str::from_utf8(timestamp).ok().filter(|text| text.bytes().all(|byte| byte.is_ascii_graphic()));
    text.map(Cow::Borrowed)
        .ok_or_else(|| bad("a timestamp holds a space or a character that is not visible ASCII; leave it out"))
}

/// What follows an empty line, which some clients send behind a body. None while that cannot be told.
///
/// One and no more: httparse would look at any number of them, again with each one that comes.
fn after_empty_line(bytes: &[u8]) -> Result<Option<&[u8]>, Reason> {
    match bytes {
        b"\r" => Ok(None),
        [b'\r', b'\n', rest @ ..] | [b'\n', rest @ ..] | rest => match rest {
            [b'\r' | b'\n', ..] => Err("no request line; write it as in GET /echo/hi HTTP/1.1"),
            rest => Ok(Some(rest)),
        },
    }
}

fn broken<'a>(fault: Fault, reason: Reason) -> Decoded<Request<'a>> {
    Decoded::Broken { fault, reason: reason.to_owned() }
}

fn too_long<'a>() -> Decoded<Request<'a>> {
    let reason = format!("a request is at most {MAX_REQUEST_BYTES} bytes, head and body together; send less");
    Decoded::Broken { fault: Fault::TooLong, reason }
}
