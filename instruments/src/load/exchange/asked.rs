//! The work of our own servers, in either wire format: its request, and what the reply must say. The request is encoded
//! once; sending patches the timestamp into place, so that the hot path neither allocates nor encodes.
//!
//! Must not know: sockets, time. Beside it: `template.rs`, the short way to the same verdict on a reply.

use std::borrow::Cow;

use reports::record::MalformedReason;
use servers::protocol::{Decoded, Persistence, Request, Response, Wire, WireFormat};

use super::heard::{DIGITS, Digits, Heard, Meaning, digits};
use super::template::{Matched, Template};

/// The request of some work, ready to be sent.
#[derive(Debug, Clone)]
pub(crate) struct AskedExchange {
    wire: Wire,
    request: Vec<u8>,
    timestamp_at: usize,
    close: Vec<u8>,
    expected_result: String,
    template: Template,
    /// Whether the server reads another clock than this side, so that its times can't be held against ours.
    has_other_clock: bool,
}

impl AskedExchange {
    /// `expected_result` is what a correct server replies to this work.
    pub(crate) fn new(wire: Wire, request_message: &str, parameter: &str, expected_result: String) -> AskedExchange {
        let digits = digits(0);
        let placeholder = std::str::from_utf8(&digits).expect("digits are ASCII");
        let mut request = Vec::new();
        wire.encode_request(
            &Request::RequestWork {
                request_message: Cow::Borrowed(request_message),
                parameter: Cow::Borrowed(parameter),
                sender_timestamp: Cow::Borrowed(placeholder),
            },
            &mut request,
        );
        // The timestamp is encoded last, so that a parameter that looks like it is not taken for it.
        let timestamp_at = request
            .windows(DIGITS)
            .rposition(|window| window == digits)
            .expect("an encoded request holds its timestamp");
        let mut close = Vec::new();
        wire.encode_request(
            &Request::CloseConnection {
                initial_timestamp: Cow::Borrowed(placeholder),
                final_timestamp: Cow::Borrowed(placeholder),
            },
            &mut close,
        );
        let template = Template::new(wire, &expected_result);
        AskedExchange { wire, request, timestamp_at, close, expected_result, template, has_other_clock: false }
    }

    /// Of a server on another machine: its times are left out, as those of a server that sends none.
    pub(crate) fn of_another_clock(self) -> AskedExchange {
        AskedExchange { has_other_clock: true, ..self }
    }

    /// The server's times, where it sent both and they are of this machine's clock; a server without a clock sends none, or
    /// zeros.
    #[inline]
    fn server_times(&self, received_ns: Option<u64>, sent_ns: Option<u64>) -> Option<(u64, u64)> {
        received_ns.zip(sent_ns).filter(|times| !self.has_other_clock && *times != (0, 0))
    }

    pub(crate) fn wire(&self) -> Wire {
        self.wire
    }

    /// The request with a timestamp.
    #[inline]
    pub(crate) fn request(&mut self, timestamp: &Digits) -> &[u8] {
        self.request[self.timestamp_at..self.timestamp_at + DIGITS].copy_from_slice(timestamp);
        &self.request
    }

    /// The request that ends a session.
    pub(crate) fn close(&self) -> &[u8] {
        &self.close
    }

    /// What `bytes` say to the request with this timestamp, behind what was kept of earlier ones.
    #[inline]
    pub(crate) fn hear(&self, kept: &mut Vec<u8>, bytes: &[u8], timestamp: &Digits) -> Heard {
        if kept.is_empty() {
            let heard = self.front(bytes, timestamp);
            if heard.meaning == Meaning::Incomplete {
                kept.extend_from_slice(bytes);
                return Heard { consumed: bytes.len(), ..heard };
            }
            return heard;
        }
        let before = kept.len();
        kept.extend_from_slice(bytes);
        let heard = self.front(kept, timestamp);
        match heard.meaning {
            Meaning::Incomplete => Heard { consumed: bytes.len(), ..heard },
            _ => Heard { consumed: heard.consumed.saturating_sub(before), ..heard },
        }
    }

    /// What the front of `bytes` says.
    #[inline]
    fn front(&self, bytes: &[u8], timestamp: &Digits) -> Heard {
        match self.template.matches(bytes, timestamp) {
            Some(Matched { server_received_ns, server_sent_ns, consumed }) => {
                let server_ns = self.server_times(Some(server_received_ns), Some(server_sent_ns));
                heard(Meaning::Right { server_ns, then: Persistence::KeepAlive }, consumed)
            }
            None => self.decoded(bytes, timestamp),
        }
    }

    /// As the protocol's own decoder has it.
    fn decoded(&self, bytes: &[u8], timestamp: &Digits) -> Heard {
        match self.wire.decode_response(bytes) {
            Decoded::Incomplete => heard(Meaning::Incomplete, 0),
            Decoded::Message {
                message:
                    Response::WorkDone { sender_timestamp, result, server_received_ns, server_sent_ns, server_waited_ns },
                consumed,
                then,
            } => {
                let wrong = if sender_timestamp.as_bytes() != timestamp {
                    Some(MalformedReason::OtherRequest)
                } else if *result != *self.expected_result {
                    Some(MalformedReason::WrongResult)
                } else {
                    None
                };
                match wrong {
                    Some(reason) => heard(Meaning::Wrong(reason), consumed),
                    None => {
                        let server_ns = self.server_times(server_received_ns, server_sent_ns);
                        Heard { server_waited_ns, ..heard(Meaning::Right { server_ns, then }, consumed) }
                    }
                }
            }
            Decoded::Message { message: Response::ConnectionClosed { requests_served, .. }, consumed, .. } => {
                heard(Meaning::Closed { requests_served }, consumed)
            }
            Decoded::Message { message: Response::Error { .. }, consumed, then } => {
                heard(Meaning::Refused { then }, consumed)
            }
            Decoded::Malformed { .. } | Decoded::Broken { .. } => {
                heard(Meaning::Wrong(MalformedReason::NotTheProtocol), bytes.len())
            }
        }
    }
}

/// Our own servers' replies over HTTP have a status, but what it says is in the message already.
fn heard(meaning: Meaning, consumed: usize) -> Heard {
    Heard { reply_bytes: consumed as u64, ..Heard::new(meaning, consumed) }
}

#[cfg(test)]
mod tests;
