//! A solution of `lock-across-await`. Read the exercise first.
//!
//! tokio's mutex is awaited: a task that does not get it gives the thread back. It costs more than std's, and it is the
//! right one only where the lock has to be held across an `.await`. Often it need not be: take out what you need, drop the guard, wait.

use std::io;
use std::rc::Rc;

use protocol::Work;
use tokio::sync::Mutex;
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
        let _guard = lock.lock().await;
        tokio::time::sleep(duration).await;
    }
}
