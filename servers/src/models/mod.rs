//! The server models, one file each, and the list of them.
//!
//! A model decides how a connection gets a thread or a task, and nothing else: it sees no bytes and does not
//! know what the work is. To add one, write its file beside these and its line in [`MODELS`].

use std::io;
use std::net::TcpListener;
use std::sync::Arc;

use crate::options::{
    ABANDON, BACKEND_POOL, BACKLOG, BLOCKING_THREADS, BUFFER, DRAIN, FRAME_DEADLINE, IDLE_TIMEOUT, MAX_CONNECTIONS,
    MAX_WORK, MUTEX, OptionKey, POOL_WORKERS, STACK, STRETCH, ServerOptions, UNREAD_TIMEOUT,
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
    /// The options it has, in groups that other models have too.
    options: &'static [&'static [OptionKey]],
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

impl Model {
    /// The options it has, by name.
    pub fn options(&self) -> Vec<&'static OptionKey> {
        let mut options: Vec<_> = self.options.iter().flat_map(|group| group.iter()).collect();
        options.sort_by_key(|option| option.name);
        options
    }

    /// The option of this name, where it has one.
    pub fn option(&self, name: &str) -> Option<&'static OptionKey> {
        self.options.iter().flat_map(|group| group.iter()).find(|option| option.name == name)
    }
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
    sequential::MODEL,
    threaded::MODEL,
    thread_pool::MODEL,
    rayon_pool::MODEL,
    async_single::MODEL,
    async_multi::MODEL,
    async_per_core::MODEL,
    reactor::MODEL,
    pool_per_request::MODEL,
    #[cfg(feature = "axum")]
    axum::MODEL,
    #[cfg(feature = "compio")]
    compio::MODEL,
];

/// What every model has that serves connections with our own loop.
const OF_OUR_LOOP: &[OptionKey] = &[BACKLOG, BUFFER, FRAME_DEADLINE, IDLE_TIMEOUT, MAX_WORK, STRETCH, UNREAD_TIMEOUT];

/// What a pool of threads has besides.
const OF_A_POOL: &[OptionKey] = &[BACKEND_POOL, DRAIN, MAX_CONNECTIONS, POOL_WORKERS, STACK];

/// What tasks on tokio have besides.
const OF_TASKS: &[OptionKey] = &[ABANDON, BLOCKING_THREADS, DRAIN, MUTEX];

/// Names of the models that this build leaves out. The feature of cargo's that brings one in is called as the model.
pub const LEFT_OUT: &[&str] = &[
    #[cfg(not(feature = "axum"))]
    "axum",
    #[cfg(not(feature = "compio"))]
    "compio",
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
