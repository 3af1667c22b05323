//! A client that does not wait for its replies: it keeps many requests out on one connection, whose replies come in their
//! order, and sends another for each that comes. It has its rests, as all that disturbs has.
//!
//! The connections of the generator have one request out at a time, and what they note rests on that; so this is a small
//! loop of its own, over one socket that blocks. Must not know: schedules. Beside it: `../disturb.rs`, which runs it.

use std::collections::VecDeque;
use std::io::{self, ErrorKind, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::ops::Range;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::Duration;

use reports::record::{MalformedReason, Traffic};
use servers::protocol::Persistence;

use crate::clock::now_ns;
use crate::load::exchange::{Exchange, Heard, Hearing, Meaning, digits};
use crate::load::recorder::{Answered, Failure, Loop, Recorder, Scheduled};
use crate::load::{LONGEST_SLEEP_NS, Work, outcome::unscheduled_traffic};

/// How long it goes on at most, and how long it rests then, so that the probe gets the CPU that the two may share. A server
/// has enough to do meanwhile.
const BURST_NS: u64 = 150_000;
const REST: Duration = Duration::from_micros(50);

/// Some dozens of replies.
const READ_AT_ONCE: usize = 4 * 1024;

/// Asks without end on one connection to `target` until the span is over, with so many requests out at a time. What is out
/// then is given up. Nothing where no connection could be had, or where the span was over before: a server that takes none
/// is a result. A connection that is lost, or on which something wrong came, is not made anew.
pub(super) fn pipeline(
    target: SocketAddr,
    span: &Range<u64>,
    (outstanding, work): (u32, &Work),
    stop: &AtomicBool,
) -> Option<Traffic> {
    let left = Duration::from_nanos(span.end.saturating_sub(now_ns()));
    let stream = (!left.is_zero()).then(|| connect(target, left).ok()).flatten()?;
    let mut recorder = Recorder::new(u64::MAX, Loop::Closed);
    recorder.set_window(span.clone());
    let exchange = Exchange::new(work, target);
    let mut pipeline =
        Pipeline { stream, exchange, recorder, hearing: Hearing::default(), out: VecDeque::new(), latest_ns: 0 };
    let (mut has_connection, mut rested_ns) = (true, now_ns());
    while has_connection && now_ns() < span.end && !stop.load(Ordering::Relaxed) {
        has_connection = pipeline.ask(outstanding).and_then(|()| pipeline.hear()).is_ok();
        if now_ns() >= rested_ns + BURST_NS {
            thread::sleep(REST);
            rested_ns = now_ns();
        }
    }
    pipeline.give_up(if has_connection { Failure::InFlight } else { Failure::Reset });
    Some(unscheduled_traffic(work, span, pipeline.recorder))
}

fn connect(target: SocketAddr, within: Duration) -> io::Result<TcpStream> {
    let stream = TcpStream::connect_timeout(&target, within)?;
    stream.set_nodelay(true)?;
    // A server that reads nothing, or says nothing, is noticed and left in time.
    let longest = Some(Duration::from_nanos(LONGEST_SLEEP_NS));
    stream.set_read_timeout(longest)?;
    stream.set_write_timeout(longest)?;
    Ok(stream)
}

struct Pipeline {
    stream: TcpStream,
    exchange: Exchange,
    recorder: Recorder,
    hearing: Hearing,
    /// When each request was sent that has no reply, the first of them first. No two are alike: by it a reply is known.
    out: VecDeque<u64>,
    latest_ns: u64,
}

impl Pipeline {
    /// Sends until so many requests are out.
    fn ask(&mut self, outstanding: u32) -> io::Result<()> {
        let mut requests = Vec::new();
        while self.out.len() < outstanding as usize {
            self.latest_ns = now_ns().max(self.latest_ns + 1);
            requests.extend_from_slice(self.exchange.request(&digits(self.latest_ns)));
            self.recorder.self_scheduled(self.latest_ns, 1);
            self.out.push_back(self.latest_ns);
        }
        self.stream.write_all(&requests)
    }

    /// Waits for replies for a while, and takes what has come.
    fn hear(&mut self) -> io::Result<()> {
        let mut bytes = [0; READ_AT_ONCE];
        match self.stream.read(&mut bytes) {
            Ok(0) => Err(ErrorKind::UnexpectedEof.into()),
            Ok(count) => self.take(&bytes[..count]),
            Err(error) if matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::Interrupted) => Ok(()),
            Err(error) => Err(error),
        }
    }

    fn take(&mut self, mut bytes: &[u8]) -> io::Result<()> {
        let received_ns = now_ns();
        while !bytes.is_empty() {
            let Some(sent_ns) = self.out.front().copied() else {
                return self.wrong(MalformedReason::Surplus, bytes);
            };
            let heard = self.exchange.hear(&mut self.hearing, bytes, &digits(sent_ns));
            if heard.meaning == Meaning::Incomplete {
                return Ok(());
            }
            self.hearing.forget();
            self.on_whole(&heard, sent_ns, received_ns, bytes)?;
            bytes = &bytes[heard.consumed.min(bytes.len())..];
        }
        Ok(())
    }

    fn on_whole(&mut self, heard: &Heard, sent_ns: u64, received_ns: u64, bytes: &[u8]) -> io::Result<()> {
        let place = Scheduled::InWindow;
        match heard.meaning {
            Meaning::Right { server_ns, then } => {
                self.out.pop_front();
                let answered = Answered {
                    intended_ns: sent_ns,
                    taken_up_ns: sent_ns,
                    sent_ns,
                    server_ns,
                    server_waited_ns: heard.server_waited_ns,
                    received_ns,
                    reply_bytes: heard.reply_bytes,
                    connection: None,
                };
                self.recorder.ok(place, &answered);
                goes_on(then)
            }
            Meaning::Refused { then } => {
                self.out.pop_front();
                self.recorder.failed(place, Failure::Error, (sent_ns, received_ns), None);
                goes_on(then)
            }
            Meaning::Wrong(reason) => self.wrong(reason, bytes),
            Meaning::Closed { .. } | Meaning::Incomplete => self.wrong(MalformedReason::OtherRequest, bytes),
        }
    }

    /// What came is no reply to what is out. Nothing behind it can be trusted.
    fn wrong(&mut self, reason: MalformedReason, bytes: &[u8]) -> io::Result<()> {
        self.recorder.malformed(reason, &[bytes]);
        if let Some(sent_ns) = self.out.pop_front() {
            self.recorder.failed(Scheduled::InWindow, Failure::Malformed, (sent_ns, now_ns()), None);
        }
        Err(ErrorKind::InvalidData.into())
    }

    fn give_up(&mut self, failure: Failure) {
        for sent_ns in self.out.drain(..) {
            self.recorder.failed(Scheduled::InWindow, failure, (sent_ns, now_ns()), None);
        }
    }
}

fn goes_on(then: Persistence) -> io::Result<()> {
    match then {
        Persistence::KeepAlive => Ok(()),
        Persistence::Close => Err(ErrorKind::ConnectionAborted.into()),
    }
}
