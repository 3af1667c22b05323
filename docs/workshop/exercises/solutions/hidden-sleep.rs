//! A solution of `hidden-sleep`. Read the exercise first.
//!
//! One line blocks, and every function between it and the task becomes `async`. `spawn_blocking(look_up)` would leave them as
//! they are, and take a thread for each request that waits: right for a library that can only block, and not for a timer.

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
        store::look_up(duration).await;
    }
}

/// A store that answers after a while, and sometimes only when it is asked again.
mod store {
    use std::time::Duration;

    /// The store answers at this try.
    const TRIES: u32 = 4;

    pub(super) async fn look_up(takes: Duration) {
        with_retries(takes / TRIES, |tries| tries == TRIES).await;
    }

    /// Tries until it succeeds, with a pause before each try.
    async fn with_retries(pause: Duration, succeeds: impl Fn(u32) -> bool) {
        for tries in 1.. {
            back_off(pause).await;
            if succeeds(tries) {
                return;
            }
        }
    }

    async fn back_off(pause: Duration) {
        tokio::time::sleep(pause).await;
    }
}
