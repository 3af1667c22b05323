//! One OS thread per connection. Beside sequential.rs, the connection is moved to a thread of its own.
//!
//! Clients decide how many threads there are, and each costs a stack and memory in the kernel even while
//! it waits. So the thread is spawned by the builder, which gives an error where `thread::spawn` would panic
//! and take the accept loop, and with it every client, down. Production code would add a cap on the number
//! of connections and a deadline for idle ones.

use std::io;
use std::net::TcpListener;
use std::sync::Arc;
use std::thread;

use crate::accept::blocking::Accepting;
use crate::connection::blocking::serve;
use crate::server::Server;

pub(crate) fn run(listener: TcpListener, server: &Arc<Server>) -> io::Result<()> {
    let mut accepting = Accepting::new(listener, server)?;
    while let Some(stream) = accepting.next()? {
        let shared = Arc::clone(server);
        let spawned =
            thread::Builder::new().stack_size(server.options.stack_bytes).spawn(move || serve(stream, shared));
        if spawned.is_err() {
            // The stream went down with the closure, so this client is turned away; the others stay.
            server.count_spawn_error();
        }
    }
    Ok(())
}
