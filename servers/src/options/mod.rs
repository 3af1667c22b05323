//! The options of servers: what each is called, what it may be, what it is when nobody says. `keys.rs` has one
//! constant for each, `values.rs` the kinds of values. The models name those they have in `models/mod.rs`;
//! `contender.rs` reads them from what a person types.

use std::time::Duration;

use crate::protocol::READ_BUFFER_BYTES;

mod keys;
mod values;

pub(crate) use keys::{
    BACKLOG, BLOCKING_THREADS, BUFFER, FRAME_DEADLINE, IDLE_TIMEOUT, MAX_CONNECTIONS, MUTEX, PLACEMENT_ON_ONE_THREAD,
    PLACEMENT_ON_THREADS, PLACEMENT_ON_WORKERS, POOL_WORKERS, RUNTIME_WORKERS, SPAWN, STACK, STRETCH,
};
pub use values::{LockKind, Spawning, WorkPlacement};

/// The options of a server. A model reads those it has and ignores the others.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ServerOptions {
    /// How many threads serve connections, where their number is fixed.
    pub workers: usize,
    /// The stack reserved for each thread that serves connections, in bytes of address space.
    pub stack_bytes: usize,
    /// What one read asks of the socket, and what an idle connection holds, in bytes.
    pub read_buffer_bytes: usize,
    /// How many connections the kernel may hold for the server until it accepts them.
    pub backlog: u32,
    /// Where computing and blocking happen.
    pub placement: WorkPlacement,
    /// Which lock `lock` requests hold, and how.
    pub mutex: LockKind,
    /// How long a read may wait for its first byte before the connection is closed. It begins anew with each
    /// read, so a client that sends a byte now and then keeps its connection.
    pub idle_timeout: Option<Duration>,
    /// How long a request may take from its first byte until it is whole, however it trickles in.
    pub frame_deadline: Option<Duration>,
    /// How many connections may be open before the server stops accepting.
    pub max_connections: Option<usize>,
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
    default: fn() -> String,
    /// Takes a value over, unless it is none of those expected.
    set: fn(&mut ServerOptions, &str) -> Option<()>,
    show: fn(&ServerOptions) -> String,
}

impl OptionKey {
    /// The value where none is given, on this machine.
    pub fn default_value(&self) -> String {
        (self.default)()
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
    /// The defaults of a model that has the options `keys`.
    pub(crate) fn defaults(keys: &[OptionKey]) -> ServerOptions {
        let mut options = ServerOptions {
            workers: 1,
            stack_bytes: 2 * values::MIB,
            read_buffer_bytes: READ_BUFFER_BYTES,
            backlog: 4096,
            placement: WorkPlacement::Inline,
            mutex: LockKind::Std,
            idle_timeout: None,
            frame_deadline: None,
            max_connections: None,
            blocking_threads: 512,
            spawning: Spawning::Builder,
            stretch_percent: 100,
        };
        for key in keys {
            key.set(&mut options, &key.default_value())
                .expect("every default is a value of its option, as a test says of all models");
        }
        options
    }
}
