//! One connection in a task: what waits, gives the thread to another task. Its twin is blocking.rs.

use std::io;
use std::net::Shutdown;
use std::sync::Arc;
use std::time::Instant;

use socket2::SockRef;

use tokio::io::AsyncWriteExt;
use tokio::net::TcpStream;

use super::deadline::{ReadDeadline, read_in_task};
use super::{LINGERING_READS, NextAction, is_unread, next_action, work_done};
use crate::accept::AcceptedConnection;
use crate::clock::monotonic_ns;
use crate::protocol::{Inbox, Persistence};
use crate::server::Server;
use crate::trace::{ConnectionTrace, Moment};
use crate::work::nonblocking::perform;

/// Serves a connection until it ends. Dropping `accepted` closes it and makes room for another.
pub(crate) async fn serve(mut accepted: AcceptedConnection<TcpStream>, server: Arc<Server>) {
    let _present = server.inside.take_up();
    // Clients leave in the middle all the time: an error ends this connection and concerns nobody else.
    let _ = converse(&mut accepted.stream, &accepted.trace, &server).await;
}

/// Each reply goes out as soon as it is there. Sending those of pipelined requests together would be
/// faster, and would let one slow request hold back the replies to the quick ones before it.
async fn converse(stream: &mut TcpStream, trace: &ConnectionTrace, server: &Server) -> io::Result<()> {
    let mut inbox = Inbox::reading(server.options.read_buffer_bytes);
    let mut deadline = ReadDeadline::new(&server.options);
    let mut requests_served = 0;
    loop {
        let until = deadline.until(inbox.is_empty());
        let Some(count) = read_in_task(stream, inbox.spare(), until).await? else {
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
                    let result = perform(work, trace, server).await?;
                    trace.note(Moment::Ended);
                    requests_served += 1;
                    let reply = work_done(server, sender_timestamp, result, received_ns, then);
                    stream.write_all(&reply).await?;
                    trace.note(Moment::Written);
                    if then == Persistence::Close {
                        return end(stream, &mut inbox, deadline.until(false)).await;
                    }
                }
                NextAction::Reply(reply) => stream.write_all(&reply).await?,
                NextAction::ReplyAndClose(reply) => {
                    stream.write_all(&reply).await?;
                    return end(stream, &mut inbox, deadline.until(false)).await;
                }
                NextAction::ReplyAndLinger(reply) => {
                    stream.write_all(&reply).await?;
                    return linger(stream, &mut inbox, deadline.until(false)).await;
                }
            }
            deadline.request_ended();
        }
    }
}

/// Ends a connection after its last reply. Where the client has sent more, closing at once would destroy that reply.
async fn end(stream: &mut TcpStream, inbox: &mut Inbox, until: Option<Instant>) -> io::Result<()> {
    if is_unread(inbox, stream) { linger(stream, inbox, until).await } else { Ok(()) }
}

/// Ends this side and reads what the client was still sending, so that the last reply reaches it.
async fn linger(stream: &mut TcpStream, inbox: &mut Inbox, until: Option<Instant>) -> io::Result<()> {
    SockRef::from(&*stream).shutdown(Shutdown::Write)?;
    for _ in 0..LINGERING_READS {
        inbox.clear();
        if matches!(read_in_task(stream, inbox.spare(), until).await?, None | Some(0)) {
            break;
        }
    }
    Ok(())
}
