//! # Find the `std::thread::sleep` in the task
//!
//! A tokio server on one thread, with a task for each connection. A request looks up something in a slow store, and
//! most of that is waiting. So sixteen clients should be served as fast as one. They are not: they come one after the other.
//!
//! **What to do.** Find what blocks the thread, and have the task wait instead. The program may keep its one thread: a wait
//! needs none.
//!
//! **What you should see.**
//!
//! ```text
//! ./check hidden-sleep
//! ```
//!
//! 160 requests of 20 ms from sixteen clients take 3.2 seconds now, which is the sum of all waits. In the end they
//! have to take less than half of that.
//!
//! **To help you.** No compiler finds it, and here it is easy to see. In a program that is not yours, look from outside while
//! the load runs: `cat /proc/PID/task/*/wchan` names what each of its threads waits in. An idle runtime waits for events
//! (`ep_poll` or `do_epoll_wait`, by kernel). What is this one in? Once you have found the line, note what becomes of every
//! function between it and the task.
//!
//! **Think on.** `harness lesson blocking-a-task` measures what everybody else waits. Which other calls block like this one: name
//! resolution, files, a database's driver?

use std::io;

use protocol::Work;

fn main() -> io::Result<()> {
    protocol::on_one_thread(accept())
}

/// Takes clients for ever, each in a task of its own.
async fn accept() -> io::Result<()> {
    let listener = protocol::listen_task()?;
    loop {
        let (stream, _) = listener.accept().await?;
        tokio::spawn(protocol::serve_task(stream, answer));
    }
}

/// The work of a request.
async fn answer(work: Work) {
    if let Work::Sleep(duration) = work {
        store::look_up(duration);
    }
}

/// A store that answers after a while, and sometimes only when it is asked again.
mod store {
    use std::thread;
    use std::time::Duration;

    /// The store answers at this try.
    const TRIES: u32 = 4;

    pub(super) fn look_up(takes: Duration) {
        with_retries(takes / TRIES, |tries| tries == TRIES);
    }

    /// Tries until it succeeds, with a pause before each try.
    fn with_retries(pause: Duration, succeeds: impl Fn(u32) -> bool) {
        for tries in 1.. {
            back_off(pause);
            if succeeds(tries) {
                return;
            }
        }
    }

    fn back_off(pause: Duration) {
        thread::sleep(pause);
    }
}
