//! What all connections of one server share: its options, its lock, its counters. One to a process or a test.
//! It knows nothing of connections, and does not know who runs them.

use std::net::SocketAddr;
use std::sync::atomic::AtomicUsize;
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use tokio::runtime::{Runtime, RuntimeMetrics};

use crate::admission::Admission;
use crate::counters::{Counters, LiveCounters};
use crate::options::ServerOptions;
use crate::protocol::Wire;
use crate::stop::{StopHandle, StopSignal};
use crate::trace::{ConnectionTrace, Trace};
use crate::work::backend_pool::BackendPool;
use crate::work::lock::SharedLock;
use crate::work::spin::calibrate_spin;

/// The shared state of a server, whatever its model.
#[derive(Debug)]
pub struct Server {
    pub(crate) options: ServerOptions,
    pub(crate) wire: Wire,
    pub(crate) spin_iterations_per_us: u64,
    /// The one lock that `lock` requests hold while they wait.
    pub(crate) lock: SharedLock,
    /// Whom `call` requests wait for.
    pub(crate) backend: Option<SocketAddr>,
    /// What its calls share; none where each connection has a link of its own.
    pub(crate) backend_pool: Option<BackendPool>,
    pub(crate) counters: LiveCounters,
    /// How many requests a server that is stopped waits for, where `drain` says so.
    pub(crate) under_way: AtomicUsize,
    /// Asked before each accept.
    pub(crate) admission: Arc<Admission>,
    /// Ends the accept loop.
    pub(crate) stop: Arc<StopSignal>,
    /// What the runtimes tell of themselves, from when there are any: one, or one for each worker.
    pub(crate) runtimes: OnceLock<Vec<RuntimeMetrics>>,
    /// How the runtime asks the kernel, where it had a choice.
    driver: OnceLock<&'static str>,
    /// Where connections note what they do; off unless asked for.
    trace: Option<Arc<Trace>>,
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
            backend: None,
            backend_pool: options.backend_pool.map(BackendPool::new),
            counters: LiveCounters::default(),
            under_way: AtomicUsize::new(0),
            admission: Arc::new(Admission::new(options.max_connections)),
            stop: Arc::default(),
            runtimes: OnceLock::new(),
            driver: OnceLock::new(),
            trace: None,
            options,
        }
    }

    /// The same server, with a note made of every step of every request.
    #[must_use]
    pub fn traced(self, trace: Arc<Trace>) -> Server {
        Server { trace: Some(trace), ..self }
    }

    /// The same server, whose `call` requests ask the backend at this address.
    #[must_use]
    pub fn calling(self, backend: SocketAddr) -> Server {
        Server { backend: Some(backend), ..self }
    }

    /// A handle that ends this server's accept loop, before or while it runs.
    pub fn stop_handle(&self) -> StopHandle {
        StopHandle::new(Arc::clone(&self.stop), Arc::clone(&self.admission))
    }

    /// How long at most it goes on after it was stopped, for the requests that it has begun.
    pub fn drain_time(&self) -> Duration {
        self.options.drain.unwrap_or_default()
    }

    /// The counters as they stand. They are read one after the other, not at one instant.
    pub fn counters(&self) -> Counters {
        let counters = &self.counters;
        Counters {
            accepted: counters.accepted.get(),
            accept_errors: counters.accept_errors.get(),
            spawn_errors: counters.spawn_errors.get(),
            requests_served: counters.requests_served.get(),
            requests_refused: counters.requests_refused.get(),
            backend_errors: counters.backend_errors.get(),
            idle_timeouts: counters.idle_timeouts.get(),
            frame_deadlines: counters.frame_deadlines.get(),
            limit_waits: self.admission.waits(),
        }
    }

    /// Counts a connection that was turned away because no thread could be had for it.
    pub(crate) fn count_spawn_error(&self) {
        self.counters.spawn_errors.increment();
    }

    /// What a connection makes its notes with. `number` counts connections from 1.
    pub(crate) fn connection_trace(&self, number: u64) -> ConnectionTrace {
        ConnectionTrace::new(self.trace.as_ref(), number)
    }

    /// How the model's runtime asks the kernel for I/O, where that is found out only as it starts: `io_uring` or `epoll`.
    pub fn driver(&self) -> Option<&'static str> {
        self.driver.get().copied()
    }

    /// Remembers how the runtime asks the kernel. A server runs once, so the first word is the only one.
    #[cfg(feature = "compio")]
    pub(crate) fn remember_driver(&self, driver: &'static str) {
        let _ = self.driver.set(driver);
    }

    /// Tells a [`ServerMonitor`](crate::ServerMonitor) which runtimes have this server's tasks. A server runs once, so
    /// the first to be told are the only ones.
    pub(crate) fn remember_runtimes(&self, runtimes: &[Runtime]) {
        let _ = self.runtimes.set(runtimes.iter().map(Runtime::metrics).collect());
    }
}
