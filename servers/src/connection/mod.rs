//! The loop of one connection: read, understand, work, reply. `blocking.rs` is for a thread, `nonblocking.rs`
//! for a task; they are twins, line by line, and a test holds them to it. Neither knows that threads or
//! runtimes get created, nor who calls it.

use std::borrow::Cow;
use std::os::fd::AsFd;

use crate::clock::monotonic_ns;
use crate::protocol::{Decoded, Fault, Inbox, Persistence, Request, Response, WireFormat};
use crate::server::Server;
use crate::service::{Refusal, WorkOrder, decide};

pub(crate) mod blocking;
mod deadline;
pub(crate) mod nonblocking;

/// Where a reply's buffer begins; enough for any reply whose result is a few words.
///
/// The buffer lives from encoding to writing, not as long as the connection: that costs an allocation per
/// reply, some 20 ns beside the 10 us of the write, and leaves an idle connection without a buffer it
/// does not need.
const REPLY_BYTES: usize = 256;

/// How many more reads a connection gets after its last reply, where the client has sent more than was answered.
///
/// Closing with bytes unread makes the kernel send a reset, which can destroy that reply on its way
/// to the client. So the server ends its own side, and takes in as much as four more largest requests
/// (each read is at most `READ_BUFFER_BYTES`, where no option says otherwise) before it really closes. It needs no deadline of its own
/// for that: a client that sends nothing now holds what any idle connection holds, and no longer than one may.
const LINGERING_READS: usize = 512;

/// What a connection does about a step of its inbox.
enum NextAction<'a> {
    Read,
    Work { work: WorkOrder<'a>, sender_timestamp: Cow<'a, str>, then: Persistence },
    Reply(Vec<u8>),
    ReplyAndClose(Vec<u8>),
    ReplyAndLinger(Vec<u8>),
}

/// Whether the client has sent bytes that nobody will look at.
fn is_unread(inbox: &Inbox, stream: &impl AsFd) -> bool {
    // Where the kernel does not say, there is nothing to wait for.
    !inbox.is_empty() || rustix::io::ioctl_fionread(stream).is_ok_and(|bytes| bytes > 0)
}

/// Decides without waiting for anything, and so for threads and tasks alike.
fn next_action<'a>(step: Decoded<Request<'a>>, server: &Server, requests_served: u64) -> NextAction<'a> {
    match step {
        Decoded::Incomplete => NextAction::Read,
        Decoded::Message {
            message: Request::RequestWork { request_message, parameter, sender_timestamp },
            then,
            ..
        } => match decide(&request_message, parameter) {
            Ok(work) => {
                server.inside.count_begun();
                NextAction::Work { work: work.stretched(server.options.stretch_percent), sender_timestamp, then }
            }
            Err(reason) => refused(server, fault_of(&reason), reason.to_string(), then),
        },
        Decoded::Message { message: Request::CloseConnection { initial_timestamp, final_timestamp }, .. } => {
            let closed = Response::ConnectionClosed { initial_timestamp, final_timestamp, requests_served };
            NextAction::ReplyAndClose(encoded(server, &closed, Persistence::Close))
        }
        Decoded::Malformed { fault, reason, then, .. } => refused(server, fault, reason, then),
        Decoded::Broken { fault, reason } => {
            NextAction::ReplyAndLinger(refusal(server, fault, reason, Persistence::Close))
        }
    }
}

/// The reply to work that is done, to be written at once.
fn work_done(
    server: &Server,
    sender_timestamp: Cow<'_, str>,
    result: Cow<'_, str>,
    server_received_ns: u64,
    then: Persistence,
) -> Vec<u8> {
    server.count_served();
    let (server_received_ns, server_sent_ns) = (Some(server_received_ns), Some(monotonic_ns()));
    encoded(server, &Response::WorkDone { sender_timestamp, result, server_received_ns, server_sent_ns }, then)
}

fn refused<'a>(server: &Server, fault: Fault, reason: String, then: Persistence) -> NextAction<'a> {
    let reply = refusal(server, fault, reason, then);
    match then {
        Persistence::KeepAlive => NextAction::Reply(reply),
        Persistence::Close => NextAction::ReplyAndClose(reply),
    }
}

fn refusal(server: &Server, fault: Fault, reason: String, then: Persistence) -> Vec<u8> {
    server.count_refused();
    encoded(server, &Response::Error { fault, reason: reason.into() }, then)
}

fn fault_of(refusal: &Refusal) -> Fault {
    match refusal {
        Refusal::UnknownWork(_) => Fault::UnknownWork,
        Refusal::NoDuration(_) | Refusal::TooLong(_) | Refusal::NoSize(_) => Fault::BadRequest,
    }
}

fn encoded(server: &Server, response: &Response<'_>, then: Persistence) -> Vec<u8> {
    let mut reply = Vec::with_capacity(REPLY_BYTES);
    server.wire.encode_response(response, then, &mut reply);
    reply
}

#[cfg(test)]
mod tests {
    use super::*;

    fn future_bytes<A, B, F>(_: fn(A, B) -> F) -> usize {
        size_of::<F>()
    }

    /// A task is its future and little else, so this is most of what an idle connection costs an async
    /// server beside its receive buffer. The future holds what its deepest chain of calls keeps across
    /// an `.await`, most of it tokio's timer; an array in any function on that chain, or a large message
    /// held while waiting, would add itself to every connection. The bound is for such accidents.
    #[test]
    fn an_idle_task_is_small() {
        let bytes = future_bytes(nonblocking::serve);
        assert!(bytes <= 2 * 1024, "the future of a connection takes {bytes} bytes");
    }
}
