//! What a client of a disturbance does once it is connected, and what it makes of what it hears.
//!
//! Must not know: how many clients there are, or when they come. Beside it: `crowd.rs`, which holds them.

use std::net::SocketAddr;
use std::time::Duration;

use reports::record::Traffic;

use crate::load::exchange::{Answer, Digits, Exchange, digits};
use crate::load::outcome::LoadOutcome;
use crate::load::recorder::{Answered, Failure, Loop, Recorder, Scheduled};
use crate::load::usage::ThreadUsage;
use crate::plan::{ArrivalProcess, LoadSpec, Shape, Work, nanoseconds};

/// What all clients of a disturbance do.
pub(super) enum Behaviour {
    /// Nothing.
    Silent,
    /// Sends the bytes of a request that has no end, one at a time.
    Trickle {
        /// Time between two bytes.
        every_ns: u64,
    },
    /// Asks once.
    AskOnce(Box<Asking>),
}

/// The requests of clients that ask once, and what became of them.
pub(super) struct Asking {
    exchange: Exchange,
    recorder: Recorder,
    lasting: Duration,
    /// How many have asked.
    asked: u32,
}

/// What is to be sent next on a connection.
pub(super) struct Next {
    pub(super) bytes: Vec<u8>,
    /// Until when to wait after that before asking again; none where nothing follows.
    pub(super) again_after_ns: Option<u64>,
}

/// The beginning of a request. What follows is more and more of its parameter.
const FRONT: &[u8] = br#"{"RequestWork":{"request_message":"echo","parameter":""#;

impl Behaviour {
    pub(super) fn trickle(every: Duration) -> Behaviour {
        Behaviour::Trickle { every_ns: nanoseconds(every).max(1_000_000) }
    }

    /// `lasting` is the whole time of the disturbance: a request is given up then and not before.
    pub(super) fn asking_once(target: SocketAddr, lasting: Duration) -> Behaviour {
        let exchange = Exchange::new(&work(), target);
        let mut recorder = Recorder::new(nanoseconds(lasting), Loop::Closed);
        recorder.set_window(0..u64::MAX);
        Behaviour::AskOnce(Box::new(Asking { exchange, recorder, lasting, asked: 0 }))
    }

    /// What a client sends that has sent `sent` bytes so far; nothing where it has done all it does.
    pub(super) fn next(&mut self, sent: u64, connected_ns: u64) -> Option<Next> {
        match self {
            Behaviour::Silent => None,
            Behaviour::Trickle { every_ns } => {
                let byte = FRONT.get(sent as usize).copied().unwrap_or(b'a');
                Some(Next { bytes: vec![byte], again_after_ns: Some(*every_ns) })
            }
            Behaviour::AskOnce(asking) if sent == 0 => {
                let bytes = asking.ask(connected_ns);
                Some(Next { bytes, again_after_ns: None })
            }
            Behaviour::AskOnce(_) => None,
        }
    }

    /// Makes something of all that has been heard on a connection. True once a request was answered, rightly or not, so
    /// that what is heard later means nothing.
    pub(super) fn heard(&mut self, bytes: &[u8], connected_ns: u64, now: u64) -> bool {
        match self {
            Behaviour::Silent | Behaviour::Trickle { .. } => true,
            Behaviour::AskOnce(asking) => asking.answered(bytes, connected_ns, now),
        }
    }

    /// A connection is gone on which nothing was answered: lost, or let go at the end.
    pub(super) fn unanswered(&mut self, connected_ns: u64, now: u64, lost: bool) {
        if let Behaviour::AskOnce(asking) = self {
            let failure = if lost { Failure::Reset } else { Failure::InFlight };
            asking.recorder.failed(Scheduled::InWindow, failure, connected_ns, now);
        }
    }

    /// What became of its requests, where it sent any.
    pub(super) fn into_traffic(self) -> Option<Traffic> {
        let Behaviour::AskOnce(asking) = self else { return None };
        let Asking { recorder, lasting, asked, .. } = *asking;
        let spec = LoadSpec {
            arrivals: ArrivalProcess::Closed,
            shape: Shape::Connections { connections: asked },
            work: work(),
            seed: 0,
            warm_up: Duration::ZERO,
            window: lasting,
            timeout: lasting,
        };
        Some(LoadOutcome::merge(&spec, vec![(recorder, ThreadUsage::default())]).traffic)
    }
}

impl Asking {
    fn ask(&mut self, connected_ns: u64) -> Vec<u8> {
        self.asked += 1;
        self.recorder.self_scheduled(connected_ns, 1);
        self.exchange.request(&digits(connected_ns)).to_vec()
    }

    fn answered(&mut self, bytes: &[u8], connected_ns: u64, now: u64) -> bool {
        let timestamp: Digits = digits(connected_ns);
        let place = Scheduled::InWindow;
        match self.exchange.answer(bytes, &timestamp) {
            Answer::Incomplete => return false,
            Answer::Right { server_ns, .. } => {
                let answered = Answered {
                    intended_ns: connected_ns,
                    taken_up_ns: connected_ns,
                    sent_ns: connected_ns,
                    server_ns,
                    received_ns: now,
                };
                self.recorder.ok(place, &answered);
            }
            Answer::Refused { .. } => self.recorder.failed(place, Failure::Error, connected_ns, now),
            Answer::Closed { .. } | Answer::Wrong => {
                self.recorder.failed(place, Failure::Malformed, connected_ns, now);
            }
        }
        true
    }
}

/// What is asked once: as little as can be.
fn work() -> Work {
    Work::new("echo", "hi")
}

#[cfg(test)]
mod tests {
    use servers::protocol::{JsonLines, Step, WireFormat};

    use super::*;

    #[test]
    fn a_trickle_is_the_front_of_a_right_request_and_never_ends() {
        let mut trickle = Behaviour::trickle(Duration::from_millis(50));
        let mut sent = Vec::new();
        for _ in 0..500 {
            let next = trickle.next(sent.len() as u64, 0).unwrap();
            assert_eq!((next.bytes.len(), next.again_after_ns), (1, Some(50_000_000)));
            sent.extend(next.bytes);
        }
        assert!(matches!(JsonLines.decode_request(&sent), Step::Incomplete));
        sent.extend_from_slice(b"\",\"sender_timestamp\":\"1\"}}\n");
        assert!(matches!(JsonLines.decode_request(&sent), Step::Message { .. }));
    }

    #[test]
    fn each_request_that_is_asked_has_one_end() {
        let mut once = Behaviour::asking_once("127.0.0.1:1".parse().unwrap(), Duration::from_secs(1));
        for connected_ns in [10, 20, 30, 40] {
            assert!(once.next(0, connected_ns).is_some());
            assert!(once.next(70, connected_ns).is_none());
        }
        let reply = format!(
            "{{\"WorkDone\":{{\"sender_timestamp\":\"{:020}\",\"result\":\"hi\",\
             \"server_received_ns\":12,\"server_sent_ns\":13}}}}\n",
            10
        );
        assert!(!once.heard(&reply.as_bytes()[..5], 10, 14));
        assert!(once.heard(reply.as_bytes(), 10, 15));
        assert!(once.heard(reply.as_bytes(), 20, 25), "another's answer ends the waiting too");
        once.unanswered(30, 35, true);
        once.unanswered(40, 45, false);
        let ledger = once.into_traffic().unwrap().ledger;
        assert_eq!((ledger.scheduled, ledger.accounted_for()), (4, 4));
        assert_eq!((ledger.ok, ledger.malformed, ledger.reset, ledger.in_flight), (1, 1, 1, 1));
        assert!(Behaviour::Silent.into_traffic().is_none());
    }
}
