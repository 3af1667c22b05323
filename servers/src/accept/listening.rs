//! Listening sockets: one for all connections, or with `accept=reuseport` one for each accept loop. Beside it: `accept.rs`,
//! which accepts from one of them.

use std::io;
use std::iter;
use std::net::{SocketAddr, TcpListener};
use std::panic::resume_unwind;
use std::sync::Arc;
use std::thread;

use socket2::{Domain, Protocol, Socket, Type};

use crate::options::{Accepting, ServerOptions};
use crate::server::Server;
use crate::stop::StopOnDrop;
use crate::thread_names;

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
pub(crate) fn listener_for_each_loop(listener: TcpListener, options: &ServerOptions) -> io::Result<Vec<TcpListener>> {
    let address = listener.local_addr()?;
    let more = (1..options.accept_loops()).map(|_| listen(address, options));
    iter::once(Ok(listener)).chain(more).collect()
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
            thread::Builder::new().name(thread_names::of_accept_loop(place + 2)).spawn_scoped(scope, move || {
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

#[cfg(test)]
mod tests {
    use std::net::Ipv4Addr;
    use std::panic::{AssertUnwindSafe, catch_unwind};

    use super::*;
    use crate::Contender;
    use crate::testing::{server, wait_until};

    #[test]
    fn a_port_that_several_loops_share_is_not_shared_with_another_server() {
        let options = Contender::parse("threaded:accept=reuseport").unwrap().options;
        let options = ServerOptions { workers: 3, ..options };
        let listener = bind((Ipv4Addr::LOCALHOST, 0).into(), &options).unwrap();
        let address = listener.local_addr().unwrap();
        assert_eq!(bind(address, &options).unwrap_err().kind(), io::ErrorKind::AddrInUse);
        let listeners = listener_for_each_loop(listener, &options).unwrap();
        let addresses: Vec<SocketAddr> = listeners.iter().map(|listener| listener.local_addr().unwrap()).collect();
        assert_eq!(addresses, [address; 3]);
    }

    #[test]
    fn a_loop_that_ends_stops_the_others_and_its_panic_or_error_is_theirs() {
        let ended = |own_fails: bool| {
            let server = server("threaded");
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
}
