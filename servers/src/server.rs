//! What all connections of one server share: its options, its locks, its counters. One per process or test.
//! It knows nothing of connections, threads or tasks.

use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::sync::{Arc, Mutex};

use crate::admission::Admission;
use crate::calibrate_spin;
use crate::inside::Gauges;
use crate::options::ServerOptions;
use crate::protocol::Wire;
use crate::stop::{ListenState, StopHandle};
use crate::trace::{ConnectionTrace, Moment, Trace};
use crate::work::lock::SharedLock;

/// The shared state of a server, whatever its model.
#[derive(Debug)]
pub struct Server {
    pub(crate) options: ServerOptions,
    pub(crate) wire: Wire,
    pub(crate) spin_iterations_per_us: u64,
    /// The one lock that `lock` requests hold while they wait.
    pub(crate) lock: SharedLock,
    /// Asked before each accept.
    pub(crate) admission: Arc<Admission>,
    /// What a [`StopHandle`] needs to end the accept loop.
    pub(crate) listening: Mutex<ListenState>,
    /// What is under way, for whoever looks inside.
    pub(crate) inside: Gauges,
    /// Where connections note what they do; off unless asked for.
    trace: Option<Arc<Trace>>,
    accepted: AtomicU64,
    accept_errors: AtomicU64,
    spawn_errors: AtomicU64,
    requests_served: AtomicU64,
    requests_refused: AtomicU64,
    idle_timeouts: AtomicU64,
    frame_deadlines: AtomicU64,
}

/// What a server has counted since it started. Each number only grows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Counters {
    /// Connections accepted.
    pub accepted: u64,
    /// Calls of accept that failed, most often for want of a descriptor.
    pub accept_errors: u64,
    /// Connections turned away, which is closed at once, since no thread could be had for them.
    pub spawn_errors: u64,
    /// Requests answered with `WorkDone`, counted before the reply is written.
    pub requests_served: u64,
    /// Requests answered with `Error`, counted likewise.
    pub requests_refused: u64,
    /// Connections closed since no byte came for as long as `idle-timeout`.
    pub idle_timeouts: u64,
    /// Connections closed since a request was not whole at its `frame-deadline`.
    pub frame_deadlines: u64,
    /// Times that as many connections as `max-connections` were open and the next accept had to wait.
    pub limit_waits: u64,
}

impl Server {
    /// A server that has yet to be run by a model, and what it speaks.
    ///
    /// `spin_iterations_per_us` comes from [`calibrate_spin`] in the process that compares servers; without
    /// it, the server calibrates itself, which takes about 20 ms.
    pub fn new(options: ServerOptions, wire: Wire, spin_iterations_per_us: Option<u64>) -> Server {
        Server {
            wire,
            spin_iterations_per_us: spin_iterations_per_us.unwrap_or_else(calibrate_spin),
            lock: SharedLock::new(options.mutex),
            admission: Arc::new(Admission::new(options.max_connections)),
            options,
            listening: Mutex::new(ListenState::NotYet),
            inside: Gauges::default(),
            trace: None,
            accepted: AtomicU64::new(0),
            accept_errors: AtomicU64::new(0),
            spawn_errors: AtomicU64::new(0),
            requests_served: AtomicU64::new(0),
            requests_refused: AtomicU64::new(0),
            idle_timeouts: AtomicU64::new(0),
            frame_deadlines: AtomicU64::new(0),
        }
    }

    /// The same server, with a note made of every step of every request.
    #[must_use]
    pub fn traced(self, trace: Arc<Trace>) -> Server {
        Server { trace: Some(trace), ..self }
    }

    /// A handle that ends this server's accept loop, before or while it runs.
    pub fn stop_handle(self: &Arc<Self>) -> StopHandle {
        StopHandle::new(Arc::clone(self))
    }

    /// The counters as they stand. They are read one after the other, not at one instant.
    pub fn counters(&self) -> Counters {
        Counters {
            accepted: self.accepted.load(Relaxed),
            accept_errors: self.accept_errors.load(Relaxed),
            spawn_errors: self.spawn_errors.load(Relaxed),
            requests_served: self.requests_served.load(Relaxed),
            requests_refused: self.requests_refused.load(Relaxed),
            idle_timeouts: self.idle_timeouts.load(Relaxed),
            frame_deadlines: self.frame_deadlines.load(Relaxed),
            limit_waits: self.admission.waits(),
        }
    }

    /// Counts a connection; returns what it makes its notes with.
    pub(crate) fn count_accepted(&self) -> ConnectionTrace {
        let number = self.accepted.fetch_add(1, Relaxed) + 1;
        let trace = ConnectionTrace::new(self.trace.as_ref(), number);
        trace.note(Moment::Accepted);
        trace
    }

    pub(crate) fn count_accept_error(&self) {
        self.accept_errors.fetch_add(1, Relaxed);
    }

    pub(crate) fn count_spawn_error(&self) {
        self.spawn_errors.fetch_add(1, Relaxed);
    }

    pub(crate) fn count_served(&self) {
        self.requests_served.fetch_add(1, Relaxed);
    }

    pub(crate) fn count_refused(&self) {
        self.requests_refused.fetch_add(1, Relaxed);
    }

    pub(crate) fn count_idle_timeout(&self) {
        self.idle_timeouts.fetch_add(1, Relaxed);
    }

    pub(crate) fn count_frame_deadline(&self) {
        self.frame_deadlines.fetch_add(1, Relaxed);
    }
}
