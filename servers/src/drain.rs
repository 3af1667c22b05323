//! Waiting, once accepting is over, for the requests that were begun. Without it a server that is told to stop ends with
//! whatever it had begun: main returns, and threads and tasks are gone.
//!
//! Idle clients and halves of requests are not waited for: nobody knows what becomes of them. It waits on a thread or in a
//! task, and a test of both runs the same. Beside it: `stop.rs`, which ends accepting.

use std::time::{Duration, Instant};

use crate::server::Server;

/// Time between two looks.
const LOOK: Duration = Duration::from_millis(2);

/// A reply is counted just before it is written. By the second look that finds nothing it is out, unless its client reads so
/// slowly that the kernel does not take it; such a reply is cut.
const LOOKS_IN_VAIN: u32 = 2;

/// How it is going.
struct Drain<'a> {
    server: &'a Server,
    until: Instant,
    in_vain: u32,
}

impl Server {
    /// Blocks until no request is under way, or until the time that `drain` gives is over.
    pub(crate) fn drain_on_thread(&self) {
        let Some(mut drain) = Drain::of(self) else { return };
        while drain.must_wait() {
            std::thread::sleep(LOOK);
        }
    }

    /// As `drain_on_thread`, but other tasks run meanwhile.
    pub(crate) async fn drain_in_task(&self) {
        let Some(mut drain) = Drain::of(self) else { return };
        while drain.must_wait() {
            tokio::time::sleep(LOOK).await;
        }
    }
}

impl Drain<'_> {
    fn of(server: &Server) -> Option<Drain<'_>> {
        Some(Drain { server, until: Instant::now() + server.options.drain?, in_vain: 0 })
    }

    fn must_wait(&mut self) -> bool {
        let is_idle = self.server.counters.requests_under_way() == 0;
        self.in_vain = if is_idle { self.in_vain + 1 } else { 0 };
        self.in_vain < LOOKS_IN_VAIN && Instant::now() < self.until
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;
    use std::sync::atomic::{AtomicBool, Ordering};
    use std::thread;

    use super::*;
    use crate::contender::Contender;
    use crate::protocol::Wire;
    use crate::testing::WORLDS;

    fn server(contender: &str) -> Arc<Server> {
        Arc::new(Server::new(Contender::parse(contender).unwrap().options, Wire::JsonLines, Some(1)))
    }

    #[test]
    fn a_server_that_drains_waits_for_what_was_begun_and_no_longer_than_it_may() {
        for world in WORLDS {
            let drain = |server: &Server| world.run(|| server.drain_on_thread(), async || server.drain_in_task().await);
            // Nobody is waited for where nothing was said, or nothing is under way.
            let hasty = server("threaded");
            hasty.counters.requests_begun.increment();
            drain(&hasty);
            drain(&server("threaded:drain=1h"));
            // What never ends is given up.
            let stuck = server("threaded:drain=20ms");
            stuck.counters.requests_begun.increment();
            let begun = Instant::now();
            drain(&stuck);
            assert!(begun.elapsed() >= Duration::from_millis(20), "{world:?}");
            // What ends is waited for.
            let patient = server("threaded:drain=1h");
            patient.counters.requests_begun.increment();
            let has_ended = AtomicBool::new(false);
            thread::scope(|scope| {
                scope.spawn(|| {
                    thread::yield_now();
                    has_ended.store(true, Ordering::SeqCst);
                    patient.counters.requests_served.increment();
                });
                drain(&patient);
                assert!(has_ended.load(Ordering::SeqCst), "{world:?}");
            });
        }
    }
}
