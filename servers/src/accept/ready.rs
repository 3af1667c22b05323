//! Accepting for an event loop, which must not wait here: the next connection, or what to wait for. Beside it:
//! `accept.rs`, whose `next` waits.

use std::io::{self, ErrorKind};
use std::sync::Arc;
use std::time::Instant;

use mio::net::{TcpListener, TcpStream};
use mio::{Interest, Registry, Token};

use super::{AcceptedConnection, Acceptor};
use crate::admission::NoPermit;
use crate::server::Server;

/// Accepts connections that have come already.
pub(crate) struct ReadyAcceptor {
    acceptor: Acceptor<TcpListener>,
    /// Until when it rests after a failure.
    rests_until: Option<Instant>,
    is_full: bool,
}

/// What became of one attempt to accept.
pub(crate) enum AcceptAttempt {
    /// A connection.
    Accepted(AcceptedConnection<TcpStream>),
    /// Nobody can be accepted now. Try again when the socket says that it is ready, when a full server has lost a
    /// connection, and at this moment where there is one.
    Nobody(Option<Instant>),
    /// The server is stopped.
    Stopped,
}

impl ReadyAcceptor {
    pub(crate) fn new(listener: std::net::TcpListener, server: &Arc<Server>) -> io::Result<ReadyAcceptor> {
        listener.set_nonblocking(true)?;
        let acceptor = Acceptor::new(TcpListener::from_std(listener), server)?;
        Ok(ReadyAcceptor { acceptor, rests_until: None, is_full: false })
    }

    /// Asks to be told, under this token, when there is somebody to accept.
    pub(crate) fn register(&mut self, registry: &Registry, token: Token) -> io::Result<()> {
        registry.register(&mut self.acceptor.listener, token, Interest::READABLE)
    }

    /// Whether the end of a connection makes room for another that may be waiting.
    pub(crate) fn is_full(&self) -> bool {
        self.is_full
    }

    /// Accepts the next connection, where there is one and nothing speaks against it.
    pub(crate) fn attempt(&mut self) -> io::Result<AcceptAttempt> {
        if self.rests_until.is_some_and(|until| Instant::now() < until) {
            return Ok(AcceptAttempt::Nobody(self.rests_until));
        }
        self.rests_until = None;
        let permit = self.acceptor.server.admission.permit_at_once();
        self.is_full = matches!(permit, Err(NoPermit::Full));
        let permit = match permit {
            Ok(permit) => permit,
            Err(NoPermit::Full) => return Ok(AcceptAttempt::Nobody(None)),
            Err(NoPermit::Closed) => return Ok(AcceptAttempt::Stopped),
        };
        match self.acceptor.listener.accept() {
            Ok((stream, _)) => Ok(AcceptAttempt::Accepted(self.acceptor.accepted(stream, permit))),
            Err(error) if error.kind() == ErrorKind::WouldBlock => Ok(AcceptAttempt::Nobody(None)),
            Err(error) => match self.acceptor.wait_after(error)? {
                Some(rest) => {
                    self.rests_until = Some(Instant::now() + rest);
                    Ok(AcceptAttempt::Nobody(self.rests_until))
                }
                None => Ok(AcceptAttempt::Stopped),
            },
        }
    }
}
