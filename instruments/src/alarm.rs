//! A clock among sockets: one descriptor that ends an epoll wait at a moment of the monotonic clock.
//!
//! What keeps to absolute times waits with it: the load generator and the backend. Beside it: `clock.rs`.

use rustix::event::epoll::{self, EventData, EventFlags};
use rustix::fd::OwnedFd;
use rustix::io::Errno;
use rustix::time::{Itimerspec, TimerfdClockId, TimerfdFlags, TimerfdTimerFlags, timerfd_create, timerfd_settime};

use crate::clock::timespec;

/// A clock among the sockets: one descriptor that ends an epoll wait at a moment.
///
/// Giving each wait its own timeout instead has the kernel set a timer whenever the wait begins and take it back whenever
/// a reply ends it, twice per request; on a virtual machine each of these leaves the guest. This one is set again only
/// after it has gone off, or where it would go off too late.
#[derive(Debug)]
pub(crate) struct Alarm {
    timer: OwnedFd,
    /// On the monotonic clock.
    set_for_ns: u64,
}

impl Alarm {
    /// Puts a silent alarm among what `epoll` waits for; its events say `name`.
    pub(crate) fn new(epoll: &OwnedFd, name: u64) -> Result<Alarm, Errno> {
        let timer = timerfd_create(TimerfdClockId::Monotonic, TimerfdFlags::NONBLOCK | TimerfdFlags::CLOEXEC)?;
        // Reported once each time it goes off, so that it need not be read.
        epoll::add(epoll, &timer, EventData::new_u64(name), EventFlags::IN | EventFlags::ET)?;
        Ok(Alarm { timer, set_for_ns: 0 })
    }

    /// Goes off at `at_ns`, or before: an alarm that is set for an earlier moment is left as it is.
    #[inline]
    pub(crate) fn set(&mut self, at_ns: u64, now_ns: u64) -> Result<(), Errno> {
        if (now_ns + 1..=at_ns).contains(&self.set_for_ns) {
            return Ok(());
        }
        let once = Itimerspec { it_interval: timespec(0), it_value: timespec(at_ns.max(1)) };
        timerfd_settime(&self.timer, TimerfdTimerFlags::ABSTIME, &once)?;
        self.set_for_ns = at_ns;
        Ok(())
    }
}
