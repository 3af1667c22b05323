//! From a listening socket to one connection after the other, for threads and for tasks: set each one up, count what
//! fails, never give up and never spin. Who then runs a connection is the models' business.

use std::io;
use std::net::{SocketAddr, TcpListener};
use std::os::fd::AsFd;
use std::panic::resume_unwind;
use std::sync::Arc;
use std::thread;
use std::time::Duration;

use rustix::io::Errno;
use socket2::{Domain, Protocol, Socket, Type};

use crate::admission::Permit;
use crate::options::{Accepting, ServerOptions};
use crate::server::Server;
use crate::stop::StopOnDrop;
use crate::threads;
use crate::trace::{ConnectionTrace, Moment};

#[cfg(feature = "compio")]
mod completion;
mod ready;

pub(crate) use ready::{AcceptAttempt, ReadyAcceptor};

/// A listening socket for any model. Port 0 lets the kernel choose a free one.
///
/// The kernel cuts the backlog down to `net.core.somaxconn`, silently.
pub fn bind(address: SocketAddr, options: &ServerOptions) -> io::Result<TcpListener> {
    if options.accepting == Accepting::Reuseport && address.port() != 0 {
        // Another server with SO_REUSEPORT would let this one have a share of its connections. A socket without it is
        // told that the port is taken.
        bound(address, Accepting::Single)?;
    }
    listen(address, options)
}

/// The listening sockets of all accept loops: this one, and as many more on its port as the options say.
pub(crate) fn one_for_each_loop(listener: TcpListener, options: &ServerOptions) -> io::Result<Vec<TcpListener>> {
    let address = listener.local_addr()?;
    let more = (1..options.accept_loops()).map(|_| listen(address, options));
    std::iter::once(Ok(listener)).chain(more).collect()
}

/// Runs each accept loop on a thread of its own, and one of them on this thread. Where one ends, in whatever way, the
/// server is stopped, and so all of them end.
pub(crate) fn run_each_loop<T: Send>(
    mut loops: Vec<T>,
    server: &Arc<Server>,
    run: impl Fn(T) -> io::Result<()> + Sync,
) -> io::Result<()> {
    let Some(own) = loops.pop() else { return Ok(()) };
    let run = &run;
    thread::scope(|scope| {
        // Also where this panics or can't start a thread. The ordinary end stops them before it joins, below.
        let _stops_the_others = StopOnDrop::new(server);
        let on_a_thread = |(place, of_the_others)| {
            thread::Builder::new().name(threads::of_accept_loop(place + 2)).spawn_scoped(scope, move || {
                let _stops_the_others = StopOnDrop::new(server);
                run(of_the_others)
            })
        };
        let others = loops.into_iter().enumerate().map(on_a_thread).collect::<io::Result<Vec<_>>>()?;
        let ended = run(own);
        server.stop_handle().stop();
        let others = others.into_iter().map(|other| other.join().unwrap_or_else(|panic| resume_unwind(panic)));
        others.fold(ended, Result::and)
    })
}

fn listen(address: SocketAddr, options: &ServerOptions) -> io::Result<TcpListener> {
    let socket = bound(address, options.accepting)?;
    if options.unread_timeout.is_some() {
        // Each connection that it accepts inherits this.
        socket.set_tcp_user_timeout(options.unread_timeout)?;
    }
    socket.listen(i32::try_from(options.backlog).unwrap_or(i32::MAX))?;
    Ok(socket.into())
}

fn bound(address: SocketAddr, accepting: Accepting) -> io::Result<Socket> {
    let socket = Socket::new(Domain::for_address(address), Type::STREAM, Some(Protocol::TCP))?;
    // A server that is started again must not wait for the connections of its predecessor to be forgotten.
    socket.set_reuse_address(true)?;
    socket.set_reuse_port(accepting == Accepting::Reuseport)?;
    socket.bind(&address.into())?;
    Ok(socket)
}

/// Accepts the connections of a listening socket, one after the other: std's on a thread, tokio's in a task, mio's for an
/// event loop.
///
/// `next` is here twice, and a test compares the two word by word. `accept/completion.rs` has compio's, and `accept/ready.rs`
/// what does not wait.
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
    /// Never read: it is held, and given back after `stream` is closed, since fields are dropped from first to last.
    #[expect(dead_code, reason = "it acts when it is dropped")]
    permit: Permit,
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
    pub(crate) fn new(listener: L, server: &Arc<Server>) -> io::Result<Acceptor<L>> {
        server.stop.remember(&listener)?;
        Ok(Acceptor { listener, server: Arc::clone(server), backoff: Backoff::new() })
    }
}

impl<L> Acceptor<L> {
    /// Counts a connection. What comes next is accepted without a wait again.
    fn accepted<S>(&mut self, stream: S, permit: Permit) -> AcceptedConnection<S> {
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
                Ok((stream, _)) => {
                    // Replies are small and written whole: Nagle's algorithm could only hold them back.
                    // This fails where the client has left already, which the first read will notice.
                    let _ = stream.set_nodelay(true);
                    return Ok(Some(self.accepted(stream, permit)));
                }
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
                Ok((stream, _)) => {
                    // Replies are small and written whole: Nagle's algorithm could only hold them back.
                    // This fails where the client has left already, which the first read will notice.
                    let _ = stream.set_nodelay(true);
                    return Ok(Some(self.accepted(stream, permit)));
                }
                Err(error) => match self.wait_after(error)? {
                    Some(wait) => tokio::time::sleep(wait).await,
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
    use std::net::Ipv4Addr;
    use std::panic::{AssertUnwindSafe, catch_unwind};

    use super::*;
    use crate::Contender;
    use crate::protocol::Wire;
    use crate::testing::wait_until;

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
    #[test]
    fn a_port_that_several_loops_share_is_not_shared_with_another_server() {
        let options = Contender::parse("threaded:accept=reuseport").unwrap().options;
        let options = ServerOptions { workers: 3, ..options };
        let listener = bind((Ipv4Addr::LOCALHOST, 0).into(), &options).unwrap();
        let address = listener.local_addr().unwrap();
        assert_eq!(bind(address, &options).unwrap_err().kind(), io::ErrorKind::AddrInUse);
        let listeners = one_for_each_loop(listener, &options).unwrap();
        let addresses: Vec<SocketAddr> = listeners.iter().map(|listener| listener.local_addr().unwrap()).collect();
        assert_eq!(addresses, [address; 3]);
    }

    #[test]
    fn a_loop_that_ends_stops_the_others_and_its_panic_or_error_is_theirs() {
        let ended = |own_fails: bool| {
            let server = server();
            let run = |number: u32| match (number, own_fails) {
                (0, false) => panic!("a panic in an accept loop, as the test wants it"),
                (1, true) => Err(io::ErrorKind::Other.into()),
                _ => {
                    wait_until("the server is stopped", || server.stop.is_given());
                    Ok(())
                }
            };
            catch_unwind(AssertUnwindSafe(|| run_each_loop(vec![0, 2, 1], &server, run)))
        };
        ended(false).unwrap_err();
        assert_eq!(ended(true).unwrap().unwrap_err().kind(), io::ErrorKind::Other);
    }

    fn server() -> Arc<Server> {
        Arc::new(Server::new(Contender::parse("threaded").unwrap().options, Wire::JsonLines, Some(1)))
    }
}
