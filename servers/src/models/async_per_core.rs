//! A tokio runtime of one thread for each CPU, and a listening socket for each runtime. Compared with async_multi.rs, no task
//! ever changes its thread, and nobody accepts for another.
//!
//! The kernel deals new connections out by a hash of their addresses, and there they stay. With many short requests
//! that is cheap: no queue is shared, and no worker wakes another. With few connections, or with some that ask for more
//! than others, one thread can have too much to do while its neighbour sleeps, and nobody takes anything off it. The
//! threads are not tied to CPUs, so that this differs from async_multi.rs in who runs a task and who accepts, and in
//! nothing else. Production code would also look after connections that live long: nothing ever evens them out.

use std::io;
use std::net::TcpListener;
use std::sync::Arc;

use super::{Concurrency, Model, OF_OUR_LOOP, OF_TASKS};
use crate::accept::{listener_for_each_loop, run_each_loop};
use crate::options::{PER_CORE_WORKERS, PLACEMENT_ON_ONE_THREAD};
use crate::server::Server;
use crate::tasks;

pub(super) const MODEL: Model = Model {
    name: "async-per-core",
    title: "a tokio runtime per core",
    short: "tokio per core",
    summary: "a tokio runtime of one thread for each CPU, each of which accepts for itself",
    options: &[OF_OUR_LOOP, OF_TASKS, &[PER_CORE_WORKERS, PLACEMENT_ON_ONE_THREAD]],
    runs_by_default: false,
    is_http_only: false,
    concurrency: Concurrency::Unbounded,
    run,
};

fn run(listener: TcpListener, server: &Arc<Server>) -> io::Result<()> {
    let listeners = listener_for_each_loop(listener, &server.options)?;
    let runtimes = listeners.iter().map(|_| tasks::runtime_of_one_thread(server)).collect::<io::Result<Vec<_>>>()?;
    server.remember_runtimes(&runtimes);
    let loops = listeners.into_iter().zip(runtimes).collect();
    run_each_loop(loops, server, |(listener, runtime)| {
        tasks::run_on(runtime, tasks::accept(listener, Arc::clone(server)))
    })
}
