//! The calls of the system that are made to fail, and with what: each with an error that it really gives.
//!
//! Not among them: asking for memory, since the allocator ends the process where there is none, as every Rust program
//! does; and what cannot fail. Must not know: how a call is made to fail (`tracer.rs`).

use std::fmt;

use nix::errno::Errno;
use nix::libc;

/// What a call is made on, as far as it tells apart where in the program the call is made.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct Site {
    /// The name of the call.
    pub(crate) call: &'static str,
    /// The file or the kind of descriptor that it is made on, with every number replaced; empty where it has neither.
    pub(crate) target: String,
}

impl fmt::Display for Site {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.call, self.target)
    }
}

/// Where a call says what it is made on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Target {
    /// Its argument of this number is a path.
    Path(usize),
    /// Its first argument is a descriptor.
    Descriptor,
    Nothing,
}

/// A call that can fail.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Fallible {
    pub(crate) name: &'static str,
    pub(crate) number: i64,
    pub(crate) target: Target,
    pub(crate) error: Errno,
}

const fn fallible(name: &'static str, number: i64, target: Target, error: Errno) -> Fallible {
    Fallible { name, number, target, error }
}

impl Fallible {
    /// The error that the call gives here. A pipe has no medium that could fail, but a read of it can be interrupted.
    pub(crate) fn error_on(&self, target: &str) -> Errno {
        let is_on_a_medium = target.starts_with('/');
        if self.number == libc::SYS_read && !is_on_a_medium { Errno::EINTR } else { self.error }
    }

    /// Whether the call can fail with these arguments: to read one's own limits cannot, to set them can.
    pub(crate) fn can_fail(&self, arguments: [u64; 3]) -> bool {
        self.number != libc::SYS_prlimit64 || arguments[2] != 0
    }
}

/// Every call that is made to fail.
pub(crate) const FALLIBLE: &[Fallible] = &[
    fallible("open", libc::SYS_openat, Target::Path(1), Errno::EMFILE),
    fallible("mkdir", libc::SYS_mkdir, Target::Path(0), Errno::ENOSPC),
    fallible("rename", libc::SYS_rename, Target::Path(0), Errno::EIO),
    fallible("link", libc::SYS_linkat, Target::Path(1), Errno::EIO),
    fallible("unlink", libc::SYS_unlink, Target::Path(0), Errno::EIO),
    fallible("stat", libc::SYS_statx, Target::Path(1), Errno::EIO),
    fallible("readdir", libc::SYS_getdents64, Target::Descriptor, Errno::EIO),
    fallible("fsync", libc::SYS_fsync, Target::Descriptor, Errno::EIO),
    fallible("fdatasync", libc::SYS_fdatasync, Target::Descriptor, Errno::EIO),
    fallible("truncate", libc::SYS_ftruncate, Target::Descriptor, Errno::EIO),
    fallible("flock", libc::SYS_flock, Target::Descriptor, Errno::ENOLCK),
    fallible("read", libc::SYS_read, Target::Descriptor, Errno::EIO),
    fallible("write", libc::SYS_write, Target::Descriptor, Errno::ENOSPC),
    fallible("writev", libc::SYS_writev, Target::Descriptor, Errno::ENOSPC),
    fallible("pipe", libc::SYS_pipe2, Target::Nothing, Errno::EMFILE),
    fallible("dup", libc::SYS_fcntl, Target::Descriptor, Errno::EMFILE),
    fallible("socket", libc::SYS_socket, Target::Nothing, Errno::EMFILE),
    fallible("socketpair", libc::SYS_socketpair, Target::Nothing, Errno::EMFILE),
    fallible("bind", libc::SYS_bind, Target::Descriptor, Errno::EADDRINUSE),
    fallible("listen", libc::SYS_listen, Target::Descriptor, Errno::EADDRINUSE),
    fallible("connect", libc::SYS_connect, Target::Descriptor, Errno::EADDRNOTAVAIL),
    fallible("accept", libc::SYS_accept4, Target::Descriptor, Errno::EMFILE),
    fallible("setsockopt", libc::SYS_setsockopt, Target::Descriptor, Errno::ENOMEM),
    fallible("getsockopt", libc::SYS_getsockopt, Target::Descriptor, Errno::ENOBUFS),
    fallible("send", libc::SYS_sendto, Target::Descriptor, Errno::ENOBUFS),
    fallible("receive", libc::SYS_recvfrom, Target::Descriptor, Errno::ENOMEM),
    fallible("epoll_create", libc::SYS_epoll_create1, Target::Nothing, Errno::EMFILE),
    fallible("epoll_ctl", libc::SYS_epoll_ctl, Target::Nothing, Errno::ENOSPC),
    fallible("epoll_wait", libc::SYS_epoll_wait, Target::Nothing, Errno::EINTR),
    fallible("epoll_pwait2", libc::SYS_epoll_pwait2, Target::Nothing, Errno::EINTR),
    fallible("poll", libc::SYS_poll, Target::Nothing, Errno::EINTR),
    fallible("ppoll", libc::SYS_ppoll, Target::Nothing, Errno::EINTR),
    fallible("eventfd", libc::SYS_eventfd2, Target::Nothing, Errno::EMFILE),
    fallible("fork", libc::SYS_fork, Target::Nothing, Errno::EAGAIN),
    fallible("vfork", libc::SYS_vfork, Target::Nothing, Errno::EAGAIN),
    fallible("clone", libc::SYS_clone, Target::Nothing, Errno::EAGAIN),
    fallible("clone3", libc::SYS_clone3, Target::Nothing, Errno::EAGAIN),
    fallible("pidfd_open", libc::SYS_pidfd_open, Target::Nothing, Errno::EMFILE),
    fallible("waitid", libc::SYS_waitid, Target::Nothing, Errno::EINTR),
    fallible("prlimit", libc::SYS_prlimit64, Target::Nothing, Errno::EPERM),
    fallible("set_affinity", libc::SYS_sched_setaffinity, Target::Nothing, Errno::EPERM),
];

/// The call of that number.
pub(crate) fn by_number(number: i64) -> Option<&'static Fallible> {
    FALLIBLE.iter().find(|call| call.number == number)
}

/// A path or a descriptor's description with its numbers and random names replaced, so that two runs agree on it.
pub(crate) fn without_numbers(target: &str, home: &str) -> String {
    /// What a temporary file's name begins with; six random characters follow.
    const TEMPORARY: &str = ".tmp";
    let target = target.replace(home, "~");
    let named = target.split_once(TEMPORARY).map_or(target.clone(), |(folder, _)| format!("{folder}{TEMPORARY}"));
    let mut plain = String::new();
    for character in named.chars() {
        let digit = character.is_ascii_digit();
        if !(digit && plain.ends_with('#')) {
            plain.push(if digit { '#' } else { character });
        }
    }
    plain
}
