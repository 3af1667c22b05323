//! # Bound the connections
//!
//! A tokio server that takes every client. A task is cheap, but each connection is an open file too, and has its buffers.
//! Whoever opens connections faster than you close them ends your server.
//!
//! **What to do.** Serve 32 connections at a time. Who comes then waits in the kernel's queue until somebody leaves; nobody
//! is turned away.
//!
//! **What you should see.**
//!
//! ```text
//! ./check bounded-connections
//! ```
//!
//! A hundred clients come and stay. Now all of them are answered. In the end 32 are. And when they have gone, all of the
//! next hundred, who come and go, have to be answered: so every place is given back, also by a client that just breaks off.
//!
//! **To help you.** `tokio::sync::Semaphore` has so many permits. Take one *before* `accept`, or who does not get one is
//! in already. `acquire_owned` gives a permit that can move into the task; it is given back when it is dropped.
//!
//! **Think on.** Should the 33rd client wait, or be told at once? What would it see in either case? And who protects the 32
//! places from clients who take one and say nothing? That is the exercise `frame-deadline`.

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
        tokio::spawn(async move {
            let _ = protocol::serve_task(stream, answer).await;
        });
    }
}

/// The work of a request.
async fn answer(work: Work) {
    if let Work::Sleep(duration) = work {
        tokio::time::sleep(duration).await;
    }
}
