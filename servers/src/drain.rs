//! Waiting, once accepting is over, for the requests that were begun. Without it a server that is told to stop ends with
//! whatever it had begun: main returns, and threads and tasks are gone.
//!
//! A request is under way from when it is whole until its reply is with the kernel: a client that reads slowly is waited for.
//! Idle clients and halves of requests are not: nobody knows what becomes of them. It waits on a thread or in a task, and a
//! test of both runs the same. Beside it: `stop.rs`, which ends accepting, and `connection/actions.rs`, where requests begin.

use std::ops::Deref;
use std::sync::atomic::Ordering::{Acquire, Relaxed, Release};
use std::time::{Duration, Instant};

use crate::server::Server;

/// Time between two looks.
pub(crate) const LOOK: Duration = Duration::from_millis(2);

/// Between two requests that came together nothing is under way for a moment. By the second look the next one is.
const LOOKS_IN_VAIN: u32 = 2;

/// A request that is under way, until it is dropped: with its reply once that is written, or with work that panics or is
/// given up.
#[derive(Debug)]
pub(crate) struct RequestUnderWay<S: Deref<Target = Server>>(S);

impl<S: Deref<Target = Server> + Clone> RequestUnderWay<S> {
    /// A request that is whole. None where nobody would wait for it.
    pub(crate) fn begin(server: &S) -> Option<RequestUnderWay<S>> {
        server.options.drain?;
        server.under_way.fetch_add(1, Relaxed);
        Some(RequestUnderWay(server.clone()))
    }
}

impl<S: Deref<Target = Server>> Drop for RequestUnderWay<S> {
    fn drop(&mut self) {
        self.0.under_way.fetch_sub(1, Release);
    }
}

/// How the wait is going.
pub(crate) struct Drain<'a> {
    server: &'a Server,
    until: Instant,
    in_vain: u32,
}

impl Server {
    /// Blocks until no request is under way, or until the time that `drain` gives is over.
    pub(crate) fn drain_on_thread(&self) {
        let Some(mut drain) = Drain::begin(self) else { return };
        while drain.must_wait() {
            std::thread::sleep(LOOK);
        }
    }

    /// As `drain_on_thread`, but other tasks run meanwhile.
    pub(crate) async fn drain_in_task(&self) {
        let Some(mut drain) = Drain::begin(self) else { return };
        while drain.must_wait() {
            tokio::time::sleep(LOOK).await;
        }
    }

    /// The same on compio.
    #[cfg(feature = "compio")]
    pub(crate) async fn drain_by_completion(&self) {
        let Some(mut drain) = Drain::begin(self) else { return };
        while drain.must_wait() {
            compio::time::sleep(LOOK).await;
        }
    }
}

impl Drain<'_> {
    /// Begins to wait, where the option says so.
    pub(crate) fn begin(server: &Server) -> Option<Drain<'_>> {
        Some(Drain { server, until: Instant::now() + server.options.drain?, in_vain: 0 })
    }

    /// Looks whether something is under way, and time left to wait for it.
    pub(crate) fn must_wait(&mut self) -> bool {
        let is_idle = self.server.under_way.load(Acquire) == 0;
        self.in_vain = if is_idle { self.in_vain + 1 } else { 0 };
        self.in_vain < LOOKS_IN_VAIN && Instant::now() < self.until
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicBool, Ordering};
    use std::thread;

    use super::*;
    use crate::testing::{WORLDS, server};

    #[test]
    fn a_server_that_drains_waits_for_what_was_begun_and_no_longer_than_it_may() {
        for world in WORLDS {
            let drain = |server: &Server| world.run(|| server.drain_on_thread(), async || server.drain_in_task().await);
            // Nobody is waited for where nothing was said, or nothing is under way.
            let hasty = server("threaded");
            assert!(RequestUnderWay::begin(&hasty).is_none());
            drain(&hasty);
            drain(&server("threaded:drain=1h"));
            // What never ends is given up.
            let stuck = server("threaded:drain=20ms");
            let _for_ever = RequestUnderWay::begin(&stuck).unwrap();
            let begun = Instant::now();
            drain(&stuck);
            assert!(begun.elapsed() >= Duration::from_millis(20), "{world:?}");
            // What ends is waited for.
            let patient = server("threaded:drain=1h");
            let request = RequestUnderWay::begin(&patient).unwrap();
            let has_ended = AtomicBool::new(false);
            thread::scope(|scope| {
                scope.spawn(|| {
                    thread::yield_now();
                    has_ended.store(true, Ordering::SeqCst);
                    drop(request);
                });
                drain(&patient);
                assert!(has_ended.load(Ordering::SeqCst), "{world:?}");
            });
        }
    }
}
