//! A fixed pool of threads that share a queue, as in the Rust Book. Compared with threaded.rs, the number of threads is
//! the server's choice, and a connection waits in the queue until one is free.
//!
//! A worker owns a connection until it closes. So as many idle clients as there are workers keep everyone
//! else waiting: accepted, and never answered. Unlike the Book's pool, this one outlives a panic in a job,
//! and does not join its workers when it is dropped: they may be waiting for a client that never leaves.
//! Production code would bound the queue and hand out requests instead of connections.

use std::io;
use std::net::TcpListener;
use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;

use super::{Concurrency, Model, OF_A_POOL, OF_OUR_LOOP};
use crate::accept::Acceptor;
use crate::connection::blocking::serve;
use crate::containment::contain_panic;
use crate::options::PLACEMENT_ON_THREADS;
use crate::server::Server;
use crate::thread_names;

pub(super) const MODEL: Model = Model {
    name: "thread-pool",
    title: "a pool of threads",
    short: "thread pool",
    summary: "a fixed pool of threads as in the Rust Book; a worker owns a connection until it closes",
    options: &[OF_OUR_LOOP, OF_A_POOL, &[PLACEMENT_ON_THREADS]],
    runs_by_default: true,
    is_http_only: false,
    concurrency: Concurrency::Workers,
    run,
};

fn run(listener: TcpListener, server: &Arc<Server>) -> io::Result<()> {
    let pool = ThreadPool::new(server.options.workers, server.options.stack_bytes)?;
    let mut acceptor = Acceptor::new(listener, server)?;
    while let Some(accepted) = acceptor.next()? {
        let shared = Arc::clone(server);
        pool.execute(move || serve(accepted, shared));
    }
    server.drain_on_thread();
    Ok(())
}

type Job = Box<dyn FnOnce() + Send + 'static>;

pub(super) struct ThreadPool {
    queue: Sender<Job>,
}

impl ThreadPool {
    pub(super) fn new(workers: usize, stack_bytes: usize) -> io::Result<ThreadPool> {
        let (queue, jobs) = channel();
        let jobs = Arc::new(Mutex::new(jobs));
        for number in 1..=workers {
            let jobs = Arc::clone(&jobs);
            let builder = thread::Builder::new().name(thread_names::of_worker(number));
            builder.stack_size(stack_bytes).spawn(move || work_off(&jobs))?;
        }
        Ok(ThreadPool { queue })
    }

    pub(super) fn execute(&self, job: impl FnOnce() + Send + 'static) {
        // This fails where all workers are gone, which they are not before the pool itself is.
        let _ = self.queue.send(Box::new(job));
    }
}

/// What a worker does until the pool is dropped and the queue empty.
fn work_off(jobs: &Mutex<Receiver<Job>>) {
    loop {
        // One worker waits for a job, holding the lock; the others wait for the lock. It is free again
        // at the end of this line, before the job begins.
        let job = jobs.lock().unwrap_or_else(PoisonError::into_inner).recv();
        match job {
            Ok(job) => contain_panic(job),
            Err(_) => return,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::DEADLINE;

    #[test]
    fn a_worker_outlives_a_panic() {
        let pool = ThreadPool::new(1, 64 * 1024).unwrap();
        let (done, finished) = channel();
        pool.execute(|| panic!("a panic in a job, as the test wants it"));
        pool.execute(move || done.send(()).unwrap());
        finished.recv_timeout(DEADLINE).expect("the only worker took the second job");
    }
}
