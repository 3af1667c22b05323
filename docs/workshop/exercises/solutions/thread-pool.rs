//! A solution of `thread-pool`. Read the exercise first.
//!
//! The lock on the receiving end is held while a worker waits for a job, and no longer: the guard is dropped at the end of
//! the `let`. What the pool does not do is end its workers; this server never ends.

use std::io;
use std::sync::mpsc::{self, Receiver, Sender};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;

/// How many threads serve.
const WORKERS: usize = 4;

type Job = Box<dyn FnOnce() + Send>;

/// A fixed number of threads that take jobs from one queue.
struct ThreadPool {
    jobs: Sender<Job>,
}

impl ThreadPool {
    /// Starts the workers.
    fn new(workers: usize) -> ThreadPool {
        let (jobs, queue) = mpsc::channel();
        let queue = Arc::new(Mutex::new(queue));
        for _ in 0..workers {
            let queue = Arc::clone(&queue);
            thread::spawn(move || work(&queue));
        }
        ThreadPool { jobs }
    }

    /// Has one of the workers do the job, as soon as one is free.
    fn execute(&self, job: Job) {
        self.jobs.send(job).expect("workers live as long as the pool");
    }
}

/// What a worker does all its life.
fn work(queue: &Mutex<Receiver<Job>>) {
    loop {
        let next = queue.lock().unwrap_or_else(PoisonError::into_inner).recv();
        let Ok(job) = next else { return };
        job();
    }
}

fn main() -> io::Result<()> {
    let pool = ThreadPool::new(WORKERS);
    for stream in protocol::listen()?.incoming() {
        let stream = stream?;
        pool.execute(Box::new(move || {
            // A client that has gone is no reason to end.
            let _ = protocol::serve(stream, |_| {});
        }));
    }
    Ok(())
}
