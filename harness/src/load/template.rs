//! The reply that is expected, as bytes: nearly every reply is this one with three numbers in it, and is recognised by
//! comparing instead of decoding. Whatever differs is left to the decoder, which has the last word.
//!
//! Must not know: how a reply is laid out. The template is cut from what the encoder of the protocol writes.

use std::borrow::Cow;

use servers::protocol::{JsonLines, Persistence, Response, WireFormat};

use super::exchange::Digits;

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
    /// For replies with this result.
    pub(crate) fn new(result: &str) -> Template {
        // Numbers to cut at. The timestamp stands before the result and the others after it, so that a result which
        // holds such a number too does no harm.
        const TIMESTAMP: &str = "00000000000000000001";
        const RECEIVED: u64 = 18_446_744_073_709_551_614;
        const SENT: u64 = 18_446_744_073_709_551_615;
        let mut reply = Vec::new();
        JsonLines.encode_response(
            &Response::WorkDone {
                sender_timestamp: Cow::Borrowed(TIMESTAMP),
                result: Cow::Borrowed(result),
                server_received_ns: RECEIVED,
                server_sent_ns: SENT,
            },
            Persistence::KeepAlive,
            &mut reply,
        );
        let (before_timestamp, rest) = cut_first(&reply, TIMESTAMP.as_bytes());
        let (rest, end) = cut_last(rest, SENT.to_string().as_bytes());
        let (before_received, before_sent) = cut_last(rest, RECEIVED.to_string().as_bytes());
        let owned = |piece: &[u8]| piece.to_vec();
        Template {
            before_timestamp: owned(before_timestamp),
            before_received: owned(before_received),
            before_sent: owned(before_sent),
            end: owned(end),
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

/// A number without leading zeros at the front of `bytes`, of nineteen digits at most, which fit.
#[inline]
fn number(bytes: &[u8]) -> Option<(u64, &[u8])> {
    let length = bytes.iter().take(20).take_while(|byte| byte.is_ascii_digit()).count();
    let (digits, rest) = bytes.split_at(length);
    let is_plain = matches!(length, 1..=19) && (length == 1 || digits[0] != b'0');
    is_plain.then(|| (digits.iter().fold(0, |sum, digit| sum * 10 + u64::from(digit - b'0')), rest))
}

/// What stands before and after the first place of a piece that is there.
fn cut_first<'a>(bytes: &'a [u8], piece: &[u8]) -> (&'a [u8], &'a [u8]) {
    let at = bytes.windows(piece.len()).position(|window| window == piece).expect(IS_THERE);
    (&bytes[..at], &bytes[at + piece.len()..])
}

/// As [`cut_first`], of the last place.
fn cut_last<'a>(bytes: &'a [u8], piece: &[u8]) -> (&'a [u8], &'a [u8]) {
    let at = bytes.windows(piece.len()).rposition(|window| window == piece).expect(IS_THERE);
    (&bytes[..at], &bytes[at + piece.len()..])
}

const IS_THERE: &str = "an encoded reply holds what it was made of";

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use servers::protocol::Step;

    use super::*;
    use crate::load::exchange::digits;

    fn encoded(result: &str, timestamp: &Digits, server_received_ns: u64, server_sent_ns: u64) -> Vec<u8> {
        let mut bytes = Vec::new();
        let sender_timestamp = Cow::Borrowed(std::str::from_utf8(timestamp).unwrap());
        let result = Cow::Borrowed(result);
        let reply = Response::WorkDone { sender_timestamp, result, server_received_ns, server_sent_ns };
        JsonLines.encode_response(&reply, Persistence::KeepAlive, &mut bytes);
        bytes
    }

    proptest! {
        #[test]
        fn what_our_servers_write_matches(
            result in ".{0,30}|[0-9]{20,25}|18446744073709551615",
            intended: u64,
            received in 0..9_999_999_999_999_999_999u64,
            sent in 0..9_999_999_999_999_999_999u64,
        ) {
            let timestamp = digits(intended);
            let bytes = encoded(&result, &timestamp, received, sent);
            let expected = Matched { server_received_ns: received, server_sent_ns: sent, consumed: bytes.len() };
            prop_assert_eq!(Template::new(&result).matches(&bytes, &timestamp), Some(expected));
        }

        #[test]
        fn what_matches_is_what_the_decoder_reads(cut in 0usize..140, byte: u8) {
            let timestamp = digits(7);
            let mut bytes = encoded("hi", &timestamp, 123, 456);
            let at = cut % bytes.len();
            bytes[at] = byte;
            if let Some(matched) = Template::new("hi").matches(&bytes, &timestamp) {
                let Step::Message { message, consumed, .. } = JsonLines.decode_response(&bytes) else {
                    return Err(TestCaseError::fail("the decoder reads no reply"));
                };
                prop_assert_eq!(consumed, matched.consumed);
                let Response::WorkDone { server_received_ns, server_sent_ns, .. } = message else {
                    return Err(TestCaseError::fail("the decoder reads another reply"));
                };
                prop_assert_eq!(server_received_ns, matched.server_received_ns);
                prop_assert_eq!(server_sent_ns, matched.server_sent_ns);
            }
        }
    }

    #[test]
    fn another_timestamp_or_result_does_not_match() {
        let bytes = encoded("hi", &digits(7), 1, 2);
        assert_eq!(Template::new("hi").matches(&bytes, &digits(8)), None);
        assert_eq!(Template::new("ho").matches(&bytes, &digits(7)), None);
        assert_eq!(Template::new("hi").matches(&bytes[..bytes.len() - 1], &digits(7)), None);
    }
}
