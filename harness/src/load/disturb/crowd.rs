//! The connections of a disturbance: begun at their pace, each with its behaviour, counted, and let go at the end.
//!
//! One thread, one epoll instance. Beside it: `pace.rs`, when connections are begun; `behaviour.rs`, what they do.

use std::collections::VecDeque;
use std::net::SocketAddr;
use std::ops::Range;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::Duration;

use reports::record::{Progress, Traffic};
use rustix::event::epoll::{self, EventData, EventFlags};
use rustix::fd::OwnedFd;
use rustix::io::Errno;
use rustix::net::{RecvFlags, SendFlags};

use super::behaviour::Behaviour;
use super::pace::Pace;
use crate::clock::now_ns;
use crate::load::socket::{self, Connect};
use crate::load::{CONNECTIONS_PER_SOURCE, LoadError, poll};
use crate::plan::nanoseconds;

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

/// Source addresses that share the connections, so that the ports of one need not suffice.
const SOURCES: u32 = 8;

/// The connections of one disturbance.
pub(super) struct Crowd {
    target: SocketAddr,
    span: Range<u64>,
    pace: Pace,
    behaviour: Behaviour,
    epoll: OwnedFd,
    members: Vec<Option<Member>>,
    vacant: Vec<u32>,
    /// Who is to send next, and when: all wait equally long, so that the first in is the first due.
    due: VecDeque<(u64, Name)>,
    begun: u64,
    progress: Progress,
    course: Vec<Progress>,
}

/// One connection.
struct Member {
    socket: OwnedFd,
    number: u64,
    /// When it was established; none as long as it is under way.
    connected_ns: Option<u64>,
    /// Bytes it was given to send.
    sent: u64,
    /// The front of a reply that has not arrived whole.
    received: Vec<u8>,
    is_done: bool,
}

/// Tells a connection from an earlier one in the same place.
#[derive(Debug, Clone, Copy)]
struct Name {
    place: u32,
    number: u64,
}

impl Name {
    fn data(self) -> EventData {
        // Numbers are far below 2^32: a disturbance lasts seconds.
        EventData::new_u64(self.number << 32 | u64::from(self.place))
    }

    fn of(data: u64) -> Name {
        Name { place: data as u32, number: data >> 32 }
    }
}

impl Crowd {
    pub(super) fn new(
        target: SocketAddr,
        span: Range<u64>,
        pace: Pace,
        behaviour: Behaviour,
    ) -> Result<Crowd, LoadError> {
        Ok(Crowd {
            target,
            span,
            pace,
            behaviour,
            epoll: poll::create()?,
            members: (0..pace.at_most).map(|_| None).collect(),
            vacant: (0..pace.at_most).rev().collect(),
            due: VecDeque::new(),
            begun: 0,
            progress: Progress::default(),
            course: Vec::new(),
        })
    }

    /// Gathers, holds, and lets go at the end of its time or soon after `stop`.
    pub(super) fn gather(
        mut self,
        origin_ns: u64,
        stop: &AtomicBool,
    ) -> Result<(Vec<Progress>, Option<Traffic>), LoadError> {
        let mut events = Vec::with_capacity(EVENTS_AT_ONCE);
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
            poll::wait_at_most(&self.epoll, &mut events, sleep_ns)?;
            for event in &events {
                self.on_event(Name::of(event.data.u64()), event.flags);
            }
        }
        self.note(now_ns().saturating_sub(origin_ns));
        self.let_go();
        self.note(now_ns().saturating_sub(origin_ns));
        Ok((self.course, self.behaviour.into_traffic()))
    }

    fn note(&mut self, at_ns: u64) {
        self.course.push(Progress { at_ns, ..self.progress });
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
            let Some(place) = self.vacant.pop() else { return false };
            self.connect(place, now);
        }
        self.begun < allowed && !self.vacant.is_empty()
    }

    fn connect(&mut self, place: u32, now: u64) {
        self.begun += 1;
        let name = Name { place, number: self.begun };
        // The first source is left to the probe.
        let source = CONNECTIONS_PER_SOURCE * (1 + self.begun as u32 % SOURCES);
        let (socket, connected_ns, flags) = match socket::connect(self.target, source) {
            Ok(Connect::Established(socket)) => (socket, Some(now), FLAGS),
            Ok(Connect::UnderWay(socket)) => (socket, None, FLAGS | EventFlags::OUT),
            Err(_) => return self.refused(place),
        };
        if epoll::add(&self.epoll, &socket, name.data(), flags).is_err() {
            return self.refused(place);
        }
        let member = Member { socket, number: self.begun, connected_ns, sent: 0, received: Vec::new(), is_done: false };
        self.members[place as usize] = Some(member);
        if connected_ns.is_some() {
            self.established(name, now);
        }
    }

    fn refused(&mut self, place: u32) {
        self.progress.refused += 1;
        self.vacant.push(place);
    }

    fn established(&mut self, name: Name, now: u64) {
        self.progress.held += 1;
        self.send(name, now);
    }

    fn send_due(&mut self, now: u64) {
        for _ in 0..BYTES_AT_ONCE {
            let Some((due_ns, name)) = self.due.front().copied().filter(|(due_ns, _)| *due_ns <= now) else { return };
            self.due.pop_front();
            self.send(name, due_ns);
        }
    }

    fn send(&mut self, name: Name, now: u64) {
        let Some(member) = member(&mut self.members, name) else { return };
        let Some(next) = self.behaviour.next(member.sent, member.connected_ns.unwrap_or(now)) else { return };
        member.sent += next.bytes.len() as u64;
        // Where the connection is lost, the event that tells so is on its way. A socket takes these few bytes at once, or
        // the server reads nothing, and then it matters little that a byte of many is missing.
        let _ = rustix::net::send(&member.socket, &next.bytes, SendFlags::NOSIGNAL);
        if let Some(after_ns) = next.again_after_ns {
            self.due.push_back((now + after_ns, name));
        }
    }

    fn on_event(&mut self, name: Name, flags: EventFlags) {
        let now = now_ns();
        let Some(member) = member(&mut self.members, name) else { return };
        if member.connected_ns.is_none() {
            if socket::connected(&member.socket).is_err() {
                self.members[name.place as usize] = None;
                return self.refused(name.place);
            }
            member.connected_ns = Some(now);
            // Writable from now on, which is of no interest.
            let _ = epoll::modify(&self.epoll, &member.socket, name.data(), FLAGS);
            self.established(name, now);
        }
        if flags.intersects(FLAGS | EventFlags::HUP | EventFlags::ERR) {
            self.listen(name, now);
        }
    }

    /// Reads what there is; at the end of the stream the server has ended the connection.
    fn listen(&mut self, name: Name, now: u64) {
        let mut buffer = [0; 1024];
        while let Some(member) = member(&mut self.members, name) {
            match rustix::net::recv(&member.socket, &mut buffer[..], RecvFlags::empty()) {
                Ok((count, _)) if count > 0 => {
                    let Member { received, is_done, connected_ns, .. } = member;
                    if !*is_done {
                        received.extend_from_slice(&buffer[..count]);
                        *is_done = self.behaviour.heard(received, connected_ns.unwrap_or(now), now);
                    }
                }
                Err(Errno::INTR) => {}
                Err(Errno::AGAIN) => return,
                Ok(_) | Err(_) => {
                    self.progress.ended_by_server += 1;
                    self.progress.held -= 1;
                    self.leave(name.place, now, true);
                    self.vacant.push(name.place);
                }
            }
        }
    }

    fn leave(&mut self, place: u32, now: u64, lost: bool) {
        let Some(member) = self.members[place as usize].take() else { return };
        if let (Some(connected_ns), false, true) = (member.connected_ns, member.is_done, member.sent > 0) {
            self.behaviour.unanswered(connected_ns, now, lost);
        }
        socket::abort(member.socket);
    }

    fn let_go(&mut self) {
        let now = now_ns();
        for place in 0..self.members.len() as u32 {
            self.leave(place, now, false);
            if place % LET_GO_AT_ONCE == 0 {
                thread::sleep(REST);
            }
        }
        self.progress.held = 0;
    }

    /// Until something is due: a connection, a byte, an entry in the course, the end.
    fn sleep_ns(&self, now: u64) -> u64 {
        let byte_ns = self.due.front().map_or(u64::MAX, |(due_ns, _)| *due_ns);
        byte_ns.min(self.span.end).min(now + PACE_INTERVAL_NS).saturating_sub(now)
    }
}

/// The end of the stream and what comes before it.
const FLAGS: EventFlags = EventFlags::IN.union(EventFlags::RDHUP);

fn member(members: &mut [Option<Member>], name: Name) -> Option<&mut Member> {
    members.get_mut(name.place as usize)?.as_mut().filter(|member| member.number == name.number)
}
