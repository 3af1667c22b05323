//! From a listening socket to a stream of connections, for threads in `blocking.rs` and for tasks in its twin
//! `nonblocking.rs`: set each one up, count what fails, never give up and never spin. Who then runs a
//! connection is the models' business.

use std::io;
use std::net::{SocketAddr, TcpListener};
use std::time::Duration;

use rustix::io::Errno;
use socket2::{Domain, Protocol, Socket, Type};

use crate::admission::Permit;
use crate::options::ServerOptions;
use crate::trace::ConnectionTrace;

pub(crate) mod blocking;
pub(crate) mod nonblocking;

/// A listening socket for any model. Port 0 lets the kernel choose a free one.
///
/// The kernel cuts the backlog down to `net.core.somaxconn`, silently.
pub fn bind(address: SocketAddr, options: &ServerOptions) -> io::Result<TcpListener> {
    let socket = Socket::new(Domain::for_address(address), Type::STREAM, Some(Protocol::TCP))?;
    // A server that is started again must not wait for the connections of its predecessor to be forgotten.
    socket.set_reuse_address(true)?;
    socket.bind(&address.into())?;
    socket.listen(i32::try_from(options.backlog).unwrap_or(i32::MAX))?;
    Ok(socket.into())
}

/// A connection, for whoever is to serve it. Dropping it closes the connection, and then lets the next one in.
#[derive(Debug)]
pub(crate) struct AcceptedConnection<S> {
    pub(crate) stream: S,
    pub(crate) trace: ConnectionTrace,
    /// Never read: it is held, and given back after `stream` is closed.
    #[expect(dead_code, reason = "it acts when it is dropped")]
    permit: Permit,
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
