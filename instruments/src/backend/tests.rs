//! The backend over real sockets: what it answers, in which order, and what it notes.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::time::Duration;

use servers::backend::BackendCall;
use servers::backend::CALL_FRAME_BYTES;

use super::*;

/// Far more than anything here takes, even on a busy machine.
const DEADLINE: Duration = Duration::from_secs(20);

fn link(backend: &Backend) -> TcpStream {
    let stream = TcpStream::connect(backend.address()).unwrap();
    stream.set_read_timeout(Some(DEADLINE)).unwrap();
    stream
}

fn call(number: u32, wait_ms: u64) -> BackendCall {
    BackendCall::new(number, Duration::from_millis(wait_ms))
}

fn answer(stream: &mut TcpStream) -> [u8; CALL_FRAME_BYTES] {
    let mut frame = [0; CALL_FRAME_BYTES];
    stream.read_exact(&mut frame).unwrap();
    frame
}

/// An answer is noted when it has been sent, and may have been read before that.
fn wait_for_calls(backend: &Backend, mark: BackendMark, calls: u64) {
    let begun_ns = now_ns();
    while backend.since(mark).unwrap().calls < calls {
        assert!(now_ns() - begun_ns < DEADLINE.as_nanos() as u64, "waited in vain for {calls} calls");
        thread::yield_now();
    }
}

const BOTH: [Promptness; 2] = [Promptness::Sleeps, Promptness::Polls];

#[test]
fn it_answers_when_the_time_has_passed_and_never_before() {
    for promptness in BOTH {
        let backend = Backend::start(promptness).unwrap();
        let mut stream = link(&backend);
        for (number, wait_ms) in [(1, 20), (2, 0), (3, 3)] {
            let sent_ns = now_ns();
            stream.write_all(&call(number, wait_ms).request()).unwrap();
            assert_eq!(answer(&mut stream), call(number, wait_ms).reply());
            assert!(now_ns() - sent_ns >= wait_ms * 1_000_000, "{promptness:?} answered early");
        }
    }
}

#[test]
fn answers_come_in_the_order_in_which_they_are_due() {
    let backend = Backend::start(Promptness::Sleeps).unwrap();
    let mut stream = link(&backend);
    let (slow, quick) = (call(1, 300), call(2, 1));
    stream.write_all(&[slow.request(), quick.request()].concat()).unwrap();
    assert_eq!(answer(&mut stream), quick.reply());
    assert_eq!(answer(&mut stream), slow.reply());
}

#[test]
fn a_frame_may_come_in_pieces() {
    let backend = Backend::start(Promptness::Sleeps).unwrap();
    let mut stream = link(&backend);
    stream.set_nodelay(true).unwrap();
    for byte in call(7, 1).request() {
        stream.write_all(&[byte]).unwrap();
    }
    assert_eq!(answer(&mut stream), call(7, 1).reply());
}

#[test]
fn what_is_no_call_ends_its_connection_and_no_other() {
    let backend = Backend::start(Promptness::Sleeps).unwrap();
    let (mut stranger, mut server) = (link(&backend), link(&backend));
    stranger.write_all(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n").unwrap();
    let mut rest = Vec::new();
    // What was not read makes the end a reset.
    let _ = stranger.read_to_end(&mut rest);
    assert_eq!(rest, b"");
    server.write_all(&call(1, 1).request()).unwrap();
    assert_eq!(answer(&mut server), call(1, 1).reply());
}

#[test]
fn what_it_did_is_noted_from_a_mark_on() {
    let backend = Backend::start(Promptness::Sleeps).unwrap();
    let mut stream = link(&backend);
    let mut ask = |times: u32| {
        for number in 0..times {
            stream.write_all(&call(number, 1).request()).unwrap();
            answer(&mut stream);
        }
    };
    let start = backend.mark();
    ask(5);
    // What it did is noted after the reply is sent.
    wait_for_calls(&backend, start, 5);
    let mark = backend.mark();
    let nothing = backend.since(mark).unwrap();
    assert_eq!((nothing.calls, nothing.lag.count), (0, 0));
    ask(20);
    wait_for_calls(&backend, mark, 20);
    let usage = backend.since(mark).unwrap();
    assert_eq!((usage.calls, usage.lag.count), (20, 20));
    assert!(usage.lag.sum_ns > 0 && usage.cpu_ns > 0 && usage.busy > 0.0, "{usage:?}");
    assert_eq!(backend.failure(), None);
}

#[test]
fn one_that_is_held_up_shows_it_in_its_lag() {
    let backend = Backend::start(Promptness::Sleeps).unwrap();
    let mut stream = link(&backend);
    let mark = backend.mark();
    {
        // After its first answer it waits to note that, for as long as this is held.
        let _held = backend.shared.notes();
        stream.write_all(&[call(1, 0).request(), call(2, 20).request()].concat()).unwrap();
        answer(&mut stream);
        crate::clock::sleep_until(now_ns() + 60_000_000);
    }
    answer(&mut stream);
    wait_for_calls(&backend, mark, 2);
    let lag = backend.since(mark).unwrap().lag.to_histogram().unwrap();
    assert!(lag.max() >= 30_000_000, "{} ns", lag.max());
}

#[test]
fn one_that_is_dropped_answers_no_more() {
    let backend = Backend::start(Promptness::Sleeps).unwrap();
    let mut stream = link(&backend);
    stream.write_all(&call(1, 60_000).request()).unwrap();
    drop(backend);
    assert_ne!(stream.read(&mut [0]).ok(), Some(1));
}
