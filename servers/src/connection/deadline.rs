//! How long a connection waits for its client, where the options set a limit, and reading within it.
//! `blocking.rs` and `nonblocking.rs` call this; what differs between the worlds is how a read is given up.
//!
//! There are two limits, since the one that everybody sets is not enough. `idle_timeout` begins anew with every
//! byte: a client that sends one now and then is never idle, and never done. `frame_deadline` counts from the first
//! byte of a request until the request is whole. Replies have no limit: a client that does not read them can hold its
//! connection for as long as it likes.

use std::io::{self, ErrorKind, Read};
use std::net::TcpStream;
use std::os::fd::AsFd;
use std::time::{Duration, Instant};

use rustix::net::{SendFlags, send};
use tokio::io::AsyncReadExt;

use super::encoded;
use crate::options::ServerOptions;
use crate::protocol::{Fault, Persistence, Response};
use crate::server::Server;

/// What a connection keeps of its limits: when the request that is coming in must be whole.
#[derive(Debug)]
pub(super) struct ReadDeadline<'a> {
    options: &'a ServerOptions,
    frame_ends: Option<Instant>,
}

impl<'a> ReadDeadline<'a> {
    pub(super) fn new(options: &'a ServerOptions) -> ReadDeadline<'a> {
        ReadDeadline { options, frame_ends: None }
    }

    /// Until when the next read may wait; without limits, for as long as it takes. `between_requests` says that
    /// no byte of the next request has come.
    ///
    /// The clock of a request starts here and not when its first byte came, so that the time the server took for
    /// the requests before it does not count against the client.
    pub(super) fn until(&mut self, between_requests: bool) -> Option<Instant> {
        if self.options.idle_timeout.is_none() && self.options.frame_deadline.is_none() {
            return None;
        }
        let now = Instant::now();
        if !between_requests && self.frame_ends.is_none() {
            self.frame_ends = self.options.frame_deadline.map(|deadline| now + deadline);
        }
        let idle_ends = self.options.idle_timeout.map(|timeout| now + timeout);
        [idle_ends, self.frame_ends].into_iter().flatten().min()
    }

    /// A request has been taken: what comes after it has a deadline of its own.
    pub(super) fn request_ended(&mut self) {
        self.frame_ends = None;
    }

    /// Counts the limit that was reached, and tells the client which, where that is possible without waiting:
    /// whoever has not read so far must not hold the connection with the very last reply.
    pub(super) fn give_up(&self, stream: &impl AsFd, server: &Server) -> io::Result<()> {
        let reason = match self.frame_ends {
            Some(end) if end <= Instant::now() => {
                server.count_frame_deadline();
                "the request was not whole in time; the connection is closed"
            }
            _ => {
                server.count_idle_timeout();
                "nothing came for too long; the connection is closed"
            }
        };
        let error = Response::Error { fault: Fault::Timeout, reason: reason.into() };
        let reply = encoded(server, &error, Persistence::Close);
        send(stream, &reply, SendFlags::DONTWAIT | SendFlags::NOSIGNAL)?;
        Ok(())
    }
}

/// Reads on a thread. None where nothing came in time.
///
/// The system's own timeout for a receive does the waiting, and is taken off again: the next read may have none.
pub(super) fn read_on_thread(
    stream: &mut TcpStream,
    buffer: &mut [u8],
    until: Option<Instant>,
) -> io::Result<Option<usize>> {
    let Some(until) = until else { return stream.read(buffer).map(Some) };
    loop {
        // A timeout of zero would mean none. So even a deadline that has passed takes what is there already.
        let left = until.saturating_duration_since(Instant::now()).max(Duration::from_micros(1));
        stream.set_read_timeout(Some(left))?;
        let read = stream.read(buffer);
        stream.set_read_timeout(None)?;
        match read {
            Ok(count) => return Ok(Some(count)),
            Err(error) if error.kind() == ErrorKind::WouldBlock && Instant::now() >= until => return Ok(None),
            // Woken early. A signal, too, ends a wait that has a timeout, and only such a wait.
            Err(error) if matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::Interrupted) => {}
            Err(error) => return Err(error),
        }
    }
}

/// Reads in a task. None where nothing came in time.
pub(super) async fn read_in_task(
    stream: &mut tokio::net::TcpStream,
    buffer: &mut [u8],
    until: Option<Instant>,
) -> io::Result<Option<usize>> {
    let Some(until) = until else { return stream.read(buffer).await.map(Some) };
    // In a box, which it costs only where there is a limit: a timer within the future would add its size to every
    // connection, with a limit or without.
    match Box::pin(tokio::time::timeout_at(until.into(), stream.read(buffer))).await {
        Ok(read) => read.map(Some),
        Err(_elapsed) => Ok(None),
    }
}

#[cfg(test)]
mod tests {
    use crate::Contender;

    use super::*;

    fn options(contender: &str) -> ServerOptions {
        Contender::parse(contender).unwrap().options
    }

    #[test]
    fn without_limits_no_read_has_an_end() {
        let options = options("threaded");
        let mut deadline = ReadDeadline::new(&options);
        assert_eq!((deadline.until(true), deadline.until(false)), (None, None));
    }

    #[test]
    fn an_idle_timeout_is_renewed_and_a_frame_deadline_is_not() {
        let options = options("threaded:idle-timeout=10s,frame-deadline=15s");
        let mut deadline = ReadDeadline::new(&options);
        let begin = Instant::now();
        assert!(deadline.until(true).unwrap() >= begin + Duration::from_secs(10));
        deadline.until(false).unwrap();
        let frame_ends = deadline.frame_ends.unwrap();
        deadline.until(false).unwrap();
        assert_eq!(deadline.frame_ends, Some(frame_ends), "a further byte has prolonged it");
        deadline.request_ended();
        deadline.until(false).unwrap();
        assert!(deadline.frame_ends.unwrap() > frame_ends, "the next request has no time of its own");
    }

    #[test]
    fn a_frame_deadline_alone_lets_a_client_rest_between_requests() {
        let options = options("threaded:frame-deadline=1s");
        let mut deadline = ReadDeadline::new(&options);
        assert_eq!(deadline.until(true), None);
        assert!(deadline.until(false).is_some());
    }
}
