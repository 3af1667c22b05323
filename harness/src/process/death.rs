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

impl Death {
    /// The same, with what is known besides: `was killed by SIGKILL, by the watchdog ...`.
    pub(super) fn because(self, cause: Option<String>) -> Death {
        match cause {
            Some(cause) => Death { how: format!("{}, {cause}", self.how), ..self },
            None => self,
        }
    }

    pub(super) fn is_by_sigkill(&self) -> bool {
        self.how.ends_with("SIGKILL")
    }
}

/// What a Rust program said when it panicked last, as far as `stderr` has it: where, and the message.
pub(super) fn panic_text(stderr: &str) -> Option<String> {
    let lines: Vec<&str> = stderr.lines().collect();
    let place = lines.iter().rposition(|line| line.contains(" panicked at "))?;
    let message = lines.get(place + 1).map(|line| line.trim()).filter(|line| !line.is_empty());
    let place = lines[place].trim().trim_end_matches(':');
    Some(match message {
        Some(message) => format!("{place}: {message}"),
        None => place.to_owned(),
    })
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_panic_is_quoted_with_its_message() {
        let stderr = "thread 'a' (7) panicked at src/x.rs:1:2:\nfirst\nnote: run with\n\
                      thread 'main' (8) panicked at library/std/src/thread/mod.rs:729:29:\n\
                      failed to spawn thread: EAGAIN\nnote: run with `RUST_BACKTRACE=1`\n";
        assert_eq!(
            panic_text(stderr).unwrap(),
            "thread 'main' (8) panicked at library/std/src/thread/mod.rs:729:29: failed to spawn thread: EAGAIN"
        );
        assert_eq!(panic_text("thread 'a' panicked at x.rs:1:2:").unwrap(), "thread 'a' panicked at x.rs:1:2");
        assert_eq!(panic_text("all is well\n"), None);
    }
}
