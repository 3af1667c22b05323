//! How a process ended, told without reaping it.

use std::io;
use std::os::fd::BorrowedFd;

use rustix::process::{WaitId, WaitIdOptions, WaitIdStatus, waitid};
use signal_hook::low_level::signal_name;

/// The end of a process.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Death {
    /// `was killed by SIGKILL` or `exited with status 101`.
    pub how: String,
    /// Whether it was an exit with status 0.
    pub in_order: bool,
}

/// How the process ended; `None` while it runs. It stays a zombie, so its id and its group can't be taken by another.
pub(super) fn look(pidfd: BorrowedFd<'_>) -> io::Result<Option<Death>> {
    let options = WaitIdOptions::EXITED | WaitIdOptions::NOHANG | WaitIdOptions::NOWAIT;
    Ok(waitid(WaitId::PidFd(pidfd), options)?.map(|status| describe(&status)))
}

fn describe(status: &WaitIdStatus) -> Death {
    let how = match (status.exit_status(), status.terminating_signal()) {
        (Some(code), _) => format!("exited with status {code}"),
        (None, Some(signal)) => match signal_name(signal) {
            Some(name) => format!("was killed by {name}"),
            None => format!("was killed by signal {signal}"),
        },
        (None, None) => "ended in a way that the kernel does not tell".to_owned(),
    };
    Death { how, in_order: status.exit_status() == Some(0) }
}
