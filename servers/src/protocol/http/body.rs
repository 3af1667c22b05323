//! The body of a reply, as one piece or in chunks, without a copy of it. Where a body in chunks ends is read byte by byte by
//! [`ChunkStage`], here for a body that is wanted whole, in `reading.rs` for one that is passed over.

use std::borrow::Cow;

use super::framing::Reason;

/// A body where it lies among the received bytes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Body<'a> {
    /// In one piece: sent with a length, or in no more than one chunk.
    Contiguous(&'a [u8]),
    /// In several chunks, with their framing between them.
    Chunked(Chunks<'a>),
}

/// The chunks of a body, in order and without their framing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Chunks<'a> {
    /// Known to be well-formed up to the last chunk.
    rest: &'a [u8],
    stage: ChunkStage,
}

impl<'a> Body<'a> {
    /// In one piece; borrowed unless it came in several chunks.
    pub fn bytes(&self) -> Cow<'a, [u8]> {
        match self {
            Body::Contiguous(bytes) => Cow::Borrowed(bytes),
            Body::Chunked(chunks) => Cow::Owned(chunks.clone().flatten().copied().collect()),
        }
    }

    /// Whether it is `expected`, found without putting it together.
    pub fn is(&self, expected: &[u8]) -> bool {
        match self {
            Body::Contiguous(bytes) => *bytes == expected,
            Body::Chunked(chunks) => {
                let rest = chunks.clone().try_fold(expected, |rest, chunk| rest.strip_prefix(chunk));
                rest.is_some_and(<[u8]>::is_empty)
            }
        }
    }
}

impl<'a> Iterator for Chunks<'a> {
    type Item = &'a [u8];

    fn next(&mut self) -> Option<&'a [u8]> {
        match self.advance().ok()?? {
            Chunk::Data(data) => Some(data),
            Chunk::End => None,
        }
    }
}

enum Chunk<'a> {
    Data(&'a [u8]),
    /// The last chunk is empty; it and the trailers behind it end the body.
    End,
}

impl<'a> Chunks<'a> {
    fn of(bytes: &'a [u8]) -> Chunks<'a> {
        Chunks { rest: bytes, stage: ChunkStage::FIRST }
    }

    /// The next chunk, or None while it is not whole.
    fn advance(&mut self) -> Result<Option<Chunk<'a>>, Reason> {
        while let Some((byte, rest)) = self.rest.split_first() {
            if let ChunkStage::Data { left } = self.stage {
                let length = usize::try_from(left).unwrap_or(usize::MAX);
                let Some((data, rest)) = self.rest.split_at_checked(length) else { return Ok(None) };
                (self.rest, self.stage) = (rest, ChunkStage::DataEnd { after_cr: false });
                return Ok(Some(Chunk::Data(data)));
            }
            let next = self.stage.after(*byte)?;
            self.rest = rest;
            match next {
                Some(stage) => self.stage = stage,
                None => return Ok(Some(Chunk::End)),
            }
        }
        Ok(None)
    }
}

/// The chunked body at the front of `bytes` and how many bytes it takes, or None while it is not whole.
pub(super) fn chunked(bytes: &[u8]) -> Result<Option<(Body<'_>, usize)>, Reason> {
    let mut chunks = Chunks::of(bytes);
    let mut first: &[u8] = b"";
    for count in 0_usize.. {
        match chunks.advance()? {
            None => break,
            Some(Chunk::Data(data)) if count == 0 => first = data,
            Some(Chunk::Data(_)) => {}
            Some(Chunk::End) => {
                let body = if count <= 1 { Body::Contiguous(first) } else { Body::Chunked(Chunks::of(bytes)) };
                return Ok(Some((body, bytes.len() - chunks.rest.len())));
            }
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
    fn one_chunk_is_contiguous_and_more_are_not() {
        assert_eq!(chunked(b"0\r\n\r\nHTTP"), Ok(Some((Body::Contiguous(b""), 5))));
        assert_eq!(chunked(b"A;x=y\r\n0123456789\r\n0\r\n\r\n"), Ok(Some((Body::Contiguous(b"0123456789"), 24))));
        let (body, consumed) = chunked(b"2\r\nhi\r\n1 \r\n!\r\n00\r\nTrailer: t\r\n\r\n0\r\n").unwrap().unwrap();
        assert_eq!((&*body.bytes(), consumed), (&b"hi!"[..], 32));
        assert!(body.is(b"hi!") && !body.is(b"hi") && !body.is(b"hi!!") && !body.is(b"ho!"));
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
