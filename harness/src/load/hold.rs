//! Connections that are only held: opened in steps, asked once each, closed together. For what a connection costs
//! while nothing happens on it.
//!
//! Must not know: schedules, histograms. It connects as the generator does (`socket.rs`) and checks replies as the
//! generator does (`exchange.rs`).

use std::net::SocketAddr;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use rustix::buffer::spare_capacity;
use rustix::event::epoll::{self, EventData, EventFlags};
use rustix::fd::OwnedFd;
use rustix::net::{RecvFlags, SendFlags};

use super::LoadError;
use super::clock::{now_ns, timespec};
use super::exchange::{Answer, Exchange};
use super::socket::{self, Connect};
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
    failed: usize,
}

impl<'a> HeldConnections<'a> {
    /// None yet. `stop` ends any wait early.
    pub fn new(target: SocketAddr, stop: &'a AtomicBool) -> Result<HeldConnections<'a>, LoadError> {
        let epoll = super::worker::epoll()?;
        Ok(HeldConnections { target, stop, epoll, held: Vec::new(), under_way: Vec::new(), failed: 0 })
    }

    /// Established connections, as this side sees it: the server may not have accepted them yet.
    pub fn len(&self) -> usize {
        self.held.len()
    }

    /// Whether none is held.
    pub fn is_empty(&self) -> bool {
        self.held.is_empty()
    }

    /// Connects that failed so far.
    pub fn failed(&self) -> usize {
        self.failed
    }

    /// Opens more until `wanted` are held, some have failed, or the deadline has passed; [`Self::len`] says how many
    /// there are.
    pub fn grow_to(&mut self, wanted: usize, deadline: Duration) -> Result<(), LoadError> {
        let give_up_ns = now_ns() + nanoseconds(deadline);
        let missing = wanted.saturating_sub(self.held.len());
        for _ in 0..missing {
            self.connect()?;
            let most = UNDER_WAY_AT_ONCE;
            self.wait_until_under_way(most, give_up_ns)?;
            if self.is_ended(give_up_ns) {
                break;
            }
        }
        self.wait_until_under_way(1, give_up_ns)?;
        self.under_way.clear();
        Ok(())
    }

    /// Sends one request on every connection and returns how many were answered correctly within the deadline.
    pub fn ask_each(&mut self, work: &Work, deadline: Duration) -> Result<usize, LoadError> {
        let give_up_ns = now_ns() + nanoseconds(deadline);
        let mut exchange = Exchange::new(&work.request_message, &work.parameter, work.expected_result());
        let asked_ns = now_ns();
        let asking = super::worker::epoll()?;
        for (index, socket) in self.held.iter().enumerate() {
            epoll::add(&asking, socket, EventData::new_u64(index as u64), EventFlags::IN).map_err(LoadError::epoll)?;
            // A connection that the server has closed counts as not answered.
            let _ = rustix::net::send(socket, exchange.request(asked_ns), SendFlags::NOSIGNAL);
        }
        let mut received: Vec<Vec<u8>> = vec![Vec::new(); self.held.len()];
        let mut answered = 0;
        let mut ended = 0;
        while ended < self.held.len() && !self.is_ended(give_up_ns) {
            for event in wait(&asking, give_up_ns)? {
                let index = event.data.u64() as usize;
                let heard = hear(&self.held[index], &mut received[index], &exchange, asked_ns);
                if heard != Heard::NotAll {
                    ended += 1;
                    answered += usize::from(heard == Heard::Right);
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
        let number = (self.held.len() + self.under_way.len()) as u32;
        match socket::connect(self.target, number) {
            Ok(Connect::Established(socket)) => self.held.push(socket),
            Ok(Connect::UnderWay(socket)) => {
                let index = self.under_way.len();
                epoll::add(&self.epoll, &socket, EventData::new_u64(index as u64), EventFlags::OUT)
                    .map_err(LoadError::epoll)?;
                self.under_way.push(Some(socket));
            }
            Err(_) => self.failed += 1,
        }
        Ok(())
    }

    /// Waits until fewer than `below` connects are under way, or the time is up.
    fn wait_until_under_way(&mut self, below: usize, give_up_ns: u64) -> Result<(), LoadError> {
        while self.under_way.iter().flatten().count() >= below && !self.is_ended(give_up_ns) {
            for event in wait(&self.epoll, give_up_ns)? {
                let Some(socket) = self.under_way[event.data.u64() as usize].take() else { continue };
                epoll::delete(&self.epoll, &socket).map_err(LoadError::epoll)?;
                match socket::connected(&socket) {
                    Ok(()) => self.held.push(socket),
                    Err(_) => self.failed += 1,
                }
            }
        }
        if self.under_way.iter().all(Option::is_none) {
            self.under_way.clear();
        }
        Ok(())
    }

    fn is_ended(&self, give_up_ns: u64) -> bool {
        self.stop.load(Ordering::Relaxed) || now_ns() >= give_up_ns
    }
}

/// What has come in on a connection that was asked something.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Heard {
    Right,
    SomethingElse,
    NotAll,
}

fn hear(socket: &OwnedFd, received: &mut Vec<u8>, exchange: &Exchange, asked_ns: u64) -> Heard {
    let mut buffer = [0; 1024];
    match rustix::net::recv(socket, &mut buffer[..], RecvFlags::empty()) {
        Ok((count, _)) if count > 0 => received.extend_from_slice(&buffer[..count]),
        Err(rustix::io::Errno::AGAIN | rustix::io::Errno::INTR) => return Heard::NotAll,
        Ok(_) | Err(_) => return Heard::SomethingElse,
    }
    match exchange.answer(received, asked_ns) {
        Answer::Right { .. } => Heard::Right,
        Answer::Incomplete => Heard::NotAll,
        _ => Heard::SomethingElse,
    }
}

fn wait(epoll: &OwnedFd, give_up_ns: u64) -> Result<Vec<epoll::Event>, LoadError> {
    let mut events = Vec::with_capacity(256);
    let left_ns = give_up_ns.saturating_sub(now_ns()).min(LONGEST_SLEEP_NS);
    match epoll::wait(epoll, spare_capacity(&mut events), Some(&timespec(left_ns))) {
        Ok(_) | Err(rustix::io::Errno::INTR) => Ok(events),
        Err(error) => Err(LoadError::epoll(error)),
    }
}
