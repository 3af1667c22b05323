//! How many connections may be open at once, where `max-connections` says so. A server at its limit does not accept, so
//! those beyond it wait in the kernel's backlog: they cost the server nothing, and get their turn.
//! Accepting and closing at once would tell them sooner. It would also cost a descriptor, perhaps a thread, and the work of
//! both ends.
//!
//! The accept loop of `accept.rs` asks here before it accepts; there is one of them to a server with a limit. It waits on a
//! thread or in a task, and the two ways of waiting are all that is written twice; a test of each runs both.

use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};

use tokio::sync::Notify;

use crate::counters::RelaxedCounter;

/// Gives out the permits of one server.
#[derive(Debug)]
pub(crate) struct Admission {
    limit: Option<usize>,
    state: Mutex<AdmissionState>,
    /// Told of every change: the first wakes a thread, the second a task.
    thread: Condvar,
    task: Notify,
    waits: RelaxedCounter,
}

#[derive(Debug, Default)]
struct AdmissionState {
    open: usize,
    is_closed: bool,
    /// Whether somebody who can't wait here has been turned down since the last permit.
    is_wanted: bool,
}

/// Why there is no permit just now.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum NoPermit {
    /// As many connections are open as may be; ask again once one has ended.
    Full,
    /// The server is stopped.
    Closed,
}

/// The right to one connection, given back when dropped: at the connection's end, a panic, or a failed spawn.
#[derive(Debug)]
pub(crate) struct Permit {
    /// None where there is no limit and so nothing to give back.
    from: Option<Arc<Admission>>,
}

impl Admission {
    pub(crate) fn new(limit: Option<usize>) -> Admission {
        Admission {
            limit,
            state: Mutex::default(),
            thread: Condvar::new(),
            task: Notify::new(),
            waits: RelaxedCounter::default(),
        }
    }

    /// Blocks the thread until one more connection may be open. None once the server is stopped.
    pub(crate) fn permit_on_thread(self: &Arc<Self>) -> Option<Permit> {
        let Some(limit) = self.limit else { return Some(Permit { from: None }) };
        let mut state = self.state();
        self.count_wait(&state, limit);
        while state.open >= limit && !state.is_closed {
            state = self.thread.wait(state).unwrap_or_else(PoisonError::into_inner);
        }
        self.permit(&mut state)
    }

    /// As `permit_on_thread`, but other tasks run meanwhile.
    pub(crate) async fn permit_in_task(self: &Arc<Self>) -> Option<Permit> {
        let Some(limit) = self.limit else { return Some(Permit { from: None }) };
        self.count_wait(&self.state(), limit);
        loop {
            {
                let mut state = self.state();
                if state.open < limit || state.is_closed {
                    return self.permit(&mut state);
                }
            }
            // A change since then is not lost: it makes this return at once.
            self.task.notified().await;
        }
    }

    /// A permit for who can't wait: an event loop has other things to do. However often it asks, it is one wait.
    pub(crate) fn permit_at_once(self: &Arc<Self>) -> Result<Permit, NoPermit> {
        let Some(limit) = self.limit else { return Ok(Permit { from: None }) };
        let mut state = self.state();
        let is_full = state.open >= limit && !state.is_closed;
        if is_full && !state.is_wanted {
            self.waits.increment();
        }
        state.is_wanted = is_full;
        if is_full { Err(NoPermit::Full) } else { self.permit(&mut state).ok_or(NoPermit::Closed) }
    }

    /// Ends all waiting: nobody is admitted from here on.
    pub(crate) fn close(&self) {
        self.state().is_closed = true;
        self.wake_waiter();
    }

    /// How often the server had to wait before it could accept.
    pub(crate) fn waits(&self) -> u64 {
        self.waits.get()
    }

    fn permit(self: &Arc<Self>, state: &mut AdmissionState) -> Option<Permit> {
        if state.is_closed {
            return None;
        }
        state.open += 1;
        Some(Permit { from: Some(Arc::clone(self)) })
    }

    fn count_wait(&self, state: &AdmissionState, limit: usize) {
        if state.open >= limit {
            self.waits.increment();
        }
    }

    fn wake_waiter(&self) {
        self.thread.notify_one();
        self.task.notify_one();
    }

    fn state(&self) -> MutexGuard<'_, AdmissionState> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Permit {
    fn drop(&mut self) {
        if let Some(admission) = &self.from {
            admission.state().open -= 1;
            admission.wake_waiter();
        }
    }
}

#[cfg(test)]
mod tests {
    use std::panic::catch_unwind;
    use std::sync::mpsc::{Receiver, channel};
    use std::thread;

    use super::*;
    use crate::testing::{DEADLINE, TwinWorld, WORLDS, wait_until};

    /// Asks for a permit on a thread of its own, as either kind of accept loop would.
    fn ask(admission: &Arc<Admission>, world: TwinWorld) -> Receiver<Option<Permit>> {
        let (answer, answered) = channel();
        let admission = Arc::clone(admission);
        thread::spawn(move || {
            let permit = world.run(|| admission.permit_on_thread(), async || admission.permit_in_task().await);
            let _ = answer.send(permit);
        });
        answered
    }

    #[test]
    fn who_is_over_the_limit_waits_for_a_permit_to_come_back() {
        for world in WORLDS {
            let admission = Arc::new(Admission::new(Some(1)));
            let first = ask(&admission, world).recv_timeout(DEADLINE).unwrap().unwrap();
            let second = ask(&admission, world);
            wait_until("the second one waits", || admission.waits() == 1);
            assert!(second.try_recv().is_err());
            drop(first);
            assert!(second.recv_timeout(DEADLINE).unwrap().is_some());
        }
    }

    #[test]
    fn who_cannot_wait_is_turned_down_and_has_waited_once() {
        let admission = Arc::new(Admission::new(Some(1)));
        let first = admission.permit_at_once().unwrap();
        for _ in 0..3 {
            assert_eq!(admission.permit_at_once().unwrap_err(), NoPermit::Full);
        }
        assert_eq!(admission.waits(), 1);
        drop(first);
        let _second = admission.permit_at_once().unwrap();
        admission.permit_at_once().unwrap_err();
        assert_eq!(admission.waits(), 2);
        admission.close();
        assert_eq!(admission.permit_at_once().unwrap_err(), NoPermit::Closed);
    }

    #[test]
    fn closing_ends_the_wait() {
        for world in WORLDS {
            let admission = Arc::new(Admission::new(Some(1)));
            let _first = admission.permit_on_thread().unwrap();
            let second = ask(&admission, world);
            admission.close();
            assert!(second.recv_timeout(DEADLINE).unwrap().is_none());
        }
    }

    #[test]
    fn a_panic_gives_the_permit_back() {
        let admission = Arc::new(Admission::new(Some(1)));
        let permit = admission.permit_on_thread().unwrap();
        let connection = move || {
            let _permit = permit;
            panic!("a panic in a connection, as the test wants it");
        };
        catch_unwind(std::panic::AssertUnwindSafe(connection)).unwrap_err();
        assert!(ask(&admission, TwinWorld::Thread).recv_timeout(DEADLINE).unwrap().is_some());
    }

    #[test]
    fn without_a_limit_nobody_waits() {
        for world in WORLDS {
            let admission = Arc::new(Admission::new(None));
            let permits: Vec<_> =
                (0..10).map(|_| ask(&admission, world).recv_timeout(DEADLINE).unwrap().unwrap()).collect();
            assert_eq!((permits.len(), admission.waits()), (10, 0));
        }
    }
}
