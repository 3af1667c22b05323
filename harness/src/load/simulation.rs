//! Servers of all kinds, played to the connections from a seed: bytes that come one by one or all together, late, twice,
//! cut off or wrong, and connections that are refused, lost or slow. After every step the notes are held against what was
//! played.
//!
//! No socket and no clock is involved, so millions of steps take seconds, and a seed that fails fails again. Add it to
//! [`SEEDS_THAT_FAILED`] then. Beside it: `connection.rs`, which is what is tested here.

use std::collections::VecDeque;
use std::fmt::Write;
use std::ops::Range;
use std::panic::catch_unwind;
use std::thread;

use rustix::io::Errno;

use super::arrivals::Arrival;
use super::connection::{Closing, Connect, ConnectionSettings, Connections, End, Name, Network};
use super::exchange::Exchange;
use super::recorder::{Loop, Recorder};
use crate::plan::{PageRequest, Shape, Work};

/// Seeds that once showed a fault.
const SEEDS_THAT_FAILED: &[u64] = &[];

/// Steps of all worlds together.
const STEPS: u64 = 10_000_000;

/// Steps after which a world ends in any case.
const MOST_STEPS: u64 = 100_000;

const SLOTS: u32 = 6;
const TIMEOUT_NS: u64 = 50_000;
const WINDOW: Range<u64> = 200_000..8_000_000;
const TARGET: std::net::SocketAddr = std::net::SocketAddr::new(std::net::IpAddr::V4(std::net::Ipv4Addr::LOCALHOST), 1);

/// Numbers that look random: splitmix64.
struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    /// Below `end`.
    fn below(&mut self, end: u64) -> u64 {
        self.next() % end
    }

    fn one_in(&mut self, number: u64) -> bool {
        self.below(number) == 0
    }
}

/// What a server sends at a request, or unasked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Sent {
    /// The right reply to the request of this number on its connection.
    Right(u64),
    /// A whole reply that is none to it, an error, or nonsense.
    Other,
    /// The front of a reply.
    Unended,
    /// What can't be told from a right reply, or its front, to whatever was asked: a page that is sent twice, too short a
    /// page whose rest has not come yet, a bracket behind a message.
    LooksRight,
    /// A right reply that only the end of the connection ends.
    RightAtTheEnd,
}

/// Bytes on their way to the client, and what they are.
struct SentPiece {
    bytes: Vec<u8>,
    /// How many of them have been delivered.
    delivered: usize,
    /// How many requests had been sent when the first was.
    asked_before: u64,
    sent: Sent,
}

/// The other end of a slot's connection.
struct Peer {
    name: Name,
    is_connecting: bool,
    /// What it has read of a request that is not whole.
    read: Vec<u8>,
    /// Requests that it has read whole.
    requests: u64,
    /// Those that it answered with a reply that has an end.
    answered: u64,
    /// Whether it has sent something that nobody asked for. After a page too many, the next request seems to be answered
    /// by it, and each one after by the reply to the one before, until more comes in one go than one page.
    has_misled: bool,
    /// Those that the client gave to the network, whole or not.
    asked: u64,
    on_their_way: VecDeque<SentPiece>,
    /// How it ends once all of that is delivered.
    ends: Option<End>,
    /// Whether it took less than was sent, so that it will say when it takes more.
    is_full: bool,
}

/// The network, and everybody at the other end.
struct World {
    random: Random,
    now: u64,
    peers: Vec<Option<Peer>>,
    is_http: bool,
    requests_read: u64,
}

impl Network for World {
    type Socket = Name;

    fn connect(&mut self, name: Name) -> Result<Connect<Name>, Errno> {
        let is_connecting = match self.random.below(20) {
            0 => return Err(Errno::CONNREFUSED),
            1 => return Err(Errno::MFILE),
            2..=6 => true,
            _ => false,
        };
        let (read, on_their_way) = (Vec::new(), VecDeque::new());
        let peer = Peer {
            name,
            is_connecting,
            read,
            requests: 0,
            answered: 0,
            has_misled: false,
            asked: 0,
            on_their_way,
            ends: None,
            is_full: false,
        };
        self.peers[name.slot as usize] = Some(peer);
        Ok(if is_connecting { Connect::UnderWay(name) } else { Connect::Established(name) })
    }

    fn send(&mut self, name: Name, socket: &Name, bytes: &[u8]) -> Result<usize, Errno> {
        assert_eq!(name, *socket, "a slot sends on its own connection");
        let takes =
            if self.random.one_in(12) { self.random.below(bytes.len() as u64 + 1) as usize } else { bytes.len() };
        let breaks = self.random.one_in(200);
        let peer = self.peers[name.slot as usize].as_mut().expect("there is somebody at the other end");
        assert!(peer.name == name && !peer.is_connecting, "only what is established is sent on");
        if breaks {
            return Err(Errno::PIPE);
        }
        if peer.read.is_empty() && !peer.is_full {
            peer.asked += 1;
        }
        peer.is_full = takes < bytes.len();
        peer.read.extend_from_slice(&bytes[..takes]);
        self.read_requests(name.slot);
        Ok(takes)
    }

    fn close(&mut self, socket: Name, _: Closing) {
        let peer = self.peers[socket.slot as usize].take().expect("what is closed was open");
        assert_eq!(peer.name, socket, "a slot closes its own connection");
    }
}

impl World {
    fn read_requests(&mut self, slot: u32) {
        let end: &[u8] = if self.is_http { b"\r\n\r\n" } else { b"\n" };
        let peer = self.peers[slot as usize].as_mut().expect("it has just sent");
        if !peer.read.ends_with(end) {
            return;
        }
        let request = String::from_utf8(std::mem::take(&mut peer.read)).expect("requests are text");
        peer.requests += 1;
        let (number, asked_before, had_ended) = (peer.requests, peer.asked, peer.ends.is_some());
        self.requests_read += 1;
        if had_ended {
            return;
        }
        let (pieces, ends) = if self.is_http {
            self.page(number, request.contains("Connection: close"))
        } else {
            self.message(number, &request)
        };
        let peer = self.peers[slot as usize].as_mut().expect("it has just sent");
        peer.ends = ends;
        peer.answered += u64::from(pieces.last().is_some_and(|(_, sent)| *sent != Sent::Unended));
        peer.has_misled |= pieces.iter().any(|(_, sent)| *sent == Sent::LooksRight);
        let pieces = pieces.into_iter().filter(|(bytes, _)| !bytes.is_empty());
        peer.on_their_way.extend(pieces.map(|(bytes, sent)| SentPiece { bytes, delivered: 0, asked_before, sent }));
    }

    /// What a server of pages does about a request.
    fn page(&mut self, number: u64, is_last: bool) -> (Vec<(Vec<u8>, Sent)>, Option<End>) {
        const OK: &str = "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello";
        let right = |text: &str| (text.as_bytes().to_vec(), Sent::Right(number));
        let looks_right = |text: &str| (text.as_bytes().to_vec(), Sent::LooksRight);
        let other = |text: &str| (text.as_bytes().to_vec(), Sent::Other);
        let front = |text: &str| (text.as_bytes().to_vec(), Sent::Unended);
        let closes = Some(End::Orderly);
        if is_last {
            return (vec![right("HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 2\r\n\r\nhi")], closes);
        }
        match self.random.below(40) {
            0 => (vec![right(OK), looks_right(OK)], None),
            1 => (vec![looks_right("HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nhel"), other("lo")], None),
            2 => (vec![front("HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhello")], None),
            3 => (vec![front("HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhello")], closes),
            4 => (vec![other("HTTP/1.1 200 OK\r\nContent-Length: 18446744073709551616\r\n\r\nhello")], None),
            5 => {
                let page = b"HTTP/1.1 200 OK\r\nConnection: close\r\n\r\nhello".to_vec();
                (vec![(page, Sent::RightAtTheEnd)], closes)
            }
            6 => (vec![right("HTTP/1.0 200 OK\r\nContent-Length: 5\r\n\r\nhello")], closes),
            7 => (vec![right("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n")], None),
            8 => (vec![other("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello!\r\n")], None),
            9 => (vec![right(&format!("HTTP/1.1 100 Continue\r\n\r\n{OK}"))], None),
            10 => (vec![other(&"HTTP/1.1 100 Continue\r\n\r\n".repeat(120))], None),
            11 => (vec![other("HTTP/1.1 503 Oh\r\nContent-Length: 2\r\n\r\nno")], None),
            12 => (vec![other("HTTP/1.1 408 Late\r\nConnection: close\r\nContent-Length: 0\r\n\r\n")], closes),
            13 => (vec![other("SSH-2.0\r\n")], None),
            14 => (Vec::new(), None),
            15 => (Vec::new(), closes),
            16 => (vec![front("HTTP/1.1 200 OK\r\nConte")], Some(End::Lost(Errno::CONNRESET))),
            17 => (vec![right(OK)], closes),
            18 => (
                vec![right(&format!("HTTP/1.1 200 OK\r\nX: {}\r\nContent-Length: 1\r\n\r\n!", "x".repeat(3_000)))],
                None,
            ),
            _ => (vec![right(OK)], None),
        }
    }

    /// What a server of the project's own protocol does about a message.
    fn message(&mut self, number: u64, request: &str) -> (Vec<(Vec<u8>, Sent)>, Option<End>) {
        let field = |name: &str| {
            let (_, rest) = request.split_once(&format!("\"{name}\":\"")).expect("a message has its fields");
            rest.split('"').next().expect("a text ends").to_owned()
        };
        let other = |text: &str| (text.as_bytes().to_vec(), Sent::Other);
        if request.contains("CloseConnection") {
            let served = number - 1;
            let reply = format!(
                "{{\"ConnectionClosed\":{{\"initial_timestamp\":\"0\",\"final_timestamp\":\"0\",\"requests_served\":{served}}}}}\n"
            );
            return (vec![other(&reply)], Some(End::Orderly));
        }
        let (timestamp, now) = (field("sender_timestamp"), self.now);
        let done = |timestamp: &str, result: &str| {
            let mut reply = format!("{{\"WorkDone\":{{\"sender_timestamp\":\"{timestamp}\",\"result\":\"{result}\"");
            let _ = writeln!(reply, ",\"server_received_ns\":{now},\"server_sent_ns\":{now}}}}}");
            reply
        };
        let right = (done(&timestamp, "hi").into_bytes(), Sent::Right(number));
        let closes = Some(End::Orderly);
        match self.random.below(40) {
            0 => (vec![right, other(&done(&timestamp, "hi"))], None),
            1 => (vec![other(&done("00000000000000000001", "hi"))], None),
            2 => (vec![other(&done(&timestamp, "ho"))], None),
            3 => (vec![other("{\"Error\":{\"reason\":\"no\"}}\n")], None),
            4 => (vec![other("HTTP/1.1 400 Bad Request\r\n\r\n")], None),
            5 => (Vec::new(), None),
            6 => (Vec::new(), closes),
            7 => (vec![other("{\"WorkDone\":{\"sender")], closes),
            8 => (vec![other("{\"Wo")], Some(End::Lost(Errno::CONNRESET))),
            9 => (vec![right, (b"{".to_vec(), Sent::LooksRight)], None),
            10 => (vec![right], closes),
            _ => (vec![right], None),
        }
    }

    /// A slot that something can happen to.
    fn some_peer(&mut self) -> Option<u32> {
        let slot = self.random.below(u64::from(SLOTS)) as u32;
        self.peers[slot as usize].is_some().then_some(slot)
    }
}

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
        let (mut ended, mut pieces) = (None, 0);
        while bytes.len() < count {
            let piece = peer.on_their_way.front_mut().expect("no more is taken than there is");
            if piece.delivered == 0 {
                // A page that comes when a request is out may be its reply: nobody can know better.
                piece.asked_before = peer.asked;
            }
            let taken = (count - bytes.len()).min(piece.bytes.len() - piece.delivered);
            bytes.extend_from_slice(&piece.bytes[piece.delivered..piece.delivered + taken]);
            piece.delivered += taken;
            // What follows in the same go leaves nothing right.
            (ended, pieces) = (None, pieces + 1);
            if piece.delivered == piece.bytes.len() {
                ended = Some((piece.sent, piece.asked_before));
                peer.on_their_way.pop_front();
            }
        }
        let (asked, has_misled) = (peer.asked, peer.has_misled);
        let must_count = pieces == 1
            && !has_misled
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
    let begun_ns = super::now_ns();
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
    println!("{steps} steps in {} ms", (super::now_ns() - begun_ns) / 1_000_000);
}
