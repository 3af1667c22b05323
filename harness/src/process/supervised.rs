//! The child's side of supervision: what a server process does so that it never outlives its parent.
//!
//! Beside it: `launch.rs`, which starts it.

use std::io::{self, Stdin};
use std::os::fd::{AsFd, BorrowedFd};
use std::os::unix::net::UnixStream;

use rustix::event::{PollFd, PollFlags, poll};
use rustix::process::{Pid, Signal, getppid, set_parent_process_death_signal};
use signal_hook::consts::{SIGINT, SIGTERM};
use signal_hook::low_level::pipe;

use super::message::QUESTION;

/// Asks the kernel for SIGKILL when the parent ends.
///
/// # Errors
/// Where `parent` is not this process's parent: it may have ended before the request, and then no signal would come.
pub fn die_with(parent: u32) -> io::Result<()> {
    set_parent_process_death_signal(Some(Signal::KILL))?;
    let actual = getppid().map(Pid::as_raw_pid);
    if actual.and_then(|pid| u32::try_from(pid).ok()) == Some(parent) {
        Ok(())
    } else {
        Err(io::Error::other(format!("process {parent}, which started this server, has ended")))
    }
}

/// What asks a server to stop: TERM, Ctrl-C and, where it is supervised, the end of its stdin.
#[derive(Debug)]
pub struct StopRequests {
    signals: UnixStream,
    lifeline: Option<Stdin>,
}

/// Whether a server has a parent that watches over it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Supervision {
    /// Run by a person: its stdin means nothing.
    ByHand,
    /// Launched by the harness: its stdin ends when the harness does.
    Supervised,
}

impl StopRequests {
    /// From now on TERM and Ctrl-C no longer end the process; they are waited for here.
    pub fn listen(supervision: Supervision) -> io::Result<Self> {
        let (signals, wake) = UnixStream::pair()?;
        pipe::register(SIGTERM, wake.try_clone()?)?;
        pipe::register(SIGINT, wake)?;
        let lifeline = (supervision == Supervision::Supervised).then(io::stdin);
        Ok(Self { signals, lifeline })
    }

    /// Returns at the first request. An error counts as one: a server that can't be told to stop must not go on.
    pub fn wait(&self) {
        self.wait_and_answer(|| ());
    }

    /// As [`StopRequests::wait`]; meanwhile `answer` is called whenever the parent asks how things stand inside.
    pub fn wait_and_answer(&self, mut answer: impl FnMut()) {
        let mut questions = Questions::default();
        loop {
            let mut sources = vec![PollFd::new(&self.signals, PollFlags::IN)];
            if let Some(stdin) = &self.lifeline {
                sources.push(PollFd::new(stdin, PollFlags::IN));
            }
            match poll(&mut sources, None) {
                Err(rustix::io::Errno::INTR) => continue,
                Err(_) => return,
                Ok(_) if !sources[0].revents().is_empty() => return,
                Ok(_) => {}
            }
            match self.lifeline.as_ref().and_then(|stdin| questions.read(stdin.as_fd())) {
                None => return,
                Some(0) => {}
                // Several at once are answered once: an answer is how things stand now.
                Some(_) => answer(),
            }
        }
    }
}

/// What comes from the parent, line by line.
#[derive(Debug, Default)]
struct Questions {
    partial: Vec<u8>,
}

impl Questions {
    /// Reads what has come: the number of questions in it, or nothing at the end of the stream.
    fn read(&mut self, stream: BorrowedFd<'_>) -> Option<usize> {
        let mut chunk = [0; 256];
        match rustix::io::read(stream, &mut chunk) {
            Ok(0) => None,
            Ok(count) => Some(self.take(&chunk[..count])),
            Err(rustix::io::Errno::INTR) => Some(0),
            Err(_) => None,
        }
    }

    /// Other lines are nothing, however long they are.
    fn take(&mut self, bytes: &[u8]) -> usize {
        let mut asked = 0;
        for &byte in bytes {
            if byte == b'\n' {
                asked += usize::from(self.partial == QUESTION.as_bytes());
                self.partial.clear();
            } else if self.partial.len() <= QUESTION.len() {
                self.partial.push(byte);
            }
        }
        asked
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn questions_are_whole_lines_in_however_many_pieces() {
        let mut questions = Questions::default();
        let pieces = [&b"ins"[..], b"ide\ninside", b"\ninsides\n\n", &[b'x'; 99], b"\ninside\ninside\n"];
        assert_eq!(pieces.map(|bytes| questions.take(bytes)), [0, 1, 1, 0, 2]);
    }

    #[test]
    fn another_parent_is_refused() {
        assert!(die_with(u32::MAX).unwrap_err().to_string().contains("has ended"));
        // The request itself went through; the test process must not keep it.
        set_parent_process_death_signal(None).unwrap();
    }
}
