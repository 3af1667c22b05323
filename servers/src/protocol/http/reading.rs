//! Reads the reply of any HTTP server while its bytes come, for clients that need its status and its end and nothing of
//! its body. A body is counted and passed over, so that its size costs no memory. Beside it: reply.rs, for replies that
//! are wanted whole.

use httparse::{Error, ParserConfig, Status};
use memchr::memchr_iter;

use super::framing::{Framing, TransferCoding};
use crate::protocol::format::Persistence;

/// The longest head that is read, of a reply or of what comes before it.
pub const LONGEST_HEAD_BYTES: usize = 100 * 1024;

/// Interim replies (1xx) that may come before one reply. A server sends one or two.
const MOST_INTERIM: u8 = 100;

/// Headers that need no allocation. What has more gets room as it needs it.
const USUAL_HEADERS: usize = 64;

/// How far the reading of one reply has come. Begins anew with [`ReplyReader::default`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ReplyReader {
    stage: ReplyStage,
    status: u16,
    interim: u8,
    then: Persistence,
    head_bytes: u32,
    bytes: u64,
}

/// What the bytes so far amount to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ReplyStep {
    /// The reply goes on.
    Incomplete,
    /// It has ended.
    Whole(WholeReply),
    /// It makes no sense, and where it ends can't be known.
    Broken(ReplyFault),
}

/// A reply that has ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct WholeReply {
    /// The status code, such as 200; of those below 200 only 101.
    pub status: u16,
    /// Its size, head and body with its framing; what came before it is left out.
    pub bytes: u64,
    /// How many bytes at its front say where it ends: the head where that has a length, else all.
    pub front_bytes: u64,
    /// Whether another reply can come on this connection.
    pub then: Persistence,
}

/// Why a reply makes no sense.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ReplyFault {
    /// Its head is none of HTTP/1.0 or HTTP/1.1.
    Head,
    /// Its head is longer than [`LONGEST_HEAD_BYTES`].
    HeadTooLong,
    /// Its length is no number, or is said in two ways.
    Length,
    /// The chunks of its body are not framed as they must be.
    Chunk,
    /// Too many interim replies came before it.
    EndlessInterim,
    /// The connection ended in the middle of it.
    CutShort,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum ReplyStage {
    /// So many bytes of the head can't hold its end.
    Head { searched: u32 },
    /// So many bytes of the body are to come.
    Body { left: u64 },
    /// In a body of chunks.
    Chunks(ChunkStage),
    /// All that comes until the connection ends.
    ToTheEnd,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum ChunkStage {
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

impl Default for ReplyReader {
    fn default() -> ReplyReader {
        ReplyReader {
            stage: ReplyStage::Head { searched: 0 },
            status: 0,
            interim: 0,
            then: Persistence::KeepAlive,
            head_bytes: 0,
            bytes: 0,
        }
    }
}

impl ReplyReader {
    /// Whether nothing of a reply has been read.
    pub fn is_fresh(&self) -> bool {
        *self == ReplyReader::default()
    }

    /// Goes on with `bytes`, and says how many of them belong to the reply. `head` keeps the front of a head that is not
    /// whole, and nothing else: it is empty before and after.
    ///
    /// After `Whole` and `Broken` the reader is of no more use.
    pub fn read(&mut self, head: &mut Vec<u8>, bytes: &[u8]) -> (usize, ReplyStep) {
        let mut consumed = 0;
        loop {
            let rest = &bytes[consumed..];
            let (taken, step) = match self.stage {
                ReplyStage::Head { searched } => self.read_head(head, rest, searched as usize),
                ReplyStage::Body { left } => self.pass_over(left, rest),
                ReplyStage::Chunks(stage) => self.read_chunks(stage, rest),
                ReplyStage::ToTheEnd => (rest.len(), Some(ReplyStep::Incomplete)),
            };
            consumed += taken;
            self.bytes += taken as u64;
            match step {
                Some(ReplyStep::Whole(_)) => return (consumed, ReplyStep::Whole(self.whole())),
                Some(step) => return (consumed, step),
                // What has ended was an interim reply, and is no part of this one.
                None if matches!(self.stage, ReplyStage::Head { .. }) => self.bytes = 0,
                None => {}
            }
        }
    }

    /// What an orderly end of the connection makes of it: the end of a body that has no other, or a reply cut short.
    pub fn end(&self) -> ReplyStep {
        match self.stage {
            ReplyStage::ToTheEnd => ReplyStep::Whole(self.whole()),
            _ => ReplyStep::Broken(ReplyFault::CutShort),
        }
    }

    /// Goes on behind a head that is known, with so many bytes of a body, on a connection that lives on.
    pub fn begin_body(&mut self, status: u16, head_bytes: usize, body_bytes: u64) {
        *self = ReplyReader {
            stage: ReplyStage::Body { left: body_bytes },
            status,
            interim: 0,
            then: Persistence::KeepAlive,
            head_bytes: head_bytes as u32,
            bytes: head_bytes as u64,
        };
    }

    fn whole(&self) -> WholeReply {
        let front_bytes = match self.stage {
            ReplyStage::Body { .. } => self.head_bytes.into(),
            _ => self.bytes,
        };
        WholeReply { status: self.status, bytes: self.bytes, front_bytes, then: self.then }
    }

    fn ended(&self) -> Option<ReplyStep> {
        Some(ReplyStep::Whole(self.whole()))
    }

    /// Takes bytes until the head is whole, and parses it once.
    fn read_head(&mut self, head: &mut Vec<u8>, bytes: &[u8], searched: usize) -> (usize, Option<ReplyStep>) {
        let broken = |fault| Some(ReplyStep::Broken(fault));
        let kept = head.len();
        let end = if kept == 0 {
            end_of_head(bytes, 0)
        } else {
            head.extend_from_slice(bytes);
            end_of_head(head, searched)
        };
        let Some(end) = end else {
            if kept == 0 {
                head.extend_from_slice(bytes);
            }
            if head.len() > LONGEST_HEAD_BYTES {
                return (bytes.len(), broken(ReplyFault::HeadTooLong));
            }
            if !may_be_http(head) {
                return (bytes.len(), broken(ReplyFault::Head));
            }
            // Two bytes may be the front of the end.
            self.stage = ReplyStage::Head { searched: head.len().saturating_sub(2) as u32 };
            return (bytes.len(), Some(ReplyStep::Incomplete));
        };
        let step = match end {
            _ if end > LONGEST_HEAD_BYTES => broken(ReplyFault::HeadTooLong),
            _ if kept == 0 => self.take_head(&bytes[..end]),
            _ => self.take_head(&head[..end]),
        };
        // Given back to the allocator: ten thousand connections would keep what one reply each once needed.
        *head = Vec::new();
        (end - kept, step)
    }

    fn take_head(&mut self, head: &[u8]) -> Option<ReplyStep> {
        let (status, minor_version, framing) = match parse(head) {
            Ok(parsed) => parsed,
            Err(fault) => return Some(ReplyStep::Broken(fault)),
        };
        if (100..200).contains(&status) && status != 101 {
            self.interim += 1;
            if self.interim > MOST_INTERIM {
                return Some(ReplyStep::Broken(ReplyFault::EndlessInterim));
            }
            self.stage = ReplyStage::Head { searched: 0 };
            return None;
        }
        let unsaid = if minor_version == 0 { Persistence::Close } else { Persistence::KeepAlive };
        self.status = status;
        self.head_bytes = head.len() as u32;
        self.then = framing.connection().unwrap_or(unsaid);
        self.stage = match (status, framing.transfer, framing.content_length) {
            (101 | 204 | 304, ..) | (_, TransferCoding::Plain, Some(0)) => return self.ended(),
            (_, TransferCoding::Plain, Some(length)) => ReplyStage::Body { left: length as u64 },
            (_, TransferCoding::Chunked, None) => ReplyStage::Chunks(ChunkStage::Size { size: 0, digits: 0 }),
            (_, TransferCoding::Chunked | TransferCoding::Unknown, Some(_)) => {
                return Some(ReplyStep::Broken(ReplyFault::Length));
            }
            (_, TransferCoding::Plain | TransferCoding::Unknown, None) => {
                self.then = Persistence::Close;
                ReplyStage::ToTheEnd
            }
        };
        None
    }

    fn pass_over(&mut self, left: u64, bytes: &[u8]) -> (usize, Option<ReplyStep>) {
        let taken = bytes.len().min(usize::try_from(left).unwrap_or(usize::MAX));
        let left = left - taken as u64;
        self.stage = ReplyStage::Body { left };
        (taken, if left == 0 { self.ended() } else { Some(ReplyStep::Incomplete) })
    }

    fn read_chunks(&mut self, mut stage: ChunkStage, bytes: &[u8]) -> (usize, Option<ReplyStep>) {
        let mut at = 0;
        while at < bytes.len() {
            if let ChunkStage::Data { left } = stage {
                let taken = (bytes.len() - at).min(usize::try_from(left).unwrap_or(usize::MAX));
                at += taken;
                let left = left - taken as u64;
                stage = if left == 0 { ChunkStage::DataEnd { after_cr: false } } else { ChunkStage::Data { left } };
                continue;
            }
            match stage.after(bytes[at]) {
                Ok(Some(next)) => stage = next,
                Ok(None) => return (at + 1, self.ended()),
                Err(fault) => return (at, Some(ReplyStep::Broken(fault))),
            }
            at += 1;
        }
        self.stage = ReplyStage::Chunks(stage);
        (at, Some(ReplyStep::Incomplete))
    }
}

impl ChunkStage {
    /// Where one more byte of the framing leads; nowhere where it ends the body.
    fn after(self, byte: u8) -> Result<Option<ChunkStage>, ReplyFault> {
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
            (ChunkStage::DataEnd { after_cr: true }, b'\n') => ChunkStage::Size { size: 0, digits: 0 },
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
            _ => return Err(ReplyFault::Chunk),
        };
        Ok(Some(next))
    }
}

/// Status, minor version, and what the headers say of the end.
fn parse(head: &[u8]) -> Result<(u16, u8, Framing), ReplyFault> {
    let mut usual = [httparse::EMPTY_HEADER; USUAL_HEADERS];
    match parse_into(head, &mut usual) {
        Ok(parsed) => parsed,
        Err(Error::TooManyHeaders) => {
            let lines = memchr_iter(b'\n', head).count();
            parse_into(head, &mut vec![httparse::EMPTY_HEADER; lines]).map_err(|_| ReplyFault::Head)?
        }
        Err(_) => Err(ReplyFault::Head),
    }
}

fn parse_into<'a>(
    head: &'a [u8],
    headers: &mut [httparse::Header<'a>],
) -> Result<Result<(u16, u8, Framing), ReplyFault>, Error> {
    let mut parsed = httparse::Response::new(headers);
    let status = ParserConfig::default().parse_response(&mut parsed, head)?;
    let (Status::Complete(_), Some(code), Some(minor_version)) = (status, parsed.code, parsed.version) else {
        return Ok(Err(ReplyFault::Head));
    };
    let mut framing = Framing::default();
    for header in parsed.headers.iter() {
        if framing.read(header).is_err() {
            return Ok(Err(ReplyFault::Length));
        }
    }
    Ok(Ok((code, minor_version, framing)))
}

/// Just behind the empty line that ends a head, if it is there; the end does not lie before `searched`.
fn end_of_head(bytes: &[u8], searched: usize) -> Option<usize> {
    // A blank line before the status line is passed over by the parser, and ends nothing.
    let first = bytes.iter().position(|byte| !matches!(byte, b'\r' | b'\n'))?;
    let ends = memchr_iter(b'\n', &bytes[searched..]).map(|at| searched + at);
    let is_blank = |at: &usize| *at > first && (bytes[..*at].ends_with(b"\n\r") || bytes[..*at].ends_with(b"\n"));
    ends.into_iter().find(is_blank).map(|at| at + 1)
}

/// Whether what begins like this may become a reply. A server of another protocol may never send a line.
fn may_be_http(front: &[u8]) -> bool {
    let first = front.iter().position(|byte| !matches!(byte, b'\r' | b'\n')).unwrap_or(front.len());
    let front = &front[first..];
    let length = front.len().min(b"HTTP/1.".len());
    front[..length] == b"HTTP/1."[..length]
}

#[cfg(test)]
mod tests {
    use super::*;

    /// How it goes when `bytes` come in pieces of `size`: the last step, and how much of them belonged to the reply.
    fn read(bytes: &[u8], size: usize) -> (usize, ReplyStep) {
        let (mut reader, mut head, mut consumed) = (ReplyReader::default(), Vec::new(), 0);
        for piece in bytes.chunks(size) {
            let (taken, step) = reader.read(&mut head, piece);
            consumed += taken;
            if step != ReplyStep::Incomplete {
                return (consumed, plain(step));
            }
            assert_eq!(taken, piece.len(), "all of what is incomplete belongs to the reply");
        }
        (consumed, ReplyStep::Incomplete)
    }

    fn whole(status: u16, bytes: usize, then: Persistence) -> ReplyStep {
        ReplyStep::Whole(WholeReply { status, bytes: bytes as u64, front_bytes: 0, then })
    }

    /// Without what another test looks at.
    fn plain(step: ReplyStep) -> ReplyStep {
        match step {
            ReplyStep::Whole(whole) => ReplyStep::Whole(WholeReply { front_bytes: 0, ..whole }),
            other => other,
        }
    }

    const KEPT: Persistence = Persistence::KeepAlive;

    #[test]
    fn a_reply_ends_where_it_says_however_its_bytes_come() {
        let many_headers = format!("HTTP/1.1 200 OK\r\n{}Content-Length: 2\r\n\r\nhi", "X-Many: a\r\n".repeat(2_000));
        for (reply, status, then) in [
            ("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello", 200, KEPT),
            ("HTTP/1.1 200 OK\ncontent-length:5\n\nhello", 200, KEPT),
            ("\r\nHTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n", 200, KEPT),
            ("HTTP/1.1 204 No Content\r\n\r\n", 204, KEPT),
            ("HTTP/1.1 304 Not Modified\r\nContent-Length: 5\r\n\r\n", 304, KEPT),
            ("HTTP/1.0 200 OK\r\nContent-Length: 1\r\n\r\n!", 200, Persistence::Close),
            ("HTTP/1.1 500 Oh\r\nConnection: close\r\nContent-Length: 1\r\n\r\n!", 500, Persistence::Close),
            (
                "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5;a=b\r\nhel\r\n\r\n2 \r\nlo\r\n0\r\nA: b\r\nC: d\r\n\r\n",
                200,
                KEPT,
            ),
            (&many_headers, 200, KEPT),
        ] {
            let followed = format!("{reply}HTTP/1.1 200");
            for size in (1..reply.len().min(80)).chain([reply.len(), followed.len()]) {
                assert_eq!(
                    read(followed.as_bytes(), size),
                    (reply.len(), whole(status, reply.len(), then)),
                    "{size}: {reply}"
                );
            }
            for end in (0..reply.len()).filter(|end| reply.len() < 500 || end % 101 == 0) {
                assert_eq!(read(&reply.as_bytes()[..end], 7).1, ReplyStep::Incomplete, "{end} of {reply}");
            }
        }
    }

    #[test]
    fn what_comes_before_a_reply_is_no_part_of_it_and_may_not_go_on_for_ever() {
        let reply = "HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\n!";
        let interim = "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nLink: a\r\n\r\n";
        let both = format!("{interim}{reply}");
        for size in 1..both.len() {
            assert_eq!(read(both.as_bytes(), size), (both.len(), whole(200, reply.len(), KEPT)), "{size}");
        }
        let endless = "HTTP/1.1 100 Continue\r\n\r\n".repeat(1_000);
        assert_eq!(read(endless.as_bytes(), 4_096).1, ReplyStep::Broken(ReplyFault::EndlessInterim));
    }

    #[test]
    fn without_a_length_the_end_of_the_connection_is_the_end() {
        let reply = b"HTTP/1.1 200 OK\r\n\r\nhello";
        let (mut reader, mut head) = (ReplyReader::default(), Vec::new());
        assert_eq!(reader.end(), ReplyStep::Broken(ReplyFault::CutShort));
        assert_eq!(reader.read(&mut head, reply), (reply.len(), ReplyStep::Incomplete));
        assert_eq!(plain(reader.end()), whole(200, reply.len(), Persistence::Close));
    }

    #[test]
    fn every_fault_has_its_name() {
        let long_head = format!("HTTP/1.1 200 OK\r\nX: {}\r\n\r\n", "x".repeat(LONGEST_HEAD_BYTES));
        let fits =
            format!("HTTP/1.1 200 OK\r\nX: {}\r\nContent-Length: 0\r\n\r\n", "x".repeat(LONGEST_HEAD_BYTES - 60));
        assert!(matches!(read(fits.as_bytes(), 1_000).1, ReplyStep::Whole(_)));
        for (bytes, fault) in [
            ("SSH-2.0-OpenSSH\r\n", ReplyFault::Head),
            ("{\"Error\":{}}\n", ReplyFault::Head),
            ("HTTP/2 200\r\n\r\n", ReplyFault::Head),
            ("HTTP/1.1 abc\r\n\r\n", ReplyFault::Head),
            (&long_head, ReplyFault::HeadTooLong),
            ("HTTP/1.1 200 OK\r\nContent-Length: 18446744073709551616\r\n\r\n", ReplyFault::Length),
            ("HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n", ReplyFault::Length),
            ("HTTP/1.1 200 OK\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n", ReplyFault::Length),
            ("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\ng", ReplyFault::Chunk),
            ("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1\r\nxy", ReplyFault::Chunk),
            ("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n\r\n", ReplyFault::Chunk),
        ] {
            for size in [1, 3, bytes.len()] {
                assert_eq!(
                    read(bytes.as_bytes(), size).1,
                    ReplyStep::Broken(fault),
                    "{}",
                    &bytes[..bytes.len().min(80)]
                );
            }
        }
    }

    #[test]
    fn a_body_costs_no_memory_and_a_head_gives_it_back() {
        let (mut reader, mut head) = (ReplyReader::default(), Vec::new());
        let front = b"HTTP/1.1 200 OK\r\nContent-Length: 20971520\r\n\r\n";
        for byte in front {
            reader.read(&mut head, &[*byte]);
        }
        assert_eq!(head.capacity(), 0);
        let piece = vec![b'x'; 65_536];
        for _ in 0..319 {
            assert_eq!(reader.read(&mut head, &piece), (piece.len(), ReplyStep::Incomplete));
        }
        assert_eq!(plain(reader.read(&mut head, &piece).1), whole(200, front.len() + 20_971_520, KEPT));
        assert_eq!(head.capacity(), 0);
    }

    #[test]
    fn the_front_of_a_reply_is_what_says_where_it_ends() {
        for (front, rest) in [
            ("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n", "hello"),
            ("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n", ""),
            ("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1\r\n!\r\n0\r\n\r\n", ""),
        ] {
            let reply = front.to_owned() + rest;
            let (_, step) = ReplyReader::default().read(&mut Vec::new(), reply.as_bytes());
            let ReplyStep::Whole(whole) = step else { panic!("{step:?}") };
            assert_eq!((whole.front_bytes, whole.bytes), (front.len() as u64, reply.len() as u64));
        }
    }

    #[test]
    fn a_reader_is_small() {
        assert!(size_of::<ReplyReader>() <= 48, "{} bytes", size_of::<ReplyReader>());
    }
}
