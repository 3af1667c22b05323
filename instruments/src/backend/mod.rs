//! The backend that `call` requests wait for: it answers each call when its time has passed.
//!
//! One thread over epoll that keeps to absolute times, as the load generator does: how late it answers is noted, since it
//! would otherwise be taken for the server's doing. Must not know: which server calls, nor that servers have models. The
//! frames are those of `servers::backend`. Read `event_loop.rs` (when it answers), then `links.rs` (its sockets).
//!
//! It runs in the harness, on the CPUs of the generator, so that its CPU time and its threads are in no figure of a server. Where
//! both have to share one CPU, neither polls.

mod event_loop;
mod links;

use std::io;
use std::net::SocketAddr;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::channel;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread::{self, JoinHandle};

use reports::record::{BackendUsage, HistogramRecord};
use rustix::event::{EventfdFlags, eventfd};
use rustix::fd::OwnedFd;
use rustix::thread::{Pid, gettid};

use crate::clock::{cpu_ns_of_thread, now_ns};
use crate::load::Tally;
use event_loop::EventLoop;
use links::{Links, listen};

/// Answers on a port of loopback until it is dropped.
#[derive(Debug)]
pub struct Backend {
    address: SocketAddr,
    shared: Arc<Shared>,
    thread_id: Pid,
    thread: Option<JoinHandle<()>>,
}

/// How the backend waits.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Promptness {
    /// It sleeps, and wakes some 50 us late.
    Sleeps,
    /// It sleeps, but not through the last tenth of a millisecond before an answer is due: for a CPU that nobody else polls on.
    Polls,
}

/// What the backend's thread and those who look at it share.
#[derive(Debug)]
struct Shared {
    stop: AtomicBool,
    /// Wakes the thread.
    bell: OwnedFd,
    notes: Mutex<BackendNotes>,
}

/// What the backend has done since somebody began to count.
#[derive(Debug, Default)]
struct BackendNotes {
    lag: Tally,
    calls: u64,
    polling_ns: u64,
    /// Why the thread has ended before it was told to.
    failure: Option<String>,
}

/// A moment from which on somebody counts.
#[derive(Debug, Clone, Copy)]
pub struct BackendMark {
    at_ns: u64,
    cpu_ns: Option<u64>,
}

impl Backend {
    /// Starts one on the CPUs that the calling thread may use.
    ///
    /// # Errors
    /// Where there is no port, no epoll instance or no thread for it.
    pub fn start(promptness: Promptness) -> io::Result<Backend> {
        let bell = eventfd(0, EventfdFlags::CLOEXEC | EventfdFlags::NONBLOCK)?;
        let shared = Arc::new(Shared { stop: AtomicBool::new(false), bell, notes: Mutex::default() });
        let listener = listen()?;
        let address = listener.local_addr()?;
        let (tell, told) = channel();
        let thread = thread::Builder::new().name("backend".into()).spawn({
            let shared = Arc::clone(&shared);
            move || {
                // Whoever starts it waits for what is sent here.
                let links = match Links::of(listener, &shared.bell) {
                    Ok(links) => links,
                    Err(error) => return drop(tell.send(Err(error))),
                };
                let _ = tell.send(Ok(gettid()));
                if let Err(error) = EventLoop::new(links, promptness, &shared).run() {
                    shared.notes().failure = Some(error.to_string());
                }
            }
        })?;
        let thread_id = told.recv().map_err(io::Error::other)??;
        Ok(Backend { address, shared, thread_id, thread: Some(thread) })
    }

    /// Where it answers.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Forgets what was noted so far, and counts from here.
    pub fn mark(&self) -> BackendMark {
        let mut notes = self.shared.notes();
        *notes = BackendNotes { failure: notes.failure.take(), ..BackendNotes::default() };
        BackendMark { at_ns: now_ns(), cpu_ns: cpu_ns_of_thread(self.thread_id) }
    }

    /// What it has done since `mark`, the last that was made. None where its CPU time is not known: its thread has ended.
    pub fn since(&self, mark: BackendMark) -> Option<BackendUsage> {
        let cpu_ns = cpu_ns_of_thread(self.thread_id)?.saturating_sub(mark.cpu_ns?);
        let notes = self.shared.notes();
        let elapsed_ns = now_ns().saturating_sub(mark.at_ns).max(1);
        let worked_ns = cpu_ns.saturating_sub(notes.polling_ns);
        Some(BackendUsage {
            calls: notes.calls,
            lag: HistogramRecord::from_histogram(&notes.lag.histogram(), notes.lag.sum_ns()),
            cpu_ns,
            busy: worked_ns as f64 / elapsed_ns as f64,
        })
    }

    /// Why it has stopped answering, where it has.
    pub fn failure(&self) -> Option<String> {
        self.shared.notes().failure.clone()
    }
}

impl Drop for Backend {
    fn drop(&mut self) {
        self.shared.stop.store(true, Ordering::Relaxed);
        // The bell can hold 2^64 - 2 rings, so this can't fail; were it to, the thread would see the flag at its next wake.
        let _ = rustix::io::write(&self.shared.bell, &1u64.to_ne_bytes());
        if let Some(thread) = self.thread.take() {
            // A panic has been printed, and there is nobody left who waits for its answers.
            let _ = thread.join();
        }
    }
}

impl Shared {
    fn notes(&self) -> MutexGuard<'_, BackendNotes> {
        self.notes.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests;
