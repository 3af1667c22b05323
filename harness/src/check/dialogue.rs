//! Carries a transcript out: sends, reads, and stops at the first thing that does not hold.
//!
//! Must not know: which transcripts there are. Beside it: `transcript.rs`, what one is made of.

use std::io::{self, ErrorKind, Read, Write};
use std::net::{Shutdown, SocketAddr, TcpStream};
use std::thread;
use std::time::{Duration, Instant};

use instruments::clock::now_ns;
use servers::protocol::{Decoded, JsonLines, MAX_RESPONSE_BYTES, Response, WireFormat};

use super::transcript::{Expected, Transcript, TranscriptStep};

/// What does not hold, with what led to it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Broken {
    /// What was sent last on that connection.
    pub sent: Vec<u8>,
    /// What should have come.
    pub expected: String,
    /// What came in its place.
    pub came: Came,
}

/// What came.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Came {
    /// These bytes.
    Bytes(Vec<u8>),
    /// The end of the connection, after these bytes.
    End(Vec<u8>),
    /// Nothing more in the time that was given, after these bytes.
    Silence(Vec<u8>, Duration),
    /// What should have come, too soon.
    TooSoon(Duration),
    /// The connection could not be had or used.
    Failure(String),
}

/// Goes through a transcript.
pub(super) fn hold(transcript: &Transcript, target: SocketAddr, patience: Duration) -> Result<(), Broken> {
    let mut dialogue = Dialogue { target, patience, begun: Instant::now(), talks: Vec::new(), at: 0 };
    transcript.steps.iter().try_for_each(|step| dialogue.take(step))
}

/// Long enough for the server to read one before the next comes.
const BETWEEN_BYTES: Duration = Duration::from_millis(1);

struct Dialogue {
    target: SocketAddr,
    patience: Duration,
    begun: Instant,
    /// The connections, as far as they were used.
    talks: Vec<Option<Talk>>,
    /// The one in use.
    at: usize,
}

/// One connection.
struct Talk {
    stream: TcpStream,
    sent: Vec<u8>,
    sent_ns: u64,
    received: Vec<u8>,
    has_ended: bool,
}

impl Dialogue {
    fn take(&mut self, step: &TranscriptStep) -> Result<(), Broken> {
        match step {
            TranscriptStep::On(place) => self.at = *place,
            TranscriptStep::HangUp => {
                if let Some(talk) = self.talks.get_mut(self.at) {
                    *talk = None;
                }
            }
            TranscriptStep::AtLeast(duration) => {
                let passed = self.begun.elapsed();
                if passed < *duration {
                    let expected = format!("a reply not before {} ms", duration.as_millis());
                    return Err(self.broken(expected, Came::TooSoon(passed)));
                }
            }
            TranscriptStep::Send(bytes) => self.send(|talk| talk.send(bytes))?,
            TranscriptStep::SendBytewise(bytes) => self.send(|talk| {
                bytes.chunks(1).try_for_each(|byte| {
                    thread::sleep(BETWEEN_BYTES);
                    talk.send(byte)
                })
            })?,
            TranscriptStep::SendAsTaken(bytes) => self.send(|talk| {
                // A server that has closed takes no more.
                let _ = talk.send(bytes);
                Ok(())
            })?,
            TranscriptStep::EndSending => self.send(|talk| talk.stream.shutdown(Shutdown::Write))?,
            TranscriptStep::Expect(expected) => self.expect(expected)?,
        }
        Ok(())
    }

    fn send(&mut self, send: impl FnOnce(&mut Talk) -> io::Result<()>) -> Result<(), Broken> {
        let sent = self.talk().and_then(send);
        sent.map_err(|error| self.broken("that it can be sent".to_owned(), Came::Failure(error.to_string())))
    }

    /// The connection in use, opened where it is not yet.
    fn talk(&mut self) -> io::Result<&mut Talk> {
        let (place, target, patience) = (self.at, self.target, self.patience);
        if self.talks.len() <= place {
            self.talks.resize_with(place + 1, || None);
        }
        let talk = &mut self.talks[place];
        if talk.is_none() {
            *talk = Some(Talk::open(target, patience)?);
        }
        talk.as_mut().ok_or_else(|| ErrorKind::NotConnected.into())
    }

    fn expect(&mut self, expected: &Expected) -> Result<(), Broken> {
        let deadline = Instant::now() + self.patience;
        let patience = self.patience;
        let came = match self.talk() {
            Err(error) => Err(Came::Failure(error.to_string())),
            Ok(talk) => talk.expect(expected, deadline, patience),
        };
        came.map_err(|came| self.broken(described(expected), came))
    }

    fn broken(&self, expected: String, came: Came) -> Broken {
        let talk = self.talks.get(self.at).and_then(Option::as_ref);
        Broken { sent: talk.map_or_else(Vec::new, |talk| talk.sent.clone()), expected, came }
    }
}

impl Talk {
    fn open(target: SocketAddr, patience: Duration) -> io::Result<Talk> {
        let stream = TcpStream::connect_timeout(&target, patience)?;
        stream.set_nodelay(true)?;
        stream.set_write_timeout(Some(patience))?;
        Ok(Talk { stream, sent: Vec::new(), sent_ns: now_ns(), received: Vec::new(), has_ended: false })
    }

    fn send(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.sent_ns = now_ns();
        self.sent.extend_from_slice(bytes);
        self.stream.write_all(bytes)
    }

    fn expect(&mut self, expected: &Expected, deadline: Instant, patience: Duration) -> Result<(), Came> {
        match expected {
            Expected::End => self.expect_end(deadline, patience),
            Expected::RefusalOrEnd => {
                if let Some(line) = self.line(deadline, patience)? {
                    let is_refusal = matches!(decoded(&line), Some(Response::Error { .. }));
                    return if is_refusal { self.expect_end(deadline, patience) } else { Err(Came::Bytes(line)) };
                }
                Ok(())
            }
            _ => {
                let Some(line) = self.line(deadline, patience)? else { return Err(self.ended()) };
                let received_ns = now_ns();
                let is_it = decoded(&line).is_some_and(|reply| is_it(expected, &reply, self.sent_ns, received_ns));
                if is_it { Ok(()) } else { Err(Came::Bytes(line)) }
            }
        }
    }

    fn expect_end(&mut self, deadline: Instant, patience: Duration) -> Result<(), Came> {
        match self.line(deadline, patience)? {
            Some(line) => Err(Came::Bytes(line)),
            None if self.received.is_empty() => Ok(()),
            None => Err(self.ended()),
        }
    }

    fn ended(&self) -> Came {
        Came::End(self.received.clone())
    }

    /// The next line with its end; none at the end of the connection.
    fn line(&mut self, deadline: Instant, patience: Duration) -> Result<Option<Vec<u8>>, Came> {
        let mut chunk = [0; 16 * 1024];
        let mut searched = 0;
        loop {
            if let Some(end) = self.received[searched..].iter().position(|byte| *byte == b'\n') {
                return Ok(Some(self.received.drain(..=searched + end).collect()));
            }
            searched = self.received.len();
            let left = deadline.saturating_duration_since(Instant::now());
            if self.has_ended {
                return Ok(None);
            }
            if searched > MAX_RESPONSE_BYTES {
                return Err(Came::Bytes(self.received.clone()));
            }
            if left.is_zero() {
                return Err(Came::Silence(self.received.clone(), patience));
            }
            let set = self.stream.set_read_timeout(Some(left));
            match set.and_then(|()| self.stream.read(&mut chunk)) {
                Ok(0) => self.has_ended = true,
                Ok(count) => self.received.extend_from_slice(&chunk[..count]),
                // An end in haste is one.
                Err(error) if error.kind() == ErrorKind::ConnectionReset => self.has_ended = true,
                Err(error)
                    if matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut | ErrorKind::Interrupted) => {
                }
                Err(error) => return Err(Came::Failure(error.to_string())),
            }
        }
    }
}

fn decoded(line: &[u8]) -> Option<Response<'_>> {
    match JsonLines.decode_response(line) {
        Decoded::Message { message, .. } => Some(message),
        Decoded::Incomplete | Decoded::Malformed { .. } | Decoded::Broken { .. } => None,
    }
}

fn is_it(expected: &Expected, reply: &Response<'_>, sent_ns: u64, received_ns: u64) -> bool {
    match (expected, reply) {
        (Expected::Done { timestamp, result }, Response::WorkDone { sender_timestamp, result: said, .. }) => {
            sender_timestamp == timestamp && said == result
        }
        (
            Expected::DoneWithTimes { timestamp, result },
            Response::WorkDone { sender_timestamp, result: said, server_received_ns, server_sent_ns, .. },
        ) => {
            let times = server_received_ns.zip(*server_sent_ns);
            let are_in_order = times.is_some_and(|(received, sent)| [sent_ns, received, sent, received_ns].is_sorted());
            sender_timestamp == timestamp && said == result && are_in_order
        }
        (Expected::Refusal, Response::Error { .. }) => true,
        (
            Expected::Closed { initial, last, served },
            Response::ConnectionClosed { initial_timestamp, final_timestamp, requests_served },
        ) => initial_timestamp == initial && final_timestamp == last && requests_served == served,
        _ => false,
    }
}

fn described(expected: &Expected) -> String {
    let quoted = |text: &str| match text.len() {
        0..=60 => serde_json::Value::from(text).to_string(),
        bytes => format!("of {bytes} bytes"),
    };
    match expected {
        Expected::Done { timestamp, result } => {
            format!("WorkDone with sender_timestamp {} and result {}", quoted(timestamp), quoted(result))
        }
        Expected::DoneWithTimes { .. } => {
            "WorkDone with server_received_ns and server_sent_ns, not before it was sent and not after it came"
                .to_owned()
        }
        Expected::Refusal => "Error with a reason".to_owned(),
        Expected::Closed { initial, last, served } => format!(
            "ConnectionClosed with initial_timestamp {}, final_timestamp {} and requests_served {served}",
            quoted(initial),
            quoted(last)
        ),
        Expected::End => "the end of the connection".to_owned(),
        Expected::RefusalOrEnd => "the end of the connection, perhaps after an Error".to_owned(),
    }
}
