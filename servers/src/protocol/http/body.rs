//! The body of a reply, as one piece or in chunks, without a copy of it.

use std::borrow::Cow;

use memchr::memchr;

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
        let Chunk { data, rest } = chunk(self.rest).ok()??;
        self.rest = rest;
        (!data.is_empty()).then_some(data)
    }
}

/// The chunked body at the front of `bytes` and how many bytes it takes, or None while it is not whole.
pub(super) fn chunked(bytes: &[u8]) -> Result<Option<(Body<'_>, usize)>, Reason> {
    let mut first: &[u8] = b"";
    let mut rest = bytes;
    for index in 0_usize.. {
        let Some(next) = chunk(rest)? else { return Ok(None) };
        rest = next.rest;
        if next.data.is_empty() {
            let body = if index <= 1 { Body::Contiguous(first) } else { Body::Chunked(Chunks { rest: bytes }) };
            return Ok(Some((body, bytes.len() - rest.len())));
        }
        if index == 0 {
            first = next.data;
        }
    }
    Ok(None)
}

struct Chunk<'a> {
    /// Empty in the last one.
    data: &'a [u8],
    /// What follows, past the trailers if this is the last one.
    rest: &'a [u8],
}

fn chunk(bytes: &[u8]) -> Result<Option<Chunk<'_>>, Reason> {
    let Some((size_line, rest)) = line(bytes)? else { return Ok(None) };
    let size = size(size_line)?;
    if size == 0 {
        return Ok(after_trailers(rest)?.map(|rest| Chunk { data: b"", rest }));
    }
    let Some((data, rest)) = rest.split_at_checked(size) else { return Ok(None) };
    match rest {
        [b'\r', b'\n', rest @ ..] => Ok(Some(Chunk { data, rest })),
        b"" | b"\r" => Ok(None),
        _ => Err("a chunk is longer than it says"),
    }
}

fn after_trailers(mut rest: &[u8]) -> Result<Option<&[u8]>, Reason> {
    while let Some((trailer, after)) = line(rest)? {
        if trailer.is_empty() {
            return Ok(Some(after));
        }
        rest = after;
    }
    Ok(None)
}

/// A line and what follows it.
type Line<'a> = (&'a [u8], &'a [u8]);

/// The first line of `bytes` without its CRLF, or None while it has not ended.
fn line(bytes: &[u8]) -> Result<Option<Line<'_>>, Reason> {
    let Some(end) = memchr(b'\n', bytes) else { return Ok(None) };
    let line = bytes[..end].strip_suffix(b"\r").ok_or("a line of a chunked body does not end in CRLF")?;
    Ok(Some((line, &bytes[end + 1..])))
}

/// The size of a chunk; what its extensions say does not matter here.
fn size(line: &[u8]) -> Result<usize, Reason> {
    const DIGITS_THAT_FIT: usize = 15;
    let digits = line.iter().take_while(|byte| byte.is_ascii_hexdigit()).count();
    let is_size = matches!(line.get(digits), None | Some(b';' | b' ' | b'\t'));
    if digits == 0 || digits > DIGITS_THAT_FIT || !is_size {
        return Err("the size of a chunk is no hexadecimal number");
    }
    let value = |digit: &u8| char::from(*digit).to_digit(16).map_or(0, |digit| digit as usize);
    Ok(line[..digits].iter().fold(0, |size, digit| size << 4 | value(digit)))
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
