//! The same pool on rayon. Compared with thread_pool.rs, the threads and the queue are a library's.
//!
//! Rayon is made for computation that ends soon: its workers steal pieces of it from each other. A
//! connection cannot be stolen once it runs, so what is left is a fixed pool with the limits of the Book's.
//! Production code would leave connections to something else and use rayon for the computation in a request.

use std::io;
use std::net::TcpListener;
use std::sync::Arc;

use rayon::ThreadPoolBuilder;

use super::{Concurrency, Model, OF_A_POOL, OF_OUR_LOOP};
use crate::accept::Acceptor;
use crate::connection::blocking::serve;
use crate::containment::contain_panic;
use crate::server::Server;
use crate::thread_names;

pub(super) const MODEL: Model = Model {
    name: "rayon-pool",
    title: "a rayon pool",
    short: "rayon",
    summary: "a rayon pool; a worker owns a connection until it closes",
    options: &[OF_OUR_LOOP, OF_A_POOL],
    runs_by_default: true,
    is_http_only: false,
    concurrency: Concurrency::Workers,
    run,
};

fn run(listener: TcpListener, server: &Arc<Server>) -> io::Result<()> {
    let pool = ThreadPoolBuilder::new()
        .num_threads(server.options.workers)
        .thread_name(|place| thread_names::of_worker(place + 1))
        .stack_size(server.options.stack_bytes)
        .build()
        .map_err(io::Error::other)?;
    let mut acceptor = Acceptor::new(listener, server)?;
    while let Some(accepted) = acceptor.next()? {
        let shared = Arc::clone(server);
        // Rayon aborts the whole process where a job panics.
        pool.spawn(|| contain_panic(|| serve(accepted, shared)));
    }
    server.drain_on_thread();
    Ok(())
}
