//! A task per connection on compio, all on one thread. Compared with async_single.rs, the kernel is not asked which socket is
//! ready; it is given the read itself, with the buffer, and tells when that has been done: completion and not readiness.
//!
//! On Linux that is io_uring, where the kernel allows it; many containers do not. compio then falls back to readiness, so
//! which driver really ran is noted in every record. Giving a read up half-way is what completion makes hard: this
//! model has no deadlines for what clients send. Built with `--features compio`.

use std::io;
use std::net::TcpListener;
use std::sync::Arc;

use compio::runtime::{Runtime, spawn};

use super::{Concurrency, Model};
use crate::accept::Acceptor;
use crate::connection::completion::serve;
use crate::options::{BACKLOG, BUFFER, DRAIN, MAX_CONNECTIONS, MAX_WORK, STRETCH, UNREAD_TIMEOUT};
use crate::server::Server;

pub(super) const MODEL: Model = Model {
    name: "compio",
    title: "compio, one thread",
    short: "compio",
    summary: "a task per connection on one thread, with io_uring where the kernel allows it",
    options: &[&[BACKLOG, BUFFER, DRAIN, MAX_CONNECTIONS, MAX_WORK, STRETCH, UNREAD_TIMEOUT]],
    runs_by_default: false,
    is_http_only: false,
    concurrency: Concurrency::Unbounded,
    run,
};

fn run(listener: TcpListener, server: &Arc<Server>) -> io::Result<()> {
    let runtime = Runtime::new()?;
    server.remember_driver(if runtime.driver_type().is_iouring() { "io_uring" } else { "epoll" });
    runtime.block_on(async {
        let listener = compio::net::TcpListener::from_std(listener)?;
        let mut acceptor = Acceptor::new(listener, server)?;
        while let Some(accepted) = acceptor.next().await? {
            spawn(serve(accepted, Arc::clone(server))).detach();
        }
        server.drain_by_completion().await;
        Ok(())
    })
}
