//! Waiting on many sockets: epoll, with what every user of it here would otherwise write again.

use rustix::buffer::spare_capacity;
use rustix::event::epoll;
use rustix::fd::OwnedFd;
use rustix::io::Errno;

use super::LoadError;
use crate::clock::timespec;

/// An epoll instance.
pub(crate) fn create() -> Result<OwnedFd, LoadError> {
    epoll::create(epoll::CreateFlags::CLOEXEC).map_err(LoadError::epoll)
}

/// Waits for events, at most as many as `events` has room for and no longer than `timeout_ns`. What was in `events` is
/// gone; it stays empty where nothing came, or a signal came first.
#[inline]
pub(crate) fn wait(epoll: &OwnedFd, events: &mut Vec<epoll::Event>, timeout_ns: u64) -> Result<(), LoadError> {
    events.clear();
    match epoll::wait(epoll, spare_capacity(events), Some(&timespec(timeout_ns))) {
        Ok(_) | Err(Errno::INTR) => Ok(()),
        Err(error) => Err(LoadError::epoll(error)),
    }
}
