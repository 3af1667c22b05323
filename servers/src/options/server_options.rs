//! The values of a server's options, their defaults, and what an option is. `keys.rs` has the options themselves.

use std::time::Duration;

use super::values::{Accepting, LockKind, MIB, Spawning, WorkPlacement};
use crate::protocol::READ_BUFFER_BYTES;

/// The options of a server. A model reads those it has and ignores the others.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ServerOptions {
    /// How many threads serve connections, where their number is fixed; and how many accept them, where several do.
    pub workers: usize,
    /// The stack reserved for each thread that serves connections, in bytes of address space.
    pub stack_bytes: usize,
    /// What one read asks of the socket, and what an idle connection holds, in bytes.
    pub read_buffer_bytes: usize,
    /// How many connections the kernel may hold for the server until it accepts them.
    pub backlog: u32,
    /// Whether one loop accepts all connections.
    pub accepting: Accepting,
    /// Where computing and blocking happen.
    pub placement: WorkPlacement,
    /// Which lock `lock` requests hold, and how.
    pub mutex: LockKind,
    /// How long a read may wait for its first byte before the connection is closed. It begins anew with each
    /// read, so a client that sends a byte now and then keeps its connection.
    pub idle_timeout: Option<Duration>,
    /// How long a request may take from its first byte until it is whole, however it trickles in.
    pub frame_deadline: Option<Duration>,
    /// How long a server that is stopped may wait for requests that it has begun.
    pub drain: Option<Duration>,
    /// How many connections may be open before the server stops accepting.
    pub max_connections: Option<usize>,
    /// How long work goes on for a client that has ended its side; none where it goes on to its end.
    pub abandon: Option<Duration>,
    /// How long what was sent to a client may stay unread before the kernel ends the connection.
    pub unread_timeout: Option<Duration>,
    /// How much work, in time, one connection may ask for in all.
    pub max_work: Option<Duration>,
    /// How many connections to the backend all clients share; none where each has its own.
    pub backend_pool: Option<usize>,
    /// How many threads the runtime may have for calls that block.
    pub blocking_threads: usize,
    /// What a thread that cannot be had does to the server.
    pub spawning: Spawning,
    /// How long work takes of the time that was asked for, in percent.
    pub stretch_percent: u32,
}

/// An option that a model has.
#[derive(Debug)]
pub struct OptionKey {
    /// As it is typed.
    pub name: &'static str,
    /// What it decides, in a few words.
    pub summary: &'static str,
    /// Which values it takes, for a person who typed another one.
    pub expected: &'static str,
    /// Sets the default of the models that have this key, where it is not that of all.
    pub(super) own_default: Option<fn(&mut ServerOptions)>,
    /// Takes a value over, unless it is not one of those expected.
    pub(super) set: fn(&mut ServerOptions, &str) -> Option<()>,
    pub(super) show: fn(&ServerOptions) -> String,
}

impl OptionKey {
    /// The value where none is given, on this machine.
    pub fn default_value(&self) -> String {
        self.value(&ServerOptions::defaults([self]))
    }

    /// The value that `options` holds, in the spelling that it would be typed in.
    pub fn value(&self, options: &ServerOptions) -> String {
        (self.show)(options)
    }

    pub(crate) fn set(&self, options: &mut ServerOptions, value: &str) -> Option<()> {
        (self.set)(options, value)
    }
}

impl ServerOptions {
    /// How many accept loops the server has, each with a listening socket of its own.
    pub fn accept_loops(&self) -> usize {
        match self.accepting {
            Accepting::Single => 1,
            Accepting::Reuseport => self.workers,
        }
    }

    /// The defaults of a model that has the options `keys`.
    pub(crate) fn defaults<'a>(keys: impl IntoIterator<Item = &'a OptionKey>) -> ServerOptions {
        let mut options = ServerOptions {
            workers: 1,
            // As std's threads have them.
            stack_bytes: 2 * MIB,
            read_buffer_bytes: READ_BUFFER_BYTES,
            backlog: 4096,
            accepting: Accepting::Single,
            placement: WorkPlacement::Inline,
            mutex: LockKind::Tokio,
            idle_timeout: None,
            frame_deadline: None,
            drain: None,
            max_connections: None,
            abandon: None,
            unread_timeout: None,
            max_work: None,
            backend_pool: None,
            // As tokio's runtimes have them.
            blocking_threads: 512,
            spawning: Spawning::Builder,
            stretch_percent: 100,
        };
        keys.into_iter().filter_map(|key| key.own_default).for_each(|own_default| own_default(&mut options));
        options
    }
}
