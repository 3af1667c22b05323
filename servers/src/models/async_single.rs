//! A tokio task per connection, all on the thread that calls this. Compared with threaded.rs, a connection becomes a
//! task, which costs some hundred bytes while it waits, and every wait has its `.await`.
//!
//! One thread runs everything, so a task that computes or blocks between two `.await`s stops all others.
//! Running out of threads cannot happen here; running out of descriptors still can. Production code would
//! limit the connections, set deadlines for what they send, and hand computation to other threads: these are
//! options here. The accept loop, which spawns the tasks, is in `tasks.rs`.

use std::io;
use std::net::TcpListener;
use std::sync::Arc;

use super::{Concurrency, Model, OF_OUR_LOOP, OF_TASKS};
use crate::options::{BACKEND_POOL, MAX_CONNECTIONS, PLACEMENT_ON_ONE_THREAD};
use crate::server::Server;
use crate::tasks;

pub(super) const MODEL: Model = Model {
    name: "async-single",
    title: "tokio, one thread",
    short: "tokio, one thread",
    summary: "a tokio task per connection, all on one thread",
    options: &[OF_OUR_LOOP, OF_TASKS, &[BACKEND_POOL, MAX_CONNECTIONS, PLACEMENT_ON_ONE_THREAD]],
    runs_by_default: true,
    is_http_only: false,
    concurrency: Concurrency::Unbounded,
    run,
};

fn run(listener: TcpListener, server: &Arc<Server>) -> io::Result<()> {
    tasks::run(tasks::runtime_of_one_thread(server)?, server, tasks::accept(listener, Arc::clone(server)))
}
