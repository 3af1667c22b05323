//! Where a message ends, and whether the connection outlives it: what its headers say of that, for requests
//! and replies alike. It knows nothing of what a message asks or answers.

use httparse::{Error, Header};
use memchr::memchr_iter;

use crate::protocol::format::Persistence;

/// Why the end of a message cannot be trusted.
pub(super) type Reason = &'static str;

/// What the headers read so far say of the framing.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Framing {
    pub(super) content_length: Option<usize>,
    pub(super) transfer: TransferCoding,
    connection: Option<Persistence>,
}

/// How a body stands in the stream, as Transfer-Encoding says.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) enum TransferCoding {
    /// As it is: there is no such header.
    #[default]
    Plain,
    /// In chunks.
    Chunked,
    /// In a way whose end is not known here.
    Unknown,
}

impl Framing {
    /// Takes note of a header, if it is one of those.
    pub(super) fn read(&mut self, header: &Header<'_>) -> Result<(), Reason> {
        // The length is compared first, which tells nearly all headers apart.
        if header.name.eq_ignore_ascii_case("Content-Length") {
            let length = number(header.value).and_then(|length| usize::try_from(length).ok());
            let length = length.ok_or("Content-Length is not a number; write decimal digits")?;
            if self.content_length.is_some_and(|other| other != length) {
                return Err("two Content-Length headers differ; send one");
            }
            self.content_length = Some(length);
        } else if header.name.eq_ignore_ascii_case("Transfer-Encoding") {
            // The last coding decides where the body ends; a second header continues the list of the first.
            let last = tokens(header.value).last().unwrap_or_default();
            let is_chunked = last.eq_ignore_ascii_case(b"chunked") && self.transfer == TransferCoding::Plain;
            self.transfer = if is_chunked { TransferCoding::Chunked } else { TransferCoding::Unknown };
        } else if header.name.eq_ignore_ascii_case("Connection") {
            for token in tokens(header.value) {
                if token.eq_ignore_ascii_case(b"close") {
                    self.connection = Some(Persistence::Close);
                } else if token.eq_ignore_ascii_case(b"keep-alive") && self.connection.is_none() {
                    self.connection = Some(Persistence::KeepAlive);
                }
            }
        }
        Ok(())
    }

    /// What the message says of the connection, if it says anything. Where both are said, it closes.
    pub(super) fn connection(&self) -> Option<Persistence> {
        self.connection
    }
}

/// The comma-separated words of a header.
fn tokens(value: &[u8]) -> impl Iterator<Item = &[u8]> {
    value.split(|byte| *byte == b',').map(<[u8]>::trim_ascii)
}

/// A number as HTTP writes lengths: decimal digits and nothing else.
pub(super) fn number(value: &[u8]) -> Option<u64> {
    if value.is_empty() {
        return None;
    }
    value.iter().try_fold(0_u64, |number, byte| {
        let digit = byte.is_ascii_digit().then(|| u64::from(byte - b'0'))?;
        number.checked_mul(10)?.checked_add(digit)
    })
}

/// Whether the empty line that ends a head may stand at the end of `bytes`, or anywhere behind `bytes[..seen]`.
pub(super) fn may_end_a_head(bytes: &[u8], seen: usize) -> bool {
    memchr_iter(b'\n', &bytes[seen..]).any(|at| {
        let before = &bytes[..seen + at];
        before.ends_with(b"\n\r") || before.ends_with(b"\n")
    })
}

/// Just behind the empty line that ends a head, if it is there; the end does not lie before `searched`.
pub(super) fn end_of_head(bytes: &[u8], searched: usize) -> Option<usize> {
    // A blank line before the status line is passed over by the parser, and ends nothing.
    let first = bytes.iter().position(|byte| !matches!(byte, b'\r' | b'\n'))?;
    let ends = memchr_iter(b'\n', &bytes[searched..]).map(|at| searched + at);
    let is_blank = |at: &usize| *at > first && (bytes[..*at].ends_with(b"\n\r") || bytes[..*at].ends_with(b"\n"));
    ends.into_iter().find(is_blank).map(|at| at + 1)
}

/// Whether what begins like this may become a reply. A server of another protocol may never send a line.
pub(super) fn may_be_http(front: &[u8]) -> bool {
    let first = front.iter().position(|byte| !matches!(byte, b'\r' | b'\n')).unwrap_or(front.len());
    let front = &front[first..];
    let length = front.len().min(b"HTTP/1.".len());
    front[..length] == b"HTTP/1."[..length]
}

/// What a person can do about a head that httparse does not take.
pub(super) fn explain(error: Error) -> Reason {
    match error {
        Error::TooManyHeaders => "more than 64 headers; send fewer",
        Error::Version => "the version is not one that is spoken here; write HTTP/1.1",
        Error::HeaderName => {
            "a header's name is not valid, or a header is folded over two lines; write each as in Name: value"
        }
        Error::HeaderValue => "a header holds a control character; leave it out",
        Error::NewLine => "a line of the head does not end in CRLF; end each in CRLF",
        Error::Status => "the status is not a number of three digits",
        Error::Token => "the first line is not one of HTTP/1.1; write it as in GET /echo/hi HTTP/1.1",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn framing(headers: &[(&str, &str)]) -> Result<Framing, Reason> {
        headers.iter().try_fold(Framing::default(), |mut framing, (name, value)| {
            framing.read(&Header { name, value: value.as_bytes() }).map(|()| framing)
        })
    }

    #[test]
    fn names_and_words_are_read_in_any_case() {
        let read = framing(&[("content-LENGTH", "007"), ("CONNECTION", "te,  Close"), ("x", "y")]).unwrap();
        assert_eq!((read.content_length, read.connection()), (Some(7), Some(Persistence::Close)));
        assert_eq!(framing(&[("Transfer-encoding", "gzip , CHUNKED")]).unwrap().transfer, TransferCoding::Chunked);
    }

    #[test]
    fn lengths_are_digits_and_agree() {
        for bad in ["", "+5", "-1", "5,5", "0x5", "5 5", "18446744073709551616", "٥"] {
            assert!(framing(&[("Content-Length", bad)]).is_err(), "{bad:?}");
        }
        assert!(framing(&[("Content-Length", "5"), ("Content-Length", "6")]).is_err());
        assert_eq!(framing(&[("Content-Length", "5"), ("Content-Length", "5")]).unwrap().content_length, Some(5));
    }

    #[test]
    fn only_a_single_list_that_ends_in_chunked_is_chunked() {
        for bad in ["chunked, gzip", "", "xchunked", "identity"] {
            assert_eq!(framing(&[("Transfer-Encoding", bad)]).unwrap().transfer, TransferCoding::Unknown, "{bad:?}");
        }
        let twice = framing(&[("Transfer-Encoding", "chunked"), ("Transfer-Encoding", "chunked")]).unwrap();
        assert_eq!(twice.transfer, TransferCoding::Unknown);
    }

    #[test]
    fn closing_wins_over_keeping_alive() {
        for both in ["close, keep-alive", "keep-alive, close"] {
            assert_eq!(framing(&[("Connection", both)]).unwrap().connection(), Some(Persistence::Close));
        }
    }

    #[test]
    fn the_end_of_a_head_is_seen_across_reads() {
        let head = b"GET / HTTP/1.1\r\n\r\n";
        for seen in 1..head.len() {
            assert!(may_end_a_head(head, seen), "{seen}");
            assert!(!may_end_a_head(&head[..head.len() - 1], seen), "{seen}");
        }
        assert!(may_end_a_head(b"a\n\n", 2));
    }
}
