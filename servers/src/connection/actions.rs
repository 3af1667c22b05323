//! What a connection does next, and what it replies: decided without waiting for anything, and so the same for threads
//! and tasks. Beside it: `blocking.rs` and its twin, which do it.

use std::borrow::Cow;
use std::time::Duration;

use crate::clock::monotonic_ns;
use crate::drain::RequestUnderWay;
use crate::options::ServerOptions;
use crate::protocol::{Decoded, Fault, Persistence, Request, Response, WireFormat};
use crate::server::Server;
use crate::service::{Refusal, WorkOrder, decide};
use crate::work::Performed;

/// Where a reply's buffer begins; enough for any reply whose result is a few words.
///
/// The buffer lives from encoding to writing, not as long as the connection: that costs an allocation per
/// reply, some 20 ns beside the 10 us of the write, and leaves an idle connection without a buffer it
/// does not need.
const REPLY_BYTES: usize = 256;

/// What to do about the bytes at the front of the inbox.
pub(super) enum NextAction<'a, 's> {
    /// Read more: they are no whole request yet.
    Read,
    /// Do this work, and reply with its result.
    Work { order: WorkOrder<'a>, pending: PendingReply<'a, 's> },
    /// Send this.
    Reply(EncodedReply<'s>),
}

/// A reply that lacks the result of its work.
pub(super) struct PendingReply<'a, 's> {
    sender_timestamp: Cow<'a, str>,
    then: Persistence,
    under_way: Option<RequestUnderWay<&'s Server>>,
}

/// A reply as bytes, and what becomes of the connection once it is sent. Its request is under way until it is dropped.
pub(super) struct EncodedReply<'s> {
    pub(super) bytes: Vec<u8>,
    then: Persistence,
    _under_way: Option<RequestUnderWay<&'s Server>>,
}

impl EncodedReply<'_> {
    /// Ends the request once its reply is with the kernel, whatever the connection does then.
    pub(super) fn sent(self) -> Persistence {
        self.then
    }
}

/// What one connection has had so far.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct ConnectionTotals {
    /// Requests that were done.
    requests_served: u64,
    /// Time of all work that it asked for and that was begun.
    work: Duration,
}

impl ConnectionTotals {
    /// The work as the options have it done, unless that would be more than one connection may have.
    fn admit<'a>(&mut self, order: WorkOrder<'a>, options: &ServerOptions) -> Result<WorkOrder<'a>, Refusal> {
        let order = order.stretched(options.stretch_percent);
        let Some(limit) = options.max_work else { return Ok(order) };
        let work = self.work.saturating_add(order.duration());
        if work > limit {
            return Err(Refusal::WorkIsUsedUp(limit));
        }
        self.work = work;
        Ok(order)
    }
}

/// Decides about what is next in the inbox of a connection, given what the connection has had so far.
pub(super) fn next_action<'a, 's>(
    request: Decoded<Request<'a>>,
    server: &'s Server,
    totals: &mut ConnectionTotals,
) -> NextAction<'a, 's> {
    match request {
        Decoded::Incomplete => NextAction::Read,
        Decoded::Message {
            message: Request::RequestWork { request_message, parameter, sender_timestamp },
            then,
            ..
        } => match decide(&request_message, parameter).and_then(|order| totals.admit(order, &server.options)) {
            Ok(order) => {
                server.counters.requests_begun.increment();
                let under_way = RequestUnderWay::begin(&server);
                NextAction::Work { order, pending: PendingReply { sender_timestamp, then, under_way } }
            }
            Err(refusal) => {
                let then = if matches!(refusal, Refusal::WorkIsUsedUp(_)) { Persistence::Close } else { then };
                refuse(server, fault_of(&refusal), refusal.to_string(), then)
            }
        },
        Decoded::Message { message: Request::CloseConnection { initial_timestamp, final_timestamp }, .. } => {
            let closed = Response::ConnectionClosed {
                initial_timestamp,
                final_timestamp,
                requests_served: totals.requests_served,
            };
            NextAction::Reply(EncodedReply::at_once(server, &closed, Persistence::Close))
        }
        Decoded::Malformed { fault, reason, then, .. } => refuse(server, fault, reason, then),
        Decoded::Broken { fault, reason } => refuse(server, fault, reason, Persistence::Close),
    }
}

impl<'s> PendingReply<'_, 's> {
    /// The same, for whoever outlives the request's bytes.
    pub(super) fn into_owned(self) -> PendingReply<'static, 's> {
        PendingReply { sender_timestamp: Cow::Owned(self.sender_timestamp.into_owned()), ..self }
    }

    /// The reply to a request that was whole at `received_ns`, now that its work has ended.
    pub(super) fn complete(
        self,
        performed: Performed<'_>,
        received_ns: u64,
        totals: &mut ConnectionTotals,
        server: &Server,
    ) -> EncodedReply<'s> {
        let response = match performed {
            Performed::Done { result, waited_ns } => {
                totals.requests_served += 1;
                server.counters.requests_served.increment();
                Response::WorkDone {
                    sender_timestamp: self.sender_timestamp,
                    result,
                    server_received_ns: Some(received_ns),
                    // It is to be sent at once.
                    server_sent_ns: Some(monotonic_ns()),
                    server_waited_ns: waited_ns,
                }
            }
            Performed::BackendFailed(error) => {
                server.counters.backend_errors.increment();
                Response::Error { fault: Fault::Backend, reason: error.to_string().into() }
            }
        };
        EncodedReply { bytes: encode(server, &response, self.then), then: self.then, _under_way: self.under_way }
    }
}

impl<'s> EncodedReply<'s> {
    /// The reply to a request that asks for no work, or for none that it gets.
    fn at_once(server: &'s Server, response: &Response<'_>, then: Persistence) -> EncodedReply<'s> {
        EncodedReply { bytes: encode(server, response, then), then, _under_way: RequestUnderWay::begin(&server) }
    }
}

/// A response as the server's wire format has it.
pub(super) fn encode(server: &Server, response: &Response<'_>, then: Persistence) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(REPLY_BYTES);
    server.wire.encode_response(response, then, &mut bytes);
    bytes
}

fn refuse<'a, 's>(server: &'s Server, fault: Fault, reason: String, then: Persistence) -> NextAction<'a, 's> {
    server.counters.requests_refused.increment();
    NextAction::Reply(EncodedReply::at_once(server, &Response::Error { fault, reason: reason.into() }, then))
}

pub(super) fn fault_of(refusal: &Refusal) -> Fault {
    match refusal {
        Refusal::UnknownWork(_) => Fault::UnknownWork,
        Refusal::NoDuration(_) | Refusal::TooLong(_) | Refusal::NoSize(_) | Refusal::WorkIsUsedUp(_) => {
            Fault::BadRequest
        }
    }
}
