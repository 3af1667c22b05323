//! The network and everybody at its other end, played from a seed: servers that answer right, wrong, late, twice, in part or
//! not at all, and connections that are refused, full or lost.
//!
//! Must not know: what the client makes of it; `../simulation.rs` holds its notes against what is done here.

use std::collections::VecDeque;
use std::fmt::Write;

use rustix::io::Errno;

use super::SLOTS;
use crate::load::connection::{Closing, Connect, End, Name, Network};

/// Numbers that look random: splitmix64.
pub(super) struct Random(pub(super) u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    /// Below `end`.
    pub(super) fn below(&mut self, end: u64) -> u64 {
        self.next() % end
    }

    pub(super) fn one_in(&mut self, number: u64) -> bool {
        self.below(number) == 0
    }
}

/// What a server sends at a request, or unasked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Sent {
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
    /// That the server takes the connection for idle and closes it.
    Farewell,
}

/// Bytes on their way to the client, and what they are.
pub(super) struct SentPiece {
    pub(super) bytes: Vec<u8>,
    /// How many of them have been delivered.
    pub(super) delivered: usize,
    /// How many requests had been sent when the first was.
    pub(super) asked_before: u64,
    pub(super) sent: Sent,
}

/// The other end of a slot's connection.
pub(super) struct Peer {
    pub(super) name: Name,
    pub(super) is_connecting: bool,
    /// What it has read of a request that is not whole.
    pub(super) read: Vec<u8>,
    /// Requests that it has read whole.
    pub(super) requests: u64,
    /// Those that it answered with a reply that has an end.
    pub(super) answered: u64,
    /// Whether it has sent something that nobody asked for. After a page too many, the next request seems to be answered
    /// by it, and each one after by the reply to the one before, until more comes in one go than one page.
    pub(super) has_misled: bool,
    /// Those that the client gave to the network, whole or not.
    pub(super) asked: u64,
    pub(super) on_their_way: VecDeque<SentPiece>,
    /// How it ends once all of that is delivered.
    pub(super) ends: Option<End>,
    /// Whether it took less than was sent, so that it will say when it takes more.
    pub(super) is_full: bool,
}

/// The network, and everybody at the other end.
pub(super) struct World {
    pub(super) random: Random,
    pub(super) now: u64,
    pub(super) peers: Vec<Option<Peer>>,
    pub(super) is_http: bool,
    pub(super) requests_read: u64,
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
        let kinds = [Sent::Right(number), Sent::LooksRight, Sent::Other, Sent::Unended];
        let [right, looks_right, other, front] = kinds.map(|sent| move |text: &str| (text.as_bytes().to_vec(), sent));
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
            19 => {
                let farewell = b"HTTP/1.1 408 Idle\r\nConnection: close\r\nContent-Length: 0\r\n\r\n".to_vec();
                (vec![right(OK), (farewell, Sent::Farewell)], closes)
            }
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
            11 => (vec![right, (b"{\"Error\":{\"reason\":\"idle\"}}\n".to_vec(), Sent::Farewell)], closes),
            _ => (vec![right], None),
        }
    }

    /// A slot that something can happen to.
    pub(super) fn some_peer(&mut self) -> Option<u32> {
        let slot = self.random.below(u64::from(SLOTS)) as u32;
        self.peers[slot as usize].is_some().then_some(slot)
    }
}
