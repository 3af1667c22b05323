//! # Move the computation off the runtime
//!
//! A tokio server on one thread. Two clients ask for something that takes a second to compute. Meanwhile all others, who
//! want nothing but an echo, wait.
//!
//! **What to do.** Have the computation done where it holds up nobody. It must still be done before the reply, and it takes as
//! long as it takes.
//!
//! **What you should see.**
//!
//! ```text
//! ./check long-computation
//! ```
//!
//! Two clients compute, a second each time; twenty echoes a second are asked beside them. Now half of the echoes wait for longer
//! than a quarter of a computation. In the end half of them have to be faster than that.
//!
//! **To help you.** `tokio::task::spawn_blocking` runs a closure on a thread of its own and gives you something to await.
//! `yield_now` helps only where a computation can be cut into pieces. A second worker of the runtime helps against one computation, and
//! not against two.
//!
//! **Think on.** `harness lesson computing-in-a-task` compares the places. `spawn_blocking` has up to 512 threads: what happens
//! when a hundred clients compute on four CPUs, and who should say no? A pool as large as there are CPUs (rayon is
//! one) keeps a queue instead.

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
    if let Work::Spin(duration) = work {
        // Stands in for a computation.
        protocol::spin(duration);
    }
}
