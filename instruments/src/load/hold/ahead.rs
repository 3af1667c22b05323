//! The connections of a load that are opened before it begins, all of them or none.
//!
//! Beside it: `../hold.rs`, where connections are held in steps, and one that fails is a result.

use std::collections::VecDeque;
use std::net::SocketAddr;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use crate::clock::{nanoseconds, now_ns};
use crate::load::connection::{Connections, is_the_servers};
use crate::load::sockets::Sockets;
use crate::load::{LoadError, Shape};

/// How long opening all may take.
const OPENING_DEADLINE: Duration = Duration::from_secs(20);

/// Connects under way at once before a load.
const BEGUN_AHEAD_AT_ONCE: usize = 256;

/// On loopback the kernel answers a connect within the call, whatever the server does. One that is still under way after
/// this time met a full accept queue, and the kernel would try again only after a second.
const LOST_AFTER_NS: u64 = 5_000_000;

/// Returns when all are established. Fails where one can't be had within the deadline or before the load is stopped: a
/// load on fewer connections than asked for is another load.
pub(crate) fn open_ahead(
    connections: &mut Connections<Sockets>,
    shape: Shape,
    target: SocketAddr,
    stop: &AtomicBool,
) -> Result<(), LoadError> {
    let Shape::Connections { .. } = shape else { return Ok(()) };
    let wanted = connections.wanted();
    let give_up_ns = now_ns() + nanoseconds(OPENING_DEADLINE);
    let mut under_way =
        ConnectsUnderWay { begun: VecDeque::new(), is_loopback: target.ip().to_canonical().is_loopback() };
    let mut unbegun = 0..wanted;
    while connections.established() < u64::from(wanted) {
        let now = now_ns();
        if now >= give_up_ns || stop.load(Ordering::Relaxed) || connections.has_lost_idle() {
            let (established, wanted) = (connections.established() as usize, wanted as usize);
            return Err(match connections.latest_refusal().filter(|error| !is_the_servers(*error)) {
                Some(error) => LoadError::NoSocket { established, wanted, source: error.into() },
                None => LoadError::NotConnected { target, established, wanted },
            });
        }
        under_way.look_after(connections, now);
        let room = BEGUN_AHEAD_AT_ONCE - under_way.begun.len();
        for index in unbegun.by_ref().take(room) {
            connections.open(index, now_ns());
            under_way.begun.push_back(index);
        }
        connections.network.wait_at_most(LOST_AFTER_NS)?;
        connections.handle_events();
        // All that is decided, or what was established long ago would be taken for lost.
        while connections.network.may_have_more() {
            connections.network.look()?;
            connections.handle_events();
        }
    }
    Ok(())
}

/// Connects that were begun and may not have been decided, the oldest first.
struct ConnectsUnderWay {
    begun: VecDeque<u32>,
    is_loopback: bool,
}

impl ConnectsUnderWay {
    /// Forgets those that are established, and begins those anew that were lost.
    fn look_after(&mut self, connections: &mut Connections<Sockets>, now: u64) {
        for _ in 0..self.begun.len() {
            let Some(index) = self.begun.pop_front() else { return };
            let Some(began_ns) = connections.connecting_since(index) else { continue };
            if self.is_loopback && now >= began_ns + LOST_AFTER_NS {
                connections.open_again(index, now);
            }
            self.begun.push_back(index);
        }
    }
}
