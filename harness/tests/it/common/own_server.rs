//! A server of ours on a thread of the test's own process.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::mpsc::channel;
use std::thread::{self, JoinHandle};

use servers::protocol::Wire;
use servers::{Contender, Server};

use crate::common::LONGEST_WAIT;

/// One of our own servers; stopped when dropped.
pub(crate) struct OwnServer {
    pub(crate) address: SocketAddr,
    pub(crate) server: Arc<Server>,
    thread: Option<JoinHandle<()>>,
}

/// Runs one of our models on a thread of this process.
pub(crate) fn serve(contender: &str, wire: Wire) -> OwnServer {
    serve_at(contender, wire, "127.0.0.1:0", || {})
}

/// As [`serve`], at an address, on a thread that does something else first.
pub(crate) fn serve_at(contender: &str, wire: Wire, at: &str, first: impl FnOnce() + Send + 'static) -> OwnServer {
    let contender = Contender::parse(contender).unwrap();
    let at: SocketAddr = at.parse().unwrap();
    let server = Arc::new(Server::new(contender.options.clone(), wire, Some(1)));
    let (serving, (tell, listens)) = (Arc::clone(&server), channel());
    let thread = thread::spawn(move || {
        first();
        let listener = servers::bind(at, &contender.options).unwrap();
        tell.send(listener.local_addr().unwrap()).unwrap();
        (contender.model.run)(listener, &serving).unwrap();
    });
    let address = listens.recv_timeout(LONGEST_WAIT).expect("the server listens");
    OwnServer { address, server, thread: Some(thread) }
}

impl OwnServer {
    /// Requests that it has served until now.
    pub(crate) fn served(&self) -> u64 {
        self.server.counters().requests_served
    }

    /// Stops it; requests that it had served when it had ended.
    pub(crate) fn stopped(mut self) -> u64 {
        self.server.stop_handle().stop();
        self.thread.take().unwrap().join().unwrap();
        self.served()
    }
}

impl Drop for OwnServer {
    fn drop(&mut self) {
        self.server.stop_handle().stop();
    }
}
