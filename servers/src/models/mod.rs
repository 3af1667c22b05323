//! The server models, one file each, and the one table of them.
//!
//! A model decides how a connection gets a thread or a task, and nothing else: it sees no bytes and does not
//! know what the work is. To add one, write its file beside these and its line in [`MODELS`].

use std::io;
use std::net::TcpListener;
use std::sync::Arc;

use crate::options::{BACKLOG, OptionKey, POOL_WORKERS, RUNTIME_WORKERS, STACK, ServerOptions};
use crate::server::Server;

mod async_multi;
mod async_single;
mod rayon_pool;
mod sequential;
mod thread_pool;
mod threaded;

/// One way of running connections.
#[derive(Debug)]
pub struct Model {
    /// As it is typed and shown: the name of its file, with hyphens.
    pub name: &'static str,
    /// Who runs a connection, in a line.
    pub summary: &'static str,
    /// The options it has.
    pub options: &'static [OptionKey],
    /// How many connections it serves at a time.
    pub concurrency: Concurrency,
    /// Serves the connections of a listening socket until the server is stopped.
    ///
    /// # Errors
    /// What keeps the model from starting, or a listening socket that no longer is one.
    pub run: fn(TcpListener, &Arc<Server>) -> io::Result<()>,
}

/// How many connections a model serves at a time; others wait, though they are accepted perhaps.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Concurrency {
    /// One.
    One,
    /// As many as it has workers.
    Workers,
    /// As many as the machine can hold.
    Unbounded,
}

impl Concurrency {
    /// The number of connections served at a time with these options, where the model sets one.
    pub fn limit(self, options: &ServerOptions) -> Option<usize> {
        match self {
            Concurrency::One => Some(1),
            Concurrency::Workers => Some(options.workers),
            Concurrency::Unbounded => None,
        }
    }
}

/// All models, from the simplest on.
pub const MODELS: &[Model] = &[
    Model {
        name: "sequential",
        summary: "the accept loop itself, one connection after the other",
        options: &[BACKLOG],
        concurrency: Concurrency::One,
        run: sequential::run,
    },
    Model {
        name: "threaded",
        summary: "one OS thread per connection",
        options: &[BACKLOG, STACK],
        concurrency: Concurrency::Unbounded,
        run: threaded::run,
    },
    Model {
        name: "thread-pool",
        summary: "a fixed pool of threads as in the Rust Book; a worker owns a connection until it closes",
        options: &[BACKLOG, STACK, POOL_WORKERS],
        concurrency: Concurrency::Workers,
        run: thread_pool::run,
    },
    Model {
        name: "rayon-pool",
        summary: "a rayon pool; a worker owns a connection until it closes",
        options: &[BACKLOG, STACK, POOL_WORKERS],
        concurrency: Concurrency::Workers,
        run: rayon_pool::run,
    },
    Model {
        name: "async-single",
        summary: "a tokio task per connection, all on one thread",
        options: &[BACKLOG],
        concurrency: Concurrency::Unbounded,
        run: async_single::run,
    },
    Model {
        name: "async-multi",
        summary: "a tokio task per connection, on a pool of threads",
        options: &[BACKLOG, RUNTIME_WORKERS],
        concurrency: Concurrency::Unbounded,
        run: async_multi::run,
    },
];
