//! One connection on a thread: what waits, blocks the thread. Its twin is nonblocking.rs.

use std::io;
use std::net::Shutdown;
use std::sync::Arc;
use std::time::Instant;

use socket2::SockRef;

use std::io::Write;
use std::net::TcpStream;

use super::deadline::{ReadDeadline, read_on_thread};
use super::{LINGERING_READS, NextAction, is_unread, next_action, work_done};
use crate::accept::AcceptedConnection;
use crate::clock::monotonic_ns;
use crate::protocol::{Inbox, Persistence};
use crate::server::Server;
use crate::trace::{ConnectionTrace, Moment};
use crate::work::blocking::perform;

/// Serves a connection until it ends. Dropping `accepted` closes it and makes room for another.
pub(crate) fn serve(mut accepted: AcceptedConnection<TcpStream>, server: Arc<Server>) {
    let _present = server.inside.take_up();
    // Clients leave in the middle all the time: an error ends this connection and concerns nobody else.
    let _ = converse(&mut accepted.stream, &accepted.trace, &server);
}

/// Each reply goes out as soon as it is there. Sending those of pipelined requests together would be
/// faster, and would let one slow request hold back the replies to the quick ones before it.
fn converse(stream: &mut TcpStream, trace: &ConnectionTrace, server: &Server) -> io::Result<()> {
    let mut inbox = Inbox::reading(server.options.read_buffer_bytes);
    let mut deadline = ReadDeadline::new(&server.options);
    let mut requests_served = 0;
    loop {
        let until = deadline.until(inbox.is_empty());
        let Some(count) = read_on_thread(stream, inbox.spare(), until)? else {
            return deadline.give_up(stream, server);
        };
        if count == 0 {
            // The client sends no more. All it asked is answered by now; half a request cannot be.
            return Ok(());
        }
        inbox.filled(count);
        trace.note(Moment::Read);
        let received_ns = monotonic_ns();
        loop {
            match next_action(inbox.next_request(server.wire), server, requests_served) {
                NextAction::Read => break,
                NextAction::Work { work, sender_timestamp, then } => {
                    trace.note(Moment::Begun);
                    let result = perform(work, trace, server)?;
                    trace.note(Moment::Ended);
                    requests_served += 1;
                    let reply = work_done(server, sender_timestamp, result, received_ns, then);
                    stream.write_all(&reply)?;
                    trace.note(Moment::Written);
                    if then == Persistence::Close {
                        return end(stream, &mut inbox, deadline.until(false));
                    }
                }
                NextAction::Reply(reply) => stream.write_all(&reply)?,
                NextAction::ReplyAndClose(reply) => {
                    stream.write_all(&reply)?;
                    return end(stream, &mut inbox, deadline.until(false));
                }
                NextAction::ReplyAndLinger(reply) => {
                    stream.write_all(&reply)?;
                    return linger(stream, &mut inbox, deadline.until(false));
                }
            }
            deadline.request_ended();
        }
    }
}

/// Ends a connection after its last reply. Where the client has sent more, closing at once would destroy that reply.
fn end(stream: &mut TcpStream, inbox: &mut Inbox, until: Option<Instant>) -> io::Result<()> {
    if is_unread(inbox, stream) { linger(stream, inbox, until) } else { Ok(()) }
}

/// Ends this side and reads what the client was still sending, so that the last reply reaches it.
fn linger(stream: &mut TcpStream, inbox: &mut Inbox, until: Option<Instant>) -> io::Result<()> {
    SockRef::from(&*stream).shutdown(Shutdown::Write)?;
    for _ in 0..LINGERING_READS {
        inbox.clear();
        if matches!(read_on_thread(stream, inbox.spare(), until)?, None | Some(0)) {
            break;
        }
    }
    Ok(())
}
