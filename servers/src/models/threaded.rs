//! One OS thread per connection. Compared with sequential.rs, the connection is moved to a thread of its own.
//!
//! Clients decide how many threads there are, and each costs a stack and memory in the kernel even while
//! it waits. So the thread is spawned by the builder, which returns an error. `thread::spawn` would panic, and end the
//! accept loop and every client with it; `spawn=panicking` does that, for comparison. Production code would set a
//! limit on the number of connections and deadlines for what they send, which are options here.
//! Usually there is one accept loop; with `accept=reuseport` there is one for each CPU.

use std::io;
use std::net::TcpListener;
use std::sync::Arc;
use std::thread;

use super::{Concurrency, Model, OF_OUR_LOOP};
use crate::accept::{Acceptor, listener_for_each_loop, run_each_loop};
use crate::connection::blocking::serve;
use crate::options::{
    ACCEPT_ON_THREADS, BACKEND_POOL, DRAIN, MAX_CONNECTIONS, PLACEMENT_ON_THREADS, SPAWN, STACK, Spawning,
};
use crate::server::Server;
use crate::thread_names;

pub(super) const MODEL: Model = Model {
    name: "threaded",
    title: "a thread per connection",
    short: "threads",
    summary: "one OS thread per connection",
    options: &[
        OF_OUR_LOOP,
        &[ACCEPT_ON_THREADS, BACKEND_POOL, DRAIN, MAX_CONNECTIONS, PLACEMENT_ON_THREADS, SPAWN, STACK],
    ],
    runs_by_default: true,
    is_http_only: false,
    concurrency: Concurrency::Unbounded,
    run,
};

fn run(listener: TcpListener, server: &Arc<Server>) -> io::Result<()> {
    let listeners = listener_for_each_loop(listener, &server.options)?;
    run_each_loop(listeners, server, |listener| accept(listener, server))
}

fn accept(listener: TcpListener, server: &Arc<Server>) -> io::Result<()> {
    let mut acceptor = Acceptor::new(listener, server)?;
    while let Some(accepted) = acceptor.next()? {
        let shared = Arc::clone(server);
        let builder = thread::Builder::new().name(thread_names::of_connection(accepted.trace.connection_number()));
        let spawned = builder.stack_size(server.options.stack_bytes).spawn(move || serve(accepted, shared));
        match spawned {
            // To drop the handle detaches the thread, which ends with its connection.
            Ok(_) => {}
            // Its closure was dropped, and the connection with it: this client is turned away, the others stay.
            Err(_) if server.options.spawning == Spawning::Builder => server.count_spawn_error(),
            // What `thread::spawn` would do, in its words.
            Err(error) => panic!("failed to spawn thread: {error:?}"),
        }
    }
    server.drain_on_thread();
    Ok(())
}
