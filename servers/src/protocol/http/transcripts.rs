//! HTTP in literal bytes: what our servers take, refuse and reply, and what they and others reply to us.

use std::borrow::Cow;

use super::super::{Decoded, Fault, Http, MAX_REQUEST_BYTES, Persistence, Request, Response, WireFormat};
use super::decode_reply;

fn work(parameter: &str, sent: &str) -> Request<'static> {
    Request::work("echo", parameter.to_owned(), sent.to_owned())
}

#[test]
fn requests_are_read() {
    let close = Request::CloseConnection { initial_timestamp: "1".into(), final_timestamp: "2".into() };
    let table = [
        ("GET /echo/hi HTTP/1.1\r\nHost: x\r\n\r\n", work("hi", ""), Persistence::KeepAlive),
        (
            "GET /echo?parameter=h%69 HTTP/1.1\nhost:x\nsender-TIMESTAMP:  7 \n\n",
            work("hi", "7"),
            Persistence::KeepAlive,
        ),
        ("\r\nPOST /echo HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\n\r\nh i", work("h i", ""), Persistence::KeepAlive),
        ("POST /echo/hi HTTP/1.1\r\nHost: x\r\nContent-Length: 0\r\n\r\n", work("hi", ""), Persistence::KeepAlive),
        ("GET /echo/hi HTTP/1.1\r\nHost: x\r\nConnection: x, CLOSE\r\n\r\n", work("hi", ""), Persistence::Close),
        ("GET /echo/hi HTTP/1.0\r\nConnection: keep-alive\r\n\r\n", work("hi", ""), Persistence::Close),
        (
            "POST /close HTTP/1.1\r\nHost: x\r\nInitial-Timestamp: 1\r\nFinal-Timestamp: 2\r\n\r\n",
            close,
            Persistence::Close,
        ),
    ];
    for (bytes, message, then) in table {
        let expected = Decoded::Message { message, consumed: bytes.len(), then };
        assert_eq!(Http.decode_request(bytes.as_bytes()), expected, "{bytes}");
        let followed = [bytes, "GET /ec"].concat();
        assert_eq!(Http.decode_request(followed.as_bytes()), expected, "{followed}");
        for end in 0..bytes.len() {
            assert_eq!(Http.decode_request(&bytes.as_bytes()[..end]), Decoded::Incomplete, "{}", &bytes[..end]);
        }
    }
}

/// What is answered, and where the next request begins.
#[test]
fn what_is_well_framed_is_refused_alone() {
    let table = [
        ("GET / HTTP/1.1\r\nHost: x\r\n\r\n", Fault::UnknownWork, "/echo/hi"),
        ("GET /echo/hi HTTP/1.1\r\n\r\n", Fault::BadRequest, "Host"),
        ("GET /echo/%ff HTTP/1.1\r\nHost: x\r\n\r\n", Fault::BadRequest, "UTF-8"),
        ("GET /echo HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\n\r\nhi", Fault::BadRequest, "use POST"),
        ("POST /echo/a HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\n\r\nb", Fault::BadRequest, "body"),
        ("GET /echo/a HTTP/1.1\r\nHost: x\r\nSender-Timestamp: a b\r\n\r\n", Fault::BadRequest, "visible ASCII"),
        ("GET /echo/a HTTP/1.1\r\nHost: x\r\nSender-Timestamp: \u{e9}\r\n\r\n", Fault::BadRequest, "visible ASCII"),
        ("DELETE /echo/hi HTTP/1.1\r\nHost: x\r\n\r\n", Fault::Method, "GET and POST"),
        ("HEAD /echo/hi HTTP/1.1\r\nHost: x\r\n\r\n", Fault::Method, ""),
    ];
    for (bytes, of_kind, remedy) in table {
        let Decoded::Malformed { fault, reason, consumed, then } = Http.decode_request(bytes.as_bytes()) else {
            panic!("{bytes} was taken");
        };
        assert_eq!((fault, consumed, then), (of_kind, bytes.len(), Persistence::KeepAlive), "{bytes}");
        assert!(reason.contains(remedy), "{bytes}: {reason}");
    }
}

/// Nothing behind these can be understood.
#[test]
fn what_is_not_well_framed_ends_the_connection() {
    let many = format!("GET / HTTP/1.1\r\n{}\r\n", "a: b\r\n".repeat(65));
    let long = format!("POST / HTTP/1.1\r\nContent-Length: {MAX_REQUEST_BYTES}\r\n\r\n");
    let endless = "x".repeat(MAX_REQUEST_BYTES);
    let table = [
        ("POST /echo HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n", Fault::BadRequest, "Content-Length"),
        ("POST / HTTP/1.1\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n", Fault::BadRequest, "Transfer"),
        ("POST / HTTP/1.1\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n", Fault::BadRequest, "differ"),
        ("POST / HTTP/1.1\r\nContent-Length: +1\r\n\r\n", Fault::BadRequest, "digits"),
        ("GET / HTTP/1.1\r\nHost: x\r\nHost: y\r\n\r\n", Fault::BadRequest, "Host"),
        ("GET / HTTP/1.1\r\nA: b\r\n folded\r\n\r\n", Fault::BadRequest, "folded"),
        ("GET / HTTP/1.1\r\nContent-Length : 1\r\n\r\n", Fault::BadRequest, "header"),
        ("GET / HTTP/2.0\r\n\r\n", Fault::BadRequest, "HTTP/1.1"),
        ("GET / HTTP/1.1\r\nA: \u{0}\r\n\r\n", Fault::BadRequest, "control"),
        ("\r\n\r\nGET / HTTP/1.1\r\n\r\n", Fault::BadRequest, "request line"),
        ("{\"RequestWork\":{}}\n", Fault::BadRequest, "HTTP/1.1"),
        ("PUT /echo HTTP/1.1\r\nContent-Length: 2\r\n\r\n", Fault::Method, "GET and POST"),
        ("POST / HTTP/1.1\r\nExpect: 100-continue\r\nContent-Length: 2\r\n\r\n", Fault::Expectation, "at once"),
        (&many, Fault::BadRequest, "64 headers"),
        (&long, Fault::TooLong, "65536"),
        (&endless, Fault::TooLong, "65536"),
    ];
    for (bytes, of_kind, remedy) in table {
        let Decoded::Broken { fault, reason } = Http.decode_request(bytes.as_bytes()) else {
            panic!("{bytes} was taken")
        };
        assert!(fault == of_kind && reason.contains(remedy), "{bytes}: {fault:?}, {reason}");
    }
}

#[test]
fn replies_are_written() {
    let written = |response: &Response<'_>, then| {
        let mut out = Vec::new();
        Http.encode_response(response, then, &mut out);
        String::from_utf8(out).unwrap()
    };
    let done = Response::WorkDone {
        sender_timestamp: "7".into(),
        result: "hi".into(),
        server_received_ns: Some(5),
        server_sent_ns: Some(9),
        server_waited_ns: None,
    };
    let expected = "HTTP/1.1 200 OK\r\nSender-Timestamp: 7\r\nServer-Received-Ns: 5\r\nServer-Sent-Ns: 9\r\n\
                    Content-Type: text/plain; charset=utf-8\r\nContent-Length: 2\r\n\r\nhi";
    assert_eq!(written(&done, Persistence::KeepAlive), expected);
    let refused = Response::Error { fault: Fault::Method, reason: "".into() };
    let expected = "HTTP/1.1 405 Method Not Allowed\r\nAllow: GET, POST\r\nConnection: close\r\n\
                    Content-Type: text/plain; charset=utf-8\r\nContent-Length: 0\r\n\r\n";
    assert_eq!(written(&refused, Persistence::Close), expected);
}

#[test]
fn replies_of_any_server_are_read() {
    let table: [(&str, u16, &str, Persistence); 7] = [
        ("HTTP/1.1 200 OK\r\nServer: nginx\r\nContent-Length: 2\r\n\r\nhi", 200, "hi", Persistence::KeepAlive),
        ("HTTP/1.1 200 \r\nConnection: close\r\ncontent-length: 0\r\n\r\n", 200, "", Persistence::Close),
        ("HTTP/1.0 200 OK\r\nContent-Length: 0\r\n\r\n", 200, "", Persistence::Close),
        ("HTTP/1.0 200 OK\r\nConnection: Keep-Alive\r\nContent-Length: 0\r\n\r\n", 200, "", Persistence::KeepAlive),
        (
            "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1\r\nh\r\n1\r\ni\r\n0\r\n\r\n",
            200,
            "hi",
            Persistence::KeepAlive,
        ),
        ("HTTP/1.1 304 Not Modified\r\nContent-Length: 5\r\n\r\n", 304, "", Persistence::KeepAlive),
        ("HTTP/1.1 100 Continue\r\n\r\n", 100, "", Persistence::KeepAlive),
    ];
    for (bytes, status, body, persistence) in table {
        let followed = [bytes, "HTTP/1.1 200 O"].concat();
        let Decoded::Message { message, consumed, then } = decode_reply(followed.as_bytes(), 1000) else {
            panic!("{bytes} was not read");
        };
        assert_eq!((message.status, consumed, then), (status, bytes.len(), persistence), "{bytes}");
        assert!(*message.body == *body.as_bytes(), "{bytes}");
        for end in 0..bytes.len() {
            assert_eq!(decode_reply(&bytes.as_bytes()[..end], 1000), Decoded::Incomplete, "{}", &bytes[..end]);
        }
        assert!(matches!(decode_reply(bytes.as_bytes(), bytes.len() - 1), Decoded::Broken { .. }), "{bytes}");
    }
}

#[test]
fn replies_without_a_trustworthy_end_are_refused() {
    let table = [
        ("HTTP/1.1 200 OK\r\n\r\nhi", "neither a Content-Length nor chunks"),
        ("HTTP/1.1 200 OK\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n", "both"),
        ("HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip\r\n\r\n", "chunked"),
        ("HTTP/1.1 200 OK\r\nContent-Length: 1001\r\n\r\n", "limit"),
        ("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nx\r\n", "hexadecimal"),
        ("HTTP/1.1 200 OK\r\nServer-Sent-Ns: soon\r\n\r\n", "number"),
        ("SSH-2.0-OpenSSH\r\n", "HTTP"),
    ];
    for (bytes, why) in table {
        let Decoded::Broken { reason, .. } = decode_reply(bytes.as_bytes(), 1000) else { panic!("{bytes} was taken") };
        assert!(reason.contains(why), "{bytes}: {reason}");
    }
}

#[test]
fn one_chunk_is_borrowed() {
    let bytes = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nhi\r\n0\r\n\r\n";
    let Decoded::Message { message, .. } = decode_reply(bytes, 1000) else { panic!("it was not read") };
    assert!(matches!(message.body, Cow::Borrowed(b"hi")));
}
