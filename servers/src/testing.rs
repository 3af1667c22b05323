//! What tests of several files need: a server, who runs a pair of twins, and waiting with a deadline.

use std::sync::Arc;
use std::thread;
use std::time::{Duration, Instant};

use tokio::runtime;

use crate::Contender;
use crate::protocol::Wire;
use crate::server::Server;

/// The server of this contender, which speaks JSON lines and needs no calibration.
pub(crate) fn server(contender: &str) -> Arc<Server> {
    Arc::new(Server::new(Contender::parse(contender).unwrap().options, Wire::JsonLines, Some(1)))
}

/// Who runs a test of a pair of functions.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum TwinWorld {
    Thread,
    Task,
}

pub(crate) const WORLDS: [TwinWorld; 2] = [TwinWorld::Thread, TwinWorld::Task];

impl TwinWorld {
    /// Runs the one or the other on this thread.
    pub(crate) fn run<T>(self, on_thread: impl FnOnce() -> T, in_task: impl AsyncFnOnce() -> T) -> T {
        match self {
            TwinWorld::Thread => on_thread(),
            TwinWorld::Task => runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(in_task()),
        }
    }
}

/// Far more than anything here takes, even on a busy machine.
pub(crate) const DEADLINE: Duration = Duration::from_secs(20);

pub(crate) fn wait_until(what: &str, mut condition: impl FnMut() -> bool) {
    let begin = Instant::now();
    while !condition() {
        assert!(begin.elapsed() < DEADLINE, "waited in vain until {what}");
        thread::yield_now();
    }
}
