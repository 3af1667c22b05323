//! A call to a backend over a connection that is held: what services wait for, where `sleep` waits for a timer.
//! Beside it: `work.rs`, which calls this, and `backend.rs`, the frames.
//!
//! Every connection of a client has a link of its own, made at its first call and held until it ends or breaks; or all of
//! them share those of a pool (`backend_pool.rs`). A call has no time limit of its own: while the backend does not answer,
//! the request waits, and its client decides for how long.

use std::io::{self, Read, Write};
use std::net::SocketAddr;
use std::time::Duration;

use socket2::SockRef;
use thiserror::Error;
use tokio::io::{AsyncReadExt, AsyncWriteExt};

use crate::backend::{BackendCall, CALL_FRAME_BYTES};
use crate::clock::monotonic_ns;
use crate::server::Server;
use crate::trace::{ConnectionTrace, Moment};

#[cfg(feature = "compio")]
pub(crate) mod completion;
pub(crate) mod stepwise;

/// A client connection's own connection to the backend: std's on a thread, tokio's in a task, mio's on an event loop.
#[derive(Debug)]
pub(crate) struct BackendLink<S> {
    /// None until the first call, and after one that failed.
    stream: Option<S>,
    calls: u32,
}

/// Why a call got no answer. The client is told; its connection lives on, and the next call connects anew.
#[derive(Debug, Error)]
pub(crate) enum BackendError {
    /// The server was started without one.
    #[error("this server has no backend to call; start it with --backend ADDR:PORT")]
    Absent,
    /// No connection could be made.
    #[error("the backend at {address} can't be reached ({source}); check that it runs")]
    Unreachable {
        /// Where it should be.
        address: SocketAddr,
        /// Why.
        source: io::Error,
    },
    /// The connection ended in the middle of a call.
    #[error("the connection to the backend at {address} broke in the middle of a call ({source}); ask again")]
    Broken {
        /// Where the backend is.
        address: SocketAddr,
        /// Why.
        source: io::Error,
    },
    /// It answered, but not this call.
    #[error("what listens at {address} gave a wrong answer, so it is not a backend; give --backend the address of one")]
    WrongAnswer {
        /// Where it is.
        address: SocketAddr,
    },
}

/// Not connected yet.
impl<S> Default for BackendLink<S> {
    fn default() -> BackendLink<S> {
        BackendLink { stream: None, calls: 0 }
    }
}

impl<S> BackendLink<S> {
    /// The next call, and where to.
    fn begin(&mut self, wait: Duration, server: &Server) -> Result<(BackendCall, SocketAddr), BackendError> {
        let address = server.backend.ok_or(BackendError::Absent)?;
        self.calls = self.calls.wrapping_add(1);
        Ok((BackendCall::new(self.calls, wait), address))
    }

    /// Holds on to the stream if the call was answered. After anything else, an answer that comes late would be taken
    /// for that of the next call.
    fn end(
        &mut self,
        stream: S,
        call: BackendCall,
        answer: io::Result<[u8; CALL_FRAME_BYTES]>,
        address: SocketAddr,
    ) -> Result<(), BackendError> {
        let answer = answer.map_err(|source| BackendError::Broken { address, source })?;
        if answer != call.reply() {
            return Err(BackendError::WrongAnswer { address });
        }
        self.stream = Some(stream);
        Ok(())
    }
}

/// Asks the backend to wait, and blocks the thread until it has answered. Says for how long a link of the pool was waited
/// for, in nanoseconds, where there is a pool.
pub(crate) fn call_on_thread(
    wait: Duration,
    link: &mut BackendLink<std::net::TcpStream>,
    trace: &ConnectionTrace,
    server: &Server,
) -> Result<Option<u64>, BackendError> {
    trace.note(Moment::Parked);
    let ended = match &server.backend_pool {
        None => link.exchange(wait, server).map(|()| None),
        Some(pool) => {
            let begun_ns = monotonic_ns();
            let mut lent = pool.link_on_thread();
            let waited_ns = monotonic_ns() - begun_ns;
            lent.link.exchange(wait, server).map(|()| Some(waited_ns))
        }
    };
    trace.note(Moment::Resumed);
    ended
}

/// As [`call_on_thread`]; other tasks run until it has answered.
pub(crate) async fn call_in_task(
    wait: Duration,
    link: &mut BackendLink<tokio::net::TcpStream>,
    trace: &ConnectionTrace,
    server: &Server,
) -> Result<Option<u64>, BackendError> {
    trace.note(Moment::Suspended);
    // In boxes, or what a call needs meanwhile would add its size to every connection: 200 bytes to 768.
    let ended = match &server.backend_pool {
        None => Box::pin(link.exchange(wait, server)).await.map(|()| None),
        Some(pool) => {
            let begun_ns = monotonic_ns();
            let mut lent = Box::pin(pool.link_in_task()).await;
            let waited_ns = monotonic_ns() - begun_ns;
            Box::pin(lent.link.exchange(wait, server)).await.map(|()| Some(waited_ns))
        }
    };
    trace.note(Moment::Resumed);
    ended
}

impl BackendLink<std::net::TcpStream> {
    /// One call, over a connection that is made if there is none.
    fn exchange(&mut self, wait: Duration, server: &Server) -> Result<(), BackendError> {
        let (call, address) = self.begin(wait, server)?;
        let mut stream = match self.stream.take() {
            Some(stream) => stream,
            None => std::net::TcpStream::connect(address)
                .and_then(|stream| prepare(&stream).map(|()| stream))
                .map_err(|source| BackendError::Unreachable { address, source })?,
        };
        let mut frame = call.request();
        let answer = match stream.write_all(&frame) {
            Ok(()) => stream.read_exact(&mut frame).map(|_| frame),
            Err(error) => Err(error),
        };
        self.end(stream, call, answer, address)
    }
}

impl BackendLink<tokio::net::TcpStream> {
    /// One call, over a connection that is made if there is none.
    async fn exchange(&mut self, wait: Duration, server: &Server) -> Result<(), BackendError> {
        let (call, address) = self.begin(wait, server)?;
        let mut stream = match self.stream.take() {
            Some(stream) => stream,
            None => tokio::net::TcpStream::connect(address)
                .await
                .and_then(|stream| prepare(&stream).map(|()| stream))
                .map_err(|source| BackendError::Unreachable { address, source })?,
        };
        let mut frame = call.request();
        let answer = match stream.write_all(&frame).await {
            Ok(()) => stream.read_exact(&mut frame).await.map(|_| frame),
            Err(error) => Err(error),
        };
        self.end(stream, call, answer, address)
    }
}

/// Frames go out at once. A link that is closed is reset: nothing is under way on it then, and the wait after an orderly
/// close (TIME_WAIT) would take a port from the server for every client that leaves.
fn prepare(stream: &impl std::os::fd::AsFd) -> io::Result<()> {
    let socket = SockRef::from(stream);
    socket.set_tcp_nodelay(true)?;
    socket.set_linger(Some(Duration::ZERO))
}

#[cfg(test)]
mod tests {
    use std::io::{Read, Write};
    use std::net::{Ipv4Addr, TcpListener};
    use std::sync::Arc;
    use std::thread;

    use super::*;
    use crate::testing::{self, TwinWorld, WORLDS};
    use crate::trace::Trace;

    const WAIT: Duration = Duration::from_millis(5);

    /// Answers so many calls of each connection as `answer` says, and closes it.
    fn backend(calls: usize, answer: fn(BackendCall) -> Vec<u8>) -> SocketAddr {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
        let address = listener.local_addr().unwrap();
        thread::spawn(move || {
            for stream in listener.incoming() {
                let mut stream = stream.unwrap();
                for _ in 0..calls {
                    let mut frame = [0; CALL_FRAME_BYTES];
                    stream.read_exact(&mut frame).unwrap();
                    stream.write_all(&answer(BackendCall::from_request(&frame).unwrap())).unwrap();
                }
            }
        });
        address
    }

    fn server(contender: &str) -> Server {
        Arc::into_inner(testing::server(contender)).unwrap()
    }

    fn calling(address: SocketAddr) -> Server {
        server("threaded").calling(address)
    }

    /// What becomes of so many calls, one after the other over one link.
    fn calls(world: TwinWorld, count: usize, server: &Server) -> Vec<Result<(), String>> {
        let trace = Trace::with_slots(64);
        let notes = ConnectionTrace::new(Some(&trace), 1);
        let said = |ended: Result<Option<u64>, BackendError>| match ended {
            Ok(waited_ns) => {
                assert_eq!(waited_ns.is_some(), server.backend_pool.is_some());
                Ok(())
            }
            Err(error) => Err(error.to_string()),
        };
        let ended = world.run(
            || {
                let mut link = BackendLink::default();
                (0..count).map(|_| said(call_on_thread(WAIT, &mut link, &notes, server))).collect::<Vec<_>>()
            },
            async || {
                let mut link = BackendLink::default();
                let mut ended = Vec::new();
                for _ in 0..count {
                    ended.push(said(call_in_task(WAIT, &mut link, &notes, server).await));
                }
                ended
            },
        );
        let moments: Vec<Moment> = trace.record().events.iter().map(|event| event.moment).collect();
        let waits = if world == TwinWorld::Thread { Moment::Parked } else { Moment::Suspended };
        let expected = [waits, Moment::Resumed].repeat(count);
        assert_eq!(moments, expected);
        ended
    }

    #[test]
    fn calls_are_answered_over_one_link() {
        for world in WORLDS {
            // The test's backend serves one connection after the other: a second one would never be answered.
            let address = backend(3, |call| {
                assert_eq!(call.wait_ns, 5_000_000);
                call.reply().to_vec()
            });
            assert_eq!(calls(world, 3, &calling(address)), [Ok(()), Ok(()), Ok(())]);
        }
    }

    #[test]
    fn links_of_a_pool_are_shared_and_held() {
        for world in WORLDS {
            // Two connections of clients, one after the other: the link of the first serves the second.
            let server = server("threaded:backend-pool=1").calling(backend(4, |call| call.reply().to_vec()));
            assert_eq!(calls(world, 2, &server), [Ok(()), Ok(())]);
            // A runtime has ended with the one task that it ran, and its sockets with it.
            if world == TwinWorld::Thread {
                assert_eq!(calls(world, 2, &server), [Ok(()), Ok(())]);
            }
        }
    }

    #[test]
    fn a_link_that_broke_is_said_and_the_next_call_connects_anew() {
        for world in WORLDS {
            let address = backend(1, |call| call.reply().to_vec());
            let ended = calls(world, 3, &calling(address));
            assert_eq!((&ended[0], &ended[2]), (&Ok(()), &Ok(())), "{world:?}");
            let said = ended[1].clone().unwrap_err();
            assert!(said.contains(&format!("the backend at {address} broke")), "{said}");
        }
    }

    #[test]
    fn a_wrong_answer_is_never_taken_for_a_right_one() {
        let echoes: fn(BackendCall) -> Vec<u8> = |call| call.request().to_vec();
        let of_another: fn(BackendCall) -> Vec<u8> =
            |call| BackendCall { number: call.number + 1, ..call }.reply().to_vec();
        for (world, answer) in WORLDS.into_iter().flat_map(|world| [(world, echoes), (world, of_another)]) {
            let said = calls(world, 1, &calling(backend(1, answer)))[0].clone().unwrap_err();
            assert!(said.contains("is not a backend"), "{said}");
        }
    }

    #[test]
    fn without_a_backend_the_remedy_is_named() {
        let nobody = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap().local_addr().unwrap();
        for world in WORLDS {
            let said = calls(world, 1, &calling(nobody))[0].clone().unwrap_err();
            assert!(said.contains(&format!("the backend at {nobody} can't be reached")), "{said}");
            assert!(calls(world, 1, &server("threaded"))[0].clone().unwrap_err().contains("--backend"));
        }
    }
}
