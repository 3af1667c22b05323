//! One connection in a task: what waits, gives the thread to another task. Its twin is blocking.rs.

use std::io;
use std::net::Shutdown;
use std::sync::Arc;

use socket2::SockRef;

use tokio::io::AsyncWriteExt;
use tokio::net::TcpStream;

use super::actions::{NextAction, next_action};
use super::deadline::read_in_task;
use super::ending::{LINGERING_READS, has_unread};
use super::served::ServedConnection;
use crate::accept::AcceptedConnection;
use crate::protocol::Persistence;
use crate::server::Server;
use crate::work::perform_in_task;

/// Serves a connection until it ends, which closes it and makes room for another.
pub(crate) async fn serve(accepted: AcceptedConnection<TcpStream>, server: Arc<Server>) {
    let mut connection = ServedConnection::new(accepted, &server);
    // Clients leave in the middle all the time: an error ends this connection and concerns nobody else.
    let _ = answer_requests(&mut connection, &server).await;
}

/// Reads, and answers every request that is whole, until the connection is over.
///
/// Each reply goes out as soon as it is there. Sending those of pipelined requests together would be
/// faster, and would let one slow request hold back the replies to the quick ones before it.
async fn answer_requests(connection: &mut ServedConnection<'_, TcpStream>, server: &Server) -> io::Result<()> {
    while let Some(received_ns) = receive(connection).await? {
        loop {
            let request = connection.inbox.next_request(server.wire);
            let reply = match next_action(request, server, &mut connection.totals) {
                NextAction::Read => break,
                NextAction::Reply(reply) => reply,
                NextAction::Work { order, pending } => {
                    let performed = perform_in_task(order, &mut connection.backend, &connection.trace, server).await?;
                    pending.complete(performed, received_ns, &mut connection.totals, server)
                }
            };
            connection.stream.write_all(&reply.bytes).await?;
            if connection.sent(reply) == Persistence::Close {
                return end(connection).await;
            }
        }
    }
    Ok(())
}

/// Reads once, and gives the time at which bytes came. None where the connection is over: the client sends no more, and
/// all it asked is answered by now; or it has had its time, and was told so.
async fn receive(connection: &mut ServedConnection<'_, TcpStream>) -> io::Result<Option<u64>> {
    let count = read_in_time(connection).await?;
    Ok(connection.received(count))
}

/// Reads once. Where nothing comes in time, the client is told so, and then sends no more.
async fn read_in_time(connection: &mut ServedConnection<'_, TcpStream>) -> io::Result<usize> {
    let until = connection.deadline.of_next_read(&connection.inbox);
    if let Some(count) = read_in_task(&mut connection.stream, connection.inbox.spare(), until).await? {
        return Ok(count);
    }
    connection.deadline.tell_client(&connection.stream)?;
    end(connection).await?;
    Ok(0)
}

/// Ends a connection after its last reply. Where the client has sent more than was looked at, closing at once would
/// destroy that reply; so this side ends first, and takes in what the client was still sending.
async fn end(connection: &mut ServedConnection<'_, TcpStream>) -> io::Result<()> {
    if !has_unread(&connection.inbox, &connection.stream) {
        return Ok(());
    }
    SockRef::from(&connection.stream).shutdown(Shutdown::Write)?;
    let until = connection.deadline.of_lingering();
    for _ in 0..LINGERING_READS {
        connection.inbox.clear();
        if matches!(read_in_task(&mut connection.stream, connection.inbox.spare(), until).await?, None | Some(0)) {
            break;
        }
    }
    Ok(())
}
