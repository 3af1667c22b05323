//! The reply that is expected of our own servers, as bytes: nearly every reply is this one with three numbers in it, and is
//! recognised by comparing instead of decoding. Whatever differs is left to the decoder, which has the last word.
//!
//! Must not know: how a reply is laid out. The template is cut from what the encoder of the protocol writes. Beside it:
//! `asked.rs`, which asks both.

use std::borrow::Cow;
use std::ops::Range;

use servers::protocol::{Persistence, Response, Wire, WireFormat};

use super::heard::Digits;

/// What stands before, between and after the numbers.
#[derive(Debug, Clone)]
pub(crate) struct Template {
    before_timestamp: Vec<u8>,
    before_received: Vec<u8>,
    before_sent: Vec<u8>,
    end: Vec<u8>,
}

/// The numbers of a reply that matched.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Matched {
    pub(crate) server_received_ns: u64,
    pub(crate) server_sent_ns: u64,
    pub(crate) consumed: usize,
}

impl Template {
    /// For replies with this result, on connections that live on.
    pub(crate) fn new(wire: Wire, result: &str) -> Template {
        // Two spellings of each number, of which no digit is the same: what differs where one of them is exchanged for
        // the other is that number's place, whatever the result holds.
        const TIMESTAMPS: [&str; 2] = ["11111111111111111111", "22222222222222222222"];
        const NUMBERS: [u64; 2] = [1_111_111_111_111_111_111, 2_222_222_222_222_222_222];
        let reply = |timestamp: usize, received: usize, sent: usize| {
            encoded(wire, result, TIMESTAMPS[timestamp], [NUMBERS[received], NUMBERS[sent]], Persistence::KeepAlive)
        };
        let base = reply(0, 0, 0);
        let [timestamp, received, sent] =
            [reply(1, 0, 0), reply(0, 1, 0), reply(0, 0, 1)].map(|other| difference(&base, &other));
        let piece = |begin: usize, end: usize| base[begin..end].to_vec();
        Template {
            before_timestamp: piece(0, timestamp.start),
            before_received: piece(timestamp.end, received.start),
            before_sent: piece(received.end, sent.start),
            end: piece(sent.end, base.len()),
        }
    }

    /// The numbers of the reply at the front of `bytes`, if it is the expected one to the request with this timestamp,
    /// to the letter.
    #[inline]
    pub(crate) fn matches(&self, bytes: &[u8], timestamp: &Digits) -> Option<Matched> {
        let rest = bytes.strip_prefix(self.before_timestamp.as_slice())?;
        let rest = rest.strip_prefix(timestamp.as_slice())?;
        let rest = rest.strip_prefix(self.before_received.as_slice())?;
        let (server_received_ns, rest) = number(rest)?;
        let rest = rest.strip_prefix(self.before_sent.as_slice())?;
        let (server_sent_ns, rest) = number(rest)?;
        let rest = rest.strip_prefix(self.end.as_slice())?;
        Some(Matched { server_received_ns, server_sent_ns, consumed: bytes.len() - rest.len() })
    }
}

/// The reply of one of our own servers, with the times at which it received the request and sent this.
pub(super) fn encoded(wire: Wire, result: &str, timestamp: &str, times: [u64; 2], then: Persistence) -> Vec<u8> {
    let (sender_timestamp, result) = (Cow::Borrowed(timestamp), Cow::Borrowed(result));
    let [server_received_ns, server_sent_ns] = times.map(Some);
    let server_waited_ns = None;
    let reply = Response::WorkDone { sender_timestamp, result, server_received_ns, server_sent_ns, server_waited_ns };
    let mut bytes = Vec::new();
    wire.encode_response(&reply, then, &mut bytes);
    bytes
}

/// A number without leading zeros at the front of `bytes`, of nineteen digits at most, which fit.
#[inline]
fn number(bytes: &[u8]) -> Option<(u64, &[u8])> {
    let length = bytes.iter().take(20).take_while(|byte| byte.is_ascii_digit()).count();
    let (digits, rest) = bytes.split_at(length);
    let is_plain = matches!(length, 1..=19) && (length == 1 || digits[0] != b'0');
    is_plain.then(|| (digits.iter().fold(0, |sum, digit| sum * 10 + u64::from(digit - b'0')), rest))
}

/// From the first byte that differs to the last.
fn difference(a: &[u8], b: &[u8]) -> Range<usize> {
    let differs = |pair: (&u8, &u8)| pair.0 != pair.1;
    let begin = a.iter().zip(b).position(differs).expect(IS_THERE);
    let end = a.iter().zip(b).rposition(differs).expect(IS_THERE) + 1;
    begin..end
}

const IS_THERE: &str = "an encoded reply holds what it was made of";

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use servers::protocol::Decoded;

    use super::super::heard::digits;
    use super::*;

    fn reply(wire: Wire, result: &str, timestamp: &Digits, times: [u64; 2]) -> Vec<u8> {
        encoded(wire, result, std::str::from_utf8(timestamp).unwrap(), times, Persistence::KeepAlive)
    }

    proptest! {
        #[test]
        fn what_our_servers_write_matches(
            wire in wires(),
            result in ".{0,30}|[0-9]{20,25}|18446744073709551615",
            intended: u64,
            received in 0..9_999_999_999_999_999_999u64,
            sent in 0..9_999_999_999_999_999_999u64,
        ) {
            let timestamp = digits(intended);
            let bytes = reply(wire, &result, &timestamp, [received, sent]);
            let expected = Matched { server_received_ns: received, server_sent_ns: sent, consumed: bytes.len() };
            prop_assert_eq!(Template::new(wire, &result).matches(&bytes, &timestamp), Some(expected));
        }

        #[test]
        fn what_matches_is_what_the_decoder_reads(wire in wires(), cut in 0usize..200, byte: u8) {
            let timestamp = digits(7);
            let mut bytes = reply(wire, "hi", &timestamp, [123, 456]);
            let at = cut % bytes.len();
            bytes[at] = byte;
            if let Some(matched) = Template::new(wire, "hi").matches(&bytes, &timestamp) {
                let Decoded::Message { message, consumed, .. } = wire.decode_response(&bytes) else {
                    return Err(TestCaseError::fail("the decoder reads no reply"));
                };
                prop_assert_eq!(consumed, matched.consumed);
                let Response::WorkDone { server_received_ns, server_sent_ns, .. } = message else {
                    return Err(TestCaseError::fail("the decoder reads another reply"));
                };
                prop_assert_eq!(server_received_ns, Some(matched.server_received_ns));
                prop_assert_eq!(server_sent_ns, Some(matched.server_sent_ns));
            }
        }
    }

    fn wires() -> impl Strategy<Value = Wire> {
        prop::sample::select(Wire::ALL.as_slice())
    }

    #[test]
    fn another_timestamp_or_result_does_not_match() {
        let wire = Wire::JsonLines;
        let bytes = reply(wire, "hi", &digits(7), [1, 2]);
        assert_eq!(Template::new(wire, "hi").matches(&bytes, &digits(8)), None);
        assert_eq!(Template::new(wire, "ho").matches(&bytes, &digits(7)), None);
        assert_eq!(Template::new(wire, "hi").matches(&bytes[..bytes.len() - 1], &digits(7)), None);
    }
}
