//! One connection on a thread: what waits, blocks the thread. Its twin is nonblocking.rs.

use std::io;
use std::net::Shutdown;
use std::sync::Arc;

use socket2::SockRef;

use std::io::Write;
use std::net::TcpStream;

use super::actions::{NextAction, next_action};
use super::deadline::read_on_thread;
use super::ending::{LINGERING_READS, has_unread};
use super::served::ServedConnection;
use crate::accept::AcceptedConnection;
use crate::protocol::Persistence;
use crate::server::Server;
use crate::work::perform_on_thread;

/// Serves a connection until it ends, which closes it and makes room for another.
pub(crate) fn serve(accepted: AcceptedConnection<TcpStream>, server: Arc<Server>) {
    let mut connection = ServedConnection::new(accepted, &server);
    // Clients leave in the middle all the time: an error ends this connection and concerns nobody else.
    let _ = answer_requests(&mut connection, &server);
}

/// Reads, and answers every request that is whole, until the connection is over.
///
/// Each reply goes out as soon as it is there. Sending those of pipelined requests together would be
/// faster, and would let one slow request hold back the replies to the quick ones before it.
fn answer_requests(connection: &mut ServedConnection<'_, TcpStream>, server: &Server) -> io::Result<()> {
    while let Some(received_ns) = receive(connection)? {
        loop {
            let request = connection.inbox.next_request(server.wire);
            let reply = match next_action(request, server, &mut connection.totals) {
                NextAction::Read => break,
                NextAction::Reply(reply) => reply,
                NextAction::Work { order, pending } => {
                    let performed = perform_on_thread(order, &mut connection.backend, &connection.trace, server)?;
                    pending.complete(performed, received_ns, &mut connection.totals, server)
                }
            };
            connection.stream.write_all(&reply.bytes)?;
            if connection.sent(reply) == Persistence::Close {
                return end(connection);
            }
        }
    }
    Ok(())
}

/// Reads once, and gives the time at which bytes came. None where the connection is over: the client sends no more, and
/// all it asked is answered by now; or it has had its time, and was told so.
fn receive(connection: &mut ServedConnection<'_, TcpStream>) -> io::Result<Option<u64>> {
    let count = read_in_time(connection)?;
    Ok(connection.received(count))
}

/// Reads once. Where nothing comes in time, the client is told so, and then sends no more.
fn read_in_time(connection: &mut ServedConnection<'_, TcpStream>) -> io::Result<usize> {
    let until = connection.deadline.of_next_read(&connection.inbox);
    if let Some(count) = read_on_thread(&mut connection.stream, connection.inbox.spare(), until)? {
        return Ok(count);
    }
    connection.deadline.tell_client(&connection.stream)?;
    end(connection)?;
    Ok(0)
}

/// Ends a connection after its last reply. Where the client has sent more than was looked at, closing at once would
/// destroy that reply; so this side ends first, and takes in what the client was still sending.
fn end(connection: &mut ServedConnection<'_, TcpStream>) -> io::Result<()> {
    if !has_unread(&connection.inbox, &connection.stream) {
        return Ok(());
    }
    SockRef::from(&connection.stream).shutdown(Shutdown::Write)?;
    let until = connection.deadline.of_lingering();
    for _ in 0..LINGERING_READS {
        connection.inbox.clear();
        if matches!(read_on_thread(&mut connection.stream, connection.inbox.spare(), until)?, None | Some(0)) {
            break;
        }
    }
    Ok(())
}
