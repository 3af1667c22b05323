//! A tokio task per connection, on a fixed number of threads: what `#[tokio::main]` gives. Beside
//! async_single.rs, only the runtime's builder differs, and that there may be more than one accept loop.
//!
//! Workers steal tasks from each other, so one that computes holds up only itself, unless it held what
//! the others wait for. As under `#[tokio::main]`, the accept loop runs on the thread that calls this, beside the
//! workers; with `accept=reuseport` each worker may run one, as a task. Production code would spawn it too, and add
//! what async_single.rs names.

use std::io;
use std::net::TcpListener;
use std::slice;
use std::sync::Arc;

use tokio::runtime;
use tokio::task::JoinSet;

use crate::accept::{AcceptedConnection, Acceptor, one_for_each_loop};
use crate::connection::attended::serve_attended;
use crate::connection::nonblocking::serve;
use crate::histograms::with_histograms;
use crate::server::Server;
use crate::threads;

pub(crate) fn run(listener: TcpListener, server: &Arc<Server>) -> io::Result<()> {
    let mut listeners = one_for_each_loop(listener, &server.options)?;
    let runtime = with_histograms(&mut runtime::Builder::new_multi_thread())
        .worker_threads(server.options.workers)
        .thread_name_fn(threads::of_runtime(server.options.workers))
        .max_blocking_threads(server.options.blocking_threads)
        .enable_all()
        .build()?;
    server.runs_on(slice::from_ref(&runtime));
    let ended = runtime.block_on(async {
        match listeners.pop() {
            Some(only) if listeners.is_empty() => accept(only, Arc::clone(server)).await,
            last => {
                let mut loops: JoinSet<_> =
                    last.into_iter().chain(listeners).map(|listener| accept(listener, Arc::clone(server))).collect();
                // The first to end ends the server: a loop ends where it was stopped, or can't go on.
                loops.join_next().await.map_or(Ok(()), |ended| ended.map_err(io::Error::other).flatten())
            }
        }
    });
    // To drop the runtime would wait for every blocked thread, and for every task that computes to reach its next `.await`.
    runtime.shutdown_background();
    ended
}

/// Accepts in a task, and gives each connection one.
pub(super) async fn accept(listener: TcpListener, server: Arc<Server>) -> io::Result<()> {
    listener.set_nonblocking(true)?;
    let listener = tokio::net::TcpListener::from_std(listener)?;
    let mut acceptor = Acceptor::new(listener, &server)?;
    while let Some(accepted) = acceptor.next().await? {
        spawn(accepted, &server);
    }
    server.drain_in_task().await;
    Ok(())
}

/// Gives a connection a task. Only with `abandon` does that watch whether the client is gone, too.
pub(super) fn spawn(accepted: AcceptedConnection<tokio::net::TcpStream>, server: &Arc<Server>) {
    match server.options.abandon {
        None => drop(tokio::spawn(serve(accepted, Arc::clone(server)))),
        Some(limit) => drop(tokio::spawn(serve_attended(accepted, Arc::clone(server), limit))),
    }
}
