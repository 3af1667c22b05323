//! The connections of a disturbance: begun at their pace, each with its behaviour, counted, and let go at the end.
//!
//! They are the generator's own connections (`connection.rs`), without a schedule. Beside it: `pace.rs`, when they are begun.

use std::collections::VecDeque;
use std::net::SocketAddr;
use std::ops::Range;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::Duration;

use reports::record::{DisturbanceProgress, Traffic};

use super::pace::CrowdPace;
use crate::clock::{nanoseconds, now_ns};
use crate::load::connection::{ConnectionSettings, Connections, News};
use crate::load::sockets::{Sockets, Sources};
use crate::load::{LoadError, Work, exchange::Exchange, outcome::unscheduled_traffic, recorder::Recorder};

/// Connects begun at once, bytes sent at once, connections let go at once, and events handled at once: each some hundred
/// microseconds of work. The kernel lets a thread that runs finish its slice of a few milliseconds, whatever its
/// priority, so the probe gets its CPU at once only where this one rests often.
const CONNECTS_AT_ONCE: usize = 8;
const BYTES_AT_ONCE: usize = 32;
const LET_GO_AT_ONCE: u32 = 16;
const EVENTS_AT_ONCE: usize = 16;

/// How long it rests in between.
const REST: Duration = Duration::from_micros(100);

/// Time between two entries in the course.
const COURSE_INTERVAL_NS: u64 = 100_000_000;

/// The part of the connections by which their number must differ to be noted at once.
const DIFFERENCE: u64 = 50;

/// Notes after which only the interval counts: a server may end connections again and again.
const MOST_NOTES: usize = 400;

/// Time between two looks at the pace: several connections are begun at once rather than waking for each.
const PACE_INTERVAL_NS: u64 = 5_000_000;

/// Source addresses that share the connections. The first one is left to the probe.
const SOURCES: u32 = 8;

/// What all clients of a disturbance do once they are connected.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Behaviour<'a> {
    /// Nothing.
    Silent,
    /// Send the bytes of a request that has no end, one at a time, so long apart.
    Trickle { every_ns: u64 },
    /// Ask once.
    AskOnce(&'a Work),
}

/// The beginning of a request. What follows is more and more of its parameter.
const FRONT: &[u8] = br#"{"RequestWork":{"request_message":"echo","parameter":""#;

/// The connections of one disturbance.
pub(super) struct Crowd<'a> {
    connections: Connections<Sockets>,
    span: Range<u64>,
    pace: CrowdPace,
    behaviour: Behaviour<'a>,
    /// What each slot's present connection has come to.
    members: Vec<Member>,
    vacant: Vec<u32>,
    /// Who is to send next, and when: all wait equally long, so that the first in is the first due.
    due: VecDeque<DueByte>,
    begun: u64,
    progress: DisturbanceProgress,
    course: Vec<DisturbanceProgress>,
}

/// One connection.
#[derive(Debug, Clone, Copy, Default)]
struct Member {
    /// The number of the connection, by which it is told from an earlier one in the same slot.
    number: u64,
    is_held: bool,
    /// Bytes it was given to send.
    sent: usize,
}

/// Who is to send a byte, and when.
#[derive(Debug, Clone, Copy)]
struct DueByte {
    at_ns: u64,
    slot: u32,
    number: u64,
}

impl<'a> Crowd<'a> {
    /// Nobody yet.
    pub(super) fn new(
        target: SocketAddr,
        span: Range<u64>,
        pace: CrowdPace,
        behaviour: Behaviour<'a>,
    ) -> Result<Crowd<'a>, LoadError> {
        let exchange = match behaviour {
            Behaviour::Silent | Behaviour::Trickle { .. } => Exchange::Nothing,
            Behaviour::AskOnce(work) => Exchange::new(work, target),
        };
        // A request is given up at the end of the span and not before.
        let settings = ConnectionSettings::unscheduled(pace.at_most);
        let recorder = Recorder::unscheduled(span.end - span.start);
        let network = Sockets::new(target, Sources::SpreadOver(SOURCES), EVENTS_AT_ONCE)?;
        let mut connections = Connections::new(network, settings, pace.at_most, 0, exchange, recorder);
        connections.keep_news();
        Ok(Crowd {
            connections,
            span,
            pace,
            behaviour,
            members: vec![Member::default(); pace.at_most as usize],
            vacant: (0..pace.at_most).rev().collect(),
            due: VecDeque::new(),
            begun: 0,
            progress: DisturbanceProgress::default(),
            course: Vec::new(),
        })
    }

    /// Gathers, holds, and lets go at the end of its time or soon after `stop`.
    pub(super) fn gather(
        mut self,
        origin_ns: u64,
        stop: &AtomicBool,
    ) -> Result<(Vec<DisturbanceProgress>, Option<Traffic>), LoadError> {
        let mut noted_ns = 0;
        loop {
            let now = now_ns();
            if now >= self.span.end || stop.load(Ordering::Relaxed) {
                break;
            }
            let has_more = self.begin(now);
            if now >= noted_ns + COURSE_INTERVAL_NS || self.is_worth_a_note() {
                self.note(now.saturating_sub(origin_ns));
                noted_ns = now;
            }
            self.send_due(now);
            let sleep_ns = if has_more { 0 } else { self.sleep_ns(now) }.max(nanoseconds(REST));
            self.connections.network.wait_at_most(sleep_ns)?;
            self.connections.handle_events();
            let now = now_ns();
            self.connections.on_timers(now);
            self.take_news(now);
        }
        self.note(now_ns().saturating_sub(origin_ns));
        self.let_go();
        self.note(now_ns().saturating_sub(origin_ns));
        Ok((self.course, traffic(self.behaviour, &self.span, self.connections.recorder)))
    }

    fn note(&mut self, at_ns: u64) {
        self.course.push(DisturbanceProgress { at_ns, ..self.progress });
    }

    /// Whether as many more or fewer are held as make a difference: one of a few, and some of many.
    fn is_worth_a_note(&self) -> bool {
        let noted = self.course.last().map_or(0, |progress| progress.held);
        self.progress.held.abs_diff(noted) > noted / DIFFERENCE && self.course.len() < MOST_NOTES
    }

    /// Begins a few of the connections that are due; true where more are.
    fn begin(&mut self, now: u64) -> bool {
        let allowed = self.pace.allowed(now.saturating_sub(self.span.start));
        for _ in 0..CONNECTS_AT_ONCE {
            if self.begun >= allowed {
                return false;
            }
            let Some(slot) = self.vacant.pop() else { return false };
            self.begun += 1;
            self.members[slot as usize] = Member { number: self.begun, is_held: false, sent: 0 };
            match self.behaviour {
                Behaviour::Silent | Behaviour::Trickle { .. } => self.connections.open(slot, now),
                Behaviour::AskOnce(_) => self.connections.ask(slot, now),
            }
        }
        self.begun < allowed && !self.vacant.is_empty()
    }

    /// Counts what has become of connections. After the timers, which end the requests of connections that are gone: only
    /// then may others have their slots.
    fn take_news(&mut self, now: u64) {
        for news in self.connections.take_news() {
            match news {
                News::Established(slot) => {
                    self.members[slot as usize].is_held = true;
                    self.progress.held += 1;
                    self.trickle(slot, now);
                }
                News::NotEstablished(slot) => {
                    self.progress.refused += 1;
                    self.vacant.push(slot);
                }
                News::Gone(slot) => {
                    self.members[slot as usize].is_held = false;
                    self.progress.held -= 1;
                    self.progress.ended_by_server += 1;
                    self.vacant.push(slot);
                }
            }
        }
    }

    fn send_due(&mut self, now: u64) {
        for _ in 0..BYTES_AT_ONCE {
            let Some(due) = self.due.front().copied().filter(|due| due.at_ns <= now) else { return };
            self.due.pop_front();
            let Member { number, is_held, .. } = self.members[due.slot as usize];
            if is_held && number == due.number {
                self.trickle(due.slot, due.at_ns);
            }
        }
    }

    /// Sends the next byte of a request without an end, where that is what clients do. A socket takes it at once, or the
    /// server reads nothing, and then it matters little when it is sent.
    fn trickle(&mut self, slot: u32, now: u64) {
        let Behaviour::Trickle { every_ns } = self.behaviour else { return };
        let member = &mut self.members[slot as usize];
        let byte = FRONT.get(member.sent).copied().unwrap_or(b'a');
        member.sent += 1;
        self.due.push_back(DueByte { at_ns: now + every_ns, slot, number: member.number });
        self.connections.say(slot, &[byte], now);
    }

    fn let_go(&mut self) {
        for slot in 0..self.members.len() as u32 {
            self.connections.leave(slot, now_ns());
            if slot % LET_GO_AT_ONCE == 0 {
                thread::sleep(REST);
            }
        }
        self.progress.held = 0;
    }

    /// Until something is due: a connection, a byte, an entry in the course, the end.
    fn sleep_ns(&self, now: u64) -> u64 {
        let byte_ns = self.due.front().map_or(u64::MAX, |due| due.at_ns);
        byte_ns.min(self.span.end).min(now + PACE_INTERVAL_NS).saturating_sub(now)
    }
}

/// What became of the crowd's requests, where it sent any.
fn traffic(behaviour: Behaviour<'_>, span: &Range<u64>, recorder: Recorder) -> Option<Traffic> {
    match behaviour {
        Behaviour::AskOnce(work) => Some(unscheduled_traffic(work, span, recorder)),
        Behaviour::Silent | Behaviour::Trickle { .. } => None,
    }
}

#[cfg(test)]
mod tests {
    use servers::protocol::{Decoded, JsonLines, WireFormat};

    use super::*;

    #[test]
    fn a_trickle_is_the_front_of_a_right_request() {
        let mut sent = [FRONT, &[b'a'; 500]].concat();
        assert!(matches!(JsonLines.decode_request(&sent), Decoded::Incomplete));
        sent.extend_from_slice(b"\",\"sender_timestamp\":\"1\"}}\n");
        assert!(matches!(JsonLines.decode_request(&sent), Decoded::Message { .. }));
    }
}
