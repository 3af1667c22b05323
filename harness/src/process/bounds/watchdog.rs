//! Looks at a process again and again and kills it once it takes more than it may. For where the kernel can't be made to.

use std::io;
use std::os::fd::OwnedFd;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::{RecvTimeoutError, Sender, channel};
use std::sync::{Arc, OnceLock};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use instruments::observe::{Extent, ProcessReader};
use reports::format;
use reports::record::Sample;
use rustix::process::{Signal, pidfd_send_signal};

/// As it is to be named in a record.
pub(super) const NAME: &str = "watchdog";

/// Time between two looks, each some ten microseconds. A process makes a few hundred threads in this time at most, or
/// touches some tens of megabytes: by so much it may overshoot.
const INTERVAL: Duration = Duration::from_millis(10);

/// What the kernel gives each thread for its own stack, on every machine that this runs on.
const KERNEL_STACK_BYTES: u64 = 16 * 1024;

/// What is watched.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum WatchedResource {
    Threads,
    /// Resident, with the page tables and kernel stacks that belong to it.
    Memory,
}

impl WatchedResource {
    fn taken(self, sample: &Sample) -> u64 {
        match self {
            WatchedResource::Threads => sample.threads,
            WatchedResource::Memory => sample.resident_bytes + sample.page_table_bytes + sample.kernel_stack_bytes,
        }
    }

    fn describe(self, value: u64) -> String {
        match self {
            WatchedResource::Threads => format::counted(value, "thread"),
            WatchedResource::Memory => format!("{:.1} MiB of memory", value as f64 / f64::from(1 << 20)),
        }
    }
}

/// A thread that watches. It ends when this is dropped, or the process has ended.
#[derive(Debug)]
pub(super) struct Watchdog {
    watched: WatchedResource,
    bound: u64,
    most: Arc<AtomicU64>,
    killed_at: Arc<OnceLock<u64>>,
    stop: Option<Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

impl Watchdog {
    pub(super) fn start(watched: WatchedResource, bound: u64, pid: u32, pidfd: OwnedFd) -> io::Result<Watchdog> {
        let mut reader = ProcessReader::open(pid, Extent::Alone)?;
        let (most, killed_at) = (Arc::new(AtomicU64::new(0)), Arc::new(OnceLock::new()));
        let (stop, stopped) = channel::<()>();
        let (seen, killed) = (Arc::clone(&most), Arc::clone(&killed_at));
        let watch = move || {
            while stopped.recv_timeout(INTERVAL) == Err(RecvTimeoutError::Timeout) {
                // The process has ended; whoever supervises it says how.
                let Ok(sample) = reader.sample(0, KERNEL_STACK_BYTES) else { return };
                let taken = watched.taken(&sample);
                seen.fetch_max(taken, Ordering::Relaxed);
                if taken > bound {
                    // Said first, so that whoever finds it dead finds the cause.
                    let _ = killed.set(taken);
                    let _ = pidfd_send_signal(&pidfd, Signal::KILL);
                    return;
                }
            }
        };
        let thread = thread::Builder::new().name(NAME.to_owned()).spawn(watch)?;
        Ok(Watchdog { watched, bound, most, killed_at, stop: Some(stop), thread: Some(thread) })
    }

    /// Whether it killed, or someone else may have for the same reason: the process took nine tenths of its bound.
    pub(super) fn cause(&self) -> Option<String> {
        let allowed = self.watched.describe(self.bound);
        if let Some(taken) = self.killed_at.get() {
            return Some(format!("by the watchdog, at {} where {allowed} are allowed", self.watched.describe(*taken)));
        }
        let most = self.most.load(Ordering::Relaxed);
        let is_near = self.watched == WatchedResource::Memory && most >= self.bound / 10 * 9;
        is_near.then(|| format!("near its bound, with {} of {allowed}", self.watched.describe(most)))
    }
}

impl Drop for Watchdog {
    fn drop(&mut self) {
        drop(self.stop.take());
        if let Some(thread) = self.thread.take() {
            // A panic in there has been said on stderr.
            let _ = thread.join();
        }
    }
}

#[cfg(test)]
mod tests {
    use std::process::{Child, Command};

    use rustix::process::{Pid, PidfdFlags, pidfd_open};

    use super::*;

    fn watched(watched: WatchedResource, bound: u64) -> (Child, Watchdog) {
        let child = Command::new("sleep").arg("60").spawn().unwrap();
        let pidfd = pidfd_open(Pid::from_child(&child), PidfdFlags::empty()).unwrap();
        let watchdog = Watchdog::start(watched, bound, child.id(), pidfd).unwrap();
        (child, watchdog)
    }

    #[test]
    fn a_process_beyond_its_bound_is_killed_and_the_bound_named() {
        let (mut child, watchdog) = watched(WatchedResource::Threads, 0);
        assert!(!child.wait().unwrap().success());
        assert_eq!(watchdog.cause().unwrap(), "by the watchdog, at 1 thread where 0 threads are allowed");
    }

    #[test]
    fn a_process_within_its_bound_is_left_alone() {
        let (mut far, of_far) = watched(WatchedResource::Memory, 1 << 40);
        let (mut near, of_near) = watched(WatchedResource::Threads, 1);
        assert_eq!((of_far.cause(), of_near.cause()), (None, None));
        drop((of_far, of_near));
        for child in [&mut far, &mut near] {
            assert_eq!(child.try_wait().unwrap(), None);
            child.kill().unwrap();
            child.wait().unwrap();
        }
    }
}
