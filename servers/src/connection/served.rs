//! A connection while it is served, whoever runs it: its socket, what has come and was not answered yet, its deadline, its
//! link to the backend. What it does next stands in `actions.rs`; how it waits, in `blocking.rs`, its twin and the others.

use super::actions::{ConnectionTotals, EncodedReply};
use super::deadline::ReadDeadline;
use crate::accept::AcceptedConnection;
use crate::admission::Permit;
use crate::clock::monotonic_ns;
use crate::counters::ServingGuard;
use crate::protocol::{Inbox, Persistence};
use crate::server::Server;
use crate::trace::{ConnectionTrace, Moment};
use crate::work::call::BackendLink;

/// A connection that a thread, a task or an event loop has begun to serve. Fields are dropped from first to last: it counts
/// as ended, its socket is closed, and then another may come in.
pub(super) struct ServedConnection<'s, S> {
    _serving: ServingGuard<'s>,
    pub(super) stream: S,
    pub(super) inbox: Inbox,
    pub(super) deadline: ReadDeadline<'s>,
    pub(super) totals: ConnectionTotals,
    pub(super) backend: BackendLink<S>,
    pub(super) trace: ConnectionTrace,
    _permit: Permit,
}

impl<'s, S> ServedConnection<'s, S> {
    /// A connection that waits for its first byte.
    pub(super) fn new(accepted: AcceptedConnection<S>, server: &'s Server) -> ServedConnection<'s, S> {
        let AcceptedConnection { stream, trace, permit } = accepted;
        ServedConnection {
            _serving: server.counters.begin_connection(),
            stream,
            inbox: Inbox::with_read_bytes(server.options.read_buffer_bytes),
            deadline: ReadDeadline::new(server),
            totals: ConnectionTotals::default(),
            backend: BackendLink::default(),
            trace,
            _permit: permit,
        }
    }

    /// Notes that `count` bytes came, and gives the time; none for zero, when the client sends no more.
    pub(super) fn received(&mut self, count: usize) -> Option<u64> {
        (count > 0).then(|| {
            self.inbox.filled(count);
            self.trace.note(Moment::Read);
            monotonic_ns()
        })
    }

    /// A reply is with the kernel, which ends its request: what comes after it has a deadline of its own. Gives what becomes
    /// of the connection.
    pub(super) fn sent(&mut self, reply: EncodedReply<'_>) -> Persistence {
        self.trace.note(Moment::Written);
        self.deadline.request_ended();
        reply.sent()
    }
}
