//! The bytes of one request and what its reply must say. The request is encoded once; sending patches the timestamp
//! into place, so that the hot path neither allocates nor encodes.
//!
//! Must not know: sockets, time. Beside it: `connection.rs`, which decides when.

use std::borrow::Cow;

use servers::protocol::{JsonLines, Request, Response, Step, WireFormat};

/// Digits of a timestamp on the wire: fixed, so that it can be patched in place. Enough for any `u64`.
const DIGITS: usize = 20;

/// A timestamp as it stands on the wire.
pub(crate) type Digits = [u8; DIGITS];

/// What a server's bytes amount to, held against what was asked.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Answer {
    /// Nothing whole yet.
    Incomplete,
    /// The right reply, with the server's receive and send times unless it sends none.
    Right { server_ns: Option<(u64, u64)>, consumed: usize },
    /// CloseConnection was confirmed.
    Closed { requests_served: u64, consumed: usize },
    /// The server refused the request and keeps the connection.
    Refused { consumed: usize },
    /// Something else than a reply to this request.
    Wrong,
}

/// The request of a workload, ready to be sent.
#[derive(Debug, Clone)]
pub(crate) struct Exchange {
    request: Vec<u8>,
    timestamp_at: usize,
    close: Vec<u8>,
    expected_result: String,
}

impl Exchange {
    /// `expected_result` is what a correct server replies to this work.
    pub(crate) fn new(request_message: &str, parameter: &str, expected_result: String) -> Exchange {
        let digits = digits(0);
        let placeholder = std::str::from_utf8(&digits).expect("digits are ASCII");
        let mut request = Vec::new();
        JsonLines.encode_request(
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
        JsonLines.encode_request(
            &Request::CloseConnection {
                initial_timestamp: Cow::Borrowed(placeholder),
                final_timestamp: Cow::Borrowed(placeholder),
            },
            &mut close,
        );
        Exchange { request, timestamp_at, close, expected_result }
    }

    /// The request line with a timestamp.
    #[inline]
    pub(crate) fn request(&mut self, timestamp: &Digits) -> &[u8] {
        self.request[self.timestamp_at..self.timestamp_at + DIGITS].copy_from_slice(timestamp);
        &self.request
    }

    /// The line that ends a session.
    pub(crate) fn close(&self) -> &[u8] {
        &self.close
    }

    /// What `bytes`, the front of what the server sent, say to the request with this timestamp.
    #[inline]
    pub(crate) fn answer(&self, bytes: &[u8], timestamp: &Digits) -> Answer {
        match JsonLines.decode_response(bytes) {
            Step::Incomplete => Answer::Incomplete,
            Step::Message {
                message: Response::WorkDone { sender_timestamp, result, server_received_ns, server_sent_ns },
                consumed,
            } => {
                if sender_timestamp.as_bytes() != timestamp || *result != *self.expected_result {
                    return Answer::Wrong;
                }
                let times = (server_received_ns, server_sent_ns);
                Answer::Right { server_ns: (times != (0, 0)).then_some(times), consumed }
            }
            Step::Message { message: Response::ConnectionClosed { requests_served, .. }, consumed } => {
                Answer::Closed { requests_served, consumed }
            }
            Step::Message { message: Response::Error { .. }, consumed } => Answer::Refused { consumed },
            Step::Malformed { .. } | Step::Broken { .. } => Answer::Wrong,
        }
    }
}

/// A number as twenty decimal digits: two at a time, because this is done for every request.
#[inline]
pub(crate) fn digits(mut number: u64) -> Digits {
    const PAIRS: [[u8; 2]; 100] = pairs();
    let mut digits = [b'0'; DIGITS];
    for pair in digits.rchunks_exact_mut(2) {
        pair.copy_from_slice(&PAIRS[(number % 100) as usize]);
        number /= 100;
    }
    digits
}

const fn pairs() -> [[u8; 2]; 100] {
    let mut pairs = [[0; 2]; 100];
    let mut number = 0;
    while number < 100 {
        pairs[number] = [b'0' + (number / 10) as u8, b'0' + (number % 10) as u8];
        number += 1;
    }
    pairs
}
