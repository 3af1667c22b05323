//! A child process that is killed, with its group, and reaped when it is dropped; and the end of what it writes to its
//! standard error, which never waits for a reader.

use std::collections::VecDeque;
use std::io::{self, Read};
use std::os::fd::{AsFd, OwnedFd};
use std::os::unix::process::CommandExt;
use std::process::{self, ChildStderr, ChildStdin, ChildStdout, Command, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use rustix::process::{Pid, PidfdFlags, Signal, kill_process_group, pidfd_open, pidfd_send_signal};

use super::error::LaunchFailure;
use super::image::OWN_NAME;
use super::orphans;
use super::pipe::{keep_end, wait_readable};
use super::reap::{Death, LifeUsage, look, reap, reap_group};

/// A spawned child that is killed, with its group, and reaped when dropped.
#[derive(Debug)]
pub(super) struct Child {
    process: process::Child,
    pidfd: OwnedFd,
    stderr: StderrTail,
    /// Ends what it started, should this process not.
    guard: Option<process::Child>,
    reaped: bool,
}

impl Child {
    /// Starts a process under the name of this program, with its stderr to be read here, in a group of its own: Ctrl-C in
    /// a terminal reaches the harness alone, which then stops its servers in order, and a server's own children die with it.
    pub(super) fn spawn(command: &mut Command) -> Result<(Child, Option<ChildStdout>), LaunchFailure> {
        match command.arg0(OWN_NAME).stderr(Stdio::piped()).process_group(0).spawn() {
            // From here on it is owned by a type that kills on drop.
            Ok(process) => Ok(Child::adopt(process)?),
            Err(source) => Err(LaunchFailure::Spawn { program: command.get_program().into(), source }),
        }
    }

    /// Takes over a child whose stderr is a pipe. Its stdin stays open within, as the lifeline, where it is one too.
    fn adopt(mut process: process::Child) -> io::Result<(Self, Option<ChildStdout>)> {
        match Self::supervise(&mut process) {
            Ok((pidfd, stderr)) => {
                let stdout = process.stdout.take();
                Ok((Self { process, pidfd, stderr, guard: None, reaped: false }, stdout))
            }
            Err(error) => {
                let _ = process.kill();
                let _ = reap(&mut process);
                Err(error)
            }
        }
    }

    fn supervise(process: &mut process::Child) -> io::Result<(OwnedFd, StderrTail)> {
        let pidfd = pidfd_open(Pid::from_child(process), PidfdFlags::empty())?;
        let stderr = process.stderr.take().ok_or(io::ErrorKind::InvalidInput)?;
        Ok((pidfd, StderrTail::of(stderr)?))
    }

    pub(super) fn pid(&self) -> u32 {
        self.process.id()
    }

    /// Its stdin, where it is a pipe.
    pub(super) fn stdin(&self) -> Option<&ChildStdin> {
        self.process.stdin.as_ref()
    }

    /// What names it as long as it is not reaped, whatever process gets its number afterwards.
    pub(super) fn pidfd(&self) -> &OwnedFd {
        &self.pidfd
    }

    /// Fails only for a process that has ended.
    pub(super) fn signal(&self, signal: Signal) -> io::Result<()> {
        Ok(pidfd_send_signal(&self.pidfd, signal)?)
    }

    /// How it ended, or `None` while it runs; never waits.
    pub(super) fn death(&self) -> io::Result<Option<Death>> {
        look(self.pidfd.as_fd())
    }

    /// Has a process wait beside it that ends its group, should this one not.
    pub(super) fn guard_with(&mut self, guard: process::Child) {
        self.guard = Some(guard);
    }

    /// How it ended, or `None` where it still runs after `longest`.
    pub(super) fn await_death(&self, longest: Duration) -> io::Result<Option<Death>> {
        // A pidfd becomes readable when its process ends.
        wait_readable(&self.pidfd, Instant::now() + longest)?;
        self.death()
    }

    /// Kills whatever is left of the group, then reaps; a second call does nothing.
    pub(super) fn kill_and_reap(&mut self) -> LifeUsage {
        if self.reaped {
            return LifeUsage::default();
        }
        self.reaped = true;
        // The group's id is the child's, which nobody else can get before it is reaped. No such group is fine.
        let _ = kill_process_group(Pid::from_child(&self.process), Signal::KILL);
        // Between spawning and its own call of setpgid no group exists, so the process is named too.
        let _ = self.signal(Signal::KILL);
        if let Some(guard) = &mut self.guard {
            // Before the group's id can be another's. Neither can fail for one's own child.
            let _ = guard.kill();
            let _ = reap(guard);
        }
        // Waiting for one's own child that has been killed can't fail.
        if self.guard.is_none() {
            return reap(&mut self.process).unwrap_or_default();
        }
        let usage = reap_group(&mut self.process).unwrap_or_default();
        orphans::end();
        usage
    }

    /// Ends it; returns the end of its standard error.
    pub(super) fn end(mut self) -> String {
        self.kill_and_reap();
        self.stderr_tail()
    }

    /// The end of its standard error; called once it is dead.
    pub(super) fn stderr_tail(&self) -> String {
        self.stderr.text()
    }
}

impl Drop for Child {
    fn drop(&mut self) {
        self.kill_and_reap();
    }
}

/// Bytes that are kept.
const KEPT: usize = 4096;

/// The last 4 KiB of a stream that a thread of its own reads to its end.
#[derive(Debug)]
pub(crate) struct StderrTail {
    bytes: Arc<Mutex<VecDeque<u8>>>,
    ended: Receiver<()>,
}

impl StderrTail {
    /// Starts reading.
    pub(crate) fn of(stderr: ChildStderr) -> io::Result<Self> {
        let bytes = Arc::new(Mutex::new(VecDeque::with_capacity(KEPT)));
        let (at_end, ended) = channel();
        let kept = Arc::clone(&bytes);
        thread::Builder::new().name("server-stderr".into()).spawn(move || {
            drain(stderr, &kept);
            drop(at_end);
        })?;
        Ok(Self { bytes, ended })
    }

    /// The end of the stream. Called once its writer is dead; waits a moment for the last bytes, and not longer,
    /// because a grandchild may hold the pipe open for ever.
    pub(crate) fn text(&self) -> String {
        // Both outcomes, the end of the stream and the time-out, lead to what has been read so far.
        let _ = self.ended.recv_timeout(Duration::from_millis(200));
        let bytes = self.bytes.lock().unwrap_or_else(PoisonError::into_inner);
        String::from_utf8_lossy(&bytes.iter().copied().collect::<Vec<_>>()).into_owned()
    }
}

fn drain(mut stream: impl Read, kept: &Mutex<VecDeque<u8>>) {
    let mut chunk = [0; KEPT];
    loop {
        match stream.read(&mut chunk) {
            Ok(0) => return,
            Ok(count) => {
                keep_end(&mut kept.lock().unwrap_or_else(PoisonError::into_inner), &chunk[..count], KEPT);
            }
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(_) => return,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_end_is_kept() {
        let kept = Mutex::new(VecDeque::new());
        let stream = [vec![b'a'; 3 * KEPT], b"the end".to_vec()].concat();
        drain(stream.as_slice(), &kept);
        let kept: Vec<u8> = kept.into_inner().unwrap().into();
        assert_eq!(kept.len(), KEPT);
        assert!(kept.ends_with(b"aathe end"));
    }
}
