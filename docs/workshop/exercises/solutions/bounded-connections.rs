//! A solution of `bounded-connections`. Read the exercise first.
//!
//! The permit is a value of the task: it is given back however the task ends, also by a panic.

use std::io;
use std::sync::Arc;

use protocol::Work;
use tokio::sync::Semaphore;

/// Connections at a time.
const MOST: usize = 32;

fn main() -> io::Result<()> {
    protocol::on_one_thread(accept())
}

/// Takes clients for ever, each in a task of its own.
async fn accept() -> io::Result<()> {
    let listener = protocol::listen_task()?;
    let places = Arc::new(Semaphore::new(MOST));
    loop {
        let place = Arc::clone(&places).acquire_owned().await.map_err(io::Error::other)?;
        let (stream, _) = listener.accept().await?;
        tokio::spawn(async move {
            let _ = protocol::serve_task(stream, answer).await;
            drop(place);
        });
    }
}

/// The work of a request.
async fn answer(work: Work) {
    if let Work::Sleep(duration) = work {
        tokio::time::sleep(duration).await;
    }
}
