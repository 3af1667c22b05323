//! A clock among the sockets: one descriptor that ends an epoll wait at a moment.
//!
//! Giving each wait its own timeout instead has the kernel set a timer whenever the wait begins and take it back whenever
//! a reply ends it, twice per request; on a virtual machine each of these leaves the guest. This one is set again only
//! after it has gone off, or where it would go off too late. Beside it: `poll.rs`, the wait.

use rustix::event::epoll::{self, EventData, EventFlags};
use rustix::fd::OwnedFd;
use rustix::time::{Itimerspec, TimerfdClockId, TimerfdFlags, TimerfdTimerFlags, timerfd_create, timerfd_settime};

use super::LoadError;
use crate::clock::timespec;

/// What its event says in place of a connection.
const DATA: u64 = u64::MAX;

/// The alarm of one epoll instance.
#[derive(Debug)]
pub(crate) struct Alarm {
    timer: OwnedFd,
    /// On the monotonic clock.
    set_for_ns: u64,
}

impl Alarm {
    /// Puts a silent alarm among what `epoll` waits for.
    pub(crate) fn new(epoll: &OwnedFd) -> Result<Alarm, LoadError> {
        let timer = timerfd_create(TimerfdClockId::Monotonic, TimerfdFlags::NONBLOCK | TimerfdFlags::CLOEXEC)
            .map_err(LoadError::epoll)?;
        // Reported once each time it goes off, so that it need not be read.
        epoll::add(epoll, &timer, EventData::new_u64(DATA), EventFlags::IN | EventFlags::ET)
            .map_err(LoadError::epoll)?;
        Ok(Alarm { timer, set_for_ns: 0 })
    }

    /// Goes off at `at_ns`, or before: an alarm that is set for an earlier moment is left as it is.
    #[inline]
    pub(crate) fn set(&mut self, at_ns: u64, now_ns: u64) -> Result<(), LoadError> {
        if (now_ns + 1..=at_ns).contains(&self.set_for_ns) {
            return Ok(());
        }
        let once = Itimerspec { it_interval: timespec(0), it_value: timespec(at_ns.max(1)) };
        timerfd_settime(&self.timer, TimerfdTimerFlags::ABSTIME, &once).map_err(LoadError::epoll)?;
        self.set_for_ns = at_ns;
        Ok(())
    }

    /// Whether an event is an alarm's and no connection's.
    #[inline]
    pub(crate) fn is_source_of(event: &epoll::Event) -> bool {
        event.data.u64() == DATA
    }
}
