//! axum on tokio's pool of threads: what people deploy. Compared with async_multi.rs, the connection's loop is hyper's and a
//! request finds its work through a router, both of a library. The runtime, the accept loop and the work are the same.
//!
//! So what this differs by from async_multi.rs over HTTP is what a framework costs: it reads any HTTP there is, and keeps
//! more for each connection. It speaks HTTP alone, and ends connections as hyper does: a request to close is none of its
//! routes, and deadlines for what clients send would be layers that others write. Built with `--features axum`.

use std::future::{IntoFuture, pending, poll_fn};
use std::io;
use std::net::TcpListener;
use std::pin::pin;
use std::sync::Arc;
use std::task::Poll;

use axum::extract::connect_info::Connected;
use axum::serve::{IncomingStream, Listener};
use tokio::sync::oneshot;

use super::{Concurrency, Model};
use crate::accept::Acceptor;
use crate::connection::routes::{RoutedConnection, SharedWithHandlers, router};
use crate::options::{
    BACKEND_POOL, BACKLOG, BLOCKING_THREADS, DRAIN, MAX_CONNECTIONS, MUTEX, PLACEMENT_ON_WORKERS, RUNTIME_WORKERS,
    STRETCH, UNREAD_TIMEOUT,
};
use crate::server::Server;
use crate::tasks;

pub(super) const MODEL: Model = Model {
    name: "axum",
    title: "axum on tokio",
    short: "axum",
    summary: "axum on a pool of threads, only over HTTP: what people deploy",
    options: &[&[
        BACKEND_POOL,
        BACKLOG,
        BLOCKING_THREADS,
        DRAIN,
        MAX_CONNECTIONS,
        MUTEX,
        PLACEMENT_ON_WORKERS,
        RUNTIME_WORKERS,
        STRETCH,
        UNREAD_TIMEOUT,
    ]],
    runs_by_default: false,
    is_http_only: true,
    concurrency: Concurrency::Unbounded,
    run,
};

fn run(listener: TcpListener, server: &Arc<Server>) -> io::Result<()> {
    tasks::run(tasks::runtime_of_workers(server)?, server, async {
        let acceptor = tasks::acceptor(listener, server)?;
        let (stop, stopped) = oneshot::channel();
        let counted = CountedListener { acceptor, server: Arc::clone(server), stop: Some(stop) };
        // On the thread that async_multi.rs accepts on too. It never ends by itself.
        let mut accepting = pin!(axum::serve(counted, router(Arc::clone(server))).into_future());
        let mut stopped = pin!(stopped);
        let stopped = poll_fn(|cx| match accepting.as_mut().poll(cx) {
            Poll::Ready(ended) => Poll::Ready(ended),
            Poll::Pending => stopped.as_mut().poll(cx).map_err(io::Error::other).map(Result::flatten),
        });
        stopped.await?;
        server.drain_in_task().await;
        Ok(())
    })
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

impl Connected<IncomingStream<'_, CountedListener>> for SharedWithHandlers {
    fn connect_info(stream: IncomingStream<'_, CountedListener>) -> SharedWithHandlers {
        stream.io().shared()
    }
}
