//! The language between client and server: messages, and how they stand in a stream of bytes.
//!
//! Everything here is *sans-I/O*: bytes go in, messages come out. It knows no sockets, clocks, threads or
//! runtimes, so the same code serves the blocking world and the async one, and both ends of a connection.
//! `message.rs` is what is said, `format.rs` what a wire format is; `json_lines.rs` and `http/` are the two there are,
//! and `wire.rs` chooses between them while the server runs. `inbox.rs` is the buffer in front of either.

mod canonical;
mod format;
pub mod http;
mod inbox;
mod json_lines;
mod message;
#[cfg(test)]
mod properties;
#[cfg(test)]
mod strategies;
mod wire;

pub use format::{
    Decoded, MAX_READ_BUFFER_BYTES, MAX_REQUEST_BYTES, MAX_RESPONSE_BYTES, MAX_RESULT_BYTES, Persistence,
    READ_BUFFER_BYTES, WireFormat,
};
pub use http::Http;
#[cfg(any(test, fuzzing))]
pub(crate) use http::decode_reply;
pub use inbox::Inbox;
pub use json_lines::JsonLines;
pub use message::{Fault, Request, Response};
pub use wire::{UnknownWire, Wire};
