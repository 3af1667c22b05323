//! The transcripts: what a client says, and what a server that keeps to the protocol says back. Data, and nothing else; at
//! the end the bytes that are sent, and texts that are hard to read.
//!
//! `docs/protocol.md` states the same for people. Beside it: `transcript.rs`, what one is made of.

use std::time::Duration;

use servers::protocol::{JsonLines, MAX_REQUEST_BYTES, MAX_RESULT_BYTES, Request, WireFormat};

use super::transcript::{CheckItem, Expected, Transcript, TranscriptStep, Weight};

/// How long work lasts that is timed.
const A_WHILE: Duration = Duration::from_millis(30);

/// More than the longest line there may be.
const OVERSIZE_BYTES: usize = 2 * MAX_REQUEST_BYTES;

/// Requests that are sent at once.
const PIPELINED: u32 = 20;

/// All of them, the required ones first.
pub fn transcripts() -> Vec<Transcript> {
    [required(), optional()].concat()
}

fn required() -> Vec<Transcript> {
    let of = |item, says, steps| Transcript { item, weight: Weight::Required, says, steps };
    vec![
        of(
            CheckItem::OneRequest,
            "a request is answered with its sender_timestamp and its result",
            vec![send(&[echo("hi", "17")]), done("17", "hi")],
        ),
        of(
            CheckItem::Text,
            "text of any kind comes back as it was sent",
            vec![send(&[echo(TEXT, "a \"b\" \\")]), done("a \"b\" \\", TEXT)],
        ),
        of(
            CheckItem::InTurn,
            "a connection lives on after a reply",
            (0..3).flat_map(|i| [send(&[echo("hi", &number(i))]), done(&number(i), "hi")]).collect(),
        ),
        of(
            CheckItem::Pipelined,
            "requests that come all at once are all answered, in their order",
            std::iter::once(send(&(0..PIPELINED).map(|i| echo("hi", &number(i))).collect::<Vec<_>>()))
                .chain((0..PIPELINED).map(|i| done(&number(i), "hi")))
                .collect(),
        ),
        of(
            CheckItem::Bytewise,
            "a request may come a byte at a time",
            vec![TranscriptStep::SendBytewise(echo("slowly", "1")), done("1", "slowly")],
        ),
        of(
            CheckItem::Spelling,
            "fields may stand in any order, with any whitespace, escapes and fields that nobody knows",
            vec![send(&[SPELLED.to_vec()]), done("1", "ab")],
        ),
        of(
            CheckItem::LongestLine,
            "a line may have 64 KiB, its newline included",
            vec![send(&[echo(&longest(), "1")]), done("1", &longest())],
        ),
        of(
            CheckItem::NotJson,
            "a line that is not a request is refused with an Error, and the connection lives on",
            NO_REQUESTS.iter().flat_map(|line| [send(&[line.to_vec()]), REFUSAL]).chain(still_here("1")).collect(),
        ),
        of(
            CheckItem::UnknownWork,
            "work that is not known is refused with an Error, and the connection lives on",
            [send(&[work("dance", "", "1")]), REFUSAL].into_iter().chain(still_here("2")).collect(),
        ),
        of(
            CheckItem::Closing,
            "CloseConnection is answered with the number of requests served, and the server closes",
            vec![
                send(&[echo("a", "1"), echo("b", "2"), close("from", "to")]),
                done("1", "a"),
                done("2", "b"),
                TranscriptStep::Expect(Expected::Closed {
                    initial: "from".to_owned(),
                    last: "to".to_owned(),
                    served: 2,
                }),
                END,
            ],
        ),
        of(
            CheckItem::HalfClose,
            "requests before the client's end are answered, half a request behind them is not, and the server closes",
            vec![
                send(&[echo("a", "1"), echo("b", "2"), echo("half", "3")[..20].to_vec()]),
                TranscriptStep::EndSending,
                done("1", "a"),
                done("2", "b"),
                END,
            ],
        ),
        of(
            CheckItem::Oversize,
            "a longer line ends its connection, with an Error or without, and no other",
            [
                TranscriptStep::SendAsTaken([vec![b'x'; OVERSIZE_BYTES], b"\n".to_vec()].concat()),
                TranscriptStep::Expect(Expected::RefusalOrEnd),
                // A server that serves one at a time may wait for it.
                TranscriptStep::HangUp,
                TranscriptStep::On(1),
            ]
            .into_iter()
            .chain(still_here("1"))
            .collect(),
        ),
    ]
}

fn optional() -> Vec<Transcript> {
    let of = |item, says, steps| Transcript { item, weight: Weight::Optional, says, steps };
    let lasts =
        |kind, parameter| vec![send(&[work(kind, parameter, "1")]), done("1", ""), TranscriptStep::AtLeast(A_WHILE)];
    vec![
        of(
            CheckItem::Reply,
            "reply gives as many bytes as were asked for, up to a mebibyte",
            [0, 3, MAX_RESULT_BYTES]
                .into_iter()
                .flat_map(|bytes| [send(&[work("reply", &bytes.to_string(), "1")]), done("1", &"x".repeat(bytes))])
                .collect(),
        ),
        of(CheckItem::Call, "call waits for the backend as long as was asked for", lasts("call", "30ms")),
        of(CheckItem::Sleep, "sleep waits as long as was asked for", lasts("sleep", "30ms")),
        of(CheckItem::Block, "block waits as long as was asked for", lasts("block", "30ms")),
        of(CheckItem::Spin, "spin is answered", vec![send(&[work("spin", "500us", "1")]), done("1", "")]),
        of(
            CheckItem::Lock,
            "lock waits, and one holds the lock at a time",
            vec![
                send(&[work("lock", "30ms", "1")]),
                TranscriptStep::On(1),
                send(&[work("lock", "30ms", "2")]),
                TranscriptStep::On(0),
                done("1", ""),
                TranscriptStep::HangUp,
                TranscriptStep::On(1),
                done("2", ""),
                TranscriptStep::AtLeast(2 * A_WHILE),
            ],
        ),
        of(
            CheckItem::BadParameter,
            "a parameter that makes no sense is refused with an Error, and the connection lives on",
            [("sleep", "long"), ("sleep", "61s"), ("reply", "-1")]
                .into_iter()
                .flat_map(|(kind, parameter)| [send(&[work(kind, parameter, "1")]), REFUSAL])
                .chain(still_here("2"))
                .collect(),
        ),
        of(
            CheckItem::SideBySide,
            "while one connection stays open, others are served",
            vec![
                send(&[echo("first", "1")]),
                done("1", "first"),
                TranscriptStep::On(1),
                send(&[echo("second", "2")]),
                done("2", "second"),
            ],
        ),
        of(
            CheckItem::Times,
            "replies say when the request was received and the reply sent, by this machine's monotonic clock",
            vec![
                send(&[echo("hi", "1")]),
                TranscriptStep::Expect(Expected::DoneWithTimes { timestamp: "1".to_owned(), result: "hi".to_owned() }),
            ],
        ),
    ]
}

const TEXT: &str = "\"höher\" \\ / \n\t\u{1} {}[]:, 😀 \u{2028} end";

/// Fields in another order, spaces, an escape, a field of no meaning, and a line end as some clients write it.
const SPELLED: &[u8] =
    b" { \"RequestWork\" : {\"sender_timestamp\":\"1\", \"more\":[1, {\"a\":null}], \"parameter\":\"a\\u0062\",\t\
                         \"request_message\":\"echo\"} }\r\n";

/// Lines that end where they should and are no requests.
const NO_REQUESTS: [&[u8]; 5] =
    [b"GET / HTTP/1.1\r\n", b"{\"RequestWork\":{}}\n", b"{\"Dance\":{}}\n", b"[1,2]\n", b"\xff\xfe\n"];

const REFUSAL: TranscriptStep = TranscriptStep::Expect(Expected::Refusal);
const END: TranscriptStep = TranscriptStep::Expect(Expected::End);

/// The connection is served on.
fn still_here(timestamp: &str) -> [TranscriptStep; 2] {
    [send(&[echo("still here", timestamp)]), done(timestamp, "still here")]
}

fn send(lines: &[Vec<u8>]) -> TranscriptStep {
    TranscriptStep::Send(lines.concat())
}

fn done(timestamp: &str, result: &str) -> TranscriptStep {
    TranscriptStep::Expect(Expected::Done { timestamp: timestamp.to_owned(), result: result.to_owned() })
}

fn echo(text: &str, timestamp: &str) -> Vec<u8> {
    work("echo", text, timestamp)
}

fn work(kind: &str, parameter: &str, timestamp: &str) -> Vec<u8> {
    line(&Request::RequestWork {
        request_message: kind.into(),
        parameter: parameter.into(),
        sender_timestamp: timestamp.into(),
    })
}

fn close(initial: &str, last: &str) -> Vec<u8> {
    line(&Request::CloseConnection { initial_timestamp: initial.into(), final_timestamp: last.into() })
}

fn line(request: &Request<'_>) -> Vec<u8> {
    let mut line = Vec::new();
    JsonLines.encode_request(request, &mut line);
    line
}

fn number(number: u32) -> String {
    number.to_string()
}

/// A text that fills a request up to the limit.
fn longest() -> String {
    "x".repeat(MAX_REQUEST_BYTES - echo("", "1").len())
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn each_item_is_checked_once_and_something_is_expected() {
        let all = transcripts();
        assert_eq!(all.iter().map(|transcript| transcript.item).collect::<BTreeSet<_>>().len(), all.len());
        for Transcript { says, steps, .. } in &all {
            assert!(steps.iter().any(|step| matches!(step, TranscriptStep::Expect(_))), "{says}");
        }
    }

    #[test]
    fn the_longest_line_is_as_long_as_may_be() {
        assert_eq!(echo(&longest(), "1").len(), MAX_REQUEST_BYTES);
    }
}
