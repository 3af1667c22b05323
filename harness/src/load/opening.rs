//! Opening the connections that are held through a load, before it begins.
//!
//! Beside it: `worker.rs`, the load itself; `hold.rs`, which opens connections for their own sake.

use std::collections::VecDeque;
use std::net::SocketAddr;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use super::LoadError;
use super::connection::Connections;
use super::sockets::Sockets;
use crate::clock::now_ns;
use crate::plan::{Shape, nanoseconds};

/// How long it may take.
const DEADLINE: Duration = Duration::from_secs(20);

/// Connects under way at once.
const UNDER_WAY_AT_ONCE: usize = 256;

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
    let give_up_ns = now_ns() + nanoseconds(DEADLINE);
    let mut under_way = UnderWay { begun: VecDeque::new(), is_loopback: target.ip().to_canonical().is_loopback() };
    let mut unbegun = 0..wanted;
    while connections.established() < u64::from(wanted) {
        let now = now_ns();
        if now >= give_up_ns || stop.load(Ordering::Relaxed) || connections.has_lost_idle() {
            let established = connections.established() as usize;
            return Err(LoadError::NotConnected { target, established, wanted: wanted as usize });
        }
        under_way.look_after(connections, now);
        let room = UNDER_WAY_AT_ONCE - under_way.begun.len();
        for index in unbegun.by_ref().take(room) {
            connections.open(index, now_ns());
            under_way.begun.push_back(index);
        }
        connections.network.wait_at_most(LOST_AFTER_NS)?;
        connections.handle_events();
    }
    Ok(())
}

/// Connects that were begun and may not have been decided, the oldest first.
struct UnderWay {
    begun: VecDeque<u32>,
    is_loopback: bool,
}

impl UnderWay {
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
