//! Accepting where the kernel completes what it was asked for. Beside it: `accept.rs`, whose `next` in a task is the same
//! with other sockets.

use std::io;

use compio::net::{TcpListener, TcpStream};

use super::{AcceptedConnection, Acceptor};

impl Acceptor<TcpListener> {
    /// The next connection, or none once the server is stopped.
    pub(crate) async fn next(&mut self) -> io::Result<Option<AcceptedConnection<TcpStream>>> {
        let Some(permit) = self.server.admission.permit_in_task().await else { return Ok(None) };
        loop {
            match self.listener.accept().await {
                Ok((stream, _)) => return Ok(Some(self.accepted(stream, permit))),
                Err(error) => match self.wait_after(error)? {
                    Some(wait) => compio::time::sleep(wait).await,
                    None => return Ok(None),
                },
            }
        }
    }
}
