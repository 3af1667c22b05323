//! A server that follows a script: each reply at a moment of the clock that is known beforehand, or wrong, or never.
//!
//! One thread, so that no scheduler but the machine's decides when it replies, and deadlines from the moment at which a
//! request was read, so that lateness does not add up. It notes how late it was: where that is much, the truth was
//! disturbed and not the measurement. It speaks the servers' own protocol.

use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::io::{ErrorKind, Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use instruments::clock::{nanoseconds, now_ns, timespec, wake_promptly};
use instruments::load::LONGEST_SLEEP_NS;
use instruments::observe::restrict_this_thread;
use rustix::buffer::spare_capacity;
use rustix::event::epoll::{self, EventData, EventFlags};
use rustix::fd::OwnedFd;
use servers::protocol::{Decoded, JsonLines, Persistence, Request, Response, WireFormat};

use super::lateness::{Lateness, Obstacle};
use crate::background::Background;

/// Which request is to be answered, from 0.
#[derive(Debug, Clone, Copy)]
pub(crate) struct RequestNumber {
    /// Among all requests.
    pub(crate) number: u64,
    /// Among those of its connection.
    pub(crate) of_connection: u64,
}

/// What is done about a request.
#[derive(Debug, Clone, Copy)]
pub(crate) enum ScriptedReply {
    /// The right reply, so long after the request was read.
    Answer(Duration),
    /// A reply at once that is not what was asked for.
    Corrupt,
    /// No reply, ever.
    Silence,
}

/// What to do about each request.
pub(crate) type Script = Box<dyn Fn(RequestNumber) -> ScriptedReply + Send>;

/// The server on a thread of this process.
pub(crate) struct Synthetic {
    pub(crate) address: SocketAddr,
    thread: Background<Result<Lateness, Obstacle>>,
}

impl Synthetic {
    /// Serves on these CPUs until it is ended.
    pub(crate) fn start(cpus: &[u32], script: Script) -> Result<Synthetic, Obstacle> {
        let listener = TcpListener::bind("127.0.0.1:0")?;
        let address = listener.local_addr()?;
        let cpus = cpus.to_vec();
        let thread = Background::start("synthetic", move |stop| {
            // Elsewhere it would disturb the generator, which the lag shows.
            let _ = restrict_this_thread(&cpus);
            serve(listener, &script, 0, stop)
        })?;
        Ok(Synthetic { address, thread })
    }

    /// Ends it, and says how late it was.
    pub(crate) fn end(self) -> Result<Lateness, Obstacle> {
        self.thread.end()
    }
}

/// Serves until `stop`; each connection holds `touched_bytes` of memory that has been written to.
pub(crate) fn serve(
    listener: TcpListener,
    script: &Script,
    touched_bytes: usize,
    stop: &AtomicBool,
) -> Result<Lateness, Obstacle> {
    wake_promptly();
    listener.set_nonblocking(true)?;
    let epoll = epoll::create(epoll::CreateFlags::CLOEXEC).map_err(std::io::Error::from)?;
    watch(&epoll, &listener, LISTENER)?;
    let mut server =
        SyntheticServer { epoll, listener, touched_bytes, connections: Vec::new(), asked: 0, due: BinaryHeap::new() };
    let mut lateness = Lateness::default();
    let mut events: Vec<epoll::Event> = Vec::with_capacity(64);
    while !stop.load(Ordering::Relaxed) {
        let now = now_ns();
        let next_ns = server.due.peek().map_or(u64::MAX, |Reverse(reply)| reply.due_ns);
        let longest = timespec(next_ns.saturating_sub(now).min(LONGEST_SLEEP_NS));
        events.clear();
        rustix::io::retry_on_intr(|| epoll::wait(&server.epoll, spare_capacity(&mut events), Some(&longest)))
            .map_err(std::io::Error::from)?;
        for event in &events {
            match event.data.u64() {
                LISTENER => server.accept()?,
                index => server.read(index as usize, script),
            }
        }
        server.send_what_is_due(&mut lateness);
    }
    Ok(lateness)
}

const LISTENER: u64 = u64::MAX;

struct SyntheticServer {
    epoll: OwnedFd,
    listener: TcpListener,
    touched_bytes: usize,
    connections: Vec<Option<Connection>>,
    asked: u64,
    due: BinaryHeap<Reverse<Reply>>,
}

struct Connection {
    stream: TcpStream,
    received: Vec<u8>,
    asked: u64,
    answered: u64,
    /// Held for what it weighs.
    _touched: Vec<u8>,
}

/// A reply that waits for its moment, the earliest first.
#[derive(Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Reply {
    due_ns: u64,
    connection: usize,
    received_ns: u64,
    sender_timestamp: String,
    result: String,
}

impl SyntheticServer {
    fn accept(&mut self) -> Result<(), Obstacle> {
        loop {
            let stream = match self.listener.accept() {
                Ok((stream, _)) => stream,
                Err(error) if error.kind() == ErrorKind::WouldBlock => return Ok(()),
                Err(error) => return Err(error.into()),
            };
            stream.set_nonblocking(true)?;
            stream.set_nodelay(true)?;
            watch(&self.epoll, &stream, self.connections.len() as u64)?;
            // Not zero, or the allocator would hand out pages that nobody has touched.
            let touched = std::hint::black_box(vec![1; self.touched_bytes]);
            let connection = Connection { stream, received: Vec::new(), asked: 0, answered: 0, _touched: touched };
            self.connections.push(Some(connection));
        }
    }

    fn read(&mut self, index: usize, script: &Script) {
        let Some(mut connection) = self.connections[index].take() else { return };
        let mut chunk = [0; 4096];
        loop {
            match connection.stream.read(&mut chunk) {
                Ok(count) if count > 0 => connection.received.extend_from_slice(&chunk[..count]),
                Err(error) if error.kind() == ErrorKind::WouldBlock => break,
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                // The client has gone, and takes the connection with it.
                Ok(_) | Err(_) => return,
            }
        }
        if self.take_requests(index, &mut connection, script) {
            self.connections[index] = Some(connection);
        }
    }

    /// Whether the connection goes on.
    fn take_requests(&mut self, index: usize, connection: &mut Connection, script: &Script) -> bool {
        let received_ns = now_ns();
        let mut taken = 0;
        while let Decoded::Message { message, consumed, .. } = JsonLines.decode_request(&connection.received[taken..]) {
            taken += consumed;
            match message {
                Request::RequestWork { parameter, sender_timestamp, .. } => {
                    let reply_kind = script(RequestNumber { number: self.asked, of_connection: connection.asked });
                    self.asked += 1;
                    connection.asked += 1;
                    let (delay_ns, result) = match reply_kind {
                        ScriptedReply::Answer(delay) => (nanoseconds(delay), parameter.into_owned()),
                        ScriptedReply::Corrupt => (0, format!("not {parameter}")),
                        ScriptedReply::Silence => continue,
                    };
                    let sender_timestamp = sender_timestamp.into_owned();
                    let due_ns = received_ns + delay_ns;
                    self.due.push(Reverse(Reply { due_ns, connection: index, received_ns, sender_timestamp, result }));
                }
                Request::CloseConnection { initial_timestamp, final_timestamp } => {
                    let requests_served = connection.answered;
                    let closed = Response::ConnectionClosed { initial_timestamp, final_timestamp, requests_served };
                    send(&mut connection.stream, &closed);
                    return false;
                }
            }
        }
        connection.received.drain(..taken);
        true
    }

    fn send_what_is_due(&mut self, lateness: &mut Lateness) {
        while let Some(Reverse(reply)) = self.due.peek() {
            let now = now_ns();
            if reply.due_ns > now {
                return;
            }
            let Some(Reverse(reply)) = self.due.pop() else { return };
            lateness.note(now - reply.due_ns);
            let Some(connection) = &mut self.connections[reply.connection] else { continue };
            connection.answered += 1;
            let done = Response::WorkDone {
                sender_timestamp: reply.sender_timestamp.into(),
                result: reply.result.into(),
                server_received_ns: Some(reply.received_ns),
                server_sent_ns: Some(now),
                server_waited_ns: None,
            };
            send(&mut connection.stream, &done);
        }
    }
}

fn watch(epoll: &OwnedFd, source: impl std::os::fd::AsFd, index: u64) -> std::io::Result<()> {
    Ok(epoll::add(epoll, source, EventData::new_u64(index), EventFlags::IN)?)
}

/// A client that has gone, or that reads so little that a line does not fit its buffer, gets none.
fn send(stream: &mut TcpStream, response: &Response<'_>) {
    let mut line = Vec::new();
    // JSON lines say in the message itself what becomes of the connection.
    JsonLines.encode_response(response, Persistence::KeepAlive, &mut line);
    let _ = stream.write_all(&line);
}
