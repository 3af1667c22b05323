//! A running server process: whether it lives, and how it is stopped.

use std::io;
use std::marker::PhantomData;
use std::net::SocketAddr;
use std::process::ChildStdout;
use std::sync::{Arc, MutexGuard};
use std::time::{Duration, Instant};

use instruments::observe::{Extent, descendants, peak_resident_bytes};
use reports::record::{Bound, ServerCounters};
use rustix::process::Signal;

use super::bounds::{BoundsInForce, Cap, OomCounters};
use super::child::Child;
use super::message::{Channel, Overheard, farewell_in};
use super::pipe::{LineRead, read_line, read_until_ended};
use super::reap::{Death, LifeUsage, panic_text};

/// How long a server may take to stop before it is killed.
const STOPPING_DEADLINE: Duration = Duration::from_secs(2);

/// A server that listens. Dropping it kills it; [`ServerProcess::stop`] asks first.
#[derive(Debug)]
pub struct ServerProcess {
    child: Child,
    /// Dropped after the child, which is dead and reaped by then.
    bounds: BoundsInForce,
    /// From before it began.
    oom: OomCounters,
    /// None where it is a program of another hand, which says nothing there.
    stdout: Option<ChildStdout>,
    /// Its last line, where a channel read it.
    overheard: Overheard,
    address: SocketAddr,
    /// Keeps the value on the thread that spawned the process, because the kernel kills the child when that thread
    /// ends: see `launch.rs`. A guard can't be sent and can be shared, which is just what is wanted.
    stays_on_its_thread: PhantomData<MutexGuard<'static, ()>>,
}

/// What is known of a server once it is gone.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Stopped {
    /// What it used in its life.
    pub usage: LifeUsage,
    /// Greatest resident size (VmHWM), read just before it was asked to stop; a dead process has none. Not from the
    /// rusage, whose maximum a child inherits from its parent across exec.
    pub peak_resident_bytes: Option<u64>,
    /// What it counted and said in its last line; absent where it was killed before it could.
    pub counters: Option<ServerCounters>,
    /// How its runtime asked the kernel for I/O, where it had a choice and said so.
    pub driver: Option<String>,
    /// Whether it had to be killed because it did not stop when asked.
    pub killed: bool,
    /// How it ended, where it ended by itself before it was asked to, or not in order when asked; with the bound that
    /// ended it, or the panic that did.
    pub death: Option<Death>,
    /// The last 4 KiB of its standard error.
    pub stderr_tail: String,
}

impl ServerProcess {
    /// `stdout` is absent where it is a program of another hand.
    pub(super) fn new(child: Child, stdout: Option<ChildStdout>, address: SocketAddr, oom: OomCounters) -> Self {
        let (bounds, overheard) = (BoundsInForce::default(), Overheard::default());
        Self { child, bounds, oom, stdout, overheard, address, stays_on_its_thread: PhantomData }
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
        let stdin = self.child.stdin().ok_or(io::ErrorKind::InvalidInput)?;
        let stdout = self.stdout.as_ref().ok_or(io::ErrorKind::InvalidInput)?;
        Channel::new(stdin, stdout, Arc::clone(&self.overheard))
    }

    /// The next line that it says; nothing where it ends, or says none before the deadline. Unless they are asked, servers
    /// say nothing between their first line and their last; subjects of the self-test may.
    ///
    /// # Errors
    /// Where its pipe can't be read.
    pub fn next_line(&self, deadline: Instant) -> io::Result<Option<String>> {
        let Some(stdout) = &self.stdout else { return Ok(None) };
        match read_line(stdout, deadline)? {
            LineRead::Line(line) => Ok(Some(line)),
            LineRead::Ended | LineRead::TimedOut | LineRead::TooLong => Ok(None),
        }
    }

    /// Bounds what it may take from now on; says for each bound what enforces it.
    ///
    /// # Errors
    /// Where a bound can be put on it in no way there is, most likely because it has ended.
    pub fn bound(&mut self, caps: &[Cap]) -> io::Result<Vec<Bound>> {
        let (pid, pidfd) = (self.child.pid(), self.child.pidfd());
        caps.iter().map(|cap| self.bounds.put(*cap, pid, pidfd)).collect()
    }

    /// Gives it an equal share of the CPUs among servers that run side by side, however many threads each of them has.
    ///
    /// # Errors
    /// Where no control group can be made, with the reason.
    pub fn share_cpus_equally(&mut self) -> io::Result<()> {
        let children = match self.extent() {
            Extent::Alone => Vec::new(),
            Extent::WithChildren => descendants(self.pid()),
        };
        self.bounds.share_cpus(&[&[self.pid()], &children[..]].concat())
    }

    /// Stops all its threads where they are, until [`ServerProcess::resume`]. It can be killed all the same.
    ///
    /// # Errors
    /// Where it has ended.
    pub fn pause(&self) -> io::Result<()> {
        self.child.signal(Signal::STOP)
    }

    /// Lets it go on.
    pub fn resume(&self) {
        let _ = self.child.signal(Signal::CONT);
    }

    /// Asks it to stop (TERM) and does not wait. [`ServerProcess::stop`] is needed all the same.
    pub fn ask_to_stop(&self) {
        // Fails only for a process that has ended.
        let _ = self.child.signal(Signal::TERM);
    }

    /// How it ended, or `None` while it runs; one system call while it runs, and never waits.
    pub fn poll_death(&mut self) -> Option<Death> {
        // The call can't fail for a child that is not reaped before `self` is gone.
        let death = self.child.death().ok().flatten()?;
        Some(self.explained(death))
    }

    /// A bound of its own is the likelier cause than want of memory in general.
    fn explained(&self, death: Death) -> Death {
        match self.bounds.cause().filter(|_| death.is_by_sigkill()) {
            Some(cause) => death.because(Some(cause)),
            None => self.oom.explain(death),
        }
    }

    /// Asks it to stop, waits two seconds, kills what is left of its process group, and reaps it.
    pub fn stop(mut self) -> Stopped {
        let died_before = self.poll_death();
        let peak_resident_bytes = self.peak_resident_bytes();
        // One that has ended is noticed by the wait below at once.
        self.ask_to_stop();
        let deadline = Instant::now() + STOPPING_DEADLINE;
        let stdout = self.stdout.as_ref();
        let said = stdout.map_or(String::new(), |stdout| read_until_ended(stdout, self.child.pidfd(), deadline));
        let ended = self.child.await_death(deadline.saturating_duration_since(Instant::now())).ok().flatten();
        let killed = ended.is_none();
        let usage = self.child.kill_and_reap();
        let stderr_tail = self.child.stderr_tail();
        // However a program of another hand ends when it is asked to, it has done so.
        let is_ours = self.stdout.is_some();
        let ended = ended.filter(|death| !death.is_in_order() && is_ours);
        let death = died_before.or_else(|| ended.map(|death| self.explained(death)));
        let farewell = self.overheard.get().cloned().or_else(|| farewell_in(&said));
        Stopped {
            usage,
            peak_resident_bytes,
            counters: farewell.as_ref().map(|farewell| farewell.stopped),
            driver: farewell.and_then(|farewell| farewell.driver),
            killed,
            death: death.map(|death| death.because(panic_text(&stderr_tail))),
            stderr_tail,
        }
    }

    /// Of several processes the greatest sizes were not reached at the same time, and nothing is known of their sum.
    fn peak_resident_bytes(&self) -> Option<u64> {
        let has_children = self.extent() == Extent::WithChildren && !descendants(self.pid()).is_empty();
        if has_children { None } else { peak_resident_bytes(self.pid()).ok() }
    }
}
