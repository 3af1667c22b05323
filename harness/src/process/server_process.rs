//! A running server process: whether it lives, and how it is stopped.

use std::io;
use std::marker::PhantomData;
use std::net::SocketAddr;
use std::os::fd::{AsFd, OwnedFd};
use std::process::{self, ChildStdout};
use std::sync::MutexGuard;
use std::time::{Duration, Instant};

use reports::record::{Bound, ServerCounters};
use rustix::process::{Pid, PidfdFlags, Signal, kill_process_group, pidfd_open, pidfd_send_signal};

use super::bounds::{Bounds, Cap};
use super::channel::Channel;
use super::death::{self, Death, panic_text};
use super::message::{Heard, farewell_in, read_line, read_rest, wait_readable};
use super::orphans;
use super::reap::{LifeUsage, reap, reap_group};
use super::stderr_tail::StderrTail;
use crate::observe::{Extent, descendants, peak_resident_bytes};

/// How long a server may take to stop before it is killed.
const PATIENCE: Duration = Duration::from_secs(2);

/// A server that listens. Dropping it kills it; [`ServerProcess::stop`] asks first.
#[derive(Debug)]
pub struct ServerProcess {
    child: Child,
    /// Dropped after the child, which is dead and reaped by then.
    bounds: Bounds,
    /// None where it is a program of another hand, which says nothing there.
    stdout: Option<ChildStdout>,
    address: SocketAddr,
    /// Keeps the value on the thread that spawned the process, because the kernel kills the child when that thread
    /// ends: see `launch.rs`. A guard can't be sent and can be shared, which is just what is wanted.
    stays_on_its_thread: PhantomData<MutexGuard<'static, ()>>,
}

/// What is known of a server once it is gone.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Stopped {
    /// User CPU time of its life, all threads, to the microsecond.
    pub user_cpu: Duration,
    /// System CPU time of its life, all threads, to the microsecond.
    pub system_cpu: Duration,
    /// Voluntary context switches of its life, all threads, exact.
    pub voluntary_switches: u64,
    /// Involuntary context switches of its life, all threads, exact.
    pub involuntary_switches: u64,
    /// Greatest resident size (VmHWM), read just before it was asked to stop; a dead process has none. Not from the
    /// rusage, whose maximum a child inherits from its parent across exec.
    pub peak_resident_bytes: Option<u64>,
    /// What it counted and said in its last line; absent where it was killed before it could.
    pub counters: Option<ServerCounters>,
    /// Whether it had to be killed because it did not stop when asked.
    pub killed: bool,
    /// How it ended, where it ended by itself before it was asked to, or not in order when asked; with the bound that
    /// ended it, or the panic that did.
    pub death: Option<Death>,
    /// The last 4 KiB of its standard error.
    pub stderr_tail: String,
}

impl ServerProcess {
    pub(super) fn new(child: Child, stdout: ChildStdout, address: SocketAddr) -> Self {
        Self::with(child, Some(stdout), address)
    }

    pub(super) fn of_command(child: Child, address: SocketAddr) -> Self {
        Self::with(child, None, address)
    }

    fn with(child: Child, stdout: Option<ChildStdout>, address: SocketAddr) -> Self {
        Self { child, bounds: Bounds::default(), stdout, address, stays_on_its_thread: PhantomData }
    }

    /// Its process id.
    pub fn pid(&self) -> u32 {
        self.child.pid()
    }

    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// What of it is to be observed: a program of another hand may serve with several processes.
    pub fn extent(&self) -> Extent {
        if self.stdout.is_some() { Extent::Alone } else { Extent::WithChildren }
    }

    /// A way to ask it about its inside. To be dropped before it is stopped, so that its last line is read here.
    ///
    /// # Errors
    /// Where there are no descriptors left, or it is a program of another hand.
    pub fn channel(&self) -> io::Result<Channel> {
        let stdin = self.child.process.stdin.as_ref().ok_or(io::ErrorKind::InvalidInput)?;
        let stdout = self.stdout.as_ref().ok_or(io::ErrorKind::InvalidInput)?;
        Channel::new(stdin, stdout)
    }

    /// The next line that it says; nothing where it ends, or says none before the deadline. Unless they are asked, servers
    /// say nothing between their first line and their last; subjects of the self-test may.
    ///
    /// # Errors
    /// Where its pipe can't be read.
    pub fn next_line(&self, deadline: Instant) -> io::Result<Option<String>> {
        let Some(stdout) = &self.stdout else { return Ok(None) };
        match read_line(stdout, deadline)? {
            Heard::Line(line) => Ok(Some(line)),
            Heard::Ended | Heard::TimedOut | Heard::TooLong => Ok(None),
        }
    }

    /// Bounds what it may take from now on; says for each bound what enforces it.
    ///
    /// # Errors
    /// Where a bound can be put on it in no way there is, most likely because it has ended.
    pub fn bound(&mut self, caps: &[Cap]) -> io::Result<Vec<Bound>> {
        let (pid, pidfd) = (self.child.pid(), &self.child.pidfd);
        caps.iter().map(|cap| self.bounds.put(*cap, pid, pidfd)).collect()
    }

    /// Stops all its threads where they are, until [`ServerProcess::resume`]. It can be killed all the same.
    pub fn pause(&self) {
        // Fails only for a process that has ended.
        let _ = pidfd_send_signal(&self.child.pidfd, Signal::STOP);
    }

    /// Lets it go on.
    pub fn resume(&self) {
        let _ = pidfd_send_signal(&self.child.pidfd, Signal::CONT);
    }

    /// How it ended, or `None` while it runs; one system call while it runs, and never waits.
    pub fn poll_death(&mut self) -> Option<Death> {
        // The call can't fail for a child that is not reaped before `self` is gone.
        let death = death::look(self.child.pidfd.as_fd()).ok().flatten()?;
        let cause = self.bounds.cause().filter(|_| death.is_by_sigkill());
        Some(death.because(cause))
    }

    /// Asks it to stop, waits two seconds, kills what is left of its process group, and reaps it.
    pub fn stop(mut self) -> Stopped {
        let died_before = self.poll_death();
        let peak_resident_bytes = self.peak_resident_bytes();
        // Fails only for a process that has ended, which the wait below notices at once.
        let _ = pidfd_send_signal(&self.child.pidfd, Signal::TERM);
        let ended = self.child.await_death(PATIENCE).ok().flatten();
        let killed = ended.is_none();
        let usage = self.child.kill_and_reap();
        let stderr_tail = self.child.stderr_tail();
        // However a program of another hand ends when it is asked to, it has done so.
        let is_ours = self.stdout.is_some();
        let death = died_before.or_else(|| ended.filter(|death| !death.in_order && is_ours));
        Stopped {
            user_cpu: usage.user_cpu,
            system_cpu: usage.system_cpu,
            voluntary_switches: usage.voluntary_switches,
            involuntary_switches: usage.involuntary_switches,
            peak_resident_bytes,
            counters: self.stdout.as_ref().and_then(|stdout| farewell_in(&read_rest(stdout))),
            killed,
            death: death.map(|death| death.because(panic_text(&stderr_tail))),
            stderr_tail,
        }
    }
}

impl ServerProcess {
    /// Of several processes the greatest sizes were not reached at the same time, and nothing is known of their sum.
    fn peak_resident_bytes(&self) -> Option<u64> {
        let has_children = self.extent() == Extent::WithChildren && !descendants(self.pid()).is_empty();
        if has_children { None } else { peak_resident_bytes(self.pid()).ok() }
    }
}

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
    /// Takes over a child whose stderr is a pipe. Its stdin stays open within, as the lifeline, where it is one too.
    pub(super) fn adopt(mut process: process::Child) -> io::Result<(Self, Option<ChildStdout>)> {
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

    /// Has a process wait beside it that ends its group, should this one not.
    pub(super) fn guard_with(&mut self, guard: process::Child) {
        self.guard = Some(guard);
    }

    /// How it ended, or `None` where it still runs after `patience`.
    pub(super) fn await_death(&self, patience: Duration) -> io::Result<Option<Death>> {
        // A pidfd becomes readable when its process ends.
        wait_readable(&self.pidfd, Instant::now() + patience)?;
        death::look(self.pidfd.as_fd())
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
        let _ = pidfd_send_signal(&self.pidfd, Signal::KILL);
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
