//! Ending an accept loop from outside. An accept that waits cannot look at a flag, so stopping shuts the
//! listening socket down too: Linux then wakes whoever waits on it, a blocked thread and a runtime alike. One that
//! waits for a connection to end before it accepts is told by `admission.rs`.

use std::io;
use std::net::{Shutdown, TcpListener};
use std::os::fd::AsFd;
use std::sync::{Arc, MutexGuard, PoisonError};

use socket2::SockRef;

use crate::server::Server;

/// Where a server is in its life.
#[derive(Debug)]
pub(crate) enum ListenState {
    NotYet,
    /// A second descriptor of the listening socket, to shut it down with.
    On(TcpListener),
    Stopped,
}

/// Ends a server's accept loop.
#[derive(Debug, Clone)]
pub struct StopHandle {
    server: Arc<Server>,
}

impl StopHandle {
    pub(crate) fn new(server: Arc<Server>) -> StopHandle {
        StopHandle { server }
    }

    /// Makes the model's `run` return as soon as it is back at accepting, and refuses new connections.
    ///
    /// Nobody waits for connections still open. Those on threads go on until their clients or the process
    /// end, those in tasks are dropped with their runtime. Stopping twice is stopping once.
    pub fn stop(&self) {
        self.server.admission.close();
        let before = std::mem::replace(&mut *self.server.listening(), ListenState::Stopped);
        if let ListenState::On(listener) = before {
            shut_down(&listener);
        }
    }
}

impl Server {
    /// Remembers the socket that stopping must shut down. Stopped already, it is shut down at once.
    pub(crate) fn listens_on(&self, listener: &impl AsFd) -> io::Result<()> {
        let listener = TcpListener::from(listener.as_fd().try_clone_to_owned()?);
        let mut listening = self.listening();
        match *listening {
            ListenState::Stopped => shut_down(&listener),
            ListenState::NotYet | ListenState::On(_) => *listening = ListenState::On(listener),
        }
        Ok(())
    }

    pub(crate) fn is_stopping(&self) -> bool {
        matches!(*self.listening(), ListenState::Stopped)
    }

    fn listening(&self) -> MutexGuard<'_, ListenState> {
        self.listening.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Fails only where the socket no longer listens, which is what is wanted.
fn shut_down(listener: &TcpListener) {
    let _ = SockRef::from(listener).shutdown(Shutdown::Both);
}
