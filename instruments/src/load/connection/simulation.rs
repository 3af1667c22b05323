//! Servers of all kinds, played to the connections from a seed: bytes that come one by one or all together, late, twice,
//! cut off or wrong, and connections that are refused, lost or slow. After every step the notes are held against what was
//! played.
//!
//! No socket and no clock is involved, so millions of steps take seconds, and a seed that fails fails again. Add it to
//! [`SEEDS_THAT_FAILED`] then. Beside it: `simulation/world.rs`, who plays; `../connection.rs`, which is what is tested here.

mod world;

use std::ops::Range;
use std::panic::catch_unwind;
use std::thread;

use rustix::io::Errno;

use world::{Random, Sent, SentPiece, World};

use super::slot::{Slot, SlotState};
use super::{ConnectionSettings, Connections, End, Name};
use crate::clock::now_ns;
use crate::load::recorder::{Loop, Recorder, Scheduled};
use crate::load::{PageRequest, Shape, Work, arrivals::Arrival, exchange::Exchange};

/// Seeds that once showed a fault.
const SEEDS_THAT_FAILED: &[u64] = &[];

/// Steps of all worlds together.
const STEPS: u64 = 10_000_000;

/// Steps after which a world ends in any case.
const MOST_STEPS: u64 = 100_000;

/// Bytes of a farewell by which it is known as one.
const FRONT_OF_FAREWELL: usize = "HTTP/1.1 408".len();

const SLOTS: u32 = 6;
const TIMEOUT_NS: u64 = 50_000;
const WINDOW: Range<u64> = 200_000..8_000_000;
const TARGET: std::net::SocketAddr = std::net::SocketAddr::new(std::net::IpAddr::V4(std::net::Ipv4Addr::LOCALHOST), 1);

/// One world: connections, everybody at the other end, and a schedule.
struct Play {
    connections: Connections<World>,
    is_closed_loop: bool,
    next_arrival: u64,
    latest_due_ns: u64,
}

impl Play {
    fn new(seed: u64) -> Play {
        let kind = seed % 8;
        let is_http = kind & 1 == 0;
        let is_closed_loop = kind & 2 == 0;
        let shape = match kind & 4 {
            0 => Shape::Connections { connections: SLOTS },
            _ => Shape::Sessions { requests: 3, think_time: std::time::Duration::from_nanos(700), concurrent: SLOTS },
        };
        let work = if is_http { Work::Page(PageRequest::get("/")) } else { Work::new("echo", "hi") };
        let settings = ConnectionSettings { shape, timeout_ns: TIMEOUT_NS, worker: 0, workers: 1 };
        let mut recorder = Recorder::new(TIMEOUT_NS, if is_closed_loop { Loop::Closed } else { Loop::Open });
        recorder.set_window(WINDOW);
        let world = World {
            random: Random(seed),
            now: 1_000,
            peers: (0..SLOTS).map(|_| None).collect(),
            is_http,
            requests_read: 0,
        };
        let exchange = Exchange::new(&work, TARGET);
        let mut connections = Connections::new(world, settings, SLOTS, 8, exchange, recorder);
        if is_closed_loop {
            connections.begin_closed_loop(WINDOW.end, u64::MAX, 1_000);
        }
        Play { connections, is_closed_loop, next_arrival: 0, latest_due_ns: 0 }
    }

    /// Plays to the end, holds the notes against what was played after each step, and returns how many steps those were.
    fn run(mut self) -> u64 {
        let mut steps = 0;
        while steps < MOST_STEPS {
            // No two moments are the same, as on a clock that counts nanoseconds.
            self.connections.network.now += 1;
            let now = self.connections.network.now;
            if now >= WINDOW.end && self.connections.are_done() {
                break;
            }
            self.step(now);
            self.check();
            steps += 1;
        }
        let now = self.connections.network.now;
        self.connections.give_up(now);
        let ledger = self.connections.recorder.ledger;
        assert_eq!(ledger.scheduled, ledger.accounted_for(), "every request has one end: {ledger:?}");
        assert!(self.connections.network.peers.iter().all(Option::is_none), "nothing stays open");
        steps
    }

    fn step(&mut self, now: u64) {
        match self.connections.network.random.below(16) {
            0..=2 => self.let_time_pass(),
            3 | 4 if !self.is_closed_loop && now < WINDOW.end => {
                let earliest_ns = (self.latest_due_ns + 1).max(now.saturating_sub(200));
                let due_ns = earliest_ns + self.connections.network.random.below(now.saturating_sub(earliest_ns) + 1);
                self.latest_due_ns = due_ns;
                let arrival = Arrival { index: self.next_arrival, due_ns };
                self.next_arrival += 1;
                self.connections.take_up(arrival, now);
            }
            _ => {
                let Some(slot) = self.connections.network.some_peer() else { return self.let_time_pass() };
                self.happen_to(slot, now);
            }
        }
    }

    fn let_time_pass(&mut self) {
        let random = &mut self.connections.network.random;
        let passed = if random.one_in(50) { random.below(2 * TIMEOUT_NS) } else { random.below(1_500) };
        self.connections.network.now += passed;
        let now = self.connections.network.now;
        self.connections.on_timers(now);
    }

    fn happen_to(&mut self, slot: u32, now: u64) {
        let World { random, peers, is_http, .. } = &mut self.connections.network;
        let Some(peer) = &mut peers[slot as usize] else { return };
        let name = peer.name;
        if peer.is_connecting {
            if random.one_in(4) {
                return self.connections.on_ended(name, End::Lost(Errno::CONNREFUSED), now);
            }
            peer.is_connecting = false;
            return self.connections.on_connected(slot, now);
        }
        if peer.is_full {
            peer.is_full = false;
            return self.connections.on_writable(slot, now);
        }
        if random.one_in(300) {
            return self.connections.on_ended(name, End::Lost(Errno::CONNRESET), now);
        }
        // Not behind a page that is shorter than it says: whatever follows is its rest.
        let says_all = peer.requests == peer.answered;
        if random.one_in(300) && peer.ends.is_none() && says_all {
            let (asked_before, bytes) = (peer.asked, if *is_http { &b"HTTP/1.1 200"[..] } else { &b"{}\n"[..] });
            peer.has_misled = true;
            peer.on_their_way.push_back(SentPiece {
                bytes: bytes.to_vec(),
                delivered: 0,
                asked_before,
                sent: Sent::Other,
            });
        }
        if peer.on_their_way.is_empty() {
            let Some(end) = peer.ends else { return };
            return self.connections.on_ended(name, end, now);
        }
        self.deliver(slot, name, now);
    }

    /// Delivers some bytes: often one, often all there are, often up to where a piece ends.
    fn deliver(&mut self, slot: u32, name: Name, now: u64) {
        let World { random, peers, .. } = &mut self.connections.network;
        let peer = peers[slot as usize].as_mut().expect("bytes are on their way from it");
        let all: usize = peer.on_their_way.iter().map(|piece| piece.bytes.len() - piece.delivered).sum();
        let first = peer.on_their_way.front().map_or(0, |piece| piece.bytes.len() - piece.delivered);
        let count = match random.below(6) {
            0 => 1,
            1 => 1 + random.below(all as u64) as usize,
            2 => all,
            _ => first,
        };
        let mut bytes = Vec::with_capacity(count);
        let (mut ended, mut pieces, mut of_farewell) = (None, 0, 0);
        while bytes.len() < count {
            let piece = peer.on_their_way.front_mut().expect("no more is taken than there is");
            if piece.delivered == 0 {
                // A page that comes when a request is out may be its reply: nobody can know better.
                piece.asked_before = peer.asked;
            }
            let taken = (count - bytes.len()).min(piece.bytes.len() - piece.delivered);
            bytes.extend_from_slice(&piece.bytes[piece.delivered..piece.delivered + taken]);
            piece.delivered += taken;
            match piece.sent {
                Sent::Farewell => of_farewell = piece.delivered,
                // What follows in the same go leaves nothing right.
                _ => (ended, pieces) = (None, pieces + 1),
            }
            if piece.delivered == piece.bytes.len() {
                if piece.sent != Sent::Farewell {
                    ended = Some((piece.sent, piece.asked_before));
                }
                peer.on_their_way.pop_front();
            }
        }
        let (asked, has_misled) = (peer.asked, peer.has_misled);
        let must_count = pieces == 1
            && !has_misled
            && (of_farewell == 0 || of_farewell >= FRONT_OF_FAREWELL)
            && matches!(ended, Some((Sent::Right(_), asked_before)) if asked_before == asked)
            && self.connections.awaits_until(name).is_some_and(|until_ns| now <= until_ns);
        let before = self.connections.recorder.ok_in_all;
        self.connections.on_bytes(name, &bytes, now);
        let counted = self.connections.recorder.ok_in_all - before;
        let may_count = match ended {
            Some((Sent::Right(_) | Sent::LooksRight, asked_before)) => u64::from(asked_before == asked),
            _ => 0,
        };
        assert!(counted <= 1, "what comes in one go ends one request");
        assert!(counted == 1 || !must_count, "a right reply in time is counted: {:?}", text(&bytes));
        let is_true = counted <= may_count || has_misled && self.connections.network.is_http;
        assert!(is_true, "only a right reply that ends what came is counted: {:?}", text(&bytes));
    }

    fn check(&self) {
        let recorder = &self.connections.recorder;
        let outstanding = self.connections.outstanding();
        let ledger = recorder.ledger;
        assert_eq!(ledger.scheduled, ledger.accounted_for() + outstanding, "the ledger adds up: {ledger:?}");
        assert_eq!(recorder.out_of_order, 0, "timestamps nest");
        assert!(recorder.ok_in_all <= self.connections.network.requests_read, "no more is right than was asked");
    }
}

impl Connections<World> {
    /// Until when a reply is awaited on a connection, if one is.
    fn awaits_until(&self, name: Name) -> Option<u64> {
        let slot = &self.slots[name.slot as usize];
        let awaits = slot.state == SlotState::Awaiting && slot.generation == name.generation;
        awaits.then_some(slot.intended_ns + self.settings.timeout_ns)
    }

    /// Requests of the window that have not ended, counted one by one.
    fn outstanding(&self) -> u64 {
        let of_sessions = matches!(self.settings.shape, Shape::Sessions { .. });
        let in_window = |slot: &&Slot<Name>| slot.scheduled == Scheduled::InWindow;
        let current: u64 = self
            .slots
            .iter()
            .filter(in_window)
            .map(|slot| if of_sessions { u64::from(slot.remaining) } else { u64::from(slot.has_request) })
            .sum();
        let waiting = self.slots.iter().flat_map(|slot| self.lines.iter(slot.waiting));
        current
            + waiting.filter(|waiting| self.recorder.place(waiting.intended_ns) == Scheduled::InWindow).count() as u64
    }
}

fn text(bytes: &[u8]) -> String {
    bytes.escape_ascii().take(120).map(char::from).collect()
}

/// Plays one world, and returns how many steps it had.
fn play(seed: u64) -> u64 {
    Play::new(seed).run()
}

#[test]
fn seeds_that_failed_fail_no_more() {
    SEEDS_THAT_FAILED.iter().for_each(|seed| assert!(play(*seed) > 0));
}

#[test]
fn whatever_servers_do_the_notes_are_what_was_played() {
    let begun_ns = now_ns();
    let first = begun_ns;
    println!("seeds from {first}");
    let half = |offset: u64| {
        let (mut steps, mut seed) = (0, first + offset);
        while steps < STEPS / 2 {
            let of_this = catch_unwind(|| play(seed)).unwrap_or_else(|_| panic!("seed {seed} failed"));
            steps += of_this;
            seed += 2;
        }
        steps
    };
    let steps: u64 = thread::scope(|scope| {
        let halves = [0, 1].map(|offset| scope.spawn(move || half(offset)));
        halves.map(|half| half.join().expect("it says what failed")).iter().sum()
    });
    println!("{steps} steps in {} ms", (now_ns() - begun_ns) / 1_000_000);
}
