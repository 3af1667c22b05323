//! A tokio task per connection, all on the thread that calls this. Beside threaded.rs, a connection becomes a
//! task, which costs some hundred bytes while it waits, and every wait has its `.await`.
//!
//! One thread runs everything, so a task that computes or blocks between two `.await`s stops all others.
//! Running out of threads cannot happen here; running out of descriptors still can. Production code would
//! limit the connections, set deadlines for what they send, and hand computation to other threads: these are
//! options here.

use std::io;
use std::net::TcpListener;
use std::slice;
use std::sync::Arc;

use tokio::runtime;

use super::async_multi::spawn;
use crate::accept::Acceptor;
use crate::histograms::with_histograms;
use crate::server::Server;
use crate::threads;

pub(crate) fn run(listener: TcpListener, server: &Arc<Server>) -> io::Result<()> {
    let blocking = server.options.blocking_threads;
    let runtime = with_histograms(&mut runtime::Builder::new_current_thread())
        .thread_name_fn(threads::of_runtime(0))
        .max_blocking_threads(blocking)
        .enable_all()
        .build()?;
    server.runs_on(slice::from_ref(&runtime));
    let ended = runtime.block_on(async {
        listener.set_nonblocking(true)?;
        let listener = tokio::net::TcpListener::from_std(listener)?;
        let mut acceptor = Acceptor::new(listener, server)?;
        while let Some(accepted) = acceptor.next().await? {
            spawn(accepted, server);
        }
        server.drain_in_task().await;
        Ok(())
    });
    // Dropping the runtime instead would wait for every thread that blocks for a request.
    runtime.shutdown_background();
    ended
}
