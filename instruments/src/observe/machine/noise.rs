//! What went on on the machine besides server and harness, between two moments: totals at both ends (`cpus.rs`), and a
//! thread in between that wants to wake every five milliseconds and keeps by how much it was late: what the machine does
//! to anyone who wants to run on time, whatever the server does.
//!
//! What could not be observed is absent in the figures and said as a warning: a machine that nobody could see is not a
//! quiet one.
//!
//! Waking every millisecond would see shorter hiccups, and use enough CPU to be noise itself.

use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Weak};
use std::thread::{self, JoinHandle};

use reports::record::{Noise, Unobserved, Warning};

use super::cpus::{MachineTotals, ServerCpu, between, tick_ns};
use super::pinning::restrict_this_thread;
use crate::clock::{now_ns, sleep_until, thread_cpu_ns, wake_promptly};
use crate::observe::{cgroups::QuotaWatch, sockets::segments_sent_again};

/// Someone who watches the machine from now on. Nothing it needs may be missing without being missed at the end.
#[derive(Debug)]
pub struct MachineWatch {
    proc: PathBuf,
    /// The CPUs that are watched; none means all.
    cpus: Vec<u32>,
    before: MachineTotals,
    hiccups: io::Result<HiccupThread>,
    quota: QuotaWatch,
    segments_sent_again: Option<u64>,
}

/// What was seen of the machine, and what was not.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct MachineSeen {
    /// The figures, without those of the sampler.
    pub noise: Noise,
    /// One for each absent figure.
    pub unobserved: Vec<Warning>,
    /// CPU time of the thread that watched.
    pub(in crate::observe) own_cpu_ns: u64,
    pub(in crate::observe) span_ns: u64,
}

impl MachineSeen {
    /// What another program saw of its machine.
    pub fn told(noise: Noise, unobserved: Vec<Warning>) -> MachineSeen {
        MachineSeen { noise, unobserved, ..MachineSeen::default() }
    }
}

impl MachineWatch {
    /// Begins to watch `cpus`; the thread that watches runs on `own_cpus`. None means all, and any. Never fails: what can't
    /// be seen is said at the end.
    pub fn start(cpus: Vec<u32>, own_cpus: Vec<u32>) -> Self {
        Self::start_reading(Path::new("/proc"), cpus, own_cpus)
    }

    /// As [`MachineWatch::start`], where the kernel's files are elsewhere.
    pub fn start_reading(proc: &Path, cpus: Vec<u32>, own_cpus: Vec<u32>) -> Self {
        let (hiccups, quota) = (HiccupThread::start(own_cpus), QuotaWatch::of(std::process::id()));
        let (before, segments_sent_again) = (MachineTotals::now(proc, &cpus), segments_sent_again(proc));
        Self { proc: proc.to_owned(), before, cpus, hiccups, quota, segments_sent_again }
    }

    /// Ends, within milliseconds.
    pub fn stop(self, server: ServerCpu) -> MachineSeen {
        let hiccups = self.hiccups.map(HiccupThread::stop);
        let after = MachineTotals::now(&self.proc, &self.cpus);
        let span_ns = after.at_ns().saturating_sub(self.before.at_ns());
        let mut unobserved = Vec::new();
        let mut missing = |what: Unobserved, reason: String| unobserved.push(Warning::NotObserved { what, reason });
        let shares = between(&self.before, &after, server, tick_ns());
        let shares = shares.unwrap_or_else(|reason| {
            missing(Unobserved::OtherPrograms, reason);
            Noise::default()
        });
        let hiccups = hiccups.map_err(|error| format!("its thread could not be started: {error}"));
        let hiccups = hiccups.and_then(|seen| seen.ok_or_else(|| "its thread ended in the middle".to_owned()));
        let hiccups = hiccups.map_err(|reason| missing(Unobserved::Hiccups, reason)).ok();
        let throttled = self.quota.since_start().map_err(|reason| missing(Unobserved::GeneratorQuota, reason)).ok();
        let sent_again = segments_sent_again(&self.proc).zip(self.segments_sent_again);
        let noise = Noise {
            max_hiccup_ns: hiccups.map(|seen| seen.max_oversleep_ns),
            generator_throttled: throttled,
            suspended_ns: Some(after.suspended_ns_since(&self.before)),
            segments_sent_again: sent_again.map(|(after, before)| after.saturating_sub(before)),
            ..shares
        };
        MachineSeen { noise, unobserved, own_cpu_ns: hiccups.map_or(0, |seen| seen.own_cpu_ns), span_ns }
    }
}

/// Time between two wake-ups: each hiccup above it is seen, by up to this much too small, and shorter ones by chance.
/// A wake-up from idle costs 20 to 45 us of CPU on a virtual machine; every millisecond it would be 2 to 3% of a core,
/// which is noise of our own making.
const PERIOD_NS: u64 = 5_000_000;

/// What the thread saw.
#[derive(Debug, Clone, Copy, Default)]
struct Hiccups {
    max_oversleep_ns: u64,
    own_cpu_ns: u64,
}

/// The running thread. It ends within a period when this is dropped.
#[derive(Debug)]
struct HiccupThread {
    /// The thread goes on as long as this is there.
    wanted: Arc<()>,
    thread: JoinHandle<Hiccups>,
}

impl HiccupThread {
    fn start(cpus: Vec<u32>) -> io::Result<Self> {
        Self::running(move |wanted| {
            // Without these two the figure is less sharp, and still a lateness.
            let _ = restrict_this_thread(&cpus);
            wake_promptly();
            watch(wanted)
        })
    }

    fn running(watch: impl FnOnce(&Weak<()>) -> Hiccups + Send + 'static) -> io::Result<Self> {
        let wanted = Arc::new(());
        let still_wanted = Arc::downgrade(&wanted);
        let thread = thread::Builder::new().name("hiccups".into()).spawn(move || watch(&still_wanted))?;
        Ok(Self { wanted, thread })
    }

    /// Ends within a period. Nothing where the thread died: it may have died before the hiccup came.
    fn stop(self) -> Option<Hiccups> {
        drop(self.wanted);
        self.thread.join().ok()
    }
}

fn watch(wanted: &Weak<()>) -> Hiccups {
    let mut max_oversleep_ns = 0;
    let mut due = now_ns() + PERIOD_NS;
    while wanted.strong_count() > 0 {
        if !sleep_until(due) {
            // A signal handler ran on this thread: it woke early, which says nothing.
            continue;
        }
        let now = now_ns();
        max_oversleep_ns = max_oversleep_ns.max(now.saturating_sub(due));
        due = next_due(due, now);
    }
    Hiccups { max_oversleep_ns, own_cpu_ns: thread_cpu_ns() }
}

/// The next wake-up on the grid; those that a long hiccup swallowed are left out, or it would count many times.
fn next_due(due: u64, now: u64) -> u64 {
    due + (now.saturating_sub(due) / PERIOD_NS + 1) * PERIOD_NS
}

#[cfg(test)]
mod tests {
    use super::super::cpus::SHORTEST_SPAN_NS;
    use super::*;

    #[test]
    fn a_machine_that_can_not_be_seen_is_not_quiet() {
        let nowhere = tempfile::tempdir().unwrap();
        let watch = MachineWatch::start_reading(nowhere.path(), Vec::new(), Vec::new());
        std::thread::sleep(std::time::Duration::from_nanos(SHORTEST_SPAN_NS));
        let seen = watch.stop(ServerCpu::Used(0));
        assert_eq!((seen.noise.other_cpu_share, seen.noise.steal_share), (None, None));
        let [Warning::NotObserved { what: Unobserved::OtherPrograms, reason }] = &seen.unobserved[..] else {
            panic!("{seen:?}")
        };
        assert_eq!(reason, "/proc/stat can't be read");
    }

    #[test]
    fn one_that_died_saw_nothing_rather_than_no_hiccup() {
        let dies = HiccupThread::running(|_| std::panic::resume_unwind(Box::new("died"))).unwrap();
        assert!(dies.stop().is_none());
        assert!(HiccupThread::start(Vec::new()).unwrap().stop().is_some());
    }

    #[test]
    fn the_grid_is_kept_and_the_past_left_out() {
        assert_eq!(next_due(PERIOD_NS, PERIOD_NS + 100), 2 * PERIOD_NS);
        assert_eq!(next_due(PERIOD_NS, 4 * PERIOD_NS + 100), 5 * PERIOD_NS);
    }
}
