//! One thread, and readiness by hand: what tokio does underneath async_single.rs, without a future in sight.
//!
//! The kernel tells which sockets have become ready (epoll, by way of mio). The loop lets each of their connections go on
//! until it would have to wait, and keeps what it waits for. So one thread serves everybody, and waits in a single place:
//! `poll`. Whoever computes or blocks in between holds up all others, as in async_single.rs.
//!
//! A runtime has the same parts under other names. A connection that returns instead of waiting is a future, and letting
//! it go on is polling it. The set of deadlines is the timer, `poll` the driver, `ready` the run queue. tokio adds wakers,
//! so that a future can wait for anything and not only for what this loop knows. Production code would take tokio.

use std::collections::{BTreeSet, HashMap};
use std::io::{self, ErrorKind};
use std::mem;
use std::net::TcpListener;
use std::sync::Arc;
use std::time::{Duration, Instant};

use mio::{Events, Poll, Registry, Token};

use super::{Concurrency, Model, OF_OUR_LOOP};
use crate::accept::{AcceptAttempt, ReadyAcceptor};
use crate::connection::stepwise::{Awaited, HandOver, HandedResult, SteppedConnection, connection_of};
use crate::containment::contain_panic;
use crate::drain::{self, Drain};
use crate::options::{DRAIN, MAX_CONNECTIONS};
use crate::server::Server;

pub(super) const MODEL: Model = Model {
    name: "reactor",
    title: "one thread, by hand",
    short: "reactor",
    summary: "one thread that waits for all sockets at once, by hand: what a runtime does underneath",
    options: &[OF_OUR_LOOP, &[DRAIN, MAX_CONNECTIONS]],
    runs_by_default: false,
    is_http_only: false,
    concurrency: Concurrency::Unbounded,
    run,
};

fn run(listener: TcpListener, server: &Arc<Server>) -> io::Result<()> {
    let mut reactor = Reactor::new(listener, server)?;
    while reactor.must_go_on() {
        reactor.wait()?;
        reactor.let_all_go_on(None)?;
    }
    Ok(())
}

/// What the kernel calls the listening socket when it tells of it. Connections have the numbers from 1 on.
const LISTENER: Token = Token(0);

/// How many connections are accepted before those that are there have their turn.
const ACCEPTED_AT_ONCE: usize = 64;

pub(super) struct Reactor<'s> {
    server: &'s Server,
    poll: Poll,
    events: Events,
    acceptor: ReadyAcceptor,
    connections: HashMap<Token, SteppedConnection<'s>>,
    newest: Token,
    /// Who is to be woken when, the earliest first.
    deadlines: BTreeSet<(Instant, Token)>,
    /// Who can go on.
    ready: Vec<Token>,
    is_stopped: bool,
    /// The wait for what was begun, once the server is stopped and where the option says so.
    drain: Option<Drain<'s>>,
}

impl<'s> Reactor<'s> {
    pub(super) fn new(listener: TcpListener, server: &'s Arc<Server>) -> io::Result<Reactor<'s>> {
        let mut acceptor = ReadyAcceptor::new(listener, server)?;
        let poll = Poll::new()?;
        acceptor.register(poll.registry(), LISTENER)?;
        Ok(Reactor {
            server,
            poll,
            events: Events::with_capacity(1024),
            acceptor,
            connections: HashMap::new(),
            newest: LISTENER,
            deadlines: BTreeSet::new(),
            ready: Vec::new(),
            is_stopped: false,
            drain: None,
        })
    }

    /// Where whoever wakes the loop from another thread has itself registered.
    pub(super) fn registry(&self) -> &Registry {
        self.poll.registry()
    }

    /// Whether there is somebody to accept, or something that was begun to wait for.
    pub(super) fn must_go_on(&mut self) -> bool {
        !self.is_stopped || self.drain.as_mut().is_some_and(Drain::must_wait)
    }

    /// The only place where the thread waits: until a socket is ready, or the first deadline is over.
    pub(super) fn wait(&mut self) -> io::Result<()> {
        let first = self.deadlines.first().map(|(until, _)| until.saturating_duration_since(Instant::now()));
        let first = first.into_iter().chain(self.is_stopped.then_some(drain::LOOK)).min();
        let timeout = if self.ready.is_empty() { first } else { Some(Duration::ZERO) };
        match self.poll.poll(&mut self.events, timeout) {
            Err(error) if error.kind() != ErrorKind::Interrupted => return Err(error),
            _ => {}
        }
        for event in &self.events {
            // The socket of a call to the backend speaks for the connection that calls.
            let token = connection_of(event.token());
            if let Some(connection) = self.connections.get_mut(&token) {
                connection.notice(event);
            }
            self.ready.push(token);
        }
        while let Some(first) = self.deadlines.first().copied().filter(|(until, _)| *until <= Instant::now()) {
            self.deadlines.remove(&first);
            self.ready.push(first.1);
        }
        Ok(())
    }

    /// Gives a connection the result of work that was handed over, unless it has ended meanwhile.
    pub(super) fn bring_back(&mut self, token: Token, result: HandedResult) {
        if let Some(connection) = self.connections.get_mut(&token) {
            connection.bring_back(result);
            self.ready.push(token);
        }
    }

    /// Lets everybody go on who can, until each has to wait.
    pub(super) fn let_all_go_on(&mut self, hand_over: Option<HandOver<'_>>) -> io::Result<()> {
        for token in mem::take(&mut self.ready) {
            if token != LISTENER {
                self.let_go_on(token, hand_over);
            } else if !self.is_stopped {
                self.accept()?;
            }
        }
        Ok(())
    }

    fn let_go_on(&mut self, token: Token, hand_over: Option<HandOver<'_>>) {
        // It may have ended just before.
        let Some(connection) = self.connections.get_mut(&token) else { return };
        let before = connection.wakes_at();
        let mut awaited = Awaited::Nothing;
        contain_panic(|| awaited = connection.go_on(self.poll.registry(), hand_over));
        let after = connection.wakes_at().filter(|_| awaited == Awaited::Event);
        before.map(|until| self.deadlines.remove(&(until, token)));
        self.deadlines.extend(after.map(|until| (until, token)));
        match awaited {
            Awaited::Event => {}
            Awaited::Turn => self.ready.push(token),
            Awaited::Nothing => {
                // Dropping it closes its socket, of which the kernel then tells no more.
                self.connections.remove(&token);
                self.ready.extend(self.acceptor.is_full().then_some(LISTENER));
            }
        }
    }

    /// Accepts who has come.
    fn accept(&mut self) -> io::Result<()> {
        for _ in 0..ACCEPTED_AT_ONCE {
            match self.acceptor.attempt()? {
                AcceptAttempt::Accepted(accepted) => {
                    self.newest.0 += 1;
                    let mut connection = SteppedConnection::new(accepted, self.server, self.newest);
                    // The kernel tells at once that a new socket can be written to, so it has its first turn. One of
                    // which it can't tell is closed.
                    if connection.register(self.poll.registry()).is_ok() {
                        self.connections.insert(self.newest, connection);
                    }
                }
                AcceptAttempt::Nobody(until) => {
                    self.deadlines.extend(until.map(|until| (until, LISTENER)));
                    return Ok(());
                }
                AcceptAttempt::Stopped => {
                    self.is_stopped = true;
                    self.drain = Drain::begin(self.server);
                    return Ok(());
                }
            }
        }
        self.ready.push(LISTENER);
        Ok(())
    }
}
