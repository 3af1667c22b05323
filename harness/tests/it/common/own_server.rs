//! A server of ours on a thread of the test's own process.

use std::net::SocketAddr;
use std::sync::Arc;
use std::thread;

use servers::protocol::Wire;
use servers::{Contender, Server};

/// One of our own servers; stopped when dropped.
pub(crate) struct OwnServer {
    pub(crate) address: SocketAddr,
    pub(crate) server: Arc<Server>,
}

/// Runs one of our models on a thread of this process.
pub(crate) fn serve(contender: &str, wire: Wire) -> OwnServer {
    let contender = Contender::parse(contender).unwrap();
    let listener = servers::bind("127.0.0.1:0".parse().unwrap(), &contender.options).unwrap();
    let address = listener.local_addr().unwrap();
    let server = Arc::new(Server::new(contender.options.clone(), wire, Some(1)));
    let serving = Arc::clone(&server);
    thread::spawn(move || (contender.model.run)(listener, &serving).unwrap());
    OwnServer { address, server }
}

impl Drop for OwnServer {
    fn drop(&mut self) {
        self.server.stop_handle().stop();
    }
}
