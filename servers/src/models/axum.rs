//! axum on tokio's pool of threads: what people deploy. Beside async_multi.rs, the connection's loop is hyper's and a
//! request finds its work through a router, both of a library. The runtime, the accept loop and the work are the same.
//!
//! So what this differs by from async_multi.rs over HTTP is what a framework costs: it reads any HTTP there is, and keeps
//! more for each connection. It speaks HTTP alone, and ends connections as hyper does: a request to close is none of its
//! routes, and limits on slow clients would be layers that others write. Built with `--features axum`.

use std::future::{IntoFuture, pending};
use std::io;
use std::net::TcpListener;
use std::slice;
use std::sync::Arc;

use axum::extract::connect_info::Connected;
use axum::serve::{IncomingStream, Listener};
use tokio::runtime;
use tokio::sync::oneshot;

use crate::accept::Acceptor;
use crate::connection::routes::{RoutedConnection, SharedLink, router};
use crate::histograms::with_histograms;
use crate::server::Server;
use crate::threads;

pub(crate) fn run(listener: TcpListener, server: &Arc<Server>) -> io::Result<()> {
    let runtime = with_histograms(&mut runtime::Builder::new_multi_thread())
        .worker_threads(server.options.workers)
        .thread_name_fn(threads::of_runtime(server.options.workers))
        .max_blocking_threads(server.options.blocking_threads)
        .enable_all()
        .build()?;
    server.runs_on(slice::from_ref(&runtime));
    let ended = runtime.block_on(async {
        listener.set_nonblocking(true)?;
        let acceptor = Acceptor::new(tokio::net::TcpListener::from_std(listener)?, server)?;
        let (stop, stopped) = oneshot::channel();
        let counted = CountedListener { acceptor, server: Arc::clone(server), stop: Some(stop) };
        tokio::spawn(axum::serve(counted, router(Arc::clone(server))).into_future());
        stopped.await.map_err(io::Error::other)?
    });
    // Dropping the runtime instead would wait for every task that computes to reach its next `.await`, too.
    runtime.shutdown_background();
    ended
}

/// The accept loop of all models, for axum to draw from.
struct CountedListener {
    acceptor: Acceptor<tokio::net::TcpListener>,
    server: Arc<Server>,
    /// Tells that accepting is over, which axum has no word for.
    stop: Option<oneshot::Sender<io::Result<()>>>,
}

impl Listener for CountedListener {
    type Io = RoutedConnection;
    type Addr = ();

    async fn accept(&mut self) -> (RoutedConnection, ()) {
        let ended = match self.acceptor.next().await {
            Ok(Some(accepted)) => return (RoutedConnection::new(accepted, Arc::clone(&self.server)), ()),
            Ok(None) => Ok(()),
            Err(error) => Err(error),
        };
        if let Some(stop) = self.stop.take() {
            // Nobody listens any more where the runtime is gone.
            let _ = stop.send(ended);
        }
        pending().await
    }

    fn local_addr(&self) -> io::Result<()> {
        Ok(())
    }
}

impl Connected<IncomingStream<'_, CountedListener>> for SharedLink {
    fn connect_info(_: IncomingStream<'_, CountedListener>) -> SharedLink {
        SharedLink::default()
    }
}
