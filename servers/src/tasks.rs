//! What the models on tokio share: how a runtime is built and ended, and an accept loop that gives each connection a task.
//! Which threads a runtime has stands in `models/`. Beside it: `thread_names.rs`.

use std::io;
use std::net::TcpListener;
use std::slice;
use std::sync::Arc;

use tokio::runtime::{Builder, Runtime};
use tokio::task::JoinSet;

use crate::accept::{AcceptedConnection, Acceptor};
use crate::connection::attended::serve_attended;
use crate::connection::nonblocking::serve;
use crate::histograms::with_histograms;
use crate::server::Server;
use crate::thread_names;

/// A runtime that runs all tasks on the thread that runs it.
pub(crate) fn runtime_of_one_thread(server: &Server) -> io::Result<Runtime> {
    built(&mut Builder::new_current_thread(), 0, server)
}

/// A runtime with a thread for each worker.
pub(crate) fn runtime_of_workers(server: &Server) -> io::Result<Runtime> {
    let workers = server.options.workers;
    built(Builder::new_multi_thread().worker_threads(workers), workers, server)
}

fn built(builder: &mut Builder, workers: usize, server: &Server) -> io::Result<Runtime> {
    with_histograms(builder)
        .thread_name_fn(thread_names::of_runtime(workers))
        .max_blocking_threads(server.options.blocking_threads)
        .enable_all()
        .build()
}

/// Runs the accept loop of a server on its only runtime.
pub(crate) fn run(
    runtime: Runtime,
    server: &Server,
    accepting: impl Future<Output = io::Result<()>>,
) -> io::Result<()> {
    server.remember_runtimes(slice::from_ref(&runtime));
    run_on(runtime, accepting)
}

/// Runs an accept loop on this thread, and ends the runtime with it.
pub(crate) fn run_on(runtime: Runtime, accepting: impl Future<Output = io::Result<()>>) -> io::Result<()> {
    let ended = runtime.block_on(accepting);
    // To drop the runtime would wait for every blocked thread, and for every task that computes to reach its next `.await`.
    runtime.shutdown_background();
    ended
}

/// Accepts from this socket in a task.
pub(crate) fn acceptor(listener: TcpListener, server: &Arc<Server>) -> io::Result<Acceptor<tokio::net::TcpListener>> {
    listener.set_nonblocking(true)?;
    Acceptor::new(tokio::net::TcpListener::from_std(listener)?, server)
}

/// Gives each connection a task, until the server is stopped and has drained.
pub(crate) async fn accept(listener: TcpListener, server: Arc<Server>) -> io::Result<()> {
    let mut acceptor = acceptor(listener, &server)?;
    while let Some(accepted) = acceptor.next().await? {
        spawn(accepted, &server);
    }
    server.drain_in_task().await;
    Ok(())
}

/// The same for each of these sockets: for several, in a task each.
pub(crate) async fn accept_from_each(mut listeners: Vec<TcpListener>, server: &Arc<Server>) -> io::Result<()> {
    let Some(last) = listeners.pop() else { return Ok(()) };
    if listeners.is_empty() {
        return accept(last, Arc::clone(server)).await;
    }
    let listeners = listeners.into_iter().chain([last]);
    let mut loops: JoinSet<_> = listeners.map(|listener| accept(listener, Arc::clone(server))).collect();
    // The first to end ends the server: a loop ends where it was stopped, or can't go on.
    loops.join_next().await.map_or(Ok(()), |ended| ended.map_err(io::Error::other).flatten())
}

/// Gives a connection a task. Only with `abandon` does that watch whether the client is gone, too.
fn spawn(accepted: AcceptedConnection<tokio::net::TcpStream>, server: &Arc<Server>) {
    match server.options.abandon {
        None => drop(tokio::spawn(serve(accepted, Arc::clone(server)))),
        Some(limit) => drop(tokio::spawn(serve_attended(accepted, Arc::clone(server), limit))),
    }
}
