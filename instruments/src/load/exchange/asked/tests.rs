//! Requests as they stand on the wire, and what replies of all kinds say to them.

use super::super::template::encoded;
use super::*;

const KEPT: Persistence = Persistence::KeepAlive;

/// Twenty digits, all of them used.
const LATEST: u64 = u64::MAX;

/// What all of `bytes` say, and how many of them say it.
fn said(asked: &AskedExchange, bytes: &[u8], timestamp: u64) -> (Meaning, usize) {
    let heard = asked.hear(&mut Vec::new(), bytes, &digits(timestamp));
    (heard.meaning, heard.consumed)
}

fn right(times: (u64, u64), then: Persistence) -> Meaning {
    Meaning::Right { server_ns: Some(times), then }
}

fn echo(parameter: &str) -> AskedExchange {
    AskedExchange::new(Wire::JsonLines, "echo", parameter, parameter.to_owned())
}

fn reply(result: &str, timestamp: &str, times: (u64, u64)) -> String {
    let reply = serde_json::json!({"WorkDone": {
        "sender_timestamp": timestamp,
        "result": result,
        "server_received_ns": times.0,
        "server_sent_ns": times.1,
    }});
    format!("{reply}\n")
}

fn parts(request: &[u8]) -> (String, String) {
    let request: serde_json::Value = serde_json::from_slice(request).unwrap();
    let field = |name: &str| request["RequestWork"][name].as_str().unwrap().to_owned();
    (field("parameter"), field("sender_timestamp"))
}

#[test]
fn a_request_is_one_line_with_its_own_timestamp() {
    let mut asked = echo("hi");
    for (intended_ns, twenty) in
        [(7, "00000000000000000007"), (LATEST, "18446744073709551615"), (0, "00000000000000000000")]
    {
        let request = asked.request(&digits(intended_ns));
        assert_eq!(parts(request), ("hi".to_owned(), twenty.to_owned()));
        assert_eq!(request.iter().filter(|byte| **byte == b'\n').count(), 1);
        assert_eq!(request.last(), Some(&b'\n'));
    }
}

#[test]
fn a_parameter_that_looks_like_a_timestamp_is_left_alone() {
    for parameter in ["00000000000000000000", "\"sender_timestamp\":\"00000000000000000000\"", "\n\"\\"] {
        let mut asked = echo(parameter);
        assert_eq!(parts(asked.request(&digits(42))), (parameter.to_owned(), "00000000000000000042".to_owned()));
        let right = reply(parameter, "00000000000000000042", (1, 2));
        assert!(matches!(said(&asked, right.as_bytes(), 42).0, Meaning::Right { .. }), "{parameter}");
    }
}

#[test]
fn only_the_answer_to_this_request_is_right() {
    let asked = echo("hi");
    let of = |text: &str| said(&asked, text.as_bytes(), LATEST);
    let reply_to_it = reply("hi", "18446744073709551615", (5, 9));
    assert_eq!(of(&reply_to_it), (right((5, 9), KEPT), reply_to_it.len()));
    assert_eq!(of(&(reply_to_it.clone() + "{\"Wor")), (right((5, 9), KEPT), reply_to_it.len()));
    let untimed = reply("hi", "18446744073709551615", (0, 0));
    assert_eq!(of(&untimed), (Meaning::Right { server_ns: None, then: KEPT }, untimed.len()));
    let wrong = |text: &str| of(text).0;
    let (other, result) = (Meaning::Wrong(MalformedReason::OtherRequest), Meaning::Wrong(MalformedReason::WrongResult));
    assert_eq!(wrong(&reply("ho", "18446744073709551615", (5, 9))), result);
    assert_eq!(wrong(&reply("", "18446744073709551615", (5, 9))), result);
    assert_eq!(wrong(&reply("hi", "18446744073709551614", (5, 9))), other);
    assert_eq!(wrong(&reply("hi", "1", (5, 9))), other, "a timestamp is said back as it was sent");
}

#[test]
fn a_server_of_another_hand_may_spell_its_replies_otherwise_and_leave_its_times_out() {
    let asked = echo("hi");
    let of = |fields: &str| {
        let text = format!("{{ \"WorkDone\": {{{fields}}} }}\r\n");
        let (Meaning::Right { server_ns, then: KEPT }, consumed) = said(&asked, text.as_bytes(), 1) else {
            panic!("{text} is not right")
        };
        assert_eq!(consumed, text.len());
        server_ns
    };
    let (sent, result) = (r#""sender_timestamp": "00000000000000000001""#, r#""result": "hi""#);
    let times = r#""server_sent_ns": 9, "server_received_ns": 5"#;
    assert_eq!(of(&format!("{sent},{result}")), None);
    assert_eq!(of(&format!("{result}, {sent}")), None);
    assert_eq!(of(&format!("{times}, {result}, {sent}")), Some((5, 9)));
    assert_eq!(of(&format!("{result}, \"server_sent_ns\": 9, {sent}")), None, "one time alone is no span");
}

#[test]
fn an_answer_is_incomplete_until_its_last_byte() {
    let asked = echo("hi");
    let whole = reply("hi", "00000000000000000001", (5, 9));
    for end in 1..whole.len() {
        let (front, rest) = whole.as_bytes().split_at(end);
        let mut kept = Vec::new();
        let heard = asked.hear(&mut kept, front, &digits(1));
        assert_eq!((heard.meaning, heard.consumed), (Meaning::Incomplete, end), "{end} bytes");
        let heard = asked.hear(&mut kept, rest, &digits(1));
        assert_eq!((heard.meaning, heard.consumed), (right((5, 9), KEPT), rest.len()), "{end} bytes");
        assert_eq!(heard.reply_bytes, whole.len() as u64);
    }
}

#[test]
fn either_wire_carries_timestamps_there_and_back() {
    for wire in Wire::ALL {
        for parameter in ["hi", "11111111111111111111", "\r\n\r\n", "1111111111111111111"] {
            let mut asked = AskedExchange::new(wire, "echo", parameter, parameter.to_owned());
            let timestamp = digits(42);
            let Decoded::Message {
                message: Request::RequestWork { sender_timestamp, parameter: asked_for, .. }, ..
            } = wire.decode_request(asked.request(&timestamp))
            else {
                panic!("{wire}: no request")
            };
            assert_eq!((sender_timestamp.as_bytes(), &*asked_for), (timestamp.as_slice(), parameter), "{wire}");
            for then in [Persistence::KeepAlive, Persistence::Close] {
                let reply = encoded(wire, parameter, "00000000000000000042", [5, 9], then);
                // JSON lines have no words for a connection that closes.
                let then = if wire == Wire::Http { then } else { KEPT };
                assert_eq!(said(&asked, &reply, 42), (right((5, 9), then), reply.len()), "{wire}");
                let other = Meaning::Wrong(MalformedReason::OtherRequest);
                assert_eq!(said(&asked, &reply, 43).0, other, "{wire}");
                for end in 1..reply.len() {
                    assert_eq!(said(&asked, &reply[..end], 42), (Meaning::Incomplete, end), "{wire}");
                }
            }
        }
    }
}

#[test]
fn refusals_goodbyes_and_nonsense_are_told_apart() {
    let asked = echo("hi");
    let of = |text: &str| said(&asked, text.as_bytes(), 1);
    let refusal = "{\"Error\":{\"reason\":\"no\"}}\n";
    assert_eq!(of(refusal), (Meaning::Refused { then: KEPT }, refusal.len()));
    let goodbye = servers_goodbye(10);
    assert_eq!(of(&goodbye), (Meaning::Closed { requests_served: 10 }, goodbye.len()));
    let nonsense_of_this_kind = Meaning::Wrong(MalformedReason::NotTheProtocol);
    for nonsense in ["HTTP/1.1 400 Bad Request\r\n\r\n", "\n", "{}\n", "{\"WorkDone\":{}}\n", "\u{0}\n"] {
        assert_eq!(of(nonsense).0, nonsense_of_this_kind, "{nonsense:?}");
    }
}

fn servers_goodbye(requests_served: u64) -> String {
    let mut goodbye = Vec::new();
    let timestamp = Cow::Borrowed("1");
    let closed = Response::ConnectionClosed {
        initial_timestamp: timestamp.clone(),
        final_timestamp: timestamp,
        requests_served,
    };
    Wire::JsonLines.encode_response(&closed, Persistence::Close, &mut goodbye);
    String::from_utf8(goodbye).unwrap()
}
