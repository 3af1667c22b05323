//! A solution of `long-computation`. Read the exercise first.
//!
//! The computation has a thread, and the task waits for it. The kernel shares the CPUs among the threads; the runtime's
//! thread needs little and gets it soon.

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
        let computed = tokio::task::spawn_blocking(move || protocol::spin(duration)).await;
        computed.expect("it does not panic, and nobody aborts it");
    }
}
