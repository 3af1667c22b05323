//! Accepting on a thread. Its twin is nonblocking.rs.

use std::io;

use std::net::{TcpListener, TcpStream};
use std::thread::sleep;

use super::{AcceptedConnection, Backoff, is_final};
use crate::server::Server;

/// The connections of a listening socket, one after the other.
pub(crate) struct Accepting<'a> {
    listener: TcpListener,
    server: &'a Server,
    backoff: Backoff,
}

impl<'a> Accepting<'a> {
    pub(crate) fn new(listener: TcpListener, server: &'a Server) -> io::Result<Accepting<'a>> {
        server.listens_on(&listener)?;
        Ok(Accepting { listener, server, backoff: Backoff::new() })
    }

    /// The next connection, or none once the server is stopped.
    pub(crate) fn next(&mut self) -> io::Result<Option<AcceptedConnection<TcpStream>>> {
        let Some(permit) = self.server.admission.permit_on_thread() else { return Ok(None) };
        loop {
            match self.listener.accept() {
                Ok((stream, _)) => {
                    let trace = self.server.count_accepted();
                    self.backoff = Backoff::new();
                    // Replies are small and written whole: Nagle's algorithm could only hold them back.
                    // This fails where the client has left already, which the first read will notice.
                    let _ = stream.set_nodelay(true);
                    return Ok(Some(AcceptedConnection { stream, trace, permit }));
                }
                Err(_) if self.server.is_stopping() => return Ok(None),
                Err(error) if is_final(&error) => return Err(error),
                Err(_) => {
                    self.server.count_accept_error();
                    sleep(self.backoff.lengthen());
                }
            }
        }
    }
}
