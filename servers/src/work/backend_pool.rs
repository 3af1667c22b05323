//! A fixed number of links to the backend that all connections share, where `backend-pool` says so: what services do. Who
//! finds none free waits: tasks in the order in which they came, as tokio's semaphore has it; threads as a condition variable
//! wakes them, where one that comes just then may be first. Beside it: `call.rs`, which asks over them.

use std::mem;
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};

use tokio::sync::{Semaphore, SemaphorePermit};

use super::call::BackendLink;

/// The links of one server: its connections run on threads or in tasks, and so one of the two halves is never used.
#[derive(Debug)]
pub(crate) struct BackendPool {
    on_threads: SharedLinks<std::net::TcpStream>,
    in_tasks: SharedLinks<tokio::net::TcpStream>,
}

/// The links of one world. A thread waits for a number, a task for a permit.
#[derive(Debug)]
struct SharedLinks<S> {
    shelf: Mutex<LinkShelf<S>>,
    freed: Condvar,
    permits: Semaphore,
}

#[derive(Debug)]
struct LinkShelf<S> {
    /// How many more threads may take one.
    free: usize,
    idle: Vec<BackendLink<S>>,
}

/// A link for one call, given back when dropped.
#[derive(Debug)]
pub(crate) struct LentLink<'a, S> {
    pub(super) link: BackendLink<S>,
    links: &'a SharedLinks<S>,
    /// Of a task. It is dropped after the link is back, which is when the next may have that.
    permit: Option<SemaphorePermit<'a>>,
}

impl BackendPool {
    /// Of so many links, none connected yet.
    pub(crate) fn new(size: usize) -> BackendPool {
        BackendPool { on_threads: SharedLinks::new(size), in_tasks: SharedLinks::new(size) }
    }

    /// Blocks the thread until a link is free. The last that was given back comes first: it is connected.
    pub(crate) fn link_on_thread(&self) -> LentLink<'_, std::net::TcpStream> {
        let links = &self.on_threads;
        let shelf = links.freed.wait_while(links.shelf(), |shelf| shelf.free == 0);
        let mut shelf = shelf.unwrap_or_else(PoisonError::into_inner);
        shelf.free -= 1;
        LentLink { link: shelf.take(), links, permit: None }
    }

    /// As `link_on_thread`, but other tasks run meanwhile.
    pub(crate) async fn link_in_task(&self) -> LentLink<'_, tokio::net::TcpStream> {
        let links = &self.in_tasks;
        // Nobody closes the semaphore, which alone would make this fail.
        let permit = links.permits.acquire().await.ok();
        let link = links.shelf().take();
        LentLink { link, links, permit }
    }
}

impl<S> SharedLinks<S> {
    fn new(size: usize) -> SharedLinks<S> {
        let shelf = Mutex::new(LinkShelf { free: size, idle: Vec::new() });
        SharedLinks { shelf, freed: Condvar::new(), permits: Semaphore::new(size) }
    }

    fn shelf(&self) -> MutexGuard<'_, LinkShelf<S>> {
        self.shelf.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl<S> LinkShelf<S> {
    fn take(&mut self) -> BackendLink<S> {
        self.idle.pop().unwrap_or_default()
    }
}

impl<S> Drop for LentLink<'_, S> {
    fn drop(&mut self) {
        let link = mem::take(&mut self.link);
        let mut shelf = self.links.shelf();
        shelf.idle.push(link);
        if self.permit.is_none() {
            shelf.free += 1;
        }
        drop(shelf);
        self.links.freed.notify_one();
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;
    use std::sync::mpsc::{Receiver, channel};
    use std::thread;

    use super::*;
    use crate::testing::{DEADLINE, TwinWorld, WORLDS};

    /// Takes a link on a thread of its own, says so, and gives it back when told to.
    fn take(pool: &Arc<BackendPool>, world: TwinWorld, give_back: Receiver<()>) -> Receiver<()> {
        let (tell, told) = channel();
        let pool = Arc::clone(pool);
        thread::spawn(move || {
            let hold = || {
                let _ = tell.send(());
                let _ = give_back.recv();
            };
            world.run(
                || {
                    let _lent = pool.link_on_thread();
                    hold();
                },
                async || {
                    let _lent = pool.link_in_task().await;
                    hold();
                },
            );
        });
        told
    }

    #[test]
    fn who_finds_none_free_waits_until_one_is_given_back() {
        for world in WORLDS {
            let pool = Arc::new(BackendPool::new(2));
            let (first_back, [second_back, third_back]) = (channel(), [channel(), channel()]);
            let first = take(&pool, world, first_back.1);
            let second = take(&pool, world, second_back.1);
            first.recv_timeout(DEADLINE).unwrap();
            second.recv_timeout(DEADLINE).unwrap();
            let third = take(&pool, world, third_back.1);
            thread::yield_now();
            assert!(third.try_recv().is_err(), "{world:?}: three of two");
            drop(first_back.0);
            third.recv_timeout(DEADLINE).unwrap();
        }
    }
}
