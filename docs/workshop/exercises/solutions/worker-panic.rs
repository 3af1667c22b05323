//! A solution of `worker-panic`. Read the exercise first.
//!
//! The worker catches what a job throws and takes the next one. The panic is still printed, so the mistake is not hidden.
//! It would do as well to let the thread end and start another one, which costs a thread for each panic. Neither works
//! in a program that is built with `panic = "abort"`.

use std::io;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::mpsc::{self, Receiver, Sender};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;

use protocol::Work;

/// How many threads serve.
const WORKERS: usize = 4;

type Job = Box<dyn FnOnce() + Send>;

/// A fixed number of threads that take jobs from one queue.
struct ThreadPool {
    jobs: Sender<Job>,
    // Without it, the queue would end with its last worker, and `execute` would notice.
    _queue: Arc<Mutex<Receiver<Job>>>,
}

impl ThreadPool {
    fn new(workers: usize) -> ThreadPool {
        let (jobs, queue) = mpsc::channel();
        let queue = Arc::new(Mutex::new(queue));
        for _ in 0..workers {
            let queue = Arc::clone(&queue);
            thread::spawn(move || work(&queue));
        }
        ThreadPool { jobs, _queue: queue }
    }

    fn execute(&self, job: Job) {
        self.jobs.send(job).expect("the pool keeps the queue");
    }
}

/// What a worker does all its life.
fn work(queue: &Mutex<Receiver<Job>>) {
    loop {
        let next = queue.lock().unwrap_or_else(PoisonError::into_inner).recv();
        let Ok(job) = next else { return };
        // It is safe: nobody else sees what the job has, and its connection is dropped with it.
        if catch_unwind(AssertUnwindSafe(job)).is_err() {
            eprintln!("a job panicked; its connection is closed, and the worker takes the next one");
        }
    }
}

/// The work of a request, with a line for the log.
fn answer(work: Work) {
    if let Work::Sleep(duration) = work {
        let per_second = 1_000_000 / duration.as_micros();
        if per_second == 1 {
            eprintln!("a slow request");
        }
        thread::sleep(duration);
    }
}

fn main() -> io::Result<()> {
    let pool = ThreadPool::new(WORKERS);
    for stream in protocol::listen()?.incoming() {
        let stream = stream?;
        pool.execute(Box::new(move || {
            let _ = protocol::serve(stream, answer);
        }));
    }
    Ok(())
}
