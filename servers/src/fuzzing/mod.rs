//! What must hold whatever a client, a server or a person sends: each property takes bytes, and panics where it does not
//! hold. Fuzzers look for such bytes for hours (`fuzz/`), the tests at the end of this file for seconds: with the same
//! functions, on the inputs in `fuzz/seeds/`. In no other build.
//!
//! `messages.rs` is about the protocol, `connections.rs` holds the connection loops against each other, `typed.rs` is
//! about what a person types.

mod connections;
pub(crate) mod messages;
mod typed;

pub use connections::connections;
pub use messages::{chunks, http_replies, http_requests, json_lines};
pub use typed::{contenders, work};

/// Panics where it does not hold for these bytes.
type Property = fn(&[u8]);

/// All of them, each under the name of its fuzz target.
pub const PROPERTIES: &[(&str, Property)] = &[
    ("json_lines", json_lines),
    ("http_requests", http_requests),
    ("http_replies", http_replies),
    ("chunks", chunks),
    ("connections", connections),
    ("contenders", contenders),
    ("work", work),
];

#[cfg(test)]
#[path = "../../../fuzz/replay.rs"]
mod replay;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_property_holds_for_every_seed_and_what_is_like_it() {
        replay::hold(PROPERTIES, 200);
    }
}
