//! # Write the thread pool
//!
//! This server hands each connection to a pool of four threads. But nobody has written the pool: `execute` runs the
//! job where it stands, on the thread that accepts. So the second client waits until the first one leaves.
//!
//! **What to do.** Write `ThreadPool`, with the standard library alone. `new` starts the workers; `execute` puts a job into
//! a queue and comes back at once; an idle worker takes the next job. Leave `main` as it is.
//!
//! **What you should see.** Type this in the folder of the exercises, now and after each change:
//!
//! ```text
//! ./check thread-pool
//! ```
//!
//! Now one of four clients is answered. With a pool, four are, and four out of eight. Say beforehand what the other four
//! wait for!
//!
//! **To help you.** `std::sync::mpsc` is a queue. Its receiving end can't be cloned; several threads can share it behind
//! an `Arc` and a `Mutex`. Mind how long a worker holds that lock: `while let Ok(job) = receiver.lock().unwrap().recv()`
//! holds it for as long as the job lasts.
//!
//! **Think on.** `harness lesson pool-and-fifth` asks what the fifth client waits for. What would you have to hand to the pool
//! instead of a connection?

use std::io;

/// How many threads serve.
const WORKERS: usize = 4;

type Job = Box<dyn FnOnce() + Send>;

/// A fixed number of threads that take jobs from one queue.
struct ThreadPool {
    // What does it have to keep?
}

impl ThreadPool {
    /// Starts the workers.
    fn new(_workers: usize) -> ThreadPool {
        ThreadPool {}
    }

    /// Has one of the workers do the job, as soon as one is free.
    fn execute(&self, job: Job) {
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
