//! Reads the reply of any HTTP server while its bytes come, for clients that need its status and its end and nothing of
//! its body. A body is counted and passed over, so that its size costs no memory. Beside it: reply.rs, for replies that
//! are wanted whole.

use httparse::{Error, ParserConfig, Status};
use memchr::memchr_iter;

use super::body::ChunkStage;
use super::framing::{Framing, TransferCoding, end_of_head, may_be_http};
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
    /// Its head is not one of HTTP/1.0 or HTTP/1.1.
    Head,
    /// Its head is longer than [`LONGEST_HEAD_BYTES`].
    HeadTooLong,
    /// Its length is not a number, or is said in two ways.
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
            (_, TransferCoding::Chunked, None) => ReplyStage::Chunks(ChunkStage::FIRST),
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
                Err(_) => return (at, Some(ReplyStep::Broken(ReplyFault::Chunk))),
            }
            at += 1;
        }
        self.stage = ReplyStage::Chunks(stage);
        (at, Some(ReplyStep::Incomplete))
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
