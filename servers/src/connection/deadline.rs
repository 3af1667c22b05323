//! How long a connection waits for its client, where the options set a limit, and reading within it.
//! `blocking.rs` and `nonblocking.rs` call this; what differs between the worlds is how a read is given up.
//!
//! There are two limits, since the one that everybody sets is not enough. `idle_timeout` begins anew with every
//! byte: a client that sends one now and then is never idle, and never done. `frame_deadline` counts from the read that
//! follows the first bytes of a request until the request is whole. How long replies may stay unread does not concern a
//! connection: the kernel keeps `unread_timeout` (`accept/listening.rs`).

use std::io::{self, ErrorKind, Read};
use std::os::fd::AsFd;
use std::time::{Duration, Instant};

use rustix::io::Errno;
use rustix::net::{RecvFlags, SendFlags, recv, send};
use tokio::io::AsyncReadExt;

use super::actions::encode;
use crate::protocol::{Fault, Inbox, Persistence, Response};
use crate::server::Server;

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
        send(stream, &reply, SendFlags::DONTWAIT | SendFlags::NOSIGNAL)?;
        Ok(())
    }

    /// The idle timeout and the frame deadline.
    fn limits(&self) -> (Option<Duration>, Option<Duration>) {
        (self.server.options.idle_timeout, self.server.options.frame_deadline)
    }
}

/// Reads on a thread. None where nothing came in time.
///
/// The system's own timeout for a receive does the waiting, and is taken off again: the next read may have none.
pub(super) fn read_on_thread(
    stream: &mut std::net::TcpStream,
    buffer: &mut [u8],
    until: Option<Instant>,
) -> io::Result<Option<usize>> {
    let Some(until) = until else { return stream.read(buffer).map(Some) };
    loop {
        let left = until.saturating_duration_since(Instant::now());
        if left.is_zero() {
            return read_without_waiting(stream, buffer);
        }
        stream.set_read_timeout(Some(left))?;
        let read = stream.read(buffer);
        stream.set_read_timeout(None)?;
        match read {
            // Woken at the end, or early. A signal, too, ends a wait that has a timeout, and only such a wait.
            Err(error) if matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::Interrupted) => {}
            read => return read.map(Some),
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
        Err(_elapsed) => read_without_waiting(stream, buffer),
    }
}

/// What has come by the deadline is in time, though nobody has looked at it yet. None where nothing has.
fn read_without_waiting(stream: &impl AsFd, buffer: &mut [u8]) -> io::Result<Option<usize>> {
    match recv(stream, buffer, RecvFlags::DONTWAIT) {
        Ok((count, _)) => Ok(Some(count)),
        Err(Errno::AGAIN) => Ok(None),
        Err(error) => Err(error.into()),
    }
}

#[cfg(test)]
mod tests {
    use std::io::Write;
    use std::net::{Ipv4Addr, Shutdown, TcpListener, TcpStream};

    use rustix::io::ioctl_fionread;

    use super::*;
    use crate::testing::{DEADLINE, TwinWorld, WORLDS, server, wait_until};

    fn inbox_with(bytes: usize) -> Inbox {
        let mut inbox = Inbox::new();
        inbox.take_in(&vec![b'x'; bytes]);
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

    /// A client and the server's end of its connection, for a thread.
    fn connection() -> (TcpStream, TcpStream) {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
        let client = TcpStream::connect(listener.local_addr().unwrap()).unwrap();
        let (server, _) = listener.accept().unwrap();
        (client, server)
    }

    /// What a read gives in one of the worlds: bytes, none in time, or an error.
    fn read(world: TwinWorld, stream: &mut TcpStream, until: Option<Instant>) -> Result<Option<Vec<u8>>, ErrorKind> {
        let same_socket = stream.try_clone().unwrap();
        let (mut on_thread, mut in_task) = ([0; 8], [0; 8]);
        let read = world.run(
            || read_on_thread(stream, &mut on_thread, until),
            async || {
                same_socket.set_nonblocking(true)?;
                let mut stream = tokio::net::TcpStream::from_std(same_socket)?;
                read_in_task(&mut stream, &mut in_task, until).await
            },
        );
        // The next read is to find the socket as this one did.
        stream.set_nonblocking(false).unwrap();
        assert_eq!(stream.read_timeout().unwrap(), None);
        let buffer = if world == TwinWorld::Thread { on_thread } else { in_task };
        read.map(|count| count.map(|count| buffer[..count].to_vec())).map_err(|error| error.kind())
    }

    #[test]
    fn both_twins_read_what_has_come_by_the_deadline_and_give_up_then() {
        for world in WORLDS {
            let (mut client, mut stream) = connection();
            let over = Some(Instant::now());
            assert_eq!(read(world, &mut stream, over), Ok(None), "{world:?}");
            assert_eq!(
                read(world, &mut stream, Some(Instant::now() + Duration::from_millis(5))),
                Ok(None),
                "{world:?}"
            );

            client.write_all(b"late").unwrap();
            wait_until("the bytes have come", || ioctl_fionread(&stream).unwrap() == 4);
            assert_eq!(read(world, &mut stream, over), Ok(Some(b"late".to_vec())), "{world:?}");
            client.write_all(b"more").unwrap();
            assert_eq!(read(world, &mut stream, None), Ok(Some(b"more".to_vec())), "{world:?}");

            client.shutdown(Shutdown::Write).unwrap();
            let in_time = Some(Instant::now() + DEADLINE);
            assert_eq!(read(world, &mut stream, in_time), Ok(Some(vec![])), "{world:?}");
        }
    }

    #[test]
    fn both_twins_tell_a_reset_from_an_end() {
        for world in WORLDS {
            let (client, mut stream) = connection();
            socket2::SockRef::from(&client).set_linger(Some(Duration::ZERO)).unwrap();
            drop(client);
            let in_time = Some(Instant::now() + DEADLINE);
            assert_eq!(read(world, &mut stream, in_time), Err(ErrorKind::ConnectionReset), "{world:?}");
        }
    }
}
