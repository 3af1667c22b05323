//! What the bytes of a server amount to, held against what was asked, and how a moment is spelled on the wire.
//!
//! Must not know: sockets, time, how a reply is laid out. Beside it: `asked.rs` and `page.rs`, which hear.

use reports::record::MalformedReason;
use servers::protocol::Persistence;
use servers::protocol::http::ReplyReader;

/// Digits of a timestamp on the wire: fixed, so that it can be patched in place. Enough for any `u64`.
pub(crate) const DIGITS: usize = 20;

/// A timestamp as it stands on the wire.
pub(crate) type Digits = [u8; DIGITS];

/// What was heard on a connection of the reply that is awaited, between two reads.
#[derive(Debug, Default)]
pub(crate) struct Hearing {
    /// How far a page has been read.
    pub(super) reader: ReplyReader,
    /// The front of what is not whole yet: of a page's head, or of a reply of our own servers.
    pub(in crate::load) kept: Vec<u8>,
}

impl Hearing {
    /// Whether nothing was heard.
    #[inline]
    pub(crate) fn is_fresh(&self) -> bool {
        self.kept.is_empty() && self.reader.is_fresh()
    }

    /// Forgets what was heard.
    #[inline]
    pub(crate) fn forget(&mut self) {
        self.reader = ReplyReader::default();
        self.kept.clear();
    }
}

/// What some bytes amount to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Heard {
    pub(crate) meaning: Meaning,
    /// How many of the bytes belong to the reply. What follows was not asked for.
    pub(crate) consumed: usize,
    /// Size of the whole reply; 0 while it is not whole.
    pub(crate) reply_bytes: u64,
    /// Its status code; 0 where replies have none.
    pub(crate) status: u16,
    /// How long it waited within the server for a connection to the backend, where the server says so.
    pub(crate) server_waited_ns: Option<u64>,
}

impl Heard {
    /// That so many bytes mean this, with nothing known besides.
    #[inline]
    pub(super) fn new(meaning: Meaning, consumed: usize) -> Heard {
        Heard { meaning, consumed, reply_bytes: 0, status: 0, server_waited_ns: None }
    }

    /// The same, from a server that closes the connection after it.
    pub(crate) fn and_closes(self) -> Heard {
        let meaning = match self.meaning {
            Meaning::Right { server_ns, .. } => Meaning::Right { server_ns, then: Persistence::Close },
            Meaning::Refused { .. } => Meaning::Refused { then: Persistence::Close },
            other => other,
        };
        Heard { meaning, ..self }
    }
}

/// What a reply says to the request that is out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Meaning {
    /// Nothing whole yet.
    Incomplete,
    /// The right reply, with the server's receive and send times unless it sends none.
    Right { server_ns: Option<(u64, u64)>, then: Persistence },
    /// CloseConnection was confirmed.
    Closed { requests_served: u64 },
    /// The server refused the request.
    Refused { then: Persistence },
    /// No right reply to this request.
    Wrong(MalformedReason),
}

/// A number as twenty decimal digits: two at a time, because this is done for every request.
#[inline]
pub(crate) fn digits(mut number: u64) -> Digits {
    const PAIRS: [[u8; 2]; 100] = pairs();
    let mut digits = [b'0'; DIGITS];
    for pair in digits.rchunks_exact_mut(2) {
        pair.copy_from_slice(&PAIRS[(number % 100) as usize]);
        number /= 100;
    }
    digits
}

const fn pairs() -> [[u8; 2]; 100] {
    let mut pairs = [[0; 2]; 100];
    let mut number = 0;
    while number < 100 {
        pairs[number] = [b'0' + (number / 10) as u8, b'0' + (number % 10) as u8];
        number += 1;
    }
    pairs
}
