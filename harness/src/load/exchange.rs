//! The bytes of one request, and what the bytes that come back amount to, whatever kind of server it is.
//!
//! Must not know: sockets, time. Beside it: `asked.rs`, the work of our own servers; `page.rs`, a page of any HTTP
//! server; `connection/`, which decides when.

use std::net::SocketAddr;

use servers::protocol::{Persistence, Wire};

use super::asked::Asked;
use super::page::Page;
use crate::plan::Work;

/// Digits of a timestamp on the wire: fixed, so that it can be patched in place. Enough for any `u64`.
pub(crate) const DIGITS: usize = 20;

/// A timestamp as it stands on the wire.
pub(crate) type Digits = [u8; DIGITS];

/// What a server's bytes amount to, held against what was asked.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Answer {
    /// Nothing whole yet.
    Incomplete,
    /// The right reply, with the server's receive and send times unless it sends none.
    Right { server_ns: Option<(u64, u64)>, consumed: usize, then: Persistence },
    /// CloseConnection was confirmed.
    Closed { requests_served: u64, consumed: usize },
    /// The server refused the request.
    Refused { consumed: usize, then: Persistence },
    /// Something else than a reply to this request.
    Wrong,
}

/// The request of a workload, ready to be sent.
#[derive(Debug, Clone)]
pub(crate) enum Exchange {
    Asked(Asked),
    Page(Page),
}

impl Exchange {
    /// For requests to `target`.
    pub(crate) fn new(work: &Work, target: SocketAddr) -> Exchange {
        match work {
            Work::Asked { wire, request_message, parameter } => {
                Exchange::Asked(Asked::new(*wire, request_message, parameter, work.expected_result()))
            }
            Work::Page(request) => Exchange::Page(Page::new(request, target)),
        }
    }

    /// The request with a timestamp.
    #[inline]
    pub(crate) fn request(&mut self, timestamp: &Digits) -> &[u8] {
        match self {
            Exchange::Asked(asked) => asked.request(timestamp),
            Exchange::Page(page) => page.request(),
        }
    }

    /// The same as the last of a session.
    pub(crate) fn last_request(&mut self, timestamp: &Digits) -> &[u8] {
        match self {
            Exchange::Asked(asked) => asked.request(timestamp),
            Exchange::Page(page) => page.last_request(),
        }
    }

    /// What ends a session, where its last request has not done so already.
    pub(crate) fn goodbye(&self) -> Option<&[u8]> {
        match self {
            Exchange::Asked(asked) => Some(asked.close()),
            Exchange::Page(_) => None,
        }
    }

    /// What `bytes`, the front of what the server sent, say to the request with this timestamp.
    #[inline]
    pub(crate) fn answer(&mut self, bytes: &[u8], timestamp: &Digits) -> Answer {
        match self {
            Exchange::Asked(asked) => asked.answer(bytes, timestamp),
            Exchange::Page(page) => page.answer(bytes),
        }
    }

    /// Whether a server may close a connection between two requests, without a fault of anybody's: so it is in HTTP.
    pub(crate) fn may_be_closed_between(&self) -> bool {
        match self {
            Exchange::Asked(asked) => asked.wire() == Wire::Http,
            Exchange::Page(_) => true,
        }
    }
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
