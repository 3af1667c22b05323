//! A tokio runtime of one thread for each CPU, and a listening socket for each runtime. Beside async_multi.rs, no task
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

use tokio::runtime;

use super::async_multi::accept;
use crate::accept::{one_for_each_loop, run_each_loop};
use crate::histograms::with_histograms;
use crate::server::Server;
use crate::threads;

pub(crate) fn run(listener: TcpListener, server: &Arc<Server>) -> io::Result<()> {
    let listeners = one_for_each_loop(listener, &server.options)?;
    let runtime_of_one_thread = |_: &TcpListener| {
        with_histograms(&mut runtime::Builder::new_current_thread())
            .thread_name_fn(threads::of_runtime(0))
            .max_blocking_threads(server.options.blocking_threads)
            .enable_all()
            .build()
    };
    let runtimes = listeners.iter().map(runtime_of_one_thread).collect::<io::Result<Vec<_>>>()?;
    server.runs_on(&runtimes);
    let loops = listeners.into_iter().zip(runtimes).collect();
    run_each_loop(loops, server, |(listener, runtime)| {
        let ended = runtime.block_on(accept(listener, Arc::clone(server)));
        // Dropping the runtime instead would wait for every thread that blocks for a request.
        runtime.shutdown_background();
        ended
    })
}
