//! From a listening socket to one connection after the other, for threads and for tasks: set each one up, count what
//! fails, never give up and never spin. Who then runs a connection is the models' business. Beside it:
//! `accept/listening.rs`, where the sockets come from.

use std::io;
use std::os::fd::AsFd;
use std::sync::Arc;
use std::time::Duration;

use rustix::io::Errno;
use socket2::SockRef;

use crate::admission::Permit;
use crate::server::Server;
use crate::trace::{ConnectionTrace, Moment};

mod listening;
mod ready;

pub use listening::bind;
pub(crate) use listening::{listener_for_each_loop, run_each_loop};
pub(crate) use ready::{AcceptAttempt, ReadyAcceptor};

/// Accepts the connections of a listening socket, one after the other: std's on a thread, tokio's in a task, compio's by
/// completion, mio's for an event loop.
///
/// `next` is here for those that wait, and a test compares them word by word. `accept/ready.rs` has what does not wait.
pub(crate) struct Acceptor<L> {
    listener: L,
    server: Arc<Server>,
    backoff: Backoff,
}

/// A connection, for whoever is to serve it. Dropping it closes the connection, and then lets the next one in.
#[derive(Debug)]
pub(crate) struct AcceptedConnection<S> {
    pub(crate) stream: S,
    pub(crate) trace: ConnectionTrace,
    /// Held, and given back after `stream` is closed, since fields are dropped from first to last.
    pub(crate) permit: Permit,
}

#[cfg(any(test, fuzzing))]
impl<S> AcceptedConnection<S> {
    /// A connection that nobody accepted: the only one of a server that has room for it.
    pub(crate) fn alone(stream: S, server: &Arc<Server>) -> AcceptedConnection<S> {
        let permit = server.admission.permit_at_once().expect("a server without connections has room for one");
        AcceptedConnection { stream, trace: server.connection_trace(1), permit }
    }
}

impl<L: AsFd> Acceptor<L> {
    /// Begins to accept from a socket, which is shut down where the server is stopped.
    pub(crate) fn new(listener: L, server: &Arc<Server>) -> io::Result<Acceptor<L>> {
        server.stop.remember(&listener)?;
        Ok(Acceptor { listener, server: Arc::clone(server), backoff: Backoff::new() })
    }
}

impl<L> Acceptor<L> {
    /// Counts a connection. What comes next is accepted without a wait again.
    fn accepted<S: AsFd>(&mut self, stream: S, permit: Permit) -> AcceptedConnection<S> {
        // Replies are small and written whole: Nagle's algorithm could only hold them back.
        // This fails where the client has left already, which the first read will notice.
        let _ = SockRef::from(&stream).set_tcp_nodelay(true);
        self.backoff = Backoff::new();
        let number = self.server.counters.accepted.increment();
        let trace = self.server.connection_trace(number);
        trace.note(Moment::Accepted);
        AcceptedConnection { stream, trace, permit }
    }

    /// How long to wait after a failure; none where the server is stopped and accepting is over.
    fn wait_after(&mut self, error: io::Error) -> io::Result<Option<Duration>> {
        if self.server.stop.is_given() {
            return Ok(None);
        }
        if is_final(&error) {
            return Err(error);
        }
        self.server.counters.accept_errors.increment();
        Ok(Some(self.backoff.lengthen()))
    }
}

impl Acceptor<std::net::TcpListener> {
    /// The next connection, or none once the server is stopped.
    pub(crate) fn next(&mut self) -> io::Result<Option<AcceptedConnection<std::net::TcpStream>>> {
        let Some(permit) = self.server.admission.permit_on_thread() else { return Ok(None) };
        loop {
            match self.listener.accept() {
                Ok((stream, _)) => return Ok(Some(self.accepted(stream, permit))),
                Err(error) => match self.wait_after(error)? {
                    Some(wait) => std::thread::sleep(wait),
                    None => return Ok(None),
                },
            }
        }
    }
}

impl Acceptor<tokio::net::TcpListener> {
    /// The next connection, or none once the server is stopped.
    pub(crate) async fn next(&mut self) -> io::Result<Option<AcceptedConnection<tokio::net::TcpStream>>> {
        let Some(permit) = self.server.admission.permit_in_task().await else { return Ok(None) };
        loop {
            match self.listener.accept().await {
                Ok((stream, _)) => return Ok(Some(self.accepted(stream, permit))),
                Err(error) => match self.wait_after(error)? {
                    Some(wait) => tokio::time::sleep(wait).await,
                    None => return Ok(None),
                },
            }
        }
    }
}

#[cfg(feature = "compio")]
impl Acceptor<compio::net::TcpListener> {
    /// The next connection, or none once the server is stopped.
    pub(crate) async fn next(&mut self) -> io::Result<Option<AcceptedConnection<compio::net::TcpStream>>> {
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

/// How long to wait before accepting again after a failure.
///
/// Where descriptors have run out, the connection that could not be accepted stays in the queue, and the
/// socket stays ready: without a wait, the loop would burn a whole CPU on doing nothing.
#[derive(Debug)]
struct Backoff {
    next: Duration,
}

impl Backoff {
    const SHORTEST: Duration = Duration::from_millis(1);
    const LONGEST: Duration = Duration::from_millis(50);

    fn new() -> Backoff {
        Backoff { next: Backoff::SHORTEST }
    }

    /// Twice as long each time, so that a single failure costs little and a lasting one little CPU.
    fn lengthen(&mut self) -> Duration {
        let wait = self.next;
        self.next = (wait * 2).min(Backoff::LONGEST);
        wait
    }
}

/// Whether accept can never succeed again: the socket is no socket, or does not listen. Everything else
/// passes (no descriptors, no memory, a client that left early), and so the server waits for it to pass.
fn is_final(error: &io::Error) -> bool {
    let finals = [Errno::BADF, Errno::INVAL, Errno::NOTSOCK, Errno::OPNOTSUPP, Errno::FAULT];
    Errno::from_io_error(error).is_some_and(|errno| finals.contains(&errno))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waits_grow_and_are_bounded() {
        let mut backoff = Backoff::new();
        let waits: Vec<u128> = (0..8).map(|_| backoff.lengthen().as_millis()).collect();
        assert_eq!(waits, [1, 2, 4, 8, 16, 32, 50, 50]);
    }

    #[test]
    fn what_can_pass_is_not_final() {
        for errno in [Errno::MFILE, Errno::NFILE, Errno::NOBUFS, Errno::NOMEM, Errno::CONNABORTED] {
            assert!(!is_final(&errno.into()), "{errno}");
        }
        assert!(is_final(&Errno::INVAL.into()));
    }
}
