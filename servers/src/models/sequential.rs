//! The accept loop serves each connection itself, one after the other. Beside threaded.rs, nothing is spawned.
//!
//! Whoever connects second waits until the first is done, however little the first one does: an idle
//! connection holds up everybody. Production code would use this for one client at a time at most, and set
//! a deadline for every request, which is an option here.

use std::io;
use std::net::TcpListener;
use std::sync::Arc;

use crate::accept::Acceptor;
use crate::connection::blocking::serve;
use crate::containment::contain_panic;
use crate::server::Server;

pub(crate) fn run(listener: TcpListener, server: &Arc<Server>) -> io::Result<()> {
    let mut acceptor = Acceptor::new(listener, server)?;
    while let Some(accepted) = acceptor.next()? {
        contain_panic(|| serve(accepted, Arc::clone(server)));
    }
    Ok(())
}
