//! The network of a worker: non-blocking sockets, one epoll instance, and a clock among the sockets.
//!
//! It reads the clock and the kernel's events, and tells the connections what happened; what follows from it they decide
//! (`connection.rs`). Must not know: requests, replies.
//!
//! Connections can come from several addresses: all of 127.0.0.0/8 is this machine. From one address to one port the kernel
//! searches longer and longer for a free local port, and runs out after some tens of thousands.

use std::mem;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::time::Duration;

use rustix::buffer::spare_capacity;
use rustix::event::epoll::{self, EventData, EventFlags};
use rustix::fd::{AsFd, OwnedFd};
use rustix::io::Errno;
use rustix::net::{AddressFamily, RecvFlags, SendFlags, SocketFlags, SocketType, ipproto, sockopt};

use super::LoadError;
use super::connection::{Closing, Connect, Connections, End, Name, Network};
use crate::alarm::Alarm;
use crate::clock::{now_ns, timespec};

/// Connections that share one source address. Past some ten thousand to one destination the kernel's search for
/// a free local port takes longer with every connection.
pub const CONNECTIONS_PER_SOURCE: u32 = 4_000;

/// Bytes read at once: far more than a usual reply, so that one read drains the socket.
const READ_BYTES: usize = 64 * 1024;

/// Reads from one connection before the others get their turn, as where a reply has no end.
const READS_AT_ONCE: u32 = 16;

/// What a connection in use is watched for. Writability is added only where a send came up short.
const FLAGS: EventFlags = EventFlags::IN.union(EventFlags::RDHUP).union(EventFlags::ET);

/// What the alarm's event says in place of a connection.
const ALARM: u64 = u64::MAX;

/// From which addresses of loopback connections are made, so that the ports of one need not suffice.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Sources {
    /// Some thousands from the first, then from the next. A worker takes every `workers`-th connection.
    InTurn { worker: u32, workers: u32 },
    /// From so many at once, the first of all left out.
    SpreadOver(u32),
}

impl Sources {
    /// The number of the address: 0 for the one that the kernel chooses.
    fn of(self, slot: u32) -> u32 {
        match self {
            Sources::InTurn { worker, workers } => (slot * workers + worker) / CONNECTIONS_PER_SOURCE,
            Sources::SpreadOver(sources) => 1 + slot % sources,
        }
    }
}

/// Sockets to one address.
pub(crate) struct Sockets {
    epoll: OwnedFd,
    target: SocketAddr,
    sources: Sources,
    alarm: Alarm,
    events: Vec<epoll::Event>,
    buffer: Box<[u8]>,
    /// Connections that have more to be read than was read in their turn.
    unread: Vec<Name>,
}

impl Sockets {
    /// None yet. At most `events_at_once` events are taken from the kernel in one go.
    pub(crate) fn new(target: SocketAddr, sources: Sources, events_at_once: usize) -> Result<Sockets, LoadError> {
        let epoll = epoll::create(epoll::CreateFlags::CLOEXEC).map_err(LoadError::epoll)?;
        let alarm = Alarm::new(&epoll, ALARM).map_err(LoadError::epoll)?;
        Ok(Sockets {
            epoll,
            target,
            sources,
            alarm,
            events: Vec::with_capacity(events_at_once),
            buffer: vec![0; READ_BYTES].into_boxed_slice(),
            unread: Vec::new(),
        })
    }

    /// Waits for events until `at_ns`.
    pub(crate) fn wait_until(&mut self, at_ns: u64, now_ns: u64) -> Result<(), LoadError> {
        if !self.unread.is_empty() {
            return self.look();
        }
        self.alarm.set(at_ns, now_ns).map_err(LoadError::epoll)?;
        self.take_events(None)
    }

    /// Waits for events, and no longer than `timeout_ns`.
    pub(crate) fn wait_at_most(&mut self, timeout_ns: u64) -> Result<(), LoadError> {
        self.take_events(Some(if self.unread.is_empty() { timeout_ns } else { 0 }))
    }

    /// Takes the events there are, without waiting for any.
    pub(crate) fn look(&mut self) -> Result<(), LoadError> {
        self.take_events(Some(0))
    }

    /// Whether the last wait found nothing.
    pub(crate) fn is_idle(&self) -> bool {
        self.events.is_empty() && self.unread.is_empty()
    }

    /// Whether the last wait may have left some in the kernel.
    pub(crate) fn may_have_more(&self) -> bool {
        self.events.len() == self.events.capacity() || !self.unread.is_empty()
    }

    /// None where a signal came first.
    #[inline]
    fn take_events(&mut self, timeout_ns: Option<u64>) -> Result<(), LoadError> {
        self.events.clear();
        match epoll::wait(&self.epoll, spare_capacity(&mut self.events), timeout_ns.map(timespec).as_ref()) {
            Ok(_) | Err(Errno::INTR) => Ok(()),
            Err(error) => Err(LoadError::epoll(error)),
        }
    }

    fn source(&self, slot: u32) -> Option<SocketAddr> {
        let number = self.sources.of(slot);
        let on_loopback = matches!(self.target.ip(), IpAddr::V4(address) if address.is_loopback());
        if number == 0 || !on_loopback {
            return None;
        }
        // 127.0.0.2, 127.0.0.3, ... all of 127.0.0.0/8 is this machine.
        let last = u8::try_from(number + 1).ok()?;
        Some(SocketAddr::new(IpAddr::V4(Ipv4Addr::new(127, 0, 0, last)), 0))
    }
}

impl Network for Sockets {
    type Socket = OwnedFd;

    fn connect(&mut self, name: Name) -> Result<Connect<OwnedFd>, Errno> {
        let family = if self.target.is_ipv4() { AddressFamily::INET } else { AddressFamily::INET6 };
        let flags = SocketFlags::NONBLOCK | SocketFlags::CLOEXEC;
        let socket = rustix::net::socket_with(family, SocketType::STREAM, flags, Some(ipproto::TCP))?;
        sockopt::set_tcp_nodelay(&socket, true)?;
        if let Some(source) = self.source(name.slot) {
            rustix::net::bind(&socket, &source)?;
        }
        let data = EventData::new_u64(name.to_u64());
        match rustix::net::connect(&socket, &self.target) {
            Ok(()) => {
                epoll::add(&self.epoll, &socket, data, FLAGS)?;
                Ok(Connect::Established(socket))
            }
            Err(Errno::INPROGRESS) => {
                epoll::add(&self.epoll, &socket, data, FLAGS | EventFlags::OUT)?;
                Ok(Connect::UnderWay(socket))
            }
            Err(error) => Err(error),
        }
    }

    #[inline]
    fn send(&mut self, name: Name, socket: &OwnedFd, bytes: &[u8]) -> Result<usize, Errno> {
        let sent = match rustix::net::send(socket, bytes, SendFlags::NOSIGNAL) {
            Ok(sent) => sent,
            Err(Errno::AGAIN | Errno::INTR) => 0,
            Err(error) => return Err(error),
        };
        if sent < bytes.len() {
            epoll::modify(&self.epoll, socket, EventData::new_u64(name.to_u64()), FLAGS | EventFlags::OUT)?;
        }
        Ok(sent)
    }

    fn close(&mut self, socket: OwnedFd, how: Closing) {
        if how == Closing::WithReset {
            // A socket that is gone already needs no reset, so that failing is no fault.
            let _ = sockopt::set_socket_linger(socket.as_fd(), Some(Duration::ZERO));
        }
    }
}

impl Connections<Sockets> {
    /// Tells the connections what the last wait found.
    pub(crate) fn handle_events(&mut self) {
        for name in mem::take(&mut self.network.unread) {
            // Whether it has ended too is seen when it has been read.
            self.read(name, EventFlags::RDHUP);
        }
        let events = mem::take(&mut self.network.events);
        for event in events.iter().filter(|event| event.data.u64() != ALARM) {
            self.handle(Name::from_u64(event.data.u64()), event.flags);
        }
        self.network.events = events;
    }

    fn handle(&mut self, name: Name, flags: EventFlags) {
        let Some(socket) = self.socket(name) else { return };
        if self.is_connecting(name.slot) {
            match sockopt::socket_error(socket).and_then(|error| error) {
                Ok(()) => self.on_connected(name.slot, now_ns()),
                Err(error) => return self.on_ended(name, End::Lost(error), now_ns()),
            }
        } else if self.has_unsent(name.slot) {
            self.on_writable(name.slot, now_ns());
        }
        if flags.intersects(EventFlags::IN | ENDED) {
            self.read(name, flags);
        }
    }

    fn read(&mut self, name: Name, flags: EventFlags) {
        let has_ended = flags.intersects(ENDED);
        let mut buffer = mem::take(&mut self.network.buffer);
        let mut reads = 0;
        // What was read may have ended the connection and begun another.
        while let Some(socket) = self.socket(name) {
            if reads == READS_AT_ONCE {
                self.network.unread.push(name);
                break;
            }
            match rustix::net::recv(socket, &mut buffer[..], RecvFlags::empty()) {
                Ok((count, _)) if count > 0 => {
                    reads += 1;
                    self.on_bytes(name, &buffer[..count], now_ns());
                    // A short read has drained the socket, but the end of the stream may have come with the last
                    // reply, and then gets no event of its own.
                    if count < buffer.len() && !has_ended && !self.is_draining(name.slot) {
                        break;
                    }
                }
                Err(Errno::INTR) => {}
                Err(Errno::AGAIN) => break,
                Ok(_) => {
                    self.on_ended(name, End::Orderly, now_ns());
                    break;
                }
                Err(error) => {
                    self.on_ended(name, End::Lost(error), now_ns());
                    break;
                }
            }
        }
        self.network.buffer = buffer;
    }
}

/// What tells of the end of a stream.
const ENDED: EventFlags = EventFlags::RDHUP.union(EventFlags::HUP).union(EventFlags::ERR);
