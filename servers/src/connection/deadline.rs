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

use super::actions::encode;
use crate::protocol::{Fault, Inbox, Persistence, Response};
use crate::server::Server;

/// How many more reads a connection gets after its last reply, where the client has sent more than was looked at.
///
/// Closing with bytes unread makes the kernel send a reset, which can destroy that reply on its way
/// to the client. So the server ends its own side, and takes in as much as four more largest requests
/// (each read is at most `READ_BUFFER_BYTES`, where no option says otherwise) before it really closes. Where no option
/// limits the time, a client that sends nothing now holds no more than any idle connection does.
pub(super) const LINGERING_READS: usize = 512;

/// Until when a connection waits for its client.
#[derive(Debug)]
pub(super) struct ReadDeadline<'a> {
    server: &'a Server,
    /// When the request that is coming in must be whole.
    frame_ends: Option<Instant>,
}

impl<'a> ReadDeadline<'a> {
    pub(super) fn new(server: &'a Server) -> ReadDeadline<'a> {
        ReadDeadline { server, frame_ends: None }
    }

    /// Until when the next read may wait; without limits, for as long as it takes.
    ///
    /// The clock of a request starts here and not when its first byte came, so that the time the server took for
    /// the requests before it does not count against the client.
    pub(super) fn of_next_read(&mut self, inbox: &Inbox) -> Option<Instant> {
        let (idle_timeout, frame_deadline) = self.limits();
        if idle_timeout.is_none() && frame_deadline.is_none() {
            return None;
        }
        let now = Instant::now();
        let is_within_request = !inbox.is_empty();
        if is_within_request && self.frame_ends.is_none() {
            self.frame_ends = frame_deadline.map(|deadline| now + deadline);
        }
        let idle_ends = idle_timeout.map(|timeout| now + timeout);
        [idle_ends, self.frame_ends].into_iter().flatten().min()
    }

    /// Until when the connection may linger after its last reply: for as long as the shorter limit once more.
    pub(super) fn of_lingering(&self) -> Option<Instant> {
        let (idle_timeout, frame_deadline) = self.limits();
        let shorter = [idle_timeout, frame_deadline].into_iter().flatten().min();
        shorter.map(|limit| Instant::now() + limit)
    }

    /// A request has been taken: what comes after it has a deadline of its own.
    pub(super) fn request_ended(&mut self) {
        self.frame_ends = None;
    }

    /// Counts the limit that was reached, and tells the client which, where that is possible without waiting:
    /// whoever has not read so far must not hold the connection with the very last reply.
    pub(super) fn tell_client(&self, stream: &impl AsFd) -> io::Result<()> {
        let counters = &self.server.counters;
        let reason = match self.frame_ends {
            Some(end) if end <= Instant::now() => {
                counters.frame_deadlines.increment();
                "the request was not whole in time, and the connection is closed; send requests whole"
            }
            _ => {
                counters.idle_timeouts.increment();
                "nothing came for too long, and the connection is closed; connect again"
            }
        };
        let error = Response::Error { fault: Fault::Timeout, reason: reason.into() };
        let reply = encode(self.server, &error, Persistence::Close);
        send(stream, &reply.bytes, SendFlags::DONTWAIT | SendFlags::NOSIGNAL)?;
        Ok(())
    }

    /// The idle timeout and the frame deadline.
    fn limits(&self) -> (Option<Duration>, Option<Duration>) {
        (self.server.options.idle_timeout, self.server.options.frame_deadline)
    }
}

/// Whether the client has sent bytes that nobody will look at.
pub(super) fn has_unread(inbox: &Inbox, stream: &impl AsFd) -> bool {
    // Where the kernel does not say, there is nothing to wait for.
    !inbox.is_empty() || rustix::io::ioctl_fionread(stream).is_ok_and(|bytes| bytes > 0)
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
    use super::*;
    use crate::Contender;
    use crate::protocol::Wire;

    fn server(contender: &str) -> Server {
        Server::new(Contender::parse(contender).unwrap().options, Wire::JsonLines, Some(1))
    }

    fn inbox_with(bytes: usize) -> Inbox {
        let mut inbox = Inbox::new();
        inbox.spare();
        inbox.filled(bytes);
        inbox
    }

    #[test]
    fn without_limits_no_read_has_an_end() {
        let server = server("threaded");
        let mut deadline = ReadDeadline::new(&server);
        assert_eq!((deadline.of_next_read(&inbox_with(0)), deadline.of_next_read(&inbox_with(1))), (None, None));
        assert_eq!(deadline.of_lingering(), None);
    }

    #[test]
    fn an_idle_timeout_is_renewed_and_a_frame_deadline_is_not() {
        let server = server("threaded:idle-timeout=10s,frame-deadline=15s");
        let mut deadline = ReadDeadline::new(&server);
        let begin = Instant::now();
        assert!(deadline.of_next_read(&inbox_with(0)).unwrap() >= begin + Duration::from_secs(10));
        deadline.of_next_read(&inbox_with(1)).unwrap();
        let frame_ends = deadline.frame_ends.unwrap();
        deadline.of_next_read(&inbox_with(2)).unwrap();
        assert_eq!(deadline.frame_ends, Some(frame_ends), "a further byte has prolonged it");
        deadline.request_ended();
        deadline.of_next_read(&inbox_with(1)).unwrap();
        assert!(deadline.frame_ends.unwrap() > frame_ends, "the next request has no time of its own");
    }

    #[test]
    fn a_frame_deadline_alone_lets_a_client_rest_between_requests() {
        let server = server("threaded:frame-deadline=1s");
        let mut deadline = ReadDeadline::new(&server);
        assert_eq!(deadline.of_next_read(&inbox_with(0)), None);
        assert!(deadline.of_next_read(&inbox_with(1)).is_some());
    }

    #[test]
    fn a_client_whose_time_is_over_has_the_shorter_limit_once_more_to_take_its_last_reply() {
        let server = server("threaded:idle-timeout=10s,frame-deadline=1ms");
        let mut deadline = ReadDeadline::new(&server);
        let over = deadline.of_next_read(&inbox_with(1)).unwrap();
        let until = deadline.of_lingering().unwrap();
        assert!(until >= over && until < over + Duration::from_secs(10), "{:?}", until - over);
    }
}
