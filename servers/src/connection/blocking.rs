//! One connection on a thread: what waits, blocks the thread. Its twin is nonblocking.rs.

use std::io;
use std::net::Shutdown;
use std::sync::Arc;

use socket2::SockRef;

use std::io::{Read, Write};
use std::net::TcpStream;

use super::{LINGERING_READS, Turn, turn, work_done};
use crate::clock::monotonic_ns;
use crate::protocol::{Inbox, Persistence};
use crate::server::Server;
use crate::work::blocking::perform;

/// Serves a connection until it ends. Dropping the stream closes it.
pub(crate) fn serve(mut stream: TcpStream, server: Arc<Server>) {
    // Clients leave in the middle all the time: an error ends this connection and concerns nobody else.
    let _ = converse(&mut stream, &server);
}

/// Each reply goes out as soon as it is there. Sending those of pipelined requests together would be
/// faster, and would let one slow request hold back the replies to the quick ones before it.
fn converse(stream: &mut TcpStream, server: &Server) -> io::Result<()> {
    let mut inbox = Inbox::new();
    let mut requests_served = 0;
    loop {
        let count = stream.read(inbox.spare())?;
        if count == 0 {
            // The client sends no more. All it asked is answered by now; half a request cannot be.
            return Ok(());
        }
        inbox.filled(count);
        let received_ns = monotonic_ns();
        loop {
            match turn(inbox.next_request(server.wire), server, requests_served) {
                Turn::Read => break,
                Turn::Work { work, sender_timestamp, then } => {
                    let result = perform(work, server);
                    requests_served += 1;
                    let reply = work_done(server, sender_timestamp, result, received_ns, then);
                    stream.write_all(&reply)?;
                    if then == Persistence::Close {
                        return Ok(());
                    }
                }
                Turn::Reply(reply) => stream.write_all(&reply)?,
                Turn::ReplyAndClose(reply) => return stream.write_all(&reply),
                Turn::ReplyAndLinger(reply) => {
                    stream.write_all(&reply)?;
                    return linger(stream, &mut inbox);
                }
            }
        }
    }
}

/// Ends this side and reads what the client was still sending, so that the last reply reaches it.
fn linger(stream: &mut TcpStream, inbox: &mut Inbox) -> io::Result<()> {
    SockRef::from(&*stream).shutdown(Shutdown::Write)?;
    for _ in 0..LINGERING_READS {
        inbox.clear();
        if stream.read(inbox.spare())? == 0 {
            break;
        }
    }
    Ok(())
}
