//! The work of our own servers, in either wire format: its request, and what the reply must say. The request is encoded
//! once; sending patches the timestamp into place, so that the hot path neither allocates nor encodes.
//!
//! Must not know: sockets, time. Beside it: `reply.rs`, the short way to the same verdict on a reply.

use std::borrow::Cow;

use reports::record::MalformedReason;
use servers::protocol::{Decoded, Persistence, Request, Response, Wire, WireFormat};

use super::reply::{DIGITS, Digits, Heard, Matched, Meaning, Template, digits};

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
    Heard { meaning, consumed, reply_bytes: consumed as u64, status: 0, server_waited_ns: None }
}

#[cfg(test)]
mod tests {
    use super::*;

    const KEPT: Persistence = Persistence::KeepAlive;

    /// Twenty digits, all of them used.
    const LATEST: u64 = u64::MAX;

    /// What all of `bytes` say, and how many of them say it.
    fn said(asked: &AskedExchange, bytes: &[u8], timestamp: u64) -> (Meaning, usize) {
        let heard = asked.hear(&mut Vec::new(), bytes, &digits(timestamp));
        (heard.meaning, heard.consumed)
    }

    fn right(times: (u64, u64), then: Persistence) -> Meaning {
        Meaning::Right { server_ns: Some(times), then }
    }

    fn echo(parameter: &str) -> AskedExchange {
        AskedExchange::new(Wire::JsonLines, "echo", parameter, parameter.to_owned())
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

    fn parts(request: &[u8]) -> (String, String) {
        let request: serde_json::Value = serde_json::from_slice(request).unwrap();
        let field = |name: &str| request["RequestWork"][name].as_str().unwrap().to_owned();
        (field("parameter"), field("sender_timestamp"))
    }

    #[test]
    fn a_request_is_one_line_with_its_own_timestamp() {
        let mut asked = echo("hi");
        for (intended_ns, twenty) in
            [(7, "00000000000000000007"), (LATEST, "18446744073709551615"), (0, "00000000000000000000")]
        {
            let request = asked.request(&digits(intended_ns));
            assert_eq!(parts(request), ("hi".to_owned(), twenty.to_owned()));
            assert_eq!(request.iter().filter(|byte| **byte == b'\n').count(), 1);
            assert_eq!(request.last(), Some(&b'\n'));
        }
    }

    #[test]
    fn a_parameter_that_looks_like_a_timestamp_is_left_alone() {
        for parameter in ["00000000000000000000", "\"sender_timestamp\":\"00000000000000000000\"", "\n\"\\"] {
            let mut asked = echo(parameter);
            assert_eq!(parts(asked.request(&digits(42))), (parameter.to_owned(), "00000000000000000042".to_owned()));
            let right = reply(parameter, "00000000000000000042", (1, 2));
            assert!(matches!(said(&asked, right.as_bytes(), 42).0, Meaning::Right { .. }), "{parameter}");
        }
    }

    #[test]
    fn only_the_answer_to_this_request_is_right() {
        let asked = echo("hi");
        let of = |text: &str| said(&asked, text.as_bytes(), LATEST);
        let reply_to_it = reply("hi", "18446744073709551615", (5, 9));
        assert_eq!(of(&reply_to_it), (right((5, 9), KEPT), reply_to_it.len()));
        assert_eq!(of(&(reply_to_it.clone() + "{\"Wor")), (right((5, 9), KEPT), reply_to_it.len()));
        let untimed = reply("hi", "18446744073709551615", (0, 0));
        assert_eq!(of(&untimed), (Meaning::Right { server_ns: None, then: KEPT }, untimed.len()));
        let wrong = |text: &str| of(text).0;
        let (other, result) =
            (Meaning::Wrong(MalformedReason::OtherRequest), Meaning::Wrong(MalformedReason::WrongResult));
        assert_eq!(wrong(&reply("ho", "18446744073709551615", (5, 9))), result);
        assert_eq!(wrong(&reply("", "18446744073709551615", (5, 9))), result);
        assert_eq!(wrong(&reply("hi", "18446744073709551614", (5, 9))), other);
        assert_eq!(wrong(&reply("hi", "1", (5, 9))), other, "a timestamp is said back as it was sent");
    }

    #[test]
    fn a_server_of_another_hand_may_spell_its_replies_otherwise_and_leave_its_times_out() {
        let asked = echo("hi");
        let of = |fields: &str| {
            let text = format!("{{ \"WorkDone\": {{{fields}}} }}\r\n");
            let (Meaning::Right { server_ns, then: KEPT }, consumed) = said(&asked, text.as_bytes(), 1) else {
                panic!("{text} is not right")
            };
            assert_eq!(consumed, text.len());
            server_ns
        };
        let (sent, result) = (r#""sender_timestamp": "00000000000000000001""#, r#""result": "hi""#);
        let times = r#""server_sent_ns": 9, "server_received_ns": 5"#;
        assert_eq!(of(&format!("{sent},{result}")), None);
        assert_eq!(of(&format!("{result}, {sent}")), None);
        assert_eq!(of(&format!("{times}, {result}, {sent}")), Some((5, 9)));
        assert_eq!(of(&format!("{result}, \"server_sent_ns\": 9, {sent}")), None, "one time alone is no span");
    }

    #[test]
    fn an_answer_is_incomplete_until_its_last_byte() {
        let asked = echo("hi");
        let whole = reply("hi", "00000000000000000001", (5, 9));
        for end in 1..whole.len() {
            let (front, rest) = whole.as_bytes().split_at(end);
            let mut kept = Vec::new();
            let heard = asked.hear(&mut kept, front, &digits(1));
            assert_eq!((heard.meaning, heard.consumed), (Meaning::Incomplete, end), "{end} bytes");
            let heard = asked.hear(&mut kept, rest, &digits(1));
            assert_eq!((heard.meaning, heard.consumed), (right((5, 9), KEPT), rest.len()), "{end} bytes");
            assert_eq!(heard.reply_bytes, whole.len() as u64);
        }
    }

    #[test]
    fn either_wire_carries_timestamps_there_and_back() {
        for wire in Wire::ALL {
            for parameter in ["hi", "11111111111111111111", "\r\n\r\n", "1111111111111111111"] {
                let mut asked = AskedExchange::new(wire, "echo", parameter, parameter.to_owned());
                let timestamp = digits(42);
                let Decoded::Message {
                    message: Request::RequestWork { sender_timestamp, parameter: asked_for, .. },
                    ..
                } = wire.decode_request(asked.request(&timestamp))
                else {
                    panic!("{wire}: no request")
                };
                assert_eq!((sender_timestamp.as_bytes(), &*asked_for), (timestamp.as_slice(), parameter), "{wire}");
                for then in [Persistence::KeepAlive, Persistence::Close] {
                    let reply = encoded(wire, parameter, "00000000000000000042", then);
                    // JSON lines have no words for a connection that closes.
                    let then = if wire == Wire::Http { then } else { KEPT };
                    assert_eq!(said(&asked, &reply, 42), (right((5, 9), then), reply.len()), "{wire}");
                    let other = Meaning::Wrong(MalformedReason::OtherRequest);
                    assert_eq!(said(&asked, &reply, 43).0, other, "{wire}");
                    for end in 1..reply.len() {
                        assert_eq!(said(&asked, &reply[..end], 42), (Meaning::Incomplete, end), "{wire}");
                    }
                }
            }
        }
    }

    fn encoded(wire: Wire, result: &str, timestamp: &str, then: Persistence) -> Vec<u8> {
        let mut bytes = Vec::new();
        let (sender_timestamp, result) = (Cow::Borrowed(timestamp), Cow::Borrowed(result));
        let reply = Response::WorkDone {
            sender_timestamp,
            result,
            server_received_ns: Some(5),
            server_sent_ns: Some(9),
            server_waited_ns: None,
        };
        wire.encode_response(&reply, then, &mut bytes);
        bytes
    }

    #[test]
    fn refusals_goodbyes_and_nonsense_are_told_apart() {
        let asked = echo("hi");
        let of = |text: &str| said(&asked, text.as_bytes(), 1);
        let refusal = "{\"Error\":{\"reason\":\"no\"}}\n";
        assert_eq!(of(refusal), (Meaning::Refused { then: KEPT }, refusal.len()));
        let goodbye = servers_goodbye(10);
        assert_eq!(of(&goodbye), (Meaning::Closed { requests_served: 10 }, goodbye.len()));
        let nonsense_of_this_kind = Meaning::Wrong(MalformedReason::NotTheProtocol);
        for nonsense in ["HTTP/1.1 400 Bad Request\r\n\r\n", "\n", "{}\n", "{\"WorkDone\":{}}\n", "\u{0}\n"] {
            assert_eq!(of(nonsense).0, nonsense_of_this_kind, "{nonsense:?}");
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
        Wire::JsonLines.encode_response(&closed, Persistence::Close, &mut goodbye);
        String::from_utf8(goodbye).unwrap()
    }
}
