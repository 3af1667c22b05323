//! How much the kernel keeps in a server's socket buffers: memory that no resident size shows. Asked of the kernel's
//! socket diagnostics (`NETLINK_SOCK_DIAG`, sock_diag(7)): a request for the TCP sockets of one local port, and a parser of
//! what comes back. And what only the kernel counts: how often a connect met a full accept queue, and how often TCP sent
//! something again.
//!
//! Netlink speaks in the byte order of the machine, except for ports and addresses, which are as on the wire.

use std::io;
use std::net::{IpAddr, SocketAddr};
use std::os::fd::OwnedFd;
use std::path::Path;
use std::time::Duration;

use rustix::net::netlink::{SOCK_DIAG, SocketAddrNetlink};
use rustix::net::sockopt::{Timeout, set_socket_timeout};
use rustix::net::{AddressFamily, RecvFlags, SendFlags, SocketFlags, SocketType, recv, sendto, socket_with};

use super::proc_file::text;

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
            Datagram::More(bytes) => total += bytes,
            Datagram::Done(bytes) => return Ok(total + bytes),
            Datagram::Refused(errno) => return Err(io::Error::from_raw_os_error(errno)),
            Datagram::Malformed => {
                let why = "the kernel's socket diagnostics are malformed";
                return Err(io::Error::new(io::ErrorKind::InvalidData, why));
            }
        }
    }
}

/// Times since the machine started that a connect met a full accept queue, of any listening socket in this network
/// namespace; absent where the kernel does not tell.
pub fn listen_overflows() -> Option<u64> {
    counter_in(&text("/proc/self/net/netstat")?, "TcpExt:", "ListenOverflows")
}

/// TCP segments that were sent again since the machine started, on any connection of this network namespace; absent where
/// the kernel does not tell. `proc` is where its files are.
pub(super) fn segments_sent_again(proc: &Path) -> Option<u64> {
    counter_in(&text(proc.join("self/net/snmp"))?, "Tcp:", "RetransSegs")
}

/// Names in one line and values in the next, each with the protocol in front.
pub(super) fn counter_in(counters: &str, protocol: &str, name: &str) -> Option<u64> {
    let mut of_protocol = counters.lines().filter_map(|line| line.strip_prefix(protocol));
    let (names, values) = (of_protocol.next()?.split_whitespace(), of_protocol.next()?.split_whitespace());
    let (_, value) = names.zip(values).find(|(known, _)| *known == name)?;
    value.parse().ok()
}

fn ask(server: SocketAddr) -> io::Result<OwnedFd> {
    let socket = socket_with(AddressFamily::NETLINK, SocketType::DGRAM, SocketFlags::CLOEXEC, Some(SOCK_DIAG))?;
    set_socket_timeout(&socket, Timeout::Recv, Some(Duration::from_secs(2)))?;
    sendto(&socket, &request(server), SendFlags::empty(), &SocketAddrNetlink::new(0, 0))?;
    Ok(socket)
}

const SOCK_DIAG_BY_FAMILY: u16 = 20;
const NLMSG_ERROR: u16 = 2;
const NLMSG_DONE: u16 = 3;
/// NLM_F_REQUEST | NLM_F_DUMP.
const REQUEST_DUMP: u16 = 0x301;
const AF_INET: u8 = 2;
const AF_INET6: u8 = 10;
const IPPROTO_TCP: u8 = 6;
/// INET_DIAG_SKMEMINFO: eight or more u32 of SK_MEMINFO_*.
const SKMEMINFO: u16 = 7;
/// Size of nlmsghdr.
const HEADER: usize = 16;
/// Size of inet_diag_msg, after which the attributes begin.
const MESSAGE: usize = 72;

/// What a datagram of answers held.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Datagram {
    /// Buffer bytes of the sockets in it; more datagrams follow.
    More(u64),
    /// Buffer bytes of the sockets in it, the last ones.
    Done(u64),
    /// The kernel's errno.
    Refused(i32),
    /// The bytes are not what the kernel's interface promises.
    Malformed,
}

/// Asks for every TCP socket in any state whose local port is that of `server`, with its memory.
pub(super) fn request(server: SocketAddr) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(HEADER + 56);
    bytes.extend((HEADER as u32 + 56).to_ne_bytes());
    bytes.extend(SOCK_DIAG_BY_FAMILY.to_ne_bytes());
    bytes.extend(REQUEST_DUMP.to_ne_bytes());
    bytes.extend([0; 8]); // sequence and port id: one request a socket, so answers can't be mixed up
    let family = if server.is_ipv4() { AF_INET } else { AF_INET6 };
    bytes.extend([family, IPPROTO_TCP, 1 << (SKMEMINFO - 1), 0]);
    bytes.extend(u32::MAX.to_ne_bytes()); // every state
    bytes.extend(server.port().to_be_bytes());
    bytes.resize(HEADER + 56, 0); // any peer, any interface, no cookie
    bytes
}

/// Adds up one datagram. Sockets that are bound to another address than `server`'s are somebody else's, such as a
/// client's that happened to get the same port number on another loopback address.
pub(super) fn parse(mut datagram: &[u8], server: SocketAddr) -> Datagram {
    let mut bytes = 0;
    while !datagram.is_empty() {
        let Some(length) = u32_at(datagram, 0).map(|length| length as usize) else { return Datagram::Malformed };
        let (Some(kind), true) = (u16_at(datagram, 4), length >= HEADER) else { return Datagram::Malformed };
        let Some(body) = datagram.get(HEADER..length) else { return Datagram::Malformed };
        match kind {
            NLMSG_DONE => return Datagram::Done(bytes),
            NLMSG_ERROR => {
                let errno = u32_at(body, 0).and_then(|code| (code as i32).checked_neg());
                return errno.map_or(Datagram::Malformed, Datagram::Refused);
            }
            SOCK_DIAG_BY_FAMILY => match socket_bytes(body, server) {
                Some(of_socket) => bytes += of_socket,
                None => return Datagram::Malformed,
            },
            _ => {}
        }
        datagram = datagram.get(aligned(length)..).unwrap_or(&[]);
    }
    Datagram::More(bytes)
}

/// Buffer bytes of one socket; 0 for a socket that isn't the server's, or has no memory (TIME_WAIT).
fn socket_bytes(body: &[u8], server: SocketAddr) -> Option<u64> {
    if !is_local_to(body, server)? {
        return Some(0);
    }
    let mut attributes = body.get(MESSAGE..)?;
    while !attributes.is_empty() {
        let length = usize::from(u16_at(attributes, 0)?);
        let value = attributes.get(4..length)?;
        if u16_at(attributes, 2)? == SKMEMINFO {
            // SK_MEMINFO_RMEM_ALLOC: received and not read. SK_MEMINFO_WMEM_QUEUED: sent and not acknowledged, or not
            // yet sent. Both as the kernel charges them, its own overhead included.
            let (received, queued) = (u32_at(value, 0)?, u32_at(value, 5 * 4)?);
            return Some(u64::from(received) + u64::from(queued));
        }
        attributes = attributes.get(aligned(length)..).unwrap_or(&[]);
    }
    Some(0)
}

fn is_local_to(body: &[u8], server: SocketAddr) -> Option<bool> {
    let port = body.get(4..6)? == server.port().to_be_bytes();
    let address = match server.ip() {
        any if any.is_unspecified() => true,
        IpAddr::V4(address) => body.get(8..12)? == address.octets(),
        IpAddr::V6(address) => body.get(8..24)? == address.octets(),
    };
    Some(port && address)
}

fn aligned(length: usize) -> usize {
    length.next_multiple_of(4)
}

fn u32_at(bytes: &[u8], at: usize) -> Option<u32> {
    Some(u32::from_ne_bytes(bytes.get(at..at + 4)?.try_into().ok()?))
}

fn u16_at(bytes: &[u8], at: usize) -> Option<u16> {
    Some(u16::from_ne_bytes(bytes.get(at..at + 2)?.try_into().ok()?))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn server() -> SocketAddr {
        "127.0.0.1:4660".parse().unwrap()
    }

    fn message(kind: u16, body: &[u8]) -> Vec<u8> {
        let mut bytes = (HEADER as u32 + body.len() as u32).to_ne_bytes().to_vec();
        bytes.extend(kind.to_ne_bytes());
        bytes.extend([0; 10]);
        bytes.extend(body);
        bytes
    }

    /// An inet_diag_msg of an established socket, a foreign attribute of odd length, and its memory.
    fn socket(address: [u8; 4], port: u16, memory: [u32; 9]) -> Vec<u8> {
        let mut body = vec![AF_INET, 1, 0, 0];
        body.extend(port.to_be_bytes());
        body.extend([0xC3, 0x50]);
        body.extend(address);
        body.resize(MESSAGE, 0);
        body.extend([5, 0, 8, 0, 0xFF, 0, 0, 0]);
        body.extend(40_u16.to_ne_bytes());
        body.extend(SKMEMINFO.to_ne_bytes());
        body.extend(memory.iter().flat_map(|value| value.to_ne_bytes()));
        message(SOCK_DIAG_BY_FAMILY, &body)
    }

    #[test]
    fn counters_stand_under_their_names() {
        let text =
            "TcpExt: SyncookiesSent ListenOverflows ListenDrops\nTcpExt: 1 22 333\nIpExt: InNoRoutes\nIpExt: 4\n";
        let overflows_in = |text| counter_in(text, "TcpExt:", "ListenOverflows");
        assert_eq!(overflows_in(text), Some(22));
        assert_eq!(overflows_in("TcpExt: A B\nTcpExt: 1 2\n"), None);
        assert_eq!(overflows_in(""), None);
        let snmp = "Icmp: InMsgs\nIcmp: 5\nTcp: OutSegs RetransSegs\nTcp: 700 12\nUdp: OutDatagrams\nUdp: 3\n";
        assert_eq!(counter_in(snmp, "Tcp:", "RetransSegs"), Some(12));
    }

    #[test]
    fn the_request_names_the_port_and_the_memory() {
        let bytes = request(server());
        assert_eq!(bytes.len(), 72);
        assert_eq!(&bytes[..4], 72_u32.to_ne_bytes());
        assert_eq!(&bytes[16..20], [AF_INET, IPPROTO_TCP, 0x40, 0]);
        assert_eq!(&bytes[24..26], [0x12, 0x34]);
        assert!(bytes[26..].iter().all(|byte| *byte == 0));
    }

    #[test]
    fn received_and_queued_bytes_of_the_servers_sockets_add_up() {
        let memory = [1000, 131_072, 7, 87_040, 3072, 20, 0, 0, 0];
        let mut datagram = socket([127, 0, 0, 1], 4660, memory);
        datagram.extend(socket([127, 0, 0, 1], 4660, memory));
        datagram.extend(socket([127, 0, 0, 2], 4660, memory));
        datagram.extend(socket([127, 0, 0, 1], 4661, memory));
        assert_eq!(parse(&datagram, server()), Datagram::More(2040));
        assert_eq!(parse(&datagram, "0.0.0.0:4660".parse().unwrap()), Datagram::More(3060));
        datagram.extend(message(NLMSG_DONE, &[0; 4]));
        assert_eq!(parse(&datagram, server()), Datagram::Done(2040));
    }

    #[test]
    fn a_refusal_tells_its_errno() {
        let refusal = message(NLMSG_ERROR, &(-2_i32).to_ne_bytes());
        assert_eq!(parse(&refusal, server()), Datagram::Refused(2));
        assert_eq!(parse(&message(NLMSG_ERROR, &i32::MIN.to_ne_bytes()), server()), Datagram::Malformed);
    }

    #[test]
    fn cut_off_answers_never_panic() {
        let whole = socket([127, 0, 0, 1], 4660, [1; 9]);
        for length in 1..whole.len() {
            assert_eq!(parse(&whole[..length], server()), Datagram::Malformed, "{length}");
        }
        // A message that claims to be empty must not be parsed for ever.
        assert_eq!(parse(&[0; 64], server()), Datagram::Malformed);
    }

    #[test]
    fn an_attribute_of_no_length_is_malformed() {
        let mut body = vec![AF_INET, 1, 0, 0, 0x12, 0x34, 0, 0, 127, 0, 0, 1];
        body.resize(MESSAGE + 8, 0);
        assert_eq!(parse(&message(SOCK_DIAG_BY_FAMILY, &body), server()), Datagram::Malformed);
    }
}
