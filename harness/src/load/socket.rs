//! Sockets of the generator: non-blocking, one system call each where one will do.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};

use rustix::fd::{AsFd, OwnedFd};
use rustix::io::Errno;
use rustix::net::{AddressFamily, SocketFlags, SocketType, ipproto, sockopt};

/// Connections that share one source address. Past some ten thousand to one destination the kernel's search for
/// a free local port takes longer with every connection.
pub const CONNECTIONS_PER_SOURCE: u32 = 4_000;

/// How far a connect got before it returned.
pub(crate) enum Connect {
    /// Established at once, as is usual on loopback.
    Established(OwnedFd),
    /// Under way: the socket becomes writable when it is decided.
    UnderWay(OwnedFd),
}

/// Begins to connect. `number` picks the source address on loopback, so that many connections spread over several.
pub(crate) fn connect(target: SocketAddr, number: u32) -> Result<Connect, Errno> {
    let family = if target.is_ipv4() { AddressFamily::INET } else { AddressFamily::INET6 };
    let flags = SocketFlags::NONBLOCK | SocketFlags::CLOEXEC;
    let socket = rustix::net::socket_with(family, SocketType::STREAM, flags, Some(ipproto::TCP))?;
    sockopt::set_tcp_nodelay(&socket, true)?;
    if let Some(source) = source_address(target, number) {
        rustix::net::bind(&socket, &source)?;
    }
    match rustix::net::connect(&socket, &target) {
        Ok(()) => Ok(Connect::Established(socket)),
        Err(Errno::INPROGRESS) => Ok(Connect::UnderWay(socket)),
        Err(error) => Err(error),
    }
}

/// Whether a connect that was under way has been decided, and how.
pub(crate) fn connected(socket: &OwnedFd) -> Result<(), Errno> {
    sockopt::socket_error(socket)?
}

/// Closes with a reset, so that neither side keeps the connection in TIME_WAIT.
pub(crate) fn abort(socket: OwnedFd) {
    // A socket that is gone already needs no reset, so that failing is no fault.
    let _ = sockopt::set_socket_linger(socket.as_fd(), Some(std::time::Duration::ZERO));
}

fn source_address(target: SocketAddr, number: u32) -> Option<SocketAddr> {
    let group = number / CONNECTIONS_PER_SOURCE;
    let on_loopback = matches!(target.ip(), IpAddr::V4(address) if address.is_loopback());
    if group == 0 || !on_loopback {
        return None;
    }
    // 127.0.0.2, 127.0.0.3, ... all of 127.0.0.0/8 is this machine.
    let last = u8::try_from(group + 1).ok()?;
    Some(SocketAddr::new(IpAddr::V4(Ipv4Addr::new(127, 0, 0, last)), 0))
}
