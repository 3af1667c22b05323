//! One connection in a task where the kernel completes reads and writes. Compared with nonblocking.rs, a buffer is given away
//! with each of them and comes back with the result, since the kernel works on it meanwhile; and nothing here is
//! tokio's, so a wait is a timer of compio's.

use std::io;
use std::net::Shutdown;
use std::sync::Arc;

use compio::BufResult;
use compio::io::{AsyncRead, AsyncWriteExt};
use compio::net::TcpStream;
use socket2::SockRef;

use super::actions::{NextAction, next_action};
use super::ending::{LINGERING_READS, has_unread};
use super::served::ServedConnection;
use crate::accept::AcceptedConnection;
use crate::clock::monotonic_ns;
use crate::protocol::{Inbox, Persistence};
use crate::server::Server;
use crate::trace::Moment;
use crate::work::completion::perform_by_completion;

/// Serves a connection until it ends, which closes it and makes room for another.
pub(crate) async fn serve(accepted: AcceptedConnection<TcpStream>, server: Arc<Server>) {
    let mut connection = ServedConnection::new(accepted, &server);
    // Clients leave in the middle all the time: an error ends this connection and concerns nobody else.
    let _ = answer_requests(&mut connection, &server).await;
}

async fn answer_requests(connection: &mut ServedConnection<'_, TcpStream>, server: &Server) -> io::Result<()> {
    let ServedConnection { stream, inbox, totals, backend, trace, .. } = connection;
    let mut lent = Vec::with_capacity(server.options.read_buffer_bytes);
    while read(stream, inbox, &mut lent).await? > 0 {
        trace.note(Moment::Read);
        let received_ns = monotonic_ns();
        loop {
            let request = inbox.next_request(server.wire);
            let mut reply = match next_action(request, server, totals) {
                NextAction::Read => break,
                NextAction::Reply(reply) => reply,
                NextAction::Work { order, pending } => {
                    let performed = perform_by_completion(order, backend, trace, server).await?;
                    pending.complete(performed, received_ns, totals, server)
                }
            };
            stream.write_all(std::mem::take(&mut reply.bytes)).await.0?;
            trace.note(Moment::Written);
            if reply.sent() == Persistence::Close {
                return end(stream, inbox, &mut lent).await;
            }
        }
    }
    Ok(())
}

/// Reads once, and gives how many bytes came. `lent` is what the kernel writes into; its bytes go into the inbox.
async fn read(stream: &mut TcpStream, inbox: &mut Inbox, lent: &mut Vec<u8>) -> io::Result<usize> {
    lent.clear();
    let BufResult(read, returned) = stream.read(std::mem::take(lent)).await;
    *lent = returned;
    let count = read?;
    let mut rest = &lent[..count];
    while !rest.is_empty() {
        // There may be less room than was read, where a long request is growing.
        rest = &rest[inbox.take_in(rest)..];
    }
    Ok(count)
}

/// As its twins end a connection: with what the client was still sending taken in, or its last reply might be lost.
async fn end(stream: &mut TcpStream, inbox: &mut Inbox, lent: &mut Vec<u8>) -> io::Result<()> {
    if !has_unread(inbox, stream) {
        return Ok(());
    }
    SockRef::from(&*stream).shutdown(Shutdown::Write)?;
    for _ in 0..LINGERING_READS {
        inbox.clear();
        if read(stream, inbox, lent).await? == 0 {
            break;
        }
    }
    Ok(())
}
