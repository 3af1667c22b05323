//! What must hold for every input: nothing panics, the split of the bytes does not matter, buffers stay
//! bounded, and the hand-written reader and writer agree with serde_json.

use proptest::collection::vec;
use proptest::prelude::*;

use super::strategies::{encoded, http_request, request, request_in_http, request_line, response, then};
use super::{
    Decoded, JsonLines, MAX_REQUEST_BYTES, Persistence, READ_BUFFER_BYTES, Request, Response, Wire, WireFormat,
    canonical, decode_reply,
};
use crate::fuzzing::messages::received;

/// The response as HTTP gives it back: timestamps are what a header can hold.
fn visible(mut response: Response<'static>) -> Response<'static> {
    let keep = |text: &str| text.chars().filter(char::is_ascii_graphic).collect::<String>().into();
    match &mut response {
        Response::WorkDone { sender_timestamp, .. } => *sender_timestamp = keep(sender_timestamp),
        Response::ConnectionClosed { initial_timestamp, final_timestamp, .. } => {
            (*initial_timestamp, *final_timestamp) = (keep(initial_timestamp), keep(final_timestamp));
        }
        Response::Error { .. } => {}
    }
    response
}

fn consumed<T>(decoded: Decoded<T>) -> Option<usize> {
    match decoded {
        Decoded::Message { consumed, .. } | Decoded::Malformed { consumed, .. } => Some(consumed),
        Decoded::Incomplete | Decoded::Broken { .. } => None,
    }
}

proptest! {
    #[test]
    fn any_split_of_the_bytes_says_the_same(
        lines in vec(request_line(), 0..8),
        cuts in vec(1..=READ_BUFFER_BYTES, 1..20),
    ) {
        let bytes = lines.concat();
        let whole = received(Wire::JsonLines, &bytes, &[usize::MAX]);
        prop_assert_eq!(whole.len(), lines.len());
        prop_assert_eq!(&received(Wire::JsonLines, &bytes, &cuts), &whole);
        prop_assert_eq!(&received(Wire::JsonLines, &bytes, &[1]), &whole);
    }

    #[test]
    fn any_split_of_http_says_the_same(
        requests in vec(request_in_http(), 0..8),
        cuts in vec(1..=READ_BUFFER_BYTES, 1..20),
    ) {
        let bytes = requests.concat();
        let whole = received(Wire::Http, &bytes, &[usize::MAX]);
        prop_assert_eq!(&received(Wire::Http, &bytes, &cuts), &whole);
        prop_assert_eq!(&received(Wire::Http, &bytes, &[1]), &whole);
    }

    #[test]
    fn http_survives_the_round_trip(request in http_request(), response in response(), closing in any::<bool>()) {
        let message = request;
        let bytes = encoded(|out| Wire::Http.encode_request(&message, out));
        let (consumed, then_closes) = (bytes.len(), matches!(message, Request::CloseConnection { .. }));
        let expected = Decoded::Message { message, consumed, then: then(then_closes) };
        prop_assert_eq!(Wire::Http.decode_request(&bytes), expected);

        let message = visible(response);
        let bytes = encoded(|out| Wire::Http.encode_response(&message, then(closing), out));
        let consumed = bytes.len();
        let then = then(closing || matches!(message, Response::ConnectionClosed { .. }));
        prop_assert_eq!(Wire::Http.decode_response(&bytes), Decoded::Message { message, consumed, then });
    }

    #[test]
    fn chunks_may_be_cut_anywhere(chunks in vec(vec(any::<u8>(), 1..40), 0..6), trailer in "(T: [a-z]{0,9}\r\n)?") {
        let framed = chunks.iter().map(|chunk| [format!("{:X}\r\n", chunk.len()).as_bytes(), chunk, b"\r\n"].concat());
        let head = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n".to_vec();
        let end = format!("0\r\n{trailer}\r\n").into_bytes();
        let bytes = [head, framed.collect::<Vec<_>>().concat(), end].concat();
        for end in 0..bytes.len() {
            prop_assert_eq!(decode_reply(&bytes[..end], 4096), Decoded::Incomplete);
        }
        let Decoded::Message { message, consumed, .. } = decode_reply(&bytes, 4096) else {
            return Err(TestCaseError::fail("the whole reply is not read"));
        };
        prop_assert_eq!(consumed, bytes.len());
        prop_assert_eq!(&*message.body, &chunks.concat());
    }

    #[test]
    fn no_text_can_add_a_header(request in request(), response in response()) {
        let lines = |bytes: Vec<u8>| {
            let head = bytes.windows(4).position(|end| end == b"\r\n\r\n").unwrap();
            bytes[..head].iter().filter(|byte| b"\r\n".contains(byte)).count() / 2
        };
        prop_assert!(lines(encoded(|out| Wire::Http.encode_request(&request, out))) <= 4);
        prop_assert!(lines(encoded(|out| Wire::Http.encode_response(&response, Persistence::Close, out))) <= 7);
    }

    #[test]
    fn no_bytes_make_a_decoder_panic(bytes in vec(any::<u8>(), 0..300)) {
        for wire in Wire::ALL {
            for consumed in [consumed(wire.decode_request(&bytes)), consumed(wire.decode_response(&bytes))] {
                prop_assert!(consumed != Some(0), "a message took nothing: the loop would never end");
            }
            received(wire, &bytes, &[7]);
        }
    }

    #[test]
    fn a_stream_without_lines_breaks_the_limit_in_bounded_memory(byte in any::<u8>(), cut in 1..=READ_BUFFER_BYTES) {
        prop_assume!(byte != b'\n');
        let steps = received(Wire::JsonLines, &vec![byte; 3 * MAX_REQUEST_BYTES], &[cut]);
        prop_assert_eq!(steps.len(), 1);
        prop_assert!(steps[0].starts_with("Broken"), "{}", steps[0]);
    }

    #[test]
    fn requests_survive_the_round_trip(request in request()) {
        let bytes = encoded(|out| JsonLines.encode_request(&request, out));
        prop_assert_eq!(bytes.iter().filter(|byte| **byte == b'\n').count(), 1);
        prop_assert_eq!(
            serde_json::to_vec(&request).unwrap(), &bytes[..bytes.len() - 1], "serde_json writes the same bytes"
        );
        let consumed = bytes.len();
        let then = then(matches!(request, Request::CloseConnection { .. }));
        prop_assert_eq!(JsonLines.decode_request(&bytes), Decoded::Message { message: request, consumed, then });
    }

    #[test]
    fn responses_survive_the_round_trip(response in response()) {
        let bytes = encoded(|out| JsonLines.encode_response(&response, Persistence::KeepAlive, out));
        prop_assert_eq!(
            serde_json::to_vec(&response).unwrap(), &bytes[..bytes.len() - 1], "serde_json writes the same bytes"
        );
        let consumed = bytes.len();
        let then = then(matches!(response, Response::ConnectionClosed { .. }));
        prop_assert_eq!(JsonLines.decode_response(&bytes), Decoded::Message { message: response, consumed, then });
    }

    #[test]
    fn the_canonical_readers_agree_with_serde_on_damaged_lines(
        request in request(),
        response in response(),
        at in any::<prop::sample::Index>(),
        put in prop_oneof![any::<u8>(), prop::sample::select(&b"\"\\0129{}:,-. \x1f\x7f\xc3"[..])],
        insert in any::<bool>(),
    ) {
        let damaged = |mut line: Vec<u8>| {
            line.pop();
            let at = at.index(line.len());
            if insert { line.insert(at, put) } else { line[at] = put }
            line
        };
        let line = damaged(encoded(|out| JsonLines.encode_request(&request, out)));
        if let Some(read) = canonical::read_request(&line) {
            prop_assert_eq!(read, serde_json::from_slice::<Request<'_>>(&line).unwrap());
        }
        let line = damaged(encoded(|out| JsonLines.encode_response(&response, Persistence::KeepAlive, out)));
        if let Some(read) = canonical::read_work_done(&line) {
            prop_assert_eq!(read, serde_json::from_slice::<Response<'_>>(&line).unwrap());
        }
    }

    #[test]
    fn plain_text_takes_the_short_way(
        words in ("[a-z]{1,8}", "[!#-\\[\\]-~ à-ÿ]{0,80}", "[0-9]{0,20}"),
        ns in 0..10_000_000_000_000_000_000_u64,
    ) {
        let (work, text, sent) = words;
        let request = Request::work(work, text.clone(), sent.clone());
        let line = serde_json::to_vec(&request).unwrap();
        prop_assert_eq!(canonical::read_request(&line), Some(request));
        let response = Response::WorkDone {
            sender_timestamp: sent.into(),
            result: text.into(),
            server_received_ns: Some(ns),
            server_sent_ns: Some(ns / 7),
            server_waited_ns: None,
        };
        let line = serde_json::to_vec(&response).unwrap();
        prop_assert_eq!(canonical::read_work_done(&line), Some(response));
    }
}
