//! Connections that are only held: opened in steps, asked once each, closed together. For what a connection costs
//! while nothing happens on it.
//!
//! Must not know: schedules, histograms. It connects as the generator does (`socket.rs`) and checks replies as the
//! generator does (`exchange.rs`).

use std::io;
use std::net::SocketAddr;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use rustix::event::epoll::{self, EventData, EventFlags};
use rustix::fd::OwnedFd;
use rustix::io::Errno;
use rustix::net::{RecvFlags, SendFlags};

use super::exchange::{Answer, Digits, Exchange, digits};
use super::socket::{self, Connect};
use super::{LoadError, poll};
use crate::clock::now_ns;
use crate::plan::{Work, nanoseconds};

/// Connects under way at once: below any usual backlog, so that none is refused for haste.
const UNDER_WAY_AT_ONCE: usize = 128;

/// The longest sleep, so that a stop is noticed.
const LONGEST_SLEEP_NS: u64 = 20_000_000;

/// Connections held open to one server.
pub struct HeldConnections<'a> {
    target: SocketAddr,
    stop: &'a AtomicBool,
    epoll: OwnedFd,
    held: Vec<OwnedFd>,
    under_way: Vec<Option<OwnedFd>>,
    open: usize,
    begun: u32,
    failure: Option<Errno>,
}

impl<'a> HeldConnections<'a> {
    /// None yet. `stop` ends any wait early.
    pub fn new(target: SocketAddr, stop: &'a AtomicBool) -> Result<HeldConnections<'a>, LoadError> {
        let epoll = poll::create()?;
        let (held, under_way) = (Vec::new(), Vec::new());
        Ok(HeldConnections { target, stop, epoll, held, under_way, open: 0, begun: 0, failure: None })
    }

    /// Established connections, as this side sees it: the server may not have accepted them yet.
    pub fn len(&self) -> usize {
        self.held.len()
    }

    /// Whether none is held.
    pub fn is_empty(&self) -> bool {
        self.held.is_empty()
    }

    /// Why the last connect that failed did, if one has.
    pub fn failure(&self) -> Option<io::Error> {
        self.failure.map(io::Error::from)
    }

    /// Opens more until `wanted` are held, or none has been established for as long as `patience`; [`Self::len`] says
    /// how many there are then.
    pub fn grow_to(&mut self, wanted: usize, patience: Duration) -> Result<(), LoadError> {
        let mut hope = Hope::new(patience);
        for _ in self.held.len()..wanted {
            self.connect()?;
            self.wait_until_under_way(UNDER_WAY_AT_ONCE, &mut hope)?;
            if self.is_over(&hope) {
                break;
            }
        }
        self.wait_until_under_way(1, &mut hope)?;
        self.under_way.clear();
        self.open = 0;
        Ok(())
    }

    /// Sends one request on every connection and returns how many were answered correctly before none was for as long
    /// as `patience`.
    pub fn ask_each(&mut self, work: &Work, patience: Duration) -> Result<usize, LoadError> {
        let mut exchange = Exchange::new(work, self.target);
        let timestamp = digits(now_ns());
        let asking = poll::create()?;
        for (index, socket) in self.held.iter().enumerate() {
            epoll::add(&asking, socket, EventData::new_u64(index as u64), EventFlags::IN).map_err(LoadError::epoll)?;
            // A connection that the server has closed counts as not answered.
            let _ = rustix::net::send(socket, exchange.request(&timestamp), SendFlags::NOSIGNAL);
        }
        let mut received: Vec<Vec<u8>> = vec![Vec::new(); self.held.len()];
        let mut answered = 0;
        let mut ended = 0;
        let mut hope = Hope::new(patience);
        while ended < self.held.len() && !self.is_over(&hope) {
            for event in wait(&asking, &hope)? {
                let index = event.data.u64() as usize;
                let heard = hear(&self.held[index], &mut received[index], &mut exchange, &timestamp);
                if heard != Heard::NotAll {
                    ended += 1;
                    answered += usize::from(heard == Heard::Right);
                    hope.renew();
                    epoll::delete(&asking, &self.held[index]).map_err(LoadError::epoll)?;
                }
            }
        }
        Ok(answered)
    }

    /// Closes all of them.
    pub fn close_all(&mut self) {
        self.held.drain(..).for_each(socket::abort);
    }

    fn connect(&mut self) -> Result<(), LoadError> {
        self.begun += 1;
        match socket::connect(self.target, self.begun - 1) {
            Ok(Connect::Established(socket)) => self.held.push(socket),
            Ok(Connect::UnderWay(socket)) => {
                let index = self.under_way.len();
                epoll::add(&self.epoll, &socket, EventData::new_u64(index as u64), EventFlags::OUT)
                    .map_err(LoadError::epoll)?;
                self.under_way.push(Some(socket));
                self.open += 1;
            }
            Err(error) => self.failure = Some(error),
        }
        Ok(())
    }

    /// Waits until fewer than `below` connects are under way, or there is no more hope.
    fn wait_until_under_way(&mut self, below: usize, hope: &mut Hope) -> Result<(), LoadError> {
        while self.open >= below && !self.is_over(hope) {
            for event in wait(&self.epoll, hope)? {
                let Some(socket) = self.under_way[event.data.u64() as usize].take() else { continue };
                self.open -= 1;
                epoll::delete(&self.epoll, &socket).map_err(LoadError::epoll)?;
                match socket::connected(&socket) {
                    Ok(()) => {
                        self.held.push(socket);
                        hope.renew();
                    }
                    Err(error) => self.failure = Some(error),
                }
            }
        }
        if self.open == 0 {
            self.under_way.clear();
        }
        Ok(())
    }

    fn is_over(&self, hope: &Hope) -> bool {
        self.stop.load(Ordering::Relaxed) || now_ns() >= hope.until_ns
    }
}

/// Patience that begins anew with every success: a slow server is waited for, one that has stopped is not.
struct Hope {
    patience_ns: u64,
    until_ns: u64,
}

impl Hope {
    fn new(patience: Duration) -> Hope {
        let patience_ns = nanoseconds(patience);
        Hope { patience_ns, until_ns: now_ns() + patience_ns }
    }

    fn renew(&mut self) {
        self.until_ns = now_ns() + self.patience_ns;
    }
}

/// What has come in on a connection that was asked something.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Heard {
    Right,
    SomethingElse,
    NotAll,
}

fn hear(socket: &OwnedFd, received: &mut Vec<u8>, exchange: &mut Exchange, timestamp: &Digits) -> Heard {
    let mut buffer = [0; 1024];
    match rustix::net::recv(socket, &mut buffer[..], RecvFlags::empty()) {
        Ok((count, _)) if count > 0 => received.extend_from_slice(&buffer[..count]),
        Err(rustix::io::Errno::AGAIN | rustix::io::Errno::INTR) => return Heard::NotAll,
        Ok(_) | Err(_) => return Heard::SomethingElse,
    }
    match exchange.answer(received, timestamp) {
        Answer::Right { .. } => Heard::Right,
        Answer::Incomplete => Heard::NotAll,
        _ => Heard::SomethingElse,
    }
}

fn wait(epoll: &OwnedFd, hope: &Hope) -> Result<Vec<epoll::Event>, LoadError> {
    let mut events = Vec::with_capacity(256);
    poll::wait(epoll, &mut events, hope.until_ns.saturating_sub(now_ns()).min(LONGEST_SLEEP_NS))?;
    Ok(events)
}
