//! Connections that are held for what a connection costs while nothing happens on it: opened in steps, asked once each,
//! closed together.
//!
//! They are the generator's own connections (`connection.rs`), without a schedule. Must not know: what is made of it. Within:
//! `hold/ahead.rs`, those that are opened before a load begins.

mod ahead;

use std::io;
use std::net::SocketAddr;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

pub(crate) use ahead::open_ahead;

use super::connection::{ConnectionSettings, Connections, News};
use super::exchange::Exchange;
use super::recorder::Recorder;
use super::sockets::{Sockets, Sources};
use super::{LONGEST_SLEEP_NS, LoadError};
use crate::clock::{nanoseconds, now_ns};
use crate::load::Work;

/// Connections under way at once: below any usual backlog, so that none is refused for haste.
const UNDER_WAY_AT_ONCE: usize = 128;

/// Events taken from the kernel at once.
const EVENTS_AT_ONCE: usize = 256;

/// Connections held open to one server.
pub struct HeldConnections<'a> {
    stop: &'a AtomicBool,
    connections: Connections<Sockets>,
    /// Slots whose connection is established.
    held: Vec<u32>,
    under_way: usize,
    begun: u32,
}

impl<'a> HeldConnections<'a> {
    /// None yet. `work` is what each is asked for later; `stop` ends any wait early.
    pub fn new(target: SocketAddr, work: &Work, stop: &'a AtomicBool) -> Result<HeldConnections<'a>, LoadError> {
        let settings = ConnectionSettings::unscheduled(0);
        let network = Sockets::new(target, Sources::InTurn { worker: 0, workers: 1 }, EVENTS_AT_ONCE)?;
        let recorder = Recorder::unscheduled(u64::MAX);
        let mut connections = Connections::new(network, settings, 0, 0, Exchange::new(work, target), recorder);
        connections.keep_news();
        Ok(HeldConnections { stop, connections, held: Vec::new(), under_way: 0, begun: 0 })
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
        self.connections.latest_refusal().map(io::Error::from)
    }

    /// Opens as many more as `wanted` needs, unless none has been established for as long as `give_up_after`. It tries each
    /// once, so there may be fewer in the end; [`Self::len`] says how many there are.
    ///
    /// # Errors
    /// Where the kernel refuses to say what becomes of them.
    pub fn grow_to(&mut self, wanted: usize, give_up_after: Duration) -> Result<(), LoadError> {
        let mut deadline = Deadline::new(give_up_after);
        for _ in self.held.len()..wanted {
            self.connections.make_slots(self.begun + 1);
            self.connections.open(self.begun, now_ns());
            (self.begun, self.under_way) = (self.begun + 1, self.under_way + 1);
            self.wait_while_under_way(UNDER_WAY_AT_ONCE, &mut deadline)?;
            if self.is_over(&deadline) {
                break;
            }
        }
        self.wait_while_under_way(1, &mut deadline)?;
        (0..self.begun)
            .filter(|index| self.connections.is_connecting(*index))
            .collect::<Vec<_>>()
            .into_iter()
            .for_each(|index| self.connections.leave(index, now_ns()));
        self.take_news();
        Ok(())
    }

    /// Sends one request on every connection and returns how many were answered correctly before none was for as long
    /// as `give_up_after`.
    ///
    /// # Errors
    /// Where the kernel refuses to say what becomes of them.
    pub fn ask_each(&mut self, give_up_after: Duration) -> Result<usize, LoadError> {
        let before = self.connections.recorder.ledger;
        for index in self.held.clone() {
            self.connections.ask(index, now_ns());
        }
        let asked = self.connections.recorder.ledger.scheduled - before.scheduled;
        let mut ended = 0;
        let mut deadline = Deadline::new(give_up_after);
        while ended < asked && !self.is_over(&deadline) {
            self.wait(&deadline)?;
            self.take_news();
            let now_ended = self.connections.recorder.ledger.accounted_for() - before.accounted_for();
            if now_ended > ended {
                ended = now_ended;
                deadline.put_off();
            }
        }
        Ok((self.connections.recorder.ledger.ok - before.ok) as usize)
    }

    /// Closes all of them.
    pub fn close_all(&mut self) {
        let now = now_ns();
        for index in std::mem::take(&mut self.held) {
            self.connections.leave(index, now);
        }
        self.take_news();
    }

    /// Waits while at least `most` connects are under way and there is time.
    fn wait_while_under_way(&mut self, most: usize, deadline: &mut Deadline) -> Result<(), LoadError> {
        loop {
            if self.take_news() {
                deadline.put_off();
            }
            if self.under_way < most || self.is_over(deadline) {
                return Ok(());
            }
            self.wait(deadline)?;
        }
    }

    fn wait(&mut self, deadline: &Deadline) -> Result<(), LoadError> {
        let left_ns = deadline.at_ns.saturating_sub(now_ns());
        self.connections.network.wait_at_most(left_ns.min(LONGEST_SLEEP_NS))?;
        self.connections.handle_events();
        self.connections.on_timers(now_ns());
        Ok(())
    }

    /// Takes in what has become of connections; true where one was established.
    fn take_news(&mut self) -> bool {
        let mut any = false;
        for news in self.connections.take_news() {
            match news {
                News::Established(index) => {
                    self.held.push(index);
                    self.under_way = self.under_way.saturating_sub(1);
                    any = true;
                }
                News::NotEstablished(_) => self.under_way = self.under_way.saturating_sub(1),
                News::Gone(index) => self.held.retain(|held| *held != index),
            }
        }
        any
    }

    fn is_over(&self, deadline: &Deadline) -> bool {
        self.stop.load(Ordering::Relaxed) || now_ns() >= deadline.at_ns
    }
}

/// A deadline that is put off with every success: a slow server is waited for, one that has stopped is not.
struct Deadline {
    give_up_after_ns: u64,
    at_ns: u64,
}

impl Deadline {
    fn new(give_up_after: Duration) -> Deadline {
        let give_up_after_ns = nanoseconds(give_up_after);
        Deadline { give_up_after_ns, at_ns: now_ns() + give_up_after_ns }
    }

    fn put_off(&mut self) {
        self.at_ns = now_ns() + self.give_up_after_ns;
    }
}
