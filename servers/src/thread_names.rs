//! What the server's threads are called, as `top -H`, a debugger and the pictures of this harness show them.
//!
//! Threads of a pool have a number, those of connections the connection's. The kernel keeps 15 bytes of it.

use std::sync::atomic::{AtomicUsize, Ordering};

/// The name of a thread that serves this connection and no other.
pub(crate) fn of_connection(number: u64) -> String {
    format!("connection {number}")
}

/// The name of a worker, from 1.
pub(crate) fn of_worker(number: usize) -> String {
    format!("worker {number}")
}

/// The name of an accept loop beside the first, which is on the main thread: from 2.
pub(crate) fn of_accept_loop(number: usize) -> String {
    format!("accept {number}")
}

/// What tokio asks for a name for each of its threads. It starts all workers first; whatever thread comes later is there
/// for what blocks.
pub(crate) fn of_runtime(workers: usize) -> impl Fn() -> String + Send + Sync + 'static {
    let named = AtomicUsize::new(0);
    move || match named.fetch_add(1, Ordering::Relaxed) + 1 {
        number if number <= workers => of_worker(number),
        number => format!("blocking {}", number - workers),
    }
}

#[cfg(test)]
mod tests {
    use std::sync::{Arc, Barrier};
    use std::thread;

    use super::*;

    fn own_name() -> String {
        thread::current().name().unwrap_or("").to_owned()
    }

    #[test]
    fn a_runtime_names_its_workers_before_what_blocks() {
        let runtime =
            tokio::runtime::Builder::new_multi_thread().worker_threads(2).thread_name_fn(of_runtime(2)).build();
        let runtime = runtime.unwrap();
        let both_run = Arc::new(Barrier::new(2));
        let meets = || {
            let both_run = Arc::clone(&both_run);
            async move {
                both_run.wait();
                own_name()
            }
        };
        runtime.block_on(async {
            let [one, other] = [meets(), meets()].map(tokio::spawn);
            let mut serve = [one.await.unwrap(), other.await.unwrap()];
            serve.sort();
            assert_eq!(serve, ["worker 1", "worker 2"]);
            // Before both ran, this might have had a thread that was begun for a worker.
            assert_eq!(tokio::task::spawn_blocking(own_name).await.unwrap(), "blocking 1");
        });
    }
}
