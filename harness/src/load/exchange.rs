//! The bytes of one request and what its reply must say. The request is encoded once; sending patches the timestamp
//! into place, so that the hot path neither allocates nor encodes.
//!
//! Must not know: sockets, time. Beside it: `connection.rs`, which decides when.

use std::borrow::Cow;

use servers::protocol::{JsonLines, Request, Response, Step, WireFormat};

use super::template::{Matched, Template};

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
    template: Template,
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
        let template = Template::new(&expected_result);
        Exchange { request, timestamp_at, close, expected_result, template }
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
        match self.template.matches(bytes, timestamp) {
            Some(Matched { server_received_ns, server_sent_ns, consumed }) => {
                Answer::Right { server_ns: server_times(server_received_ns, server_sent_ns), consumed }
            }
            None => self.decoded(bytes, timestamp),
        }
    }

    /// As the protocol's own decoder has it.
    fn decoded(&self, bytes: &[u8], timestamp: &Digits) -> Answer {
        match JsonLines.decode_response(bytes) {
            Step::Incomplete => Answer::Incomplete,
            Step::Message {
                message: Response::WorkDone { sender_timestamp, result, server_received_ns, server_sent_ns },
                consumed,
                ..
            } => {
                if sender_timestamp.as_bytes() != timestamp || *result != *self.expected_result {
                    return Answer::Wrong;
                }
                Answer::Right { server_ns: server_times(server_received_ns, server_sent_ns), consumed }
            }
            Step::Message { message: Response::ConnectionClosed { requests_served, .. }, consumed, .. } => {
                Answer::Closed { requests_served, consumed }
            }
            Step::Message { message: Response::Error { .. }, consumed, .. } => Answer::Refused { consumed },
            Step::Malformed { .. } | Step::Broken { .. } => Answer::Wrong,
        }
    }
}

/// The server's times; a server without a clock sends noughts.
fn server_times(received_ns: u64, sent_ns: u64) -> Option<(u64, u64)> {
    ((received_ns, sent_ns) != (0, 0)).then_some((received_ns, sent_ns))
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

#[cfg(test)]
mod tests {
    use super::*;

    /// Twenty digits, all of them used.
    const LATEST: u64 = u64::MAX;

    fn echo(parameter: &str) -> Exchange {
        Exchange::new("echo", parameter, parameter.to_owned())
    }

    fn reply(result: &str, timestamp: &str, times: (u64, u64)) -> String {
        let reply = serde_json::json!({"WorkDone": {
            "sender_timestamp": timestamp,
            "result": result,
            "server_received_ns": times.0,
            "server_sent_ns": times.1,
        }});
        format!("{reply}\n")
    }

    fn asked(request: &[u8]) -> (String, String) {
        let request: serde_json::Value = serde_json::from_slice(request).unwrap();
        let field = |name: &str| request["RequestWork"][name].as_str().unwrap().to_owned();
        (field("parameter"), field("sender_timestamp"))
    }

    #[test]
    fn a_request_is_one_line_with_its_own_timestamp() {
        let mut exchange = echo("hi");
        for (intended_ns, twenty) in
            [(7, "00000000000000000007"), (LATEST, "18446744073709551615"), (0, "00000000000000000000")]
        {
            let request = exchange.request(&digits(intended_ns));
            assert_eq!(asked(request), ("hi".to_owned(), twenty.to_owned()));
            assert_eq!(request.iter().filter(|byte| **byte == b'\n').count(), 1);
            assert_eq!(request.last(), Some(&b'\n'));
        }
    }

    #[test]
    fn a_parameter_that_looks_like_a_timestamp_is_left_alone() {
        for parameter in ["00000000000000000000", "\"sender_timestamp\":\"00000000000000000000\"", "\n\"\\"] {
            let mut exchange = echo(parameter);
            assert_eq!(asked(exchange.request(&digits(42))), (parameter.to_owned(), "00000000000000000042".to_owned()));
            let right = reply(parameter, "00000000000000000042", (1, 2));
            assert!(matches!(exchange.answer(right.as_bytes(), &digits(42)), Answer::Right { .. }), "{parameter}");
        }
    }

    #[test]
    fn only_the_answer_to_this_request_is_right() {
        let exchange = echo("hi");
        let of = |text: &str| exchange.answer(text.as_bytes(), &digits(LATEST));
        let right = reply("hi", "18446744073709551615", (5, 9));
        let consumed = right.len();
        assert_eq!(of(&right), Answer::Right { server_ns: Some((5, 9)), consumed });
        assert_eq!(of(&(right.clone() + "{\"Wor")), Answer::Right { server_ns: Some((5, 9)), consumed });
        let untimed = reply("hi", "18446744073709551615", (0, 0));
        assert_eq!(of(&untimed), Answer::Right { server_ns: None, consumed: untimed.len() });
        assert_eq!(of(&reply("ho", "18446744073709551615", (5, 9))), Answer::Wrong);
        assert_eq!(of(&reply("", "18446744073709551615", (5, 9))), Answer::Wrong);
        assert_eq!(of(&reply("hi", "18446744073709551614", (5, 9))), Answer::Wrong, "another request's");
        assert_eq!(of(&reply("hi", "1", (5, 9))), Answer::Wrong, "a timestamp is said back as it was sent");
    }

    #[test]
    fn an_answer_is_incomplete_until_its_last_byte() {
        let exchange = echo("hi");
        let right = reply("hi", "00000000000000000001", (5, 9));
        for end in 0..right.len() {
            assert_eq!(exchange.answer(&right.as_bytes()[..end], &digits(1)), Answer::Incomplete, "{end} bytes");
        }
    }

    #[test]
    fn refusals_goodbyes_and_nonsense_are_told_apart() {
        let exchange = echo("hi");
        let of = |text: &str| exchange.answer(text.as_bytes(), &digits(1));
        let refusal = "{\"Error\":{\"reason\":\"no\"}}\n";
        assert_eq!(of(refusal), Answer::Refused { consumed: refusal.len() });
        let goodbye = servers_goodbye(10);
        assert_eq!(of(&goodbye), Answer::Closed { requests_served: 10, consumed: goodbye.len() });
        for nonsense in ["HTTP/1.1 400 Bad Request\r\n\r\n", "\n", "{}\n", "{\"WorkDone\":{}}\n", "\u{0}\n"] {
            assert_eq!(of(nonsense), Answer::Wrong, "{nonsense:?}");
        }
    }

    fn servers_goodbye(requests_served: u64) -> String {
        let mut goodbye = Vec::new();
        let timestamp = Cow::Borrowed("1");
        let closed = Response::ConnectionClosed {
            initial_timestamp: timestamp.clone(),
            final_timestamp: timestamp,
            requests_served,
        };
        JsonLines.encode_response(&closed, servers::protocol::Persistence::Close, &mut goodbye);
        String::from_utf8(goodbye).unwrap()
    }
}
