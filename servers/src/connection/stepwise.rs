//! One connection for an event loop: what waits, says what it waits for and returns. Compared with blocking.rs and its twin,
//! the loop is turned inside out: where it stands is a value, [`ConnectionStage`], and no place in the code. The compiler makes
//! such a value of nonblocking.rs. It knows neither the loop nor the other connections.

use std::io::{self, ErrorKind, Read, Write};
use std::mem;
use std::net::Shutdown;
use std::ops::ControlFlow::{self, Break, Continue};
use std::time::Instant;

use mio::event::Event;
use mio::net::TcpStream;
use mio::{Interest, Registry, Token};

use super::actions::{EncodedReply, NextAction, PendingReply, next_action};
use super::ending::{LINGERING_READS, has_unread};
use super::served::ServedConnection;
use crate::accept::AcceptedConnection;
use crate::protocol::Persistence;
use crate::server::Server;
use crate::work::call::BackendLink;
use crate::work::steps::{Begun, HandedWork, ReturnedWork, Underway, begin_on_loop};

/// What tells the kernel's news of a connection's backend from those of its client.
const OF_BACKEND: usize = 1 << (usize::BITS - 1);

/// The connection that a token is about, be the news of its client or of its backend.
pub(crate) fn connection_of(token: Token) -> Token {
    Token(token.0 & !OF_BACKEND)
}

/// How often one connection may read before others have their turn, as much as it may have to say.
const READS_A_TURN: usize = 32;

/// A connection that is never waited for.
pub(crate) struct SteppedConnection<'s> {
    served: ServedConnection<'s, TcpStream>,
    token: Token,
    server: &'s Server,
    /// The link to the backend where a worker calls and blocks: it goes with the work, and comes back with the result.
    worker_backend: BackendLink<std::net::TcpStream>,
    received_ns: u64,
    stage: ConnectionStage<'s>,
    /// Whether a read is worth a try: the loop tells once when bytes come, and not again before all were read.
    may_read: bool,
    /// Whether the client has sent its last byte, so that a read never finds nothing.
    is_read_closed: bool,
    /// How many more reads it has in this turn.
    reads_left: usize,
}

/// Where a connection stands between two turns.
#[derive(Default)]
enum ConnectionStage<'s> {
    /// Requests that came whole are answered.
    #[default]
    Answering,
    /// It waits for bytes.
    Reading { until: Option<Instant> },
    /// It waits for the result of a request.
    Working { work: Underway, pending: PendingReply<'static, 's> },
    /// It waits until the client takes its reply.
    Writing { reply: EncodedReply<'s>, written: usize },
    /// The last reply is out, and it takes in what the client was still sending.
    Lingering { lingering_reads: usize, until: Option<Instant> },
}

/// What a connection waits for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Awaited {
    /// Its socket, a result, or the moment that [`SteppedConnection::wakes_at`] gives.
    Event,
    /// Nothing: it has had its turn, and others are to have theirs.
    Turn,
    /// It has ended.
    Nothing,
}

/// Takes the work of a connection elsewhere, to come back under the same token.
pub(crate) type HandOver<'a> = &'a (dyn Fn(Token, HandedWork) + 'a);

/// What comes back.
pub(crate) type HandedResult = io::Result<ReturnedWork>;

impl<'s> SteppedConnection<'s> {
    /// A connection that waits for its first byte.
    pub(crate) fn new(
        accepted: AcceptedConnection<TcpStream>,
        server: &'s Server,
        token: Token,
    ) -> SteppedConnection<'s> {
        SteppedConnection {
            served: ServedConnection::new(accepted, server),
            token,
            server,
            worker_backend: BackendLink::default(),
            received_ns: 0,
            stage: ConnectionStage::default(),
            may_read: false,
            is_read_closed: false,
            reads_left: 0,
        }
    }

    /// Asks to be told, under its token, when the client has sent something or has room for more.
    pub(crate) fn register(&mut self, registry: &Registry) -> io::Result<()> {
        registry.register(&mut self.served.stream, self.token, Interest::READABLE | Interest::WRITABLE)
    }

    /// Something has happened to one of its sockets. Of the backend's there is nothing to note: a call is asked how it
    /// stands whenever the connection goes on.
    pub(crate) fn notice(&mut self, event: &Event) {
        if event.token() != self.token {
            return;
        }
        self.may_read |= event.is_readable();
        self.is_read_closed |= event.is_read_closed();
    }

    /// The result of work that was handed over.
    pub(crate) fn bring_back(&mut self, result: HandedResult) {
        if let ConnectionStage::Working { work: Underway::Elsewhere(awaited), .. } = &mut self.stage {
            *awaited = Some(result);
        }
    }

    /// When it is to go on though nothing has happened; none where that can take for ever.
    pub(crate) fn wakes_at(&self) -> Option<Instant> {
        match &self.stage {
            ConnectionStage::Reading { until } | ConnectionStage::Lingering { until, .. } => *until,
            ConnectionStage::Working { work, .. } => work.ends_at(),
            ConnectionStage::Answering | ConnectionStage::Writing { .. } => None,
        }
    }

    /// Goes on until it must wait, and says for what. It may be called at any time: who has waited for nothing waits on.
    /// `registry` is where it was registered itself, and learns of a socket to the backend.
    ///
    /// Work is done here and now, or else handed over; then it goes on after its result was brought back.
    pub(crate) fn go_on(&mut self, registry: &Registry, hand_over: Option<HandOver<'_>>) -> Awaited {
        self.reads_left = READS_A_TURN;
        loop {
            match self.step(registry, hand_over) {
                Ok(Continue(())) => {}
                Ok(Break(awaited)) => return awaited,
                // Clients leave in the middle all the time: an error ends this connection and concerns nobody else.
                Err(_) => return Awaited::Nothing,
            }
        }
    }

    /// Takes a step from where it stands. A step that sets no stage goes back to answering.
    fn step(&mut self, registry: &Registry, hand_over: Option<HandOver<'_>>) -> io::Result<ControlFlow<Awaited>> {
        match mem::take(&mut self.stage) {
            ConnectionStage::Answering => self.answer(registry, hand_over),
            ConnectionStage::Reading { until } => self.receive(until),
            ConnectionStage::Working { work, pending } => self.work(work, pending),
            ConnectionStage::Writing { reply, written } => self.write(reply, written),
            ConnectionStage::Lingering { lingering_reads, until } => self.linger(lingering_reads, until),
        }
    }

    fn work(&mut self, work: Underway, pending: PendingReply<'static, 's>) -> io::Result<ControlFlow<Awaited>> {
        match work.poll(&mut self.served.backend, &mut self.worker_backend, &self.served.trace)? {
            Break(performed) => {
                let reply = pending.complete(performed, self.received_ns, &mut self.served.totals, self.server);
                self.stage = ConnectionStage::Writing { reply, written: 0 };
                Ok(Continue(()))
            }
            Continue(work) => {
                self.stage = ConnectionStage::Working { work, pending };
                Ok(Break(Awaited::Event))
            }
        }
    }

    /// Takes the next request that is whole. Where there is none, it is time to read.
    fn answer(&mut self, registry: &Registry, hand_over: Option<HandOver<'_>>) -> io::Result<ControlFlow<Awaited>> {
        let ServedConnection { inbox, totals, backend, trace, deadline, .. } = &mut self.served;
        let request = inbox.next_request(self.server.wire);
        self.stage = match next_action(request, self.server, totals) {
            NextAction::Read => ConnectionStage::Reading { until: deadline.of_next_read(inbox) },
            NextAction::Reply(reply) => ConnectionStage::Writing { reply, written: 0 },
            NextAction::Work { order, pending } => match hand_over {
                Some(hand_over) => {
                    hand_over(self.token, HandedWork::new(order, mem::take(&mut self.worker_backend), trace));
                    ConnectionStage::Working { work: Underway::Elsewhere(None), pending: pending.into_owned() }
                }
                None => {
                    let told = (registry, Token(self.token.0 | OF_BACKEND));
                    match begin_on_loop(order, backend, told, trace, self.server)? {
                        Begun::Underway(work) => ConnectionStage::Working { work, pending: pending.into_owned() },
                        Begun::Done(performed) => {
                            let reply = pending.complete(performed, self.received_ns, totals, self.server);
                            ConnectionStage::Writing { reply, written: 0 }
                        }
                    }
                }
            },
        };
        Ok(Continue(()))
    }

    fn receive(&mut self, until: Option<Instant>) -> io::Result<ControlFlow<Awaited>> {
        if self.reads_left == 0 && self.may_read {
            self.stage = ConnectionStage::Reading { until };
            return Ok(Break(Awaited::Turn));
        }
        let is_over = self.allow_last_read(until);
        match self.read()? {
            Some(count) => {
                let Some(received_ns) = self.served.received(count) else { return Ok(Break(Awaited::Nothing)) };
                self.received_ns = received_ns;
                Ok(Continue(()))
            }
            None if is_over => {
                self.served.deadline.tell_client(&self.served.stream)?;
                self.end()
            }
            None => {
                self.stage = ConnectionStage::Reading { until };
                Ok(Break(Awaited::Event))
            }
        }
    }

    /// Whether it has waited long enough. Then it may read once more: what has come by then counts, though nobody has told
    /// of it yet.
    fn allow_last_read(&mut self, until: Option<Instant>) -> bool {
        let is_over = until.is_some_and(|until| until <= Instant::now());
        self.may_read |= is_over;
        is_over
    }

    /// How many bytes were read into the inbox; none where nothing has come. A read that fills less than its buffer has
    /// emptied the socket, and the loop will tell when there is more: asking again only to hear that would be a system call
    /// for each request.
    fn read(&mut self) -> io::Result<Option<usize>> {
        while self.may_read {
            let spare = self.served.inbox.spare();
            let room = spare.len();
            match self.served.stream.read(spare) {
                Ok(count) => {
                    self.reads_left = self.reads_left.saturating_sub(1);
                    self.may_read = count == room || self.is_read_closed;
                    return Ok(Some(count));
                }
                Err(error) if error.kind() == ErrorKind::WouldBlock => self.may_read = false,
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
        Ok(None)
    }

    fn write(&mut self, reply: EncodedReply<'s>, mut written: usize) -> io::Result<ControlFlow<Awaited>> {
        while written < reply.bytes.len() {
            match self.served.stream.write(&reply.bytes[written..]) {
                Ok(0) => return Err(ErrorKind::WriteZero.into()),
                Ok(count) => written += count,
                Err(error) if error.kind() == ErrorKind::WouldBlock => {
                    self.stage = ConnectionStage::Writing { reply, written };
                    return Ok(Break(Awaited::Event));
                }
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
        match self.served.sent(reply) {
            Persistence::Close => self.end(),
            Persistence::KeepAlive => Ok(Continue(())),
        }
    }

    /// As its twins end a connection: with what the client was still sending taken in, or its last reply might be lost.
    fn end(&mut self) -> io::Result<ControlFlow<Awaited>> {
        let ServedConnection { inbox, stream, deadline, .. } = &self.served;
        if !has_unread(inbox, stream) {
            return Ok(Break(Awaited::Nothing));
        }
        stream.shutdown(Shutdown::Write)?;
        self.stage = ConnectionStage::Lingering { lingering_reads: LINGERING_READS, until: deadline.of_lingering() };
        self.may_read = true;
        Ok(Continue(()))
    }

    fn linger(&mut self, lingering_reads: usize, until: Option<Instant>) -> io::Result<ControlFlow<Awaited>> {
        self.served.inbox.clear();
        let is_over = self.allow_last_read(until);
        match self.read()? {
            Some(count) if count > 0 && lingering_reads > 1 => {
                self.stage = ConnectionStage::Lingering { lingering_reads: lingering_reads - 1, until };
                Ok(Continue(()))
            }
            None if !is_over => {
                self.stage = ConnectionStage::Lingering { lingering_reads, until };
                Ok(Break(Awaited::Event))
            }
            _ => Ok(Break(Awaited::Nothing)),
        }
    }
}

#[cfg(test)]
mod tests;
