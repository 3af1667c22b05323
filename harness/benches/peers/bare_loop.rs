//! The least that a generator can do in closed loop: wait, read, look at the last bytes of the reply, write constant
//! bytes. No clock, no check of who is answered, no histogram. What the real one costs more, it costs for those.

use std::net::SocketAddr;
use std::time::{Duration, Instant};

use harness::clock::thread_cpu_ns;
use harness::process::message::say;
use rustix::buffer::spare_capacity;
use rustix::event::epoll::{self, EventData, EventFlags};
use rustix::fd::OwnedFd;
use rustix::net::{AddressFamily, RecvFlags, SendFlags, SocketFlags, SocketType, sockopt};

use crate::tools::{PATH, REPLY, Said};

/// Runs for as long, and says how it went.
pub(crate) fn run(target: SocketAddr, connections: u32, duration: Duration) -> anyhow::Result<()> {
    let request = format!("GET {PATH} HTTP/1.1\r\nHost: {target}\r\n\r\n").into_bytes();
    let poll = epoll::create(epoll::CreateFlags::CLOEXEC)?;
    let sockets = open(&poll, target, connections)?;
    for socket in &sockets {
        rustix::net::send(socket, &request, SendFlags::NOSIGNAL)?;
    }
    let (cpu_before, begun) = (thread_cpu_ns(), Instant::now());
    let requests = drive(&poll, &sockets, &request, begun + duration)?;
    let cpu_ns = thread_cpu_ns() - cpu_before;
    let own_cpu_ns_per_request = Some(cpu_ns as f64 / requests as f64);
    Ok(say(&Said { requests, own_cpu_ns_per_request, ..Said::default() })?)
}

fn open(poll: &OwnedFd, target: SocketAddr, connections: u32) -> anyhow::Result<Vec<OwnedFd>> {
    let mut sockets = Vec::new();
    for index in 0..connections {
        let socket = rustix::net::socket_with(AddressFamily::INET, SocketType::STREAM, SocketFlags::CLOEXEC, None)?;
        sockopt::set_tcp_nodelay(&socket, true)?;
        // Ends with a reset, so that thousands of ports are not kept from the next round.
        sockopt::set_socket_linger(&socket, Some(Duration::ZERO))?;
        rustix::net::connect(&socket, &target)?;
        epoll::add(poll, &socket, EventData::new_u64(index.into()), EventFlags::IN | EventFlags::ET)?;
        sockets.push(socket);
    }
    Ok(sockets)
}

/// Replies that came before `end`.
fn drive(poll: &OwnedFd, sockets: &[OwnedFd], request: &[u8], end: Instant) -> anyhow::Result<u64> {
    let mut buffer = vec![0; 64 * 1024];
    let mut events: Vec<epoll::Event> = Vec::with_capacity(64);
    let mut requests = 0;
    while Instant::now() < end {
        events.clear();
        epoll::wait(poll, spare_capacity(&mut events), None)?;
        for event in &events {
            let socket = &sockets[event.data.u64() as usize];
            let (count, _) = rustix::net::recv(socket, &mut buffer[..], RecvFlags::empty())?;
            anyhow::ensure!(count > 0, "the server closed a connection");
            if buffer[..count].ends_with(REPLY) {
                requests += 1;
                rustix::net::send(socket, request, SendFlags::NOSIGNAL)?;
            }
        }
    }
    Ok(requests)
}
