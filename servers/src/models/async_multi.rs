//! A tokio task per connection, on a fixed number of threads: what `#[tokio::main]` gives. Compared with
//! async_single.rs, only the runtime differs, and that there may be more than one accept loop.
//!
//! Workers steal tasks from each other, so one that computes holds up only itself, unless it held what
//! the others wait for. As under `#[tokio::main]`, the accept loop runs on the thread that calls this, beside the
//! workers; with `accept=reuseport` each worker may run one, as a task. Production code would spawn it too, and add
//! what async_single.rs names. The accept loop, which spawns the tasks, is in `tasks.rs`.

use std::io;
use std::net::TcpListener;
use std::sync::Arc;

use super::{Concurrency, Model, OF_OUR_LOOP, OF_TASKS};
use crate::accept::listener_for_each_loop;
use crate::options::{ACCEPT_IN_TASKS, BACKEND_POOL, MAX_CONNECTIONS, PLACEMENT_ON_WORKERS, RUNTIME_WORKERS};
use crate::server::Server;
use crate::tasks;

pub(super) const MODEL: Model = Model {
    name: "async-multi",
    title: "a task per connection",
    short: "tokio",
    summary: "a tokio task per connection, on a pool of threads",
    options: &[
        OF_OUR_LOOP,
        OF_TASKS,
        &[ACCEPT_IN_TASKS, BACKEND_POOL, MAX_CONNECTIONS, PLACEMENT_ON_WORKERS, RUNTIME_WORKERS],
    ],
    runs_by_default: true,
    is_http_only: false,
    concurrency: Concurrency::Unbounded,
    run,
};

fn run(listener: TcpListener, server: &Arc<Server>) -> io::Result<()> {
    let listeners = listener_for_each_loop(listener, &server.options)?;
    tasks::run(tasks::runtime_of_workers(server)?, server, tasks::accept_from_each(listeners, server))
}
