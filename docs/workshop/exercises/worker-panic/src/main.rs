//! # The pool that dies of a panic
//!
//! Four workers, and a server that ran for months. Then somebody asked it to `sleep 0ms`. A log line divides by that
//! time, the worker panics, and nothing seems to happen: the other three go on. It takes four such requests.
//!
//! **What to do.** See to it that a worker outlives a job that panics. Leave the division as it is: it stands for
//! the next mistake, which you don't know yet. The check notices if you mend it.
//!
//! **What you should see.**
//!
//! ```text
//! ./check worker-panic
//! ```
//!
//! Eight clients trip over the mistake; nobody can help them. Then four come who ask for something sensible. Now none of them
//! is answered, while the server goes on accepting. In the end all four have to be.
//!
//! **To help you.** A thread can catch a panic (`std::panic::catch_unwind`), or somebody can notice that a thread has ended and
//! start another one: a value that is dropped while its thread panics knows it (`std::thread::panicking`). A job that is not
//! `UnwindSafe` wants a reason why it is safe all the same: say yours with `AssertUnwindSafe`.
//!
//! **Think on.** With a thread per connection, or a task, the same panic ends one connection. Who catches it there? And
//! what becomes of a `Mutex` that the job held?

use std::io;
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
        job();
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
