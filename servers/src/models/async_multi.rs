//! A tokio task per connection, on a fixed number of threads: what `#[tokio::main]` gives. Beside
//! async_single.rs, only the runtime's builder differs.
//!
//! Workers steal tasks from each other, so one that computes holds up only itself, unless it held what
//! the others wait for. As under `#[tokio::main]`, the accept loop runs on the thread that calls this, beside the
//! workers. Production code would spawn it too, and add what async_single.rs names.

use std::io;
use std::net::TcpListener;
use std::sync::Arc;

use tokio::runtime;

use crate::accept::Acceptor;
use crate::connection::nonblocking::serve;
use crate::histograms::with_histograms;
use crate::server::Server;

pub(crate) fn run(listener: TcpListener, server: &Arc<Server>) -> io::Result<()> {
    let runtime = with_histograms(&mut runtime::Builder::new_multi_thread())
        .worker_threads(server.options.workers)
        .max_blocking_threads(server.options.blocking_threads)
        .enable_all()
        .build()?;
    server.runs_on(&runtime);
    let ended = runtime.block_on(async {
        listener.set_nonblocking(true)?;
        let listener = tokio::net::TcpListener::from_std(listener)?;
        let mut acceptor = Acceptor::new(listener, server)?;
        while let Some(accepted) = acceptor.next().await? {
            tokio::spawn(serve(accepted, Arc::clone(server)));
        }
        Ok(())
    });
    // Dropping the runtime instead would wait for every task that computes to reach its next `.await`, too.
    runtime.shutdown_background();
    ended
}
