//! How a connection ends whose client has sent more than was looked at, without its last reply being lost.
//!
//! Each way to serve a connection has an `end` of its own, since how they read differs. Beside it: `deadline.rs`, until when.

use std::os::fd::AsFd;

use rustix::io::ioctl_fionread;

use crate::protocol::Inbox;

/// How many more reads a connection gets after its last reply, where the client has sent more than was looked at.
///
/// Closing with bytes unread makes the kernel send a reset, which can destroy that reply on its way
/// to the client. So the server ends its own side, and takes in as much as four more largest requests
/// (each read is at most `READ_BUFFER_BYTES`, where no option says otherwise) before it really closes. Where no option
/// limits the time, a client that sends nothing now holds no more than any idle connection does.
pub(super) const LINGERING_READS: usize = 512;

/// Whether the client has sent bytes that nobody will look at.
pub(super) fn has_unread(inbox: &Inbox, stream: &impl AsFd) -> bool {
    // Where the kernel does not say, there is nothing to wait for.
    !inbox.is_empty() || ioctl_fionread(stream).is_ok_and(|bytes| bytes > 0)
}
