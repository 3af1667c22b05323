//! How much the kernel keeps in a server's socket buffers: memory that no resident size shows.

use std::io;
use std::net::SocketAddr;
use std::os::fd::OwnedFd;
use std::time::Duration;

use rustix::net::netlink::{SOCK_DIAG, SocketAddrNetlink};
use rustix::net::sockopt::{Timeout, set_socket_timeout};
use rustix::net::{AddressFamily, RecvFlags, SendFlags, SocketFlags, SocketType, recv, sendto, socket_with};

use super::socket_diag::{Answer, parse, request};

/// Bytes in the receive and send buffers of all TCP sockets that are local to `server`, the connections that it has not
/// accepted yet included. The clients' ends of loopback connections are not in it. Some milliseconds at ten thousand
/// connections.
///
/// # Errors
/// Where the kernel has no socket diagnostics (module `tcp_diag`) or does not allow them.
pub fn socket_buffer_bytes(server: SocketAddr) -> io::Result<u64> {
    let socket = ask(server)?;
    // The kernel fills datagrams up to 32 KiB, and no more than fits the buffer that it is offered.
    let mut buffer = vec![0; 64 * 1024];
    let mut total = 0;
    loop {
        let (received, _) = recv(&socket, &mut buffer[..], RecvFlags::empty())?;
        match parse(&buffer[..received], server) {
            Answer::More(bytes) => total += bytes,
            Answer::Done(bytes) => return Ok(total + bytes),
            Answer::Refused(errno) => return Err(io::Error::from_raw_os_error(errno)),
            Answer::Malformed => {
                return Err(io::Error::new(
                    io::ErrorKind::InvalidData,
                    "the kernel's socket diagnostics are malformed",
                ));
            }
        }
    }
}

fn ask(server: SocketAddr) -> io::Result<OwnedFd> {
    let socket = socket_with(AddressFamily::NETLINK, SocketType::DGRAM, SocketFlags::CLOEXEC, Some(SOCK_DIAG))?;
    set_socket_timeout(&socket, Timeout::Recv, Some(Duration::from_secs(2)))?;
    sendto(&socket, &request(server), SendFlags::empty(), &SocketAddrNetlink::new(0, 0))?;
    Ok(socket)
}
