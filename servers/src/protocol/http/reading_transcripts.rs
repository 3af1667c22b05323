//! Replies of any server in literal bytes, read as they come: where each ends, and what is wrong with those that do not.

use super::reading::{LONGEST_HEAD_BYTES, ReplyFault, ReplyReader, ReplyStep, WholeReply};
use crate::protocol::Persistence;

/// How it goes when `bytes` come in pieces of `size`: the last step, and how much of them belonged to the reply.
fn read(bytes: &[u8], size: usize) -> (usize, ReplyStep) {
    let (mut reader, mut head, mut consumed) = (ReplyReader::default(), Vec::new(), 0);
    for piece in bytes.chunks(size) {
        let (taken, step) = reader.read(&mut head, piece);
        consumed += taken;
        if step != ReplyStep::Incomplete {
            return (consumed, plain(step));
        }
        assert_eq!(taken, piece.len(), "all of what is incomplete belongs to the reply");
    }
    (consumed, ReplyStep::Incomplete)
}

fn whole(status: u16, bytes: usize, then: Persistence) -> ReplyStep {
    ReplyStep::Whole(WholeReply { status, bytes: bytes as u64, front_bytes: 0, then })
}

/// Without what another test looks at.
fn plain(step: ReplyStep) -> ReplyStep {
    match step {
        ReplyStep::Whole(whole) => ReplyStep::Whole(WholeReply { front_bytes: 0, ..whole }),
        other => other,
    }
}

const KEPT: Persistence = Persistence::KeepAlive;

#[test]
fn a_reply_ends_where_it_says_however_its_bytes_come() {
    let many_headers = format!("HTTP/1.1 200 OK\r\n{}Content-Length: 2\r\n\r\nhi", "X-Many: a\r\n".repeat(2_000));
    for (reply, status, then) in [
        ("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello", 200, KEPT),
        ("HTTP/1.1 200 OK\ncontent-length:5\n\nhello", 200, KEPT),
        ("\r\nHTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n", 200, KEPT),
        ("HTTP/1.1 204 No Content\r\n\r\n", 204, KEPT),
        ("HTTP/1.1 304 Not Modified\r\nContent-Length: 5\r\n\r\n", 304, KEPT),
        ("HTTP/1.0 200 OK\r\nContent-Length: 1\r\n\r\n!", 200, Persistence::Close),
        ("HTTP/1.1 500 Oh\r\nConnection: close\r\nContent-Length: 1\r\n\r\n!", 500, Persistence::Close),
        (
            "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5;a=b\r\nhel\r\n\r\n2 \r\nlo\r\n0\r\nA: b\r\nC: d\r\n\r\n",
            200,
            KEPT,
        ),
        (&many_headers, 200, KEPT),
    ] {
        let followed = format!("{reply}HTTP/1.1 200");
        for size in (1..reply.len().min(80)).chain([reply.len(), followed.len()]) {
            assert_eq!(
                read(followed.as_bytes(), size),
                (reply.len(), whole(status, reply.len(), then)),
                "{size}: {reply}"
            );
        }
        for end in (0..reply.len()).filter(|end| reply.len() < 500 || end % 101 == 0) {
            assert_eq!(read(&reply.as_bytes()[..end], 7).1, ReplyStep::Incomplete, "{end} of {reply}");
        }
    }
}

#[test]
fn what_comes_before_a_reply_is_no_part_of_it_and_may_not_go_on_for_ever() {
    let reply = "HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\n!";
    let interim = "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nLink: a\r\n\r\n";
    let both = format!("{interim}{reply}");
    for size in 1..both.len() {
        assert_eq!(read(both.as_bytes(), size), (both.len(), whole(200, reply.len(), KEPT)), "{size}");
    }
    let endless = "HTTP/1.1 100 Continue\r\n\r\n".repeat(1_000);
    assert_eq!(read(endless.as_bytes(), 4_096).1, ReplyStep::Broken(ReplyFault::EndlessInterim));
}

#[test]
fn without_a_length_the_end_of_the_connection_is_the_end() {
    let reply = b"HTTP/1.1 200 OK\r\n\r\nhello";
    let (mut reader, mut head) = (ReplyReader::default(), Vec::new());
    assert_eq!(reader.end(), ReplyStep::Broken(ReplyFault::CutShort));
    assert_eq!(reader.read(&mut head, reply), (reply.len(), ReplyStep::Incomplete));
    assert_eq!(plain(reader.end()), whole(200, reply.len(), Persistence::Close));
}

#[test]
fn every_fault_has_its_name() {
    let long_head = format!("HTTP/1.1 200 OK\r\nX: {}\r\n\r\n", "x".repeat(LONGEST_HEAD_BYTES));
    let fits = format!("HTTP/1.1 200 OK\r\nX: {}\r\nContent-Length: 0\r\n\r\n", "x".repeat(LONGEST_HEAD_BYTES - 60));
    assert!(matches!(read(fits.as_bytes(), 1_000).1, ReplyStep::Whole(_)));
    for (bytes, fault) in [
        ("SSH-2.0-OpenSSH\r\n", ReplyFault::Head),
        ("{\"Error\":{}}\n", ReplyFault::Head),
        ("HTTP/2 200\r\n\r\n", ReplyFault::Head),
        ("HTTP/1.1 abc\r\n\r\n", ReplyFault::Head),
        (&long_head, ReplyFault::HeadTooLong),
        ("HTTP/1.1 200 OK\r\nContent-Length: 18446744073709551616\r\n\r\n", ReplyFault::Length),
        ("HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n", ReplyFault::Length),
        ("HTTP/1.1 200 OK\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n", ReplyFault::Length),
        ("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\ng", ReplyFault::Chunk),
        ("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1\r\nxy", ReplyFault::Chunk),
        ("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n\r\n", ReplyFault::Chunk),
    ] {
        for size in [1, 3, bytes.len()] {
            assert_eq!(read(bytes.as_bytes(), size).1, ReplyStep::Broken(fault), "{}", &bytes[..bytes.len().min(80)]);
        }
    }
}

#[test]
fn a_body_costs_no_memory_and_a_head_gives_it_back() {
    let (mut reader, mut head) = (ReplyReader::default(), Vec::new());
    let front = b"HTTP/1.1 200 OK\r\nContent-Length: 20971520\r\n\r\n";
    for byte in front {
        reader.read(&mut head, &[*byte]);
    }
    assert_eq!(head.capacity(), 0);
    let piece = vec![b'x'; 65_536];
    for _ in 0..319 {
        assert_eq!(reader.read(&mut head, &piece), (piece.len(), ReplyStep::Incomplete));
    }
    assert_eq!(plain(reader.read(&mut head, &piece).1), whole(200, front.len() + 20_971_520, KEPT));
    assert_eq!(head.capacity(), 0);
}

#[test]
fn the_front_of_a_reply_is_what_says_where_it_ends() {
    for (front, rest) in [
        ("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n", "hello"),
        ("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n", ""),
        ("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1\r\n!\r\n0\r\n\r\n", ""),
    ] {
        let reply = front.to_owned() + rest;
        let (_, step) = ReplyReader::default().read(&mut Vec::new(), reply.as_bytes());
        let ReplyStep::Whole(whole) = step else { panic!("{step:?}") };
        assert_eq!((whole.front_bytes, whole.bytes), (front.len() as u64, reply.len() as u64));
    }
}

#[test]
fn a_reader_is_small() {
    assert!(size_of::<ReplyReader>() <= 48, "{} bytes", size_of::<ReplyReader>());
}
