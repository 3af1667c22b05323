//! The body of a reply in chunks. Where it ends is read byte by byte by [`ChunkStage`], here for a body that is wanted whole,
//! in `reading.rs` for one that is passed over.

use std::borrow::Cow;

use super::framing::Reason;

/// A body, borrowed if it came in no more than one chunk, and how many bytes its chunks take.
type BodyOfChunks<'a> = (Cow<'a, [u8]>, usize);

/// The chunked body at the front of `bytes`, or None while it is not whole.
pub(super) fn chunked(bytes: &[u8]) -> Result<Option<BodyOfChunks<'_>>, Reason> {
    let (mut rest, mut stage) = (bytes, ChunkStage::FIRST);
    let mut body: Cow<'_, [u8]> = Cow::Borrowed(b"");
    while let Some((byte, after)) = rest.split_first() {
        if let ChunkStage::Data { left } = stage {
            let length = usize::try_from(left).unwrap_or(usize::MAX);
            let Some((data, after)) = rest.split_at_checked(length) else { return Ok(None) };
            if body.is_empty() {
                body = Cow::Borrowed(data);
            } else {
                body.to_mut().extend_from_slice(data);
            }
            (rest, stage) = (after, ChunkStage::DataEnd { after_cr: false });
            continue;
        }
        match stage.after(*byte)? {
            Some(next) => (rest, stage) = (after, next),
            None => return Ok(Some((body, bytes.len() - after.len()))),
        }
    }
    Ok(None)
}

/// How far the reading of a body of chunks has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum ChunkStage {
    /// In the digits of a size.
    Size { size: u64, digits: u8 },
    /// Behind them, in what the line says besides.
    Extension { size: u64, after_cr: bool },
    /// In the data, of which so much is to come.
    Data { left: u64 },
    /// Behind the data, where a line must end.
    DataEnd { after_cr: bool },
    /// In the lines behind the last chunk, the empty one of which ends the body.
    Trailer { line_bytes: u32, after_cr: bool },
}

impl ChunkStage {
    /// Before the first chunk, and before each further one.
    pub(super) const FIRST: ChunkStage = ChunkStage::Size { size: 0, digits: 0 };

    /// Where one more byte of the framing leads; nowhere where it ends the body. The data itself is not for this.
    pub(super) fn after(self, byte: u8) -> Result<Option<ChunkStage>, Reason> {
        const DIGITS_THAT_FIT: u8 = 15;
        let next = match (self, byte) {
            (ChunkStage::Size { size, digits }, b'0'..=b'9' | b'a'..=b'f' | b'A'..=b'F')
                if digits < DIGITS_THAT_FIT =>
            {
                let digit = char::from(byte).to_digit(16).map_or(0, u64::from);
                ChunkStage::Size { size: size << 4 | digit, digits: digits + 1 }
            }
            (ChunkStage::Size { size, digits: 1.. }, b'\r' | b';' | b' ' | b'\t') => {
                ChunkStage::Extension { size, after_cr: byte == b'\r' }
            }
            (ChunkStage::Extension { size: 0, after_cr: true }, b'\n') => {
                ChunkStage::Trailer { line_bytes: 0, after_cr: false }
            }
            (ChunkStage::Extension { size, after_cr: true }, b'\n') => ChunkStage::Data { left: size },
            (ChunkStage::Extension { size, .. }, byte) if byte != b'\n' => {
                ChunkStage::Extension { size, after_cr: byte == b'\r' }
            }
            (ChunkStage::DataEnd { after_cr: false }, b'\r') => ChunkStage::DataEnd { after_cr: true },
            (ChunkStage::DataEnd { after_cr: true }, b'\n') => ChunkStage::FIRST,
            (ChunkStage::Trailer { line_bytes: 0, after_cr: true }, b'\n') => return Ok(None),
            (ChunkStage::Trailer { after_cr: true, .. }, b'\n') => {
                ChunkStage::Trailer { line_bytes: 0, after_cr: false }
            }
            (ChunkStage::Trailer { line_bytes, after_cr: false }, b'\r') => {
                ChunkStage::Trailer { line_bytes, after_cr: true }
            }
            (ChunkStage::Trailer { line_bytes, .. }, byte) if byte != b'\n' => {
                ChunkStage::Trailer { line_bytes: line_bytes.saturating_add(1), after_cr: byte == b'\r' }
            }
            (ChunkStage::Size { .. }, _) => return Err("the size of a chunk is not a hexadecimal number"),
            (ChunkStage::Data { .. } | ChunkStage::DataEnd { .. }, _) => return Err("a chunk is longer than it says"),
            (ChunkStage::Extension { .. } | ChunkStage::Trailer { .. }, _) => {
                return Err("a line of a chunked body does not end in CRLF");
            }
        };
        Ok(Some(next))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_chunk_is_borrowed_and_more_are_put_together() {
        let one = |bytes| match chunked(bytes) {
            Ok(Some((Cow::Borrowed(body), consumed))) => (body, consumed),
            other => panic!("{other:?}"),
        };
        assert_eq!(one(b"0\r\n\r\nHTTP"), (&b""[..], 5));
        assert_eq!(one(b"A;x=y\r\n0123456789\r\n0\r\n\r\n"), (&b"0123456789"[..], 24));
        let (body, consumed) = chunked(b"2\r\nhi\r\n1 \r\n!\r\n00\r\nTrailer: t\r\n\r\n0\r\n").unwrap().unwrap();
        assert_eq!((&*body, consumed), (&b"hi!"[..], 32));
    }

    #[test]
    fn a_body_is_incomplete_until_its_last_byte() {
        let whole = b"2\r\nhi\r\n1\r\n!\r\n0\r\nTrailer: t\r\n\r\n";
        for end in 0..whole.len() {
            assert_eq!(chunked(&whole[..end]), Ok(None), "{end} bytes");
        }
    }

    #[test]
    fn bad_framing_is_refused() {
        let bad: [&[u8]; 8] =
            [b"\r\n", b"g\r\n", b"-1\r\n", b"0x1\r\n", b"1\nx", b"1\r\nxy\r\n", b"1\r\nx\n0", b"1000000000000000\r\n"];
        for body in bad {
            assert!(chunked(body).is_err(), "{}", String::from_utf8_lossy(body));
        }
    }
}
