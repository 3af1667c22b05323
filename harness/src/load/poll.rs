//! Waiting on many sockets: epoll, with what every user of it here would otherwise write again.

use rustix::buffer::spare_capacity;
use rustix::event::epoll;
use rustix::fd::OwnedFd;
use rustix::io::Errno;
use rustix::time::Timespec;

use super::LoadError;
use crate::clock::timespec;

/// An epoll instance.
pub(crate) fn create() -> Result<OwnedFd, LoadError> {
    epoll::create(epoll::CreateFlags::CLOEXEC).map_err(LoadError::epoll)
}

/// Waits for events, at most as many as `events` has room for. What was in `events` is gone; it stays empty where a
/// signal came first.
#[inline]
pub(crate) fn wait(epoll: &OwnedFd, events: &mut Vec<epoll::Event>) -> Result<(), LoadError> {
    wait_until(epoll, events, None)
}

/// As [`wait`], and no longer than `timeout_ns`.
#[inline]
pub(crate) fn wait_at_most(epoll: &OwnedFd, events: &mut Vec<epoll::Event>, timeout_ns: u64) -> Result<(), LoadError> {
    wait_until(epoll, events, Some(&timespec(timeout_ns)))
}

/// Takes the events there are, without waiting for any.
#[inline]
pub(crate) fn look(epoll: &OwnedFd, events: &mut Vec<epoll::Event>) -> Result<(), LoadError> {
    wait_at_most(epoll, events, 0)
}

fn wait_until(epoll: &OwnedFd, events: &mut Vec<epoll::Event>, timeout: Option<&Timespec>) -> Result<(), LoadError> {
    events.clear();
    match epoll::wait(epoll, spare_capacity(events), timeout) {
        Ok(_) | Err(Errno::INTR) => Ok(()),
        Err(error) => Err(LoadError::epoll(error)),
    }
}
