//! Lines of messages over a pipe: read to a bound, each with the moment at which it came, and written whole.
//!
//! A thread reads, so that a moment is that of arrival whatever the reader is doing. Must not know: what is said. Beside it:
//! `process/pipe.rs`, which reads a server's pipe, where nothing but a process that was told to stop is waited for.

use std::io::{self, BufRead, BufReader, Read, Write};

use instruments::clock::now_ns;
use serde::Serialize;

/// A first line longer than this comes from no worker: whatever was started prints something of its own.
pub(super) const FIRST_LINE_BYTES: usize = 64 * 1024;

/// A plan holds a body of 16 MiB at most, in base64; a result holds some 50 histograms, and one for each second of an hour.
pub(super) const LINE_BYTES: usize = 64 * 1024 * 1024;

/// What came.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum MessageRead {
    /// A line without its end, and when it came, on the monotonic clock.
    Line(String, u64),
    /// More bytes than a line may have.
    TooLong,
    /// The other side has closed the pipe, or reading failed.
    Ended,
}

/// Reads lines, the first with a bound of its own.
pub(super) struct MessageLines<R> {
    source: BufReader<R>,
    most: usize,
}

impl<R: Read> MessageLines<R> {
    pub(super) fn new(source: R) -> MessageLines<R> {
        MessageLines { source: BufReader::new(source), most: FIRST_LINE_BYTES }
    }

    /// The next line. After one that is too long, or the end, there is no other.
    pub(super) fn next(&mut self) -> MessageRead {
        let mut line = Vec::new();
        // The end of the line is one byte more.
        let read = self.source.by_ref().take(self.most as u64 + 1).read_until(b'\n', &mut line);
        let at_ns = now_ns();
        match (read, line.pop()) {
            (Ok(_), Some(b'\n')) => {
                self.most = LINE_BYTES;
                MessageRead::Line(String::from_utf8_lossy(&line).into_owned(), at_ns)
            }
            (Ok(read), Some(_)) if read > self.most => MessageRead::TooLong,
            // A line without its end is none: who wrote it has ended in the middle.
            _ => MessageRead::Ended,
        }
    }
}

/// Writes a message as one line.
pub(super) fn say(sink: &mut impl Write, message: &impl Serialize) -> io::Result<()> {
    let mut line = serde_json::to_vec(message)?;
    line.push(b'\n');
    sink.write_all(&line)?;
    sink.flush()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn all(bytes: &[u8]) -> Vec<String> {
        let mut lines = MessageLines::new(bytes);
        std::iter::from_fn(|| match lines.next() {
            MessageRead::Line(line, _) => Some(line),
            MessageRead::TooLong | MessageRead::Ended => None,
        })
        .collect()
    }

    #[test]
    fn lines_come_whole_or_not_at_all() {
        assert_eq!(all(b"a\n\nb\xff\nhalf"), ["a", "", "b\u{fffd}"]);
        assert_eq!(all(b""), [""; 0]);
    }

    #[test]
    fn the_first_line_is_short_and_a_later_one_may_be_long() {
        let long = vec![b'x'; FIRST_LINE_BYTES + 1];
        assert_eq!(MessageLines::new(long.as_slice()).next(), MessageRead::TooLong);
        let second = [b"hello\n", long.as_slice(), b"\n"].concat();
        assert_eq!(all(&second)[1].len(), long.len());
        let endless = io::Read::chain(&b"hello\n"[..], io::repeat(b'x'));
        let mut lines = MessageLines::new(endless);
        assert!(matches!(lines.next(), MessageRead::Line(..)));
        assert_eq!(lines.next(), MessageRead::TooLong);
    }
}
