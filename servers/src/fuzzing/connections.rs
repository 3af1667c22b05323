//! The three loops of a connection, for a thread, for a task and for an event loop, hear the same bytes and must say the
//! same. Beside it: `../connection/`.

use std::cell::OnceCell;
use std::io::{self, Read, Write};
use std::net::{Shutdown, TcpStream};
use std::os::fd::OwnedFd;
use std::os::unix::net::UnixStream;
use std::sync::Arc;
use std::time::Duration;

use mio::{Events, Poll, Token};
use tokio::runtime::{self, Runtime};

use crate::accept::AcceptedConnection;
use crate::connection::stepwise::{Awaited, SteppedConnection};
use crate::connection::{blocking, nonblocking};
use crate::protocol::{Decoded, Inbox, Request, Response, Wire, WireFormat};
use crate::server::Server;
use crate::service::{WorkOrder, decide};
use crate::{Contender, ServerOptions};

/// Requests of an input and bytes of a result at most: no reply has to wait for whoever reads it.
const MOST_REQUESTS: usize = 48;
const MOST_RESULT_BYTES: usize = 1024;

/// Either wire format, as the first byte says, with the rest sent in one piece by a client that then sends no more.
pub fn connections(bytes: &[u8]) {
    let Some((first, bytes)) = bytes.split_first() else { return };
    let wire = Wire::ALL[usize::from(*first) % Wire::ALL.len()];
    if !is_quickly_answered(wire, bytes) {
        return;
    }
    let on_a_thread = replies(wire, bytes, |stream, server| {
        blocking::serve(AcceptedConnection::alone(stream, &server), server);
        Ok(())
    });
    let in_a_task = replies(wire, bytes, in_a_task);
    let in_steps = replies(wire, bytes, in_steps);
    assert_eq!(in_a_task, on_a_thread, "a task replies otherwise than a thread");
    assert_eq!(in_steps, on_a_thread, "an event loop replies otherwise than a thread");
}

/// Whether all that it asks for is done at once, as echo is.
fn is_quickly_answered(wire: Wire, mut bytes: &[u8]) -> bool {
    let mut inbox = Inbox::new();
    let mut requests = 0;
    while !bytes.is_empty() {
        bytes = &bytes[inbox.take_in(bytes)..];
        loop {
            requests += 1;
            match inbox.next_request(wire) {
                Decoded::Message { message: Request::RequestWork { request_message, parameter, .. }, .. } => {
                    match decide(&request_message, parameter) {
                        Ok(WorkOrder::Reply(bytes)) if bytes <= MOST_RESULT_BYTES => {}
                        Ok(WorkOrder::Echo(_)) | Err(_) => {}
                        Ok(_) => return false,
                    }
                }
                Decoded::Incomplete => break,
                Decoded::Broken { .. } => return requests <= MOST_REQUESTS,
                Decoded::Message { .. } | Decoded::Malformed { .. } => {}
            }
        }
    }
    requests <= MOST_REQUESTS
}

/// What comes back, times left out, from a server that hears these bytes and their end.
fn replies(wire: Wire, bytes: &[u8], serve: impl FnOnce(TcpStream, Arc<Server>) -> io::Result<()>) -> Vec<String> {
    let heard = || {
        let (mut client, servers_end) = UnixStream::pair()?;
        client.write_all(bytes)?;
        client.shutdown(Shutdown::Write)?;
        // It is used for nothing that only TCP has.
        let stream = TcpStream::from(OwnedFd::from(servers_end));
        serve(stream, Arc::new(Server::new(options(), wire, Some(1))))?;
        let mut said = Vec::new();
        client.read_to_end(&mut said)?;
        Ok::<_, io::Error>(said)
    };
    let said = heard().expect("a pair of sockets of this process takes a few kilobytes");
    let mut rest = &said[..];
    let mut replies = Vec::new();
    while !rest.is_empty() {
        let (reply, consumed) = match wire.decode_response(rest) {
            Decoded::Message { message, consumed, then } => {
                (format!("{:?} {then:?}", without_times(message)), consumed)
            }
            other => panic!("a server says {other:?} in {:?}", String::from_utf8_lossy(rest)),
        };
        replies.push(reply);
        rest = &rest[consumed..];
    }
    replies
}

fn options() -> ServerOptions {
    thread_local!(static OPTIONS: OnceCell<ServerOptions> = const { OnceCell::new() });
    let of_a_model = || Contender::parse("threaded").expect("there is such a model").options;
    OPTIONS.with(|options| options.get_or_init(of_a_model).clone())
}

fn without_times(mut reply: Response<'_>) -> Response<'_> {
    if let Response::WorkDone { server_received_ns, server_sent_ns, .. } = &mut reply {
        assert!(server_received_ns.is_some() && *server_received_ns <= *server_sent_ns);
        (*server_received_ns, *server_sent_ns) = (None, None);
    }
    reply
}

fn in_a_task(stream: TcpStream, server: Arc<Server>) -> io::Result<()> {
    thread_local!(static RUNTIME: OnceCell<Runtime> = const { OnceCell::new() });
    let begun = || runtime::Builder::new_current_thread().enable_all().build().expect("there are descriptors for it");
    stream.set_nonblocking(true)?;
    RUNTIME.with(|runtime| {
        runtime.get_or_init(begun).block_on(async {
            let stream = tokio::net::TcpStream::from_std(stream)?;
            nonblocking::serve(AcceptedConnection::alone(stream, &server), server).await;
            Ok(())
        })
    })
}

fn in_steps(stream: TcpStream, server: Arc<Server>) -> io::Result<()> {
    stream.set_nonblocking(true)?;
    let mut poll = Poll::new()?;
    let accepted = AcceptedConnection::alone(mio::net::TcpStream::from_std(stream), &server);
    let mut connection = SteppedConnection::new(accepted, &server, Token(1));
    connection.register(poll.registry())?;
    let mut events = Events::with_capacity(8);
    loop {
        match connection.go_on(poll.registry(), None) {
            Awaited::Nothing => return Ok(()),
            Awaited::Turn => {}
            Awaited::Event => {
                poll.poll(&mut events, Some(Duration::from_secs(10)))?;
                assert!(!events.is_empty(), "the event loop waits for what never comes");
                events.iter().for_each(|event| connection.notice(event));
            }
        }
    }
}
