//! The server models from outside: real sockets on loopback, one set of transcripts for every row of the table.

#![expect(clippy::unwrap_used, reason = "a helper that cannot go on fails its test")]

mod architecture;
mod backend;
mod calls;
mod client;
mod conformance;
mod contenders;
mod drain;
mod exhaustion;
mod http;
mod intervals;
mod limits;
mod options;
mod running;
mod snapshot;
