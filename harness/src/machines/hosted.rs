//! The far side of a run's servers: one is started when that is asked for, looked at while the load runs, and stopped at the
//! cell's end. Where nobody listens any more it is gone at once.
//!
//! Must not know: how a server is started and watched; whoever made the worker does. Beside it: `worker.rs`, which hears what is
//! asked for; `server_host.rs`, the other side.

use std::net::SocketAddr;

use super::serve_message::{ServeOrder, ServedMessage};
use crate::load::LoadMoments;

/// Whoever can start a server here.
pub trait ServerStarter {
    /// Starts one and begins to watch it.
    ///
    /// # Errors
    /// What there is to say of one that does not serve.
    fn start(&mut self, order: &ServeOrder) -> Result<Box<dyn HostedServer>, Box<ServedMessage>>;
}

/// A server that runs. Dropped, it is gone.
pub trait HostedServer {
    /// Where it listens.
    fn address(&self) -> SocketAddr;
    /// Looks at it, again and again, while a load with these moments runs; says whether it has died.
    fn look(&mut self, moments: LoadMoments) -> bool;
    /// Stops it, and says all that is known.
    fn end(self: Box<Self>) -> ServedMessage;
}
