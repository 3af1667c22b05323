//! Messages, and bytes that are messages or nearly so, made up at random for `properties.rs`.

use proptest::collection::vec;
use proptest::option::of;
use proptest::prelude::*;

use super::{Fault, JsonLines, Persistence, Request, Response, Wire, WireFormat};

/// Text with and without characters that JSON must escape.
pub(super) fn text() -> impl Strategy<Value = String> {
    prop_oneof!["[ -~]{0,40}", ".{0,20}", vec(any::<char>(), 0..20).prop_map(String::from_iter), "[a-z]{0,600}",]
}

pub(super) fn request() -> impl Strategy<Value = Request<'static>> {
    prop_oneof![
        (text(), text(), text()).prop_map(|(work, parameter, sent)| Request::work(work, parameter, sent)),
        (text(), text()).prop_map(close),
    ]
}

fn close((initial, last): (String, String)) -> Request<'static> {
    Request::CloseConnection { initial_timestamp: initial.into(), final_timestamp: last.into() }
}

pub(super) fn response() -> impl Strategy<Value = Response<'static>> {
    prop_oneof![
        (text(), text(), any::<Option<u64>>(), of(0..1000_u64), of(0..1000_u64)).prop_map(
            |(sent, result, received_ns, sent_ns, waited_ns)| {
                Response::WorkDone {
                    sender_timestamp: sent.into(),
                    result: result.into(),
                    server_received_ns: received_ns,
                    server_sent_ns: sent_ns,
                    server_waited_ns: waited_ns,
                }
            }
        ),
        (text(), text(), any::<u64>()).prop_map(|(initial, last, requests_served)| Response::ConnectionClosed {
            initial_timestamp: initial.into(),
            final_timestamp: last.into(),
            requests_served,
        }),
        text().prop_map(|reason| Response::Error { fault: Fault::BadRequest, reason: reason.into() }),
    ]
}

/// Well-formed requests, and lines that are none.
pub(super) fn request_line() -> impl Strategy<Value = Vec<u8>> {
    prop_oneof![
        3 => request().prop_map(|request| encoded(|out| JsonLines.encode_request(&request, out))),
        1 => vec(any::<u8>(), 0..80).prop_map(|mut line| {
            line.retain(|byte| *byte != b'\n');
            line.push(b'\n');
            line
        }),
    ]
}

/// Well-formed requests in HTTP with what other clients might add, and heads that are none.
pub(super) fn request_in_http() -> impl Strategy<Value = Vec<u8>> {
    let garbage = prop_oneof![vec(any::<u8>(), 0..60), "[ -~]{0,60}".prop_map(String::into_bytes)];
    prop_oneof![
        3 => http_request().prop_map(|request| encoded(|out| Wire::Http.encode_request(&request, out))),
        2 => ("[a-z%0-9/?=]{0,20}", text(), "(\r\n)?").prop_map(|(target, body, before)| {
            let length = body.len();
            format!("{before}POST /{target} HTTP/1.1\r\nhost: x\r\nCONTENT-LENGTH: {length}\r\n\r\n{body}").into_bytes()
        }),
        1 => ("GET|POST|PUT|HEAD", "[A-Za-z-]{1,20}", garbage).prop_map(|(method, name, value)| {
            [format!("{method} /echo/hi HTTP/1.1\r\nHost: x\r\n{name}: ").as_bytes(), &value, b"\r\n\r\n"].concat()
        }),
    ]
}

/// As [`request`], with timestamps that a header can hold.
pub(super) fn http_request() -> impl Strategy<Value = Request<'static>> {
    let work = (text(), text(), "[!-~]{0,40}").prop_map(|(work, parameter, sent)| Request::work(work, parameter, sent));
    prop_oneof![work, ("[!-~]{0,40}", "[!-~]{0,40}").prop_map(close)]
}

/// Our encoder's requests in HTTP are answered on a connection that lives on; one to close ends it.
pub(super) fn then(closes: bool) -> Persistence {
    if closes { Persistence::Close } else { Persistence::KeepAlive }
}

pub(super) fn encoded(write: impl FnOnce(&mut Vec<u8>)) -> Vec<u8> {
    let mut out = Vec::new();
    write(&mut out);
    out
}
