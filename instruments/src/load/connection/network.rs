//! What connections ask of a network, and what they are told of it.
//!
//! Beside it: `../sockets.rs`, the network of a worker; `simulation/world.rs`, that of a test.

use rustix::io::Errno;

/// Tells the connection of a slot from those that it had before.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Name {
    pub(crate) slot: u32,
    pub(crate) generation: u32,
}

impl Name {
    /// In one number, which is never [`u64::MAX`]: there are fewer slots.
    pub(crate) fn to_u64(self) -> u64 {
        u64::from(self.generation) << 32 | u64::from(self.slot)
    }

    /// Back from [`Name::to_u64`].
    pub(crate) fn from_u64(number: u64) -> Name {
        Name { slot: number as u32, generation: (number >> 32) as u32 }
    }
}

/// How far a connect got before it returned.
pub(crate) enum Connect<S> {
    /// Established at once, as is usual on loopback.
    Established(S),
    /// Under way: it will be told how it was decided.
    UnderWay(S),
}

/// How a connection is closed from this side.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Closing {
    /// As the protocol has it.
    InOrder,
    /// With a reset, so that neither side keeps the connection in TIME_WAIT.
    WithReset,
}

/// How a connection ended from the other side.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum End {
    /// The other side sends no more.
    Orderly,
    /// It was refused or reset.
    Lost(Errno),
}

/// The network.
pub(crate) trait Network {
    /// A connection's end on this side.
    type Socket;

    /// Begins to connect.
    fn connect(&mut self, name: Name) -> Result<Connect<Self::Socket>, Errno>;

    /// Sends as much as is taken now, and says how much that was. Where it was not all, there will be word when more is.
    fn send(&mut self, name: Name, socket: &Self::Socket, bytes: &[u8]) -> Result<usize, Errno>;

    /// Closes. Nothing is heard of the connection afterwards.
    fn close(&mut self, socket: Self::Socket, how: Closing);
}

/// Whether a connect that failed so was answered, or was to be, by the other side.
pub(crate) fn is_the_servers(error: Errno) -> bool {
    [Errno::CONNREFUSED, Errno::CONNRESET, Errno::TIMEDOUT, Errno::HOSTUNREACH, Errno::NETUNREACH].contains(&error)
}
