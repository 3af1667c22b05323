//! The bytes of one request, and what the bytes that come back amount to, whatever kind of server it is.
//!
//! Must not know: sockets, time. Beside it: `connection.rs`, which decides when. Within: `exchange/asked.rs`, the work of our
//! own servers, with `exchange/template.rs`; `exchange/page.rs`, a page of any HTTP server; `exchange/heard.rs`, what bytes
//! can amount to.

mod asked;
#[cfg(any(test, fuzzing))]
pub(crate) mod fuzzed;
mod heard;
mod page;
mod template;

use std::net::SocketAddr;

use servers::protocol::Wire;

use asked::AskedExchange;
pub(super) use heard::{Digits, Heard, Hearing, Meaning, digits};
use page::PageExchange;

use crate::load::Work;

/// The request of a workload, ready to be sent.
#[derive(Debug, Clone)]
pub(crate) enum Exchange {
    Asked(AskedExchange),
    Page(PageExchange),
    /// Nothing is asked, and whatever is said is let pass: for clients that are there to be in the way.
    Nothing,
}

impl Exchange {
    /// For requests to `target`.
    pub(crate) fn new(work: &Work, target: SocketAddr) -> Exchange {
        match work {
            Work::Asked { wire, request_message, parameter } => {
                let asked = AskedExchange::new(*wire, request_message, parameter, work.expected_result());
                // Beyond loopback it may be another machine, with a clock of its own.
                let is_here = target.ip().to_canonical().is_loopback();
                Exchange::Asked(if is_here { asked } else { asked.of_another_clock() })
            }
            Work::Page(request) => Exchange::Page(PageExchange::new(request, target)),
        }
    }

    /// The request with a timestamp.
    #[inline]
    pub(crate) fn request(&mut self, timestamp: &Digits) -> &[u8] {
        match self {
            Exchange::Asked(asked) => asked.request(timestamp),
            Exchange::Page(page) => page.request(),
            Exchange::Nothing => &[],
        }
    }

    /// The same as the last of a session.
    pub(crate) fn last_request(&mut self, timestamp: &Digits) -> &[u8] {
        match self {
            Exchange::Page(page) => page.last_request(),
            _ => self.request(timestamp),
        }
    }

    /// What ends a session, where its last request has not done so already.
    pub(crate) fn goodbye(&self) -> Option<&[u8]> {
        match self {
            Exchange::Asked(asked) => Some(asked.close()),
            Exchange::Page(_) | Exchange::Nothing => None,
        }
    }

    /// What `bytes`, together with what was heard before, say to the request with this timestamp.
    #[inline]
    pub(crate) fn hear(&mut self, hearing: &mut Hearing, bytes: &[u8], timestamp: &Digits) -> Heard {
        match self {
            Exchange::Asked(asked) => asked.hear(&mut hearing.kept, bytes, timestamp),
            Exchange::Page(page) => page.hear(hearing, bytes),
            Exchange::Nothing => Heard::new(Meaning::Incomplete, bytes.len()),
        }
    }

    /// What the orderly end of the connection says to it, where something was heard before.
    pub(crate) fn end(&self, hearing: &Hearing) -> Heard {
        match self {
            Exchange::Page(_) => PageExchange::end(hearing),
            Exchange::Asked(_) | Exchange::Nothing => page::cut_short(),
        }
    }

    /// Whether a server may close a connection between two requests, without a fault of anybody's: so it is in HTTP.
    pub(crate) fn may_be_closed_between(&self) -> bool {
        match self {
            Exchange::Asked(asked) => asked.wire() == Wire::Http,
            Exchange::Page(_) => true,
            Exchange::Nothing => false,
        }
    }

    /// Whether it is of no matter what a server says while nothing is asked.
    pub(crate) fn lets_pass(&self) -> bool {
        matches!(self, Exchange::Nothing)
    }

    /// Whether bytes that nobody asked for say that the server has had enough of an idle connection and closes it.
    pub(crate) fn is_farewell(&self, bytes: &[u8]) -> bool {
        let fronts: &[&[u8]] = match self {
            Exchange::Asked(asked) if asked.wire() == Wire::JsonLines => &[b"{\"Error\":"],
            _ => &[b"HTTP/1.1 408", b"HTTP/1.0 408"],
        };
        fronts.iter().any(|front| bytes.starts_with(front))
    }
}
