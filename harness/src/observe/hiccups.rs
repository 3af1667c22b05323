//! A thread that wants to wake every five milliseconds and keeps by how much it was late: what the machine does to anyone
//! who wants to run on time, whatever the server does.

use std::io;
use std::num::NonZeroU64;
use std::sync::{Arc, Weak};
use std::thread::{self, JoinHandle};

use rustix::thread::{ClockId, clock_nanosleep_absolute, set_current_timer_slack};

use super::affinity::restrict_this_thread;
use crate::clock::{now_ns, thread_cpu_ns, timespec};

/// Time between two wake-ups: each hiccup above it is seen, by up to this much too small, and shorter ones by chance.
/// A wake-up from idle costs 20 to 45 us of CPU on a virtual machine; every millisecond it would be 2 to 3% of a core,
/// which is noise of our own making.
const PERIOD_NS: u64 = 5_000_000;

/// What the thread saw.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Hiccups {
    pub(super) max_oversleep_ns: u64,
    pub(super) own_cpu_ns: u64,
}

/// The running thread. It ends within a period when this is dropped.
#[derive(Debug)]
pub(super) struct HiccupThread {
    /// The thread goes on as long as this is there.
    wanted: Arc<()>,
    thread: JoinHandle<Hiccups>,
}

impl HiccupThread {
    pub(super) fn start(cpus: Vec<u32>) -> io::Result<Self> {
        Self::running(move |wanted| {
            // Without these two the figure is less sharp, and still a lateness.
            let _ = restrict_this_thread(&cpus);
            let _ = set_current_timer_slack(NonZeroU64::new(1));
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
    pub(super) fn stop(self) -> Option<Hiccups> {
        drop(self.wanted);
        self.thread.join().ok()
    }
}

fn watch(wanted: &Weak<()>) -> Hiccups {
    let mut max_oversleep_ns = 0;
    let mut due = now_ns() + PERIOD_NS;
    while wanted.strong_count() > 0 {
        if clock_nanosleep_absolute(ClockId::Monotonic, &timespec(due)).is_err() {
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
    use super::*;

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
