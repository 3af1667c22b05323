//! One connection on a thread: what waits, blocks the thread. Its twin is nonblocking.rs.

use std::io;
use std::net::Shutdown;
use std::sync::Arc;

use socket2::SockRef;

use std::io::Write;
use std::net::TcpStream;

use super::actions::{ConnectionTotals, NextAction, next_action};
use super::deadline::{LINGERING_READS, ReadDeadline, has_unread, read_on_thread};
use crate::accept::AcceptedConnection;
use crate::clock::monotonic_ns;
use crate::protocol::{Inbox, Persistence};
use crate::server::Server;
use crate::trace::{ConnectionTrace, Moment};
use crate::work::call::BackendLink;
use crate::work::perform_on_thread;

/// Serves a connection until it ends. Dropping `accepted` closes it and makes room for another.
pub(crate) fn serve(mut accepted: AcceptedConnection<TcpStream>, server: Arc<Server>) {
    let _serving = server.counters.begin_connection();
    // Clients leave in the middle all the time: an error ends this connection and concerns nobody else.
    let _ = answer_requests(&mut accepted.stream, &accepted.trace, &server);
}

/// Reads, and answers every request that is whole, until the connection is over.
///
/// Each reply goes out as soon as it is there. Sending those of pipelined requests together would be
/// faster, and would let one slow request hold back the replies to the quick ones before it.
fn answer_requests(stream: &mut TcpStream, trace: &ConnectionTrace, server: &Server) -> io::Result<()> {
    let mut inbox = Inbox::reading(server.options.read_buffer_bytes);
    let mut deadline = ReadDeadline::new(server);
    let mut backend = BackendLink::new();
    let mut totals = ConnectionTotals::default();
    while let Some(received_ns) = receive(stream, &mut inbox, &mut deadline, trace)? {
        loop {
            let reply = match next_action(inbox.next_request(server.wire), server, &mut totals) {
                NextAction::Read => break,
                NextAction::Work { order, pending } => {
                    let performed = perform_on_thread(order, &mut backend, trace, server)?;
                    pending.with(performed, received_ns, &mut totals, server)
                }
                NextAction::Reply(reply) => reply,
            };
            stream.write_all(&reply.bytes)?;
            trace.note(Moment::Written);
            if reply.then == Persistence::Close {
                return end(stream, &mut inbox, &deadline);
            }
            deadline.request_ended();
        }
    }
    Ok(())
}

/// Reads once, and gives the time at which bytes came. None where the connection is over: the client sends no more, and
/// all it asked is answered by now; or it has had its time, and was told so.
fn receive(
    stream: &mut TcpStream,
    inbox: &mut Inbox,
    deadline: &mut ReadDeadline<'_>,
    trace: &ConnectionTrace,
) -> io::Result<Option<u64>> {
    let until = deadline.of_next_read(inbox);
    match read_on_thread(stream, inbox.spare(), until)? {
        Some(0) => Ok(None),
        Some(count) => {
            inbox.filled(count);
            trace.note(Moment::Read);
            Ok(Some(monotonic_ns()))
        }
        None => {
            deadline.tell_client(stream)?;
            end(stream, inbox, deadline)?;
            Ok(None)
        }
    }
}

/// Ends a connection after its last reply. Where the client has sent more than was looked at, closing at once would
/// destroy that reply; so this side ends first, and takes in what the client was still sending.
fn end(stream: &mut TcpStream, inbox: &mut Inbox, deadline: &ReadDeadline<'_>) -> io::Result<()> {
    if !has_unread(inbox, stream) {
        return Ok(());
    }
    SockRef::from(&*stream).shutdown(Shutdown::Write)?;
    let until = deadline.of_lingering();
    for _ in 0..LINGERING_READS {
        inbox.clear();
        if matches!(read_on_thread(stream, inbox.spare(), until)?, None | Some(0)) {
            break;
        }
    }
    Ok(())
}
