//! The sockets of the backend: a listener, the connections of those who call, a clock and a bell, in one epoll instance.
//!
//! Beside it: `event_loop.rs`, which decides when to wait and when to answer. A connection that sends what is no call, or
//! does not take its answers, is closed: its other side is told by that.

use std::collections::HashMap;
use std::io;
use std::mem;
use std::net::{Ipv4Addr, TcpListener};
use std::os::fd::AsFd;

use rustix::buffer::spare_capacity;
use rustix::event::epoll::{self, EventData, EventFlags};
use rustix::fd::OwnedFd;
use rustix::io::Errno;
use rustix::net::{RecvFlags, SendFlags, SocketFlags, accept_with, sockopt};
use servers::backend::{BackendCall, CALL_FRAME_BYTES};

use crate::alarm::Alarm;
use crate::clock::{now_ns, timespec};

/// Events taken from the kernel at once. Few, because an answer that falls due meanwhile waits for them.
const EVENTS_AT_ONCE: usize = 16;

/// As many calls as one read takes from a connection.
const READ_BYTES: usize = 64 * CALL_FRAME_BYTES;

/// What events say in place of a connection's name.
const LISTENER: u64 = 0;
const ALARM: u64 = 1;
const BELL: u64 = 2;
const FIRST_NAME: u64 = 3;

/// Connections that may wait to be accepted; the kernel cuts it down to its own limit.
const BACKLOG: i32 = 4_096;

/// The name of a connection, which no other has had.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(super) struct LinkName(u64);

/// A call that has come, and when.
#[derive(Debug, Clone, Copy)]
pub(super) struct ReceivedCall {
    pub(super) link: LinkName,
    pub(super) call: BackendCall,
    pub(super) at_ns: u64,
}

/// All sockets.
pub(super) struct Links {
    epoll: OwnedFd,
    listener: TcpListener,
    alarm: Alarm,
    open: HashMap<LinkName, Link>,
    next_name: u64,
    events: Vec<epoll::Event>,
    /// Whether some may wait to be accepted that could not be, for want of a descriptor.
    is_accepting_late: bool,
}

/// A connection, and the beginning of a frame that is not whole yet.
#[derive(Debug)]
struct Link {
    socket: OwnedFd,
    frame: [u8; CALL_FRAME_BYTES],
    filled: usize,
}

/// A listener on a free port of loopback that never blocks.
pub(super) fn listen() -> io::Result<TcpListener> {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?;
    listener.set_nonblocking(true)?;
    // To listen once more changes the backlog, which std sets to 128.
    rustix::net::listen(&listener, BACKLOG)?;
    Ok(listener)
}

impl Links {
    /// Those that will connect to `listener`; `bell` ends a wait.
    pub(super) fn of(listener: TcpListener, bell: &OwnedFd) -> io::Result<Links> {
        let epoll = epoll::create(epoll::CreateFlags::CLOEXEC)?;
        let edge = EventFlags::IN | EventFlags::ET;
        epoll::add(&epoll, &listener, EventData::new_u64(LISTENER), edge)?;
        epoll::add(&epoll, bell, EventData::new_u64(BELL), edge)?;
        let alarm = Alarm::new(&epoll, ALARM)?;
        let events = Vec::with_capacity(EVENTS_AT_ONCE);
        let (open, next_name) = (HashMap::new(), FIRST_NAME);
        Ok(Links { epoll, listener, alarm, open, next_name, events, is_accepting_late: false })
    }

    /// Waits for something to come, until `at_ns` where that is given. Returns whether anything did.
    pub(super) fn wait(&mut self, at_ns: Option<u64>, now_ns: u64) -> Result<bool, Errno> {
        if let Some(at_ns) = at_ns {
            self.alarm.set(at_ns, now_ns)?;
        }
        self.take_events(None)
    }

    /// Takes what has come, without waiting for it. Returns whether anything has.
    pub(super) fn look(&mut self) -> Result<bool, Errno> {
        self.take_events(Some(0))
    }

    fn take_events(&mut self, timeout_ns: Option<u64>) -> Result<bool, Errno> {
        self.events.clear();
        match epoll::wait(&self.epoll, spare_capacity(&mut self.events), timeout_ns.map(timespec).as_ref()) {
            Ok(_) | Err(Errno::INTR) => Ok(!self.events.is_empty()),
            Err(error) => Err(error),
        }
    }

    /// Accepts and reads what the last wait found, and hands over each call.
    pub(super) fn receive(&mut self, mut received: impl FnMut(ReceivedCall)) {
        let events = mem::take(&mut self.events);
        for event in &events {
            match event.data.u64() {
                ALARM | BELL => {}
                LISTENER => self.accept(),
                name => self.read(LinkName(name), &mut received),
            }
        }
        self.events = events;
    }

    /// Answers a call. Whoever has closed its connection meanwhile need not be answered; whoever takes no more answers is
    /// not spared any.
    pub(super) fn answer(&mut self, name: LinkName, call: BackendCall) {
        let Some(link) = self.open.get(&name) else { return };
        let sent = rustix::net::send(&link.socket, &call.reply(), SendFlags::NOSIGNAL | SendFlags::DONTWAIT);
        if sent != Ok(CALL_FRAME_BYTES) {
            self.close(name);
        }
    }

    fn accept(&mut self) {
        self.is_accepting_late = false;
        loop {
            match accept_with(&self.listener, SocketFlags::NONBLOCK | SocketFlags::CLOEXEC) {
                // One that has gone already is seen to have when it is read.
                Ok(socket) => {
                    let _ = self.add(socket);
                }
                Err(Errno::INTR | Errno::CONNABORTED) => {}
                Err(Errno::AGAIN) => return,
                // No descriptor is left: those who wait are accepted when a connection has been closed.
                Err(_) => {
                    self.is_accepting_late = true;
                    return;
                }
            }
        }
    }

    fn add(&mut self, socket: OwnedFd) -> Result<(), Errno> {
        sockopt::set_tcp_nodelay(&socket, true)?;
        let name = LinkName(self.next_name);
        self.next_name += 1;
        let flags = EventFlags::IN | EventFlags::RDHUP;
        epoll::add(&self.epoll, socket.as_fd(), EventData::new_u64(name.0), flags)?;
        self.open.insert(name, Link { socket, frame: [0; CALL_FRAME_BYTES], filled: 0 });
        Ok(())
    }

    fn read(&mut self, name: LinkName, received: &mut impl FnMut(ReceivedCall)) {
        let Some(link) = self.open.get_mut(&name) else { return };
        let mut buffer = [0; READ_BYTES];
        match rustix::net::recv(&link.socket, &mut buffer[..], RecvFlags::empty()) {
            Ok((count, _)) if count > 0 => {
                let at_ns = now_ns();
                for byte in &buffer[..count] {
                    link.frame[link.filled] = *byte;
                    link.filled += 1;
                    if link.filled < CALL_FRAME_BYTES {
                        continue;
                    }
                    link.filled = 0;
                    match BackendCall::from_request(&link.frame) {
                        Some(call) => received(ReceivedCall { link: name, call, at_ns }),
                        None => return self.close(name),
                    }
                }
            }
            Err(Errno::AGAIN | Errno::INTR) => {}
            _ => self.close(name),
        }
    }

    fn close(&mut self, name: LinkName) {
        self.open.remove(&name);
        if self.is_accepting_late {
            self.accept();
        }
    }
}
