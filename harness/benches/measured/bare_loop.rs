//! The least that a generator can do in closed loop: wait, read, look at the last bytes of the reply, write constant
//! bytes. No check of who is answered, no ledger, no histogram. What the real one costs more, it costs for those.

use std::net::SocketAddr;
use std::time::{Duration, Instant};

use nix::sys::resource::{UsageWho, getrusage};
use nix::sys::time::TimeValLike;
use rustix::buffer::spare_capacity;
use rustix::event::epoll::{self, EventData, EventFlags};
use rustix::fd::OwnedFd;
use rustix::net::{AddressFamily, RecvFlags, SendFlags, SocketFlags, SocketType, sockopt};

/// What is said on the wire, to the byte.
#[derive(Debug, Clone, Copy)]
pub(crate) struct WireBytes<'a> {
    pub(crate) request: &'a [u8],
    /// How a reply that is whole ends.
    pub(crate) reply_end: &'a [u8],
}

/// What came of it once all connections were open.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Ran {
    pub(crate) requests: u64,
    pub(crate) user: Duration,
    pub(crate) system: Duration,
}

/// Opens the connections and runs for as long, on the calling thread.
pub(crate) fn run(
    target: SocketAddr,
    connections: u32,
    dialogue: WireBytes<'_>,
    duration: Duration,
) -> anyhow::Result<Ran> {
    let poll = epoll::create(epoll::CreateFlags::CLOEXEC)?;
    let sockets = open(&poll, target, connections)?;
    let before = thread_cpu()?;
    for socket in &sockets {
        rustix::net::send(socket, dialogue.request, SendFlags::NOSIGNAL)?;
    }
    let requests = drive(&poll, &sockets, dialogue, Instant::now() + duration)?;
    let after = thread_cpu()?;
    Ok(Ran { requests, user: after.0 - before.0, system: after.1 - before.1 })
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
fn drive(poll: &OwnedFd, sockets: &[OwnedFd], dialogue: WireBytes<'_>, end: Instant) -> anyhow::Result<u64> {
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
            if buffer[..count].ends_with(dialogue.reply_end) {
                requests += 1;
                rustix::net::send(socket, dialogue.request, SendFlags::NOSIGNAL)?;
            }
        }
    }
    Ok(requests)
}

/// In user mode and in the kernel.
fn thread_cpu() -> anyhow::Result<(Duration, Duration)> {
    let usage = getrusage(UsageWho::RUSAGE_THREAD)?;
    let micros = |value: i64| Duration::from_micros(value.unsigned_abs());
    Ok((micros(usage.user_time().num_microseconds()), micros(usage.system_time().num_microseconds())))
}
