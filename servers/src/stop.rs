//! Ending an accept loop from outside. An accept that waits cannot look at a flag, so stopping shuts the
//! listening socket down too: Linux then wakes whoever waits on it, a blocked thread and a runtime alike. An accept
//! loop that waits for a connection to end before it accepts is woken by `admission.rs`.

use std::io;
use std::net::{Shutdown, TcpListener};
use std::os::fd::AsFd;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use socket2::SockRef;

use crate::admission::Admission;
use crate::server::Server;

/// Ends a server's accept loops.
#[derive(Debug, Clone)]
pub struct StopHandle {
    signal: Arc<StopSignal>,
    admission: Arc<Admission>,
}

impl StopHandle {
    pub(crate) fn new(signal: Arc<StopSignal>, admission: Arc<Admission>) -> StopHandle {
        StopHandle { signal, admission }
    }

    /// Makes the model's `run` return as soon as it is back at accepting, and refuses new connections.
    ///
    /// It waits for no open connection, and for requests under way only where the option `drain` says so. Connections on
    /// threads go on until their clients or the process end, those in tasks are dropped with their runtime. Stopping twice
    /// is stopping once.
    pub fn stop(&self) {
        self.admission.close();
        self.signal.give();
    }
}

/// Stops a server when it is dropped, be it by a panic.
#[derive(Debug)]
pub(crate) struct StopOnDrop(StopHandle);

impl StopOnDrop {
    pub(crate) fn new(server: &Server) -> StopOnDrop {
        StopOnDrop(server.stop_handle())
    }
}

impl Drop for StopOnDrop {
    fn drop(&mut self) {
        self.0.stop();
    }
}

/// Tells the accept loops that they are to end.
#[derive(Debug, Default)]
pub(crate) struct StopSignal {
    state: Mutex<ListenState>,
}

/// Where a server is in its life.
#[derive(Debug, Default)]
enum ListenState {
    #[default]
    NotYet,
    /// A second descriptor of each listening socket, to shut it down with.
    On(Vec<TcpListener>),
    Stopped,
}

impl StopSignal {
    /// Remembers a socket that stopping must shut down. Stopped already, it is shut down at once.
    pub(crate) fn remember(&self, listener: &impl AsFd) -> io::Result<()> {
        let listener = TcpListener::from(listener.as_fd().try_clone_to_owned()?);
        let mut state = self.state();
        match &mut *state {
            ListenState::Stopped => shut_down(&listener),
            ListenState::NotYet => *state = ListenState::On(vec![listener]),
            ListenState::On(listeners) => listeners.push(listener),
        }
        Ok(())
    }

    pub(crate) fn is_given(&self) -> bool {
        matches!(*self.state(), ListenState::Stopped)
    }

    fn give(&self) {
        let before = std::mem::replace(&mut *self.state(), ListenState::Stopped);
        if let ListenState::On(listeners) = before {
            listeners.iter().for_each(shut_down);
        }
    }

    fn state(&self) -> MutexGuard<'_, ListenState> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Fails only where the socket no longer listens, which is what is wanted.
fn shut_down(listener: &TcpListener) {
    let _ = SockRef::from(listener).shutdown(Shutdown::Both);
}
