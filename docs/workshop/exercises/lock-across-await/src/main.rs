//! # A lock held across `.await`
//!
//! Requests that ask for `lock` wait while they hold the server's one lock. Here that is std's, and the runtime has one
//! thread. One client is served well, and so the tests pass. With two clients the server stops, for ever, and for everybody.
//!
//! **What to do.** Watch it stop first. Then mend it: the lock is still held while the request waits, by one at a
//! time, and the server goes on.
//!
//! **What you should see.**
//!
//! ```text
//! ./check lock-across-await
//! ```
//!
//! Eight clients ask for the lock, then one for an echo. Now nobody gets an answer. To look at it yourself, type `cargo run
//! -p lock-across-await`, which prints an address, and in another terminal `harness load ADDRESS -c 2 --work 'lock 1s'`. Then
//! `cat /proc/PID/wchan`: an idle runtime waits for events (`ep_poll` or `do_epoll_wait`, by kernel). What does this one
//! wait in?
//!
//! **To help you.** The first task holds the lock and waits for its timer. The second one waits for the lock, by blocking the
//! thread. Who is to run the first one? There is a mutex whose `lock` is awaited.
//!
//! **Think on.** With `tokio::spawn` the compiler would have refused: a std guard can't move to another thread, so the
//! future is not `Send`. `spawn_local` asks for no such thing. `cargo clippy` finds it all the same. And when is std's mutex
//! the better one in a task? See `docs/experiments/mutex.md`.

use std::io;
use std::rc::Rc;
use std::sync::Mutex;

use protocol::Work;
use tokio::task::{LocalSet, spawn_local};

fn main() -> io::Result<()> {
    protocol::on_one_thread(async { LocalSet::new().run_until(accept()).await })
}

/// Takes clients for ever, each in a task of its own.
async fn accept() -> io::Result<()> {
    let listener = protocol::listen_task()?;
    let lock = Rc::new(Mutex::new(()));
    loop {
        let (stream, _) = listener.accept().await?;
        let lock = Rc::clone(&lock);
        spawn_local(protocol::serve_task(stream, move |work| answer(work, Rc::clone(&lock))));
    }
}

/// The work of a request.
async fn answer(work: Work, lock: Rc<Mutex<()>>) {
    if let Work::Lock(duration) = work {
        let _guard = lock.lock().expect("nobody panics who holds it");
        tokio::time::sleep(duration).await;
    }
}
