//! Clients who ask for more than they read: all their requests at once, and then a few bytes of the replies now and then, or
//! none at all.
//!
//! The generator's own connections read whatever comes, so these are plain sockets, looked at in turns. Must not know: what
//! the server makes of it. Beside it: `crowd.rs`, for the clients that say little.

use std::io::{ErrorKind, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::ops::Range;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::Duration;

use reports::record::{DisturbanceProgress, Traffic};
use socket2::{Domain, Protocol, SockRef, Socket, Type};

use crate::clock::now_ns;
use crate::load::exchange::{Exchange, digits};
use crate::load::recorder::{Failure, Recorder};
use crate::load::{Work, outcome::unscheduled_traffic};

/// Time between two looks at all of them.
const LOOK: Duration = Duration::from_millis(10);

/// Looks between two entries in the course.
const LOOKS_PER_NOTE: u64 = 10;

/// What such a client's kernel may hold for it, so that little is taken that nobody reads. The kernel has a least of its own.
const RECEIVE_BUFFER_BYTES: usize = 4096;

/// How long a connect may take.
const CONNECT_TIMEOUT: Duration = Duration::from_millis(200);

/// What they ask for and how fast they read.
#[derive(Debug, Clone, Copy)]
pub(super) struct SlowReaders<'a> {
    pub(super) connections: u32,
    pub(super) requests: u32,
    pub(super) work: &'a Work,
    /// Of each.
    pub(super) bytes_per_second: u32,
}

/// One of them.
struct SlowReader {
    stream: TcpStream,
    /// Of its requests, what the socket has not taken yet.
    unsent: Range<usize>,
    read: u64,
}

impl SlowReaders<'_> {
    /// Connects, asks, reads slowly, and leaves at the end of `span` or soon after `stop`. None of the requests counts as
    /// answered: nobody looks at the replies.
    pub(super) fn gather(
        self,
        target: SocketAddr,
        span: Range<u64>,
        origin_ns: u64,
        stop: &AtomicBool,
    ) -> (Vec<DisturbanceProgress>, Option<Traffic>) {
        let requests = Exchange::new(self.work, target).request(&digits(now_ns())).repeat(self.requests as usize);
        let mut progress = DisturbanceProgress::default();
        let mut course = Vec::new();
        let mut readers = Vec::new();
        let is_over = || now_ns() >= span.end || stop.load(Ordering::Relaxed);
        for _ in 0..self.connections {
            // A server that accepts nobody takes its time to refuse each.
            if is_over() {
                break;
            }
            match connect(target) {
                Ok(stream) => readers.push(SlowReader { stream, unsent: 0..requests.len(), read: 0 }),
                Err(_) => progress.refused += 1,
            }
        }
        let (asked, begun_ns) = (readers.len() as u64 * u64::from(self.requests), now_ns());
        let mut buffer = vec![0; 64 * 1024];
        for look in 0_u64.. {
            let now = now_ns();
            let may_have_read = (now - begun_ns) / 1_000 * u64::from(self.bytes_per_second) / 1_000_000;
            let before = readers.len();
            readers.retain_mut(|reader| reader.go_on(&requests, may_have_read, &mut buffer));
            progress.ended_by_server += (before - readers.len()) as u64;
            progress.held = readers.len() as u64;
            let is_over = is_over();
            if is_over || look % LOOKS_PER_NOTE == 0 {
                course.push(DisturbanceProgress { at_ns: now.saturating_sub(origin_ns), ..progress });
            }
            if is_over {
                break;
            }
            thread::sleep(LOOK);
        }
        drop(readers);
        let now = now_ns();
        course.push(DisturbanceProgress { at_ns: now.saturating_sub(origin_ns), held: 0, ..progress });
        let mut recorder = Recorder::unscheduled(span.end - span.start);
        for _ in 0..asked {
            let place = recorder.self_scheduled(begun_ns, 1);
            recorder.failed(place, Failure::InFlight, (begun_ns, now), None);
        }
        (course, Some(unscheduled_traffic(self.work, &span, recorder)))
    }
}

impl SlowReader {
    /// Sends what is left of its requests and reads up to so many bytes in all; false where the server has ended it.
    fn go_on(&mut self, requests: &[u8], may_have_read: u64, buffer: &mut [u8]) -> bool {
        while !self.unsent.is_empty() {
            match self.stream.write(&requests[self.unsent.clone()]) {
                Ok(sent) => self.unsent.start += sent,
                Err(error) if error.kind() == ErrorKind::WouldBlock => break,
                Err(_) => return false,
            }
        }
        while self.read < may_have_read {
            let most = buffer.len().min((may_have_read - self.read) as usize);
            match self.stream.read(&mut buffer[..most]) {
                Ok(0) => return false,
                Ok(count) => self.read += count as u64,
                Err(error) if error.kind() == ErrorKind::WouldBlock => break,
                Err(_) => return false,
            }
        }
        true
    }
}

/// A connection that is reset when it is dropped, as its end is not to wait for the rest of the replies.
fn connect(target: SocketAddr) -> std::io::Result<TcpStream> {
    let socket = Socket::new(Domain::for_address(target), Type::STREAM, Some(Protocol::TCP))?;
    // Before the connect, which tells the server how much may be sent.
    socket.set_recv_buffer_size(RECEIVE_BUFFER_BYTES)?;
    socket.connect_timeout(&target.into(), CONNECT_TIMEOUT)?;
    let stream = TcpStream::from(socket);
    stream.set_nonblocking(true)?;
    SockRef::from(&stream).set_linger(Some(Duration::ZERO))?;
    Ok(stream)
}
