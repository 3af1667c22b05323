//! The server models, one file each, and the one table of them.
//!
//! A model decides how a connection gets a thread or a task, and nothing else: it sees no bytes and does not
//! know what the work is. To add one, write its file beside these and its line in [`MODELS`].

use std::io;
use std::net::TcpListener;
use std::sync::Arc;

use crate::options::{
    ABANDON, ACCEPT_IN_TASKS, ACCEPT_ON_THREADS, BACKEND_POOL, BACKLOG, BLOCKING_THREADS, BUFFER, DRAIN,
    FRAME_DEADLINE, IDLE_TIMEOUT, MAX_CONNECTIONS, MAX_WORK, MUTEX, OptionKey, PER_CORE_WORKERS,
    PLACEMENT_ON_ONE_THREAD, PLACEMENT_ON_THREADS, PLACEMENT_ON_WORKERS, POOL_WORKERS, RUNTIME_WORKERS, SPAWN, STACK,
    STRETCH, ServerOptions, UNREAD_TIMEOUT,
};
use crate::server::Server;

mod async_multi;
mod async_per_core;
mod async_single;
#[cfg(feature = "axum")]
mod axum;
#[cfg(feature = "compio")]
mod compio;
mod pool_per_request;
mod rayon_pool;
mod reactor;
mod sequential;
mod thread_pool;
mod threaded;

/// One way of running connections.
#[derive(Debug)]
pub struct Model {
    /// As it is typed and shown: the name of its file, with hyphens.
    pub name: &'static str,
    /// What readers call it, as a phrase for a heading: `a thread per connection`.
    pub title: &'static str,
    /// The same in a word or two, for a verdict: `threads`.
    pub short: &'static str,
    /// Who runs a connection, in a line.
    pub summary: &'static str,
    /// The options it has.
    pub options: &'static [OptionKey],
    /// Whether it takes part where nobody is named. The others are there to be named, beside what they explain.
    pub runs_by_default: bool,
    /// Whether HTTP is all that it speaks: a library's loop serves its connections, and not ours.
    pub is_http_only: bool,
    /// How many connections it serves at a time.
    pub concurrency: Concurrency,
    /// Serves the connections of a listening socket until the server is stopped.
    ///
    /// # Errors
    /// What keeps the model from starting, or a listening socket that no longer is one.
    pub run: fn(TcpListener, &Arc<Server>) -> io::Result<()>,
}

/// How many connections a model serves at a time where no option says so; the rest wait, some of them accepted already.
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
    /// The number of connections served at a time with these options, where the model or one of them sets one.
    pub fn limit(self, options: &ServerOptions) -> Option<usize> {
        let of_model = match self {
            Concurrency::One => Some(1),
            Concurrency::Workers => Some(options.workers),
            Concurrency::Unbounded => None,
        };
        of_model.into_iter().chain(options.max_connections).min()
    }
}

/// The models that take part where nobody is named.
pub fn default_models() -> impl Iterator<Item = &'static Model> {
    MODELS.iter().filter(|model| model.runs_by_default)
}

/// All models, from the simplest on; then those that only run where they are named.
pub const MODELS: &[Model] = &[
    Model {
        name: "sequential",
        title: "one connection after the other",
        short: "one by one",
        summary: "the accept loop itself, one connection after the other",
        options: &[BACKLOG, FRAME_DEADLINE, IDLE_TIMEOUT, MAX_WORK, BUFFER, STRETCH, UNREAD_TIMEOUT],
        runs_by_default: true,
        is_http_only: false,
        concurrency: Concurrency::One,
        run: sequential::run,
    },
    Model {
        name: "threaded",
        title: "a thread per connection",
        short: "threads",
        summary: "one OS thread per connection",
        options: &[
            ACCEPT_ON_THREADS,
            BACKEND_POOL,
            BACKLOG,
            DRAIN,
            FRAME_DEADLINE,
            IDLE_TIMEOUT,
            MAX_CONNECTIONS,
            MAX_WORK,
            PLACEMENT_ON_THREADS,
            BUFFER,
            SPAWN,
            STACK,
            STRETCH,
            UNREAD_TIMEOUT,
        ],
        runs_by_default: true,
        is_http_only: false,
        concurrency: Concurrency::Unbounded,
        run: threaded::run,
    },
    Model {
        name: "thread-pool",
        title: "a pool of threads",
        short: "thread pool",
        summary: "a fixed pool of threads as in the Rust Book; a worker owns a connection until it closes",
        options: &[
            BACKEND_POOL,
            BACKLOG,
            DRAIN,
            FRAME_DEADLINE,
            IDLE_TIMEOUT,
            MAX_CONNECTIONS,
            MAX_WORK,
            PLACEMENT_ON_THREADS,
            BUFFER,
            STACK,
            STRETCH,
            UNREAD_TIMEOUT,
            POOL_WORKERS,
        ],
        runs_by_default: true,
        is_http_only: false,
        concurrency: Concurrency::Workers,
        run: thread_pool::run,
    },
    Model {
        name: "rayon-pool",
        title: "a rayon pool",
        short: "rayon",
        summary: "a rayon pool; a worker owns a connection until it closes",
        options: &[
            BACKEND_POOL,
            BACKLOG,
            DRAIN,
            FRAME_DEADLINE,
            IDLE_TIMEOUT,
            MAX_CONNECTIONS,
            MAX_WORK,
            BUFFER,
            STACK,
            STRETCH,
            UNREAD_TIMEOUT,
            POOL_WORKERS,
        ],
        runs_by_default: true,
        is_http_only: false,
        concurrency: Concurrency::Workers,
        run: rayon_pool::run,
    },
    Model {
        name: "async-single",
        title: "tokio, one thread",
        short: "tokio, one thread",
        summary: "a tokio task per connection, all on one thread",
        options: &[
            ABANDON,
            BACKEND_POOL,
            BACKLOG,
            BLOCKING_THREADS,
            DRAIN,
            FRAME_DEADLINE,
            IDLE_TIMEOUT,
            MAX_CONNECTIONS,
            MAX_WORK,
            MUTEX,
            PLACEMENT_ON_ONE_THREAD,
            BUFFER,
            STRETCH,
            UNREAD_TIMEOUT,
        ],
        runs_by_default: true,
        is_http_only: false,
        concurrency: Concurrency::Unbounded,
        run: async_single::run,
    },
    Model {
        name: "async-multi",
        title: "a task per connection",
        short: "tokio",
        summary: "a tokio task per connection, on a pool of threads",
        options: &[
            ABANDON,
            ACCEPT_IN_TASKS,
            BACKEND_POOL,
            BACKLOG,
            BLOCKING_THREADS,
            DRAIN,
            FRAME_DEADLINE,
            IDLE_TIMEOUT,
            MAX_CONNECTIONS,
            MAX_WORK,
            MUTEX,
            PLACEMENT_ON_WORKERS,
            BUFFER,
            STRETCH,
            UNREAD_TIMEOUT,
            RUNTIME_WORKERS,
        ],
        runs_by_default: true,
        is_http_only: false,
        concurrency: Concurrency::Unbounded,
        run: async_multi::run,
    },
    Model {
        name: "async-per-core",
        title: "a tokio runtime per core",
        short: "tokio per core",
        summary: "a tokio runtime of one thread for each CPU, each of which accepts for itself",
        options: &[
            ABANDON,
            BACKLOG,
            BLOCKING_THREADS,
            DRAIN,
            FRAME_DEADLINE,
            IDLE_TIMEOUT,
            MAX_WORK,
            MUTEX,
            PLACEMENT_ON_ONE_THREAD,
            BUFFER,
            STRETCH,
            UNREAD_TIMEOUT,
            PER_CORE_WORKERS,
        ],
        runs_by_default: false,
        is_http_only: false,
        concurrency: Concurrency::Unbounded,
        run: async_per_core::run,
    },
    Model {
        name: "reactor",
        title: "one thread, by hand",
        short: "reactor",
        summary: "one thread that waits for all sockets at once, by hand: what a runtime does underneath",
        options: &[BACKLOG, FRAME_DEADLINE, IDLE_TIMEOUT, MAX_CONNECTIONS, MAX_WORK, BUFFER, STRETCH, UNREAD_TIMEOUT],
        runs_by_default: false,
        is_http_only: false,
        concurrency: Concurrency::Unbounded,
        run: reactor::run,
    },
    Model {
        name: "pool-per-request",
        title: "a pool of threads for requests",
        short: "pool per request",
        summary: "a reactor that hands requests, not connections, to a pool of threads",
        options: &[
            BACKEND_POOL,
            BACKLOG,
            FRAME_DEADLINE,
            IDLE_TIMEOUT,
            MAX_CONNECTIONS,
            MAX_WORK,
            BUFFER,
            STACK,
            STRETCH,
            UNREAD_TIMEOUT,
            POOL_WORKERS,
        ],
        runs_by_default: false,
        is_http_only: false,
        concurrency: Concurrency::Unbounded,
        run: pool_per_request::run,
    },
    #[cfg(feature = "axum")]
    Model {
        name: "axum",
        title: "axum on tokio",
        short: "axum",
        summary: "axum on a pool of threads, only over HTTP: what people deploy",
        options: &[
            BACKEND_POOL,
            BACKLOG,
            BLOCKING_THREADS,
            MAX_CONNECTIONS,
            MUTEX,
            PLACEMENT_ON_WORKERS,
            STRETCH,
            UNREAD_TIMEOUT,
            RUNTIME_WORKERS,
        ],
        runs_by_default: false,
        is_http_only: true,
        concurrency: Concurrency::Unbounded,
        run: axum::run,
    },
    #[cfg(feature = "compio")]
    Model {
        name: "compio",
        title: "compio, one thread",
        short: "compio",
        summary: "a task per connection on one thread, with io_uring where the kernel allows it",
        options: &[BACKLOG, MAX_CONNECTIONS, MAX_WORK, BUFFER, STRETCH, UNREAD_TIMEOUT],
        runs_by_default: false,
        is_http_only: false,
        concurrency: Concurrency::Unbounded,
        run: compio::run,
    },
];

/// A model that this build leaves out, and the feature of cargo's that brings it in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LeftOut {
    /// The model's name.
    pub model: &'static str,
    /// The feature.
    pub feature: &'static str,
}

/// The models that this build leaves out.
pub const LEFT_OUT: &[LeftOut] = &[
    #[cfg(not(feature = "axum"))]
    LeftOut { model: "axum", feature: "axum" },
    #[cfg(not(feature = "compio"))]
    LeftOut { model: "compio", feature: "compio" },
];

#[cfg(test)]
mod tests {
    use crate::Contender;

    fn limit(contender: &str) -> Option<usize> {
        let contender = Contender::parse(contender).unwrap();
        contender.model.concurrency.limit(&contender.options)
    }

    #[test]
    fn the_lower_limit_counts() {
        assert_eq!((limit("sequential"), limit("threaded")), (Some(1), None));
        assert_eq!(limit("async-multi:max-connections=9"), Some(9));
        assert_eq!(limit("thread-pool:workers=3,max-connections=9"), Some(3));
        assert_eq!(limit("thread-pool:workers=3,max-connections=2"), Some(2));
    }
}
