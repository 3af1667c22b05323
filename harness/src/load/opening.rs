//! Opening the connections that are held through a load, before it begins.
//!
//! Beside it: `worker.rs`, the load itself; `hold.rs`, which opens connections for their own sake.

use std::net::SocketAddr;
use std::time::Duration;

use rustix::event::epoll;

use super::connection::Connections;
use super::{LoadError, poll};
use crate::clock::now_ns;
use crate::plan::{Shape, nanoseconds};

/// How long it may take.
const DEADLINE: Duration = Duration::from_secs(20);

/// Connects under way at once.
const UNDER_WAY_AT_ONCE: u64 = 256;

/// Events taken from the kernel at once.
const EVENTS_AT_ONCE: usize = 256;

/// Returns when all are established. Fails where one can't be had within the deadline: a load on fewer connections than
/// asked for is another load.
pub(crate) fn open_ahead(connections: &mut Connections, shape: Shape, target: SocketAddr) -> Result<(), LoadError> {
    let Shape::Connections { .. } = shape else { return Ok(()) };
    let wanted = connections.wanted();
    let give_up_ns = now_ns() + nanoseconds(DEADLINE);
    let mut events: Vec<epoll::Event> = Vec::with_capacity(EVENTS_AT_ONCE);
    let mut begun = 0;
    while connections.established() < u64::from(wanted) {
        let now = now_ns();
        if now >= give_up_ns || connections.has_lost_idle() {
            let established = connections.established() as usize;
            return Err(LoadError::NotConnected { target, established, wanted: wanted as usize });
        }
        while begun < wanted && u64::from(begun) < connections.established() + UNDER_WAY_AT_ONCE {
            connections.open(begun, now_ns());
            begun += 1;
        }
        poll::wait_at_most(&connections.epoll, &mut events, give_up_ns - now)?;
        for event in &events {
            connections.on_event(event);
        }
    }
    Ok(())
}
