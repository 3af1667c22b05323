//! What a connection of an event loop does turn by turn, told by hand what happened to its socket.

use std::net::{self, Ipv4Addr, TcpListener};
use std::sync::Arc;

use mio::{Events, Poll};

use super::*;
use crate::accept::{AcceptAttempt, ReadyAcceptor};
use crate::backend::{BackendCall, CALL_FRAME_BYTES};
use crate::protocol::{MAX_RESULT_BYTES, Request, Wire, WireFormat};
use crate::testing::{server, wait_until};

const TOKEN: Token = Token(1);

/// A client and the server's end of its connection, of which `poll` tells.
fn connection<'s>(server: &'s Arc<Server>, poll: &Poll) -> (net::TcpStream, SteppedConnection<'s>) {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
    let client = net::TcpStream::connect(listener.local_addr().unwrap()).unwrap();
    let mut acceptor = ReadyAcceptor::new(listener, server).unwrap();
    let mut accepted = None;
    wait_until("the connection is accepted", || {
        if let AcceptAttempt::Accepted(connection) = acceptor.attempt().unwrap() {
            accepted = Some(connection);
        }
        accepted.is_some()
    });
    let mut connection = SteppedConnection::new(accepted.unwrap(), server, TOKEN);
    connection.register(poll.registry()).unwrap();
    (client, connection)
}

fn request(work: &str, parameter: &str) -> Vec<u8> {
    let mut bytes = Vec::new();
    Wire::JsonLines.encode_request(&Request::work(work, parameter, "1"), &mut bytes);
    bytes
}

/// Waits for events, tells the connection of them, and lets it go on.
fn turn(poll: &mut Poll, connection: &mut SteppedConnection<'_>) -> Awaited {
    let mut events = Events::with_capacity(8);
    poll.poll(&mut events, Some(std::time::Duration::from_millis(1))).unwrap();
    events.iter().for_each(|event| connection.notice(event));
    connection.go_on(poll.registry(), None)
}

#[test]
fn who_has_much_to_say_lets_others_have_their_turn() {
    let (server, mut poll) = (server("reactor"), Poll::new().unwrap());
    let (mut client, mut connection) = connection(&server, &poll);
    assert_eq!(turn(&mut poll, &mut connection), Awaited::Event);
    // Three times as much as fits into the reads of a turn.
    let requests = 3 * READS_A_TURN * server.options.read_buffer_bytes / request("echo", "hi").len();
    client.write_all(&request("echo", "hi").repeat(requests)).unwrap();
    let mut turns = 0;
    wait_until("all are answered", || {
        turns += u32::from(turn(&mut poll, &mut connection) == Awaited::Turn);
        server.counters.requests_served.get() == requests as u64
    });
    assert!(turns >= 2, "{requests} requests took it {turns} turns");
}

#[test]
fn a_reply_that_the_client_does_not_take_is_waited_for_and_then_goes_on() {
    let (server, mut poll) = (server("reactor"), Poll::new().unwrap());
    let (mut client, mut connection) = connection(&server, &poll);
    client.write_all(&request("reply", &MAX_RESULT_BYTES.to_string()).repeat(8)).unwrap();
    wait_until("the client's side is full", || {
        turn(&mut poll, &mut connection) == Awaited::Event
            && matches!(connection.stage, ConnectionStage::Writing { .. })
    });
    let before = server.counters.requests_served.get();
    assert!(before < 8, "nothing was waited for");
    client.set_nonblocking(true).unwrap();
    let (mut taken, mut buffer) = (0, vec![0; 1 << 16]);
    wait_until("all has arrived", || {
        taken += client.read(&mut buffer).unwrap_or(0);
        turn(&mut poll, &mut connection);
        taken > 8 * MAX_RESULT_BYTES && matches!(connection.stage, ConnectionStage::Reading { .. })
    });
}

#[test]
fn a_wait_is_over_at_its_moment_and_not_for_being_asked() {
    let (server, mut poll) = (server("reactor"), Poll::new().unwrap());
    let (mut client, mut connection) = connection(&server, &poll);
    client.write_all(&request("sleep", "30ms")).unwrap();
    wait_until("it sleeps", || {
        turn(&mut poll, &mut connection);
        connection.wakes_at().is_some()
    });
    let wakes_at = connection.wakes_at().unwrap();
    wait_until("its reply is out", || {
        let has_ended = turn(&mut poll, &mut connection) == Awaited::Event && connection.wakes_at().is_none();
        assert!(!has_ended || wakes_at <= Instant::now(), "it woke early");
        has_ended
    });
    assert_eq!(server.counters.requests_served.get(), 1);
}

#[test]
fn a_call_waits_for_the_backends_socket_and_what_that_says_is_not_said_of_the_clients() {
    let backend = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
    let server = Arc::into_inner(server("reactor")).unwrap().calling(backend.local_addr().unwrap());
    let (server, mut poll) = (Arc::new(server), Poll::new().unwrap());
    let (mut client, mut connection) = connection(&server, &poll);
    client.write_all(&request("call", "5ms")).unwrap();
    wait_until("it calls", || {
        turn(&mut poll, &mut connection);
        matches!(connection.stage, ConnectionStage::Working { work: Underway::Call(_), .. })
    });
    assert_eq!(connection.wakes_at(), None);
    let (mut called, _) = backend.accept().unwrap();
    called.set_nonblocking(true).unwrap();
    let mut frame = [0; CALL_FRAME_BYTES];
    wait_until("the call has come", || {
        assert_eq!(turn(&mut poll, &mut connection), Awaited::Event);
        called.read(&mut frame).is_ok_and(|count| count == CALL_FRAME_BYTES)
    });
    called.write_all(&BackendCall::from_request(&frame).unwrap().reply()).unwrap();
    drop(called);
    // Only what the kernel tells may wake it.
    let mut is_of_backend = false;
    let mut events = Events::with_capacity(8);
    wait_until("its reply is out", || {
        poll.poll(&mut events, Some(std::time::Duration::from_millis(1))).unwrap();
        for event in &events {
            assert_eq!(connection_of(event.token()), TOKEN);
            is_of_backend |= event.token() != TOKEN;
            connection.notice(event);
            assert_eq!(connection.go_on(poll.registry(), None), Awaited::Event);
        }
        server.counters.requests_served.get() == 1
    });
    assert!(is_of_backend);
    // The backend has ended by now, of which the kernel tells at the latest here.
    turn(&mut poll, &mut connection);
    assert!(!connection.is_read_closed && !connection.may_read, "the backend has ended, not the client");
}

#[test]
fn work_that_was_handed_over_ends_when_its_result_is_brought_back() {
    let (server, mut poll) = (server("reactor"), Poll::new().unwrap());
    let (mut client, mut connection) = connection(&server, &poll);
    client.write_all(&request("echo", "hi")).unwrap();
    let handed = std::cell::RefCell::new(None);
    wait_until("its work is handed over", || {
        let mut events = Events::with_capacity(8);
        poll.poll(&mut events, Some(std::time::Duration::ZERO)).unwrap();
        events.iter().for_each(|event| connection.notice(event));
        connection.go_on(
            poll.registry(),
            Some(&|token, work| {
                assert_eq!(token, TOKEN);
                *handed.borrow_mut() = Some(work);
            }),
        );
        handed.borrow().is_some()
    });
    assert_eq!(turn(&mut poll, &mut connection), Awaited::Event);
    assert_eq!(server.counters.requests_served.get(), 0);
    let work: HandedWork = handed.take().unwrap();
    connection.bring_back(work.perform(&server));
    turn(&mut poll, &mut connection);
    assert_eq!(server.counters.requests_served.get(), 1);
}

/// An idle connection is this and its buffer.
#[test]
fn an_idle_connection_is_small() {
    assert!(size_of::<SteppedConnection<'_>>() <= 512, "{} bytes", size_of::<SteppedConnection<'_>>());
}
