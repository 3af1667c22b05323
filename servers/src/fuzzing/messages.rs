//! Properties of the protocol: what is read does not depend on how the bytes were cut, two ways to read it agree, and what
//! was read can be written and read again.

use std::borrow::Cow;

use crate::protocol::http::{ReplyReader, ReplyStep};
use crate::protocol::{
    Decoded, Inbox, JsonLines, MAX_REQUEST_BYTES, MAX_RESPONSE_BYTES, Persistence, READ_BUFFER_BYTES, Request,
    Response, Wire, WireFormat, decode_reply,
};

/// JSON lines, as a server and as a client read them.
pub fn json_lines(bytes: &[u8]) {
    requests_are_read_alike(Wire::JsonLines, bytes);
    requests_can_be_written(Wire::JsonLines, bytes);
    let Decoded::Message { message, consumed, then } = JsonLines.decode_response(bytes) else { return };
    let line = &bytes[..consumed - 1];
    let by_serde: Response<'_> = serde_json::from_slice(line).expect("serde_json reads what was read without it");
    assert_eq!(message, by_serde);
    let mut written = Vec::new();
    JsonLines.encode_response(&message, then, &mut written);
    let consumed = written.len();
    assert_eq!(JsonLines.decode_response(&written), Decoded::Message { message, consumed, then });
}

/// Requests over HTTP.
pub fn http_requests(bytes: &[u8]) {
    requests_are_read_alike(Wire::Http, bytes);
    requests_can_be_written(Wire::Http, bytes);
}

/// Replies over HTTP: whole, in pieces, and as messages of the protocol.
pub fn http_replies(bytes: &[u8]) {
    let in_one = read_in_pieces(bytes, &[usize::MAX]);
    for cuts in [&[1][..], &[7], &[3, 64, 1]] {
        assert_eq!(read_in_pieces(bytes, cuts), in_one, "cut into {cuts:?}");
    }
    if let Decoded::Message { message, consumed, then } = decode_reply(bytes, MAX_RESPONSE_BYTES) {
        assert!((1..=bytes.len()).contains(&consumed));
        assert!(message.body.len() <= consumed);
        // The reader goes on behind an interim reply, and this one does not.
        if message.status >= 200 {
            let ReplyStep::Whole(whole) = in_one.1 else { panic!("one reader has a reply, the other {in_one:?}") };
            assert_eq!((whole.status, in_one.0, whole.then), (message.status, consumed, then));
        }
    }
    if let Decoded::Message { message, .. } = Wire::Http.decode_response(bytes) {
        let mut written = Vec::new();
        Wire::Http.encode_response(&message, Persistence::KeepAlive, &mut written);
        let Decoded::Message { consumed, .. } = Wire::Http.decode_response(&written) else {
            panic!("{message:?} cannot be read back");
        };
        assert_eq!(consumed, written.len());
    }
}

/// A body in chunks behind a head that announces one.
pub fn chunks(bytes: &[u8]) {
    const HEAD: &[u8] = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n";
    let reply = [HEAD, bytes].concat();
    http_replies(&reply);
    let Decoded::Message { message, .. } = decode_reply(&reply, MAX_RESPONSE_BYTES) else { return };
    assert!(matches!(message.body, Cow::Borrowed(_)) || message.body.len() > 1, "several chunks have a byte each");
}

/// Receives `bytes` in reads of at most the sizes that `cuts` gives in turn, and shows what each step said.
pub(crate) fn received(wire: Wire, bytes: &[u8], cuts: &[usize]) -> Vec<String> {
    let mut inbox = Inbox::new();
    let mut cuts = cuts.iter().cycle();
    let mut steps = Vec::new();
    let mut rest = bytes;
    while !rest.is_empty() {
        let cut = *cuts.next().expect("a cycle of something has no end");
        rest = &rest[inbox.take_in(&rest[..rest.len().min(cut)])..];
        loop {
            match inbox.next_request(wire) {
                Decoded::Incomplete => break,
                broken @ Decoded::Broken { .. } => {
                    steps.push(format!("{broken:?}"));
                    return steps;
                }
                decoded => steps.push(format!("{decoded:?}")),
            }
        }
        assert!(inbox.capacity() <= MAX_REQUEST_BYTES + READ_BUFFER_BYTES);
    }
    steps
}

fn requests_are_read_alike(wire: Wire, bytes: &[u8]) {
    let in_one = received(wire, bytes, &[usize::MAX]);
    for cuts in [&[1][..], &[13], &[2, 100, 1]] {
        let in_pieces = received(wire, bytes, cuts);
        let (shorter, longer) =
            if in_pieces.len() < in_one.len() { (&in_pieces, &in_one) } else { (&in_one, &in_pieces) };
        // A front that makes no sense is refused early where it is looked at before it has ended, and it need not be.
        let rest = longer.strip_prefix(&shorter[..]);
        let is_same = rest.is_some_and(|rest| rest.is_empty() || rest.len() == 1 && rest[0].starts_with("Broken"));
        assert!(is_same, "in one {in_one:?}, cut into {cuts:?} {in_pieces:?}");
    }
}

/// The first request, written and read again.
fn requests_can_be_written(wire: Wire, bytes: &[u8]) {
    let Decoded::Message { message, consumed, .. } = wire.decode_request(bytes) else { return };
    if wire == Wire::JsonLines {
        let by_serde: Request<'_> =
            serde_json::from_slice(&bytes[..consumed - 1]).expect("serde_json reads what was read without it");
        assert_eq!(message, by_serde);
    }
    let mut written = Vec::new();
    wire.encode_request(&message, &mut written);
    // Percent-encoding makes three bytes of one, which may be too many.
    if written.len() >= MAX_REQUEST_BYTES {
        return;
    }
    let Decoded::Message { message: again, consumed, .. } = wire.decode_request(&written) else {
        panic!("{message:?} cannot be read back from {:?}", String::from_utf8_lossy(&written));
    };
    assert_eq!((&again, consumed), (&message, written.len()));
}

/// How many bytes belong to the reply at the front, and what it is.
fn read_in_pieces(bytes: &[u8], cuts: &[usize]) -> (usize, ReplyStep) {
    let (mut reader, mut head) = (ReplyReader::default(), Vec::new());
    let mut cuts = cuts.iter().cycle();
    let mut consumed = 0;
    while consumed < bytes.len() {
        let rest = &bytes[consumed..];
        let piece = &rest[..rest.len().min(*cuts.next().expect("a cycle of something has no end"))];
        let (taken, step) = reader.read(&mut head, piece);
        assert!(taken <= piece.len() && head.len() <= bytes.len());
        consumed += taken;
        match step {
            ReplyStep::Incomplete => assert_eq!(taken, piece.len(), "what is left over belongs to the same reply"),
            ReplyStep::Whole(_) => return (consumed, step),
            // How far one must read to see that it makes no sense depends on the pieces.
            ReplyStep::Broken(_) => return (0, step),
        }
    }
    (consumed, reader.end())
}
