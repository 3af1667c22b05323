//! The bytes a connection has received and not yet understood: bounded, and small while it is idle.

use std::ops::Range;

use super::format::{Decoded, MAX_READ_BUFFER_BYTES, MAX_REQUEST_BYTES, READ_BUFFER_BYTES, WireFormat};
use super::message::Request;

/// A receive buffer for requests.
///
/// Holds as much as one read asks for while nothing or little is waiting, grows for a long request, at most to
/// `MAX_REQUEST_BYTES` and one read more, and gives the memory back once that request is understood.
/// Use it in this order: read into [`spare`](Self::spare), tell how much came with
/// [`filled`](Self::filled), then take requests until they are `Incomplete`.
#[derive(Debug)]
pub struct Inbox {
    // All of it is initialised, so that a read can be pointed at any part without unsafe code.
    buffer: Vec<u8>,
    /// Where the first byte stands that no request has consumed.
    start: u32,
    /// Where the received bytes end.
    end: u32,
    /// How much one read asks for.
    read_bytes: u32,
    decode_when: DecodeWhen,
}

/// What must come before it is worth decoding again. Every connection holds one, idle or not, so it is kept to the
/// size of a pointer; a buffer is far below what 32 bits can count.
#[derive(Debug, Clone, Copy)]
enum DecodeWhen {
    /// It always is.
    Anything,
    /// What the format looks for, behind this many bytes that are known to hold no whole request.
    Behind(u32),
    /// Bytes, until there are this many.
    Total(u32),
}

impl Inbox {
    /// An empty buffer of `READ_BUFFER_BYTES`.
    pub fn new() -> Inbox {
        Inbox::with_read_bytes(READ_BUFFER_BYTES)
    }

    /// An empty buffer of `read_bytes`, at most [`MAX_READ_BUFFER_BYTES`], each read asking for as much.
    pub fn with_read_bytes(read_bytes: usize) -> Inbox {
        let read_bytes = read_bytes.clamp(1, MAX_READ_BUFFER_BYTES);
        let buffer = vec![0; read_bytes];
        Inbox { buffer, start: 0, end: 0, read_bytes: read_bytes as u32, decode_when: DecodeWhen::Anything }
    }

    /// Room for the next read: as much as a read asks for, or less, where the buffer has less left.
    ///
    /// Moves what is waiting to the front first, so it must come after all requests have been taken.
    pub fn spare(&mut self) -> &mut [u8] {
        let waiting = self.waiting();
        let (end, read_bytes) = (waiting.len(), self.read_bytes as usize);
        self.buffer.copy_within(waiting, 0);
        (self.start, self.end) = (0, end as u32);
        if end == 0 && self.buffer.len() > read_bytes {
            self.buffer = vec![0; read_bytes];
        } else if end == self.buffer.len() {
            // Doubling makes the copies of a growing request linear in its size.
            let doubled = self.buffer.len() * 2;
            self.buffer.resize(doubled.min(MAX_REQUEST_BYTES + read_bytes), 0);
        }
        let spare_end = self.buffer.len().min(end + read_bytes);
        &mut self.buffer[end..spare_end]
    }

    /// `count` bytes of the spare room have been read into.
    pub fn filled(&mut self, count: usize) {
        let end = self.end as usize + count;
        assert!(end <= self.buffer.len(), "more bytes filled than there was room");
        self.end = end as u32;
    }

    /// Copies the first of these bytes into the spare room, as far as they fit, and says how many that was.
    pub fn take_in(&mut self, bytes: &[u8]) -> usize {
        let spare = self.spare();
        let count = bytes.len().min(spare.len());
        spare[..count].copy_from_slice(&bytes[..count]);
        self.filled(count);
        count
    }

    /// Takes the next request off the front.
    ///
    /// After `Broken` nothing sensible can follow, and the connection should close.
    pub fn next_request<F: WireFormat>(&mut self, format: F) -> Decoded<Request<'_>> {
        let waiting = &self.buffer[self.waiting()];
        // Nothing is learnt from nothing: whoever asks before the first byte came, as an event loop does, must not keep
        // the first bytes from being looked at.
        if waiting.is_empty() {
            return Decoded::Incomplete;
        }
        let may_be_whole = match self.decode_when {
            DecodeWhen::Anything => true,
            DecodeWhen::Behind(seen) => format.worth_decoding(waiting, seen as usize),
            DecodeWhen::Total(bytes) => waiting.len() >= bytes as usize,
        };
        if !may_be_whole {
            if let DecodeWhen::Behind(_) = self.decode_when {
                self.decode_when = DecodeWhen::Behind(waiting.len() as u32);
            }
            return Decoded::Incomplete;
        }
        let decoded = format.decode_request(waiting);
        match &decoded {
            Decoded::Incomplete => {
                self.decode_when = match format.announced_bytes(waiting) {
                    None => DecodeWhen::Behind(waiting.len() as u32),
                    Some(bytes) => DecodeWhen::Total(bytes as u32),
                };
            }
            Decoded::Message { consumed, .. } | Decoded::Malformed { consumed, .. } => {
                self.start += *consumed as u32;
                self.decode_when = DecodeWhen::Anything;
            }
            Decoded::Broken { .. } => {}
        }
        decoded
    }

    /// Where the bytes are that belong to no request yet.
    fn waiting(&self) -> Range<usize> {
        self.start as usize..self.end as usize
    }

    /// Whether nothing is waiting: no byte has come that belongs to no request yet.
    pub fn is_empty(&self) -> bool {
        self.start == self.end
    }

    /// Forgets what is waiting.
    pub fn clear(&mut self) {
        self.start = self.end;
        self.decode_when = DecodeWhen::Anything;
    }

    /// The memory held, in bytes.
    pub fn capacity(&self) -> usize {
        self.buffer.capacity()
    }
}

impl Default for Inbox {
    fn default() -> Inbox {
        Inbox::new()
    }
}

#[cfg(test)]
mod tests {
    use std::cell::Cell;

    use super::*;
    use crate::protocol::{Http, JsonLines, Persistence, Response};

    fn feed(inbox: &mut Inbox, mut bytes: &[u8]) {
        while !bytes.is_empty() {
            bytes = &bytes[inbox.take_in(bytes)..];
        }
    }

    #[test]
    fn memory_grows_for_a_long_request_and_is_given_back() {
        for read_bytes in [64, READ_BUFFER_BYTES, MAX_READ_BUFFER_BYTES] {
            let mut inbox = Inbox::with_read_bytes(read_bytes);
            assert_eq!((inbox.capacity(), inbox.spare().len()), (read_bytes, read_bytes));
            feed(&mut inbox, &vec![b' '; MAX_REQUEST_BYTES - 1]);
            assert_eq!(inbox.next_request(JsonLines), Decoded::Incomplete);
            assert!((MAX_REQUEST_BYTES - 1..=MAX_REQUEST_BYTES + read_bytes).contains(&inbox.capacity()));
            feed(&mut inbox, b"\n");
            assert!(matches!(inbox.next_request(JsonLines), Decoded::Malformed { .. }));
            inbox.spare();
            assert_eq!(inbox.capacity(), read_bytes);
        }
    }

    #[test]
    fn what_makes_no_sense_is_refused_at_once_however_often_was_asked_before_it_came() {
        let mut inbox = Inbox::new();
        for _ in 0..2 {
            assert_eq!(inbox.next_request(Http), Decoded::Incomplete);
        }
        feed(&mut inbox, b"}");
        assert!(matches!(inbox.next_request(Http), Decoded::Broken { .. }));
    }

    #[test]
    fn an_idle_connection_holds_its_buffer_and_little_more() {
        assert!(size_of::<Inbox>() <= 48, "{} bytes", size_of::<Inbox>());
    }

    /// Counts the bytes that JSON lines are asked to look at.
    #[derive(Clone, Copy)]
    struct CountingJsonLines(&'static std::thread::LocalKey<Cell<usize>>);

    impl WireFormat for CountingJsonLines {
        fn decode_request<'a>(&self, bytes: &'a [u8]) -> Decoded<Request<'a>> {
            self.0.set(self.0.get() + bytes.len());
            JsonLines.decode_request(bytes)
        }
        fn encode_request(&self, request: &Request<'_>, out: &mut Vec<u8>) {
            JsonLines.encode_request(request, out);
        }
        fn decode_response<'a>(&self, bytes: &'a [u8]) -> Decoded<Response<'a>> {
            JsonLines.decode_response(bytes)
        }
        fn encode_response(&self, response: &Response<'_>, then: Persistence, out: &mut Vec<u8>) {
            JsonLines.encode_response(response, then, out);
        }
        fn worth_decoding(&self, bytes: &[u8], seen: usize) -> bool {
            self.0.set(self.0.get() + bytes.len() - seen);
            JsonLines.worth_decoding(bytes, seen)
        }
    }

    #[test]
    fn a_line_that_trickles_in_is_looked_at_once() {
        std::thread_local!(static LOOKED_AT: Cell<usize> = const { Cell::new(0) });
        let mut inbox = Inbox::new();
        for _ in 1..MAX_REQUEST_BYTES {
            feed(&mut inbox, b" ");
            assert_eq!(inbox.next_request(CountingJsonLines(&LOOKED_AT)), Decoded::Incomplete);
        }
        feed(&mut inbox, b"\n");
        assert!(matches!(inbox.next_request(CountingJsonLines(&LOOKED_AT)), Decoded::Malformed { .. }));
        // Once as it came in, and once more when it was whole.
        assert!(LOOKED_AT.get() <= 2 * MAX_REQUEST_BYTES + 1, "{} bytes looked at", LOOKED_AT.get());
    }
}
