//! The lock that all connections of a server share, and how a `lock` request holds it: on a thread, or in a task
//! in one of three ways. Beside it: `work.rs`, which calls this.

use std::sync::{Condvar, Mutex, PoisonError};
use std::thread;
use std::time::Duration;

use crate::options::LockKind;
use crate::trace::{ConnectionTrace, Moment};

/// One lock in the forms it is needed in, of which a server uses one: threads std's, tasks what their options name.
#[derive(Debug)]
pub(crate) struct SharedLock {
    in_tasks: LockKind,
    std: Mutex<()>,
    tokio: tokio::sync::Mutex<()>,
    across_await: LockAcrossAwait,
}

impl SharedLock {
    pub(crate) fn new(in_tasks: LockKind) -> SharedLock {
        SharedLock {
            in_tasks,
            std: Mutex::default(),
            tokio: Default::default(),
            across_await: LockAcrossAwait::default(),
        }
    }

    /// Waits for `duration` with the lock held. Blocks the thread, first until it has the lock.
    pub(crate) fn hold_on_thread(&self, duration: Duration, trace: &ConnectionTrace) {
        trace.note(Moment::Parked);
        // Poisoned or not, what comes back holds the lock until it is dropped.
        let held = self.std.lock();
        thread::sleep(duration);
        drop(held);
        trace.note(Moment::Resumed);
    }

    /// Waits for `duration` with the lock held, in the way that the options say.
    pub(crate) async fn hold_in_task(&self, duration: Duration, trace: &ConnectionTrace) {
        // In a box, or what three ways of waiting need would add its size to every connection.
        Box::pin(self.hold_as_told(duration, trace)).await;
    }

    async fn hold_as_told(&self, duration: Duration, trace: &ConnectionTrace) {
        match self.in_tasks {
            // What tokio recommends for a critical section without an `.await`, as long as it is short. Whoever
            // holds this one blocks, and so does whoever waits for it: with as many as there are workers, nobody
            // else gets a turn, but the lock always comes free.
            LockKind::Std => self.hold_on_thread(duration, trace),
            LockKind::Tokio => {
                trace.note(Moment::Suspended);
                let held = self.tokio.lock().await;
                tokio::time::sleep(duration).await;
                drop(held);
                trace.note(Moment::Resumed);
            }
            // Whoever waits for this one blocks a worker. Once all are blocked, none is left to wake the task that
            // holds it: the server stands still for good.
            LockKind::StdAcrossAwait => {
                trace.note(Moment::Parked);
                let held = self.across_await.lock();
                trace.note(Moment::Suspended);
                tokio::time::sleep(duration).await;
                drop(held);
                trace.note(Moment::Resumed);
            }
        }
    }
}

/// A lock that blocks the thread as std's does, with a guard that may be held across an `.await` of a spawned task.
///
/// The compiler refuses std's guard there, since another thread may go on with the task. People meet the mistake
/// all the same: with `parking_lot` and its `send_guard`, in a `LocalSet`, or under `block_on`.
#[derive(Debug, Default)]
struct LockAcrossAwait {
    is_held: Mutex<bool>,
    freed: Condvar,
}

struct LockAcrossAwaitGuard<'a> {
    lock: &'a LockAcrossAwait,
}

impl LockAcrossAwait {
    fn lock(&self) -> LockAcrossAwaitGuard<'_> {
        let is_held = self.is_held.lock().unwrap_or_else(PoisonError::into_inner);
        let mut is_held = self.freed.wait_while(is_held, |is_held| *is_held).unwrap_or_else(PoisonError::into_inner);
        *is_held = true;
        LockAcrossAwaitGuard { lock: self }
    }
}

impl Drop for LockAcrossAwaitGuard<'_> {
    fn drop(&mut self) {
        *self.lock.is_held.lock().unwrap_or_else(PoisonError::into_inner) = false;
        self.lock.freed.notify_one();
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;
    use std::sync::mpsc::channel;

    use super::*;
    use crate::testing::{DEADLINE, TwinWorld, WORLDS, wait_until};
    use crate::trace::Trace;

    /// All ways in which a request holds the lock: a thread has one, whatever the options say.
    fn ways() -> impl Iterator<Item = (TwinWorld, LockKind)> {
        let kinds = [LockKind::Std, LockKind::Tokio, LockKind::StdAcrossAwait];
        WORLDS.into_iter().flat_map(move |world| kinds.map(|kind| (world, kind)))
    }

    /// Calls `meanwhile` while somebody holds the lock that a request takes in this way.
    fn while_held(lock: &SharedLock, (world, kind): (TwinWorld, LockKind), meanwhile: impl FnOnce()) {
        match (world, kind) {
            (TwinWorld::Thread, _) | (TwinWorld::Task, LockKind::Std) => {
                let _held = lock.std.lock().unwrap();
                meanwhile();
            }
            (TwinWorld::Task, LockKind::Tokio) => {
                let _held = lock.tokio.try_lock().unwrap();
                meanwhile();
            }
            (TwinWorld::Task, LockKind::StdAcrossAwait) => {
                let _held = lock.across_await.lock();
                meanwhile();
            }
        }
    }

    #[test]
    fn a_request_waits_for_whoever_holds_the_lock_and_gives_it_back() {
        for way in ways() {
            let lock = Arc::new(SharedLock::new(way.1));
            let trace = Trace::with_slots(8);
            let (done, ended) = channel();
            while_held(&lock, way, || {
                let (lock, notes) = (Arc::clone(&lock), ConnectionTrace::new(Some(&trace), 1));
                thread::spawn(move || {
                    let instantly = Duration::ZERO;
                    let on_thread = || lock.hold_on_thread(instantly, &notes);
                    way.0.run(on_thread, async || lock.hold_in_task(instantly, &notes).await);
                    let _ = done.send(());
                });
                wait_until("the request waits", || !trace.record().events.is_empty());
                let waits = |moment| matches!(moment, Moment::Parked | Moment::Suspended);
                assert!(trace.record().events.iter().all(|event| waits(event.moment)), "{way:?} did not wait");
            });
            ended.recv_timeout(DEADLINE).unwrap_or_else(|error| panic!("{way:?}: {error}"));
            assert_eq!(trace.record().events.last().unwrap().moment, Moment::Resumed, "{way:?}");
            while_held(&lock, way, || {});
        }
    }
}
