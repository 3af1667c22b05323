//! The accept loop serves each connection itself, one after the other. Compared with threaded.rs, nothing is spawned.
//!
//! Whoever connects second waits until the first is done, however little the first one does: an idle
//! connection holds up everybody. Production code would use this for one client at a time at most, and set
//! a deadline for every request, which is an option here.

use std::io;
use std::net::TcpListener;
use std::sync::Arc;

use super::{Concurrency, Model, OF_OUR_LOOP};
use crate::accept::Acceptor;
use crate::connection::blocking::serve;
use crate::containment::contain_panic;
use crate::server::Server;

pub(super) const MODEL: Model = Model {
    name: "sequential",
    title: "one connection after the other",
    short: "one by one",
    summary: "the accept loop itself, one connection after the other",
    options: &[OF_OUR_LOOP],
    runs_by_default: true,
    is_http_only: false,
    concurrency: Concurrency::One,
    run,
};

fn run(listener: TcpListener, server: &Arc<Server>) -> io::Result<()> {
    let mut acceptor = Acceptor::new(listener, server)?;
    while let Some(accepted) = acceptor.next()? {
        contain_panic(|| serve(accepted, Arc::clone(server)));
    }
    Ok(())
}
