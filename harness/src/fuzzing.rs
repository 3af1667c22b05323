//! What must hold whatever a server, the kernel, a browser or a person says: each property takes bytes, and panics where it
//! does not hold. Fuzzers look for such bytes for hours (`fuzz/`), the test at the end of this file for seconds: with the
//! same functions, on the inputs in `fuzz/seeds/`. In no other build. The properties stand beside what they are about, in
//! modules called `fuzzed`.

pub use crate::cli::fuzzed::{frames, typed};
pub use crate::live::web::fuzzed::live_hosts;
pub use crate::machines::fuzzed::worker_messages;
pub use crate::process::fuzzed::messages;

/// Panics where it does not hold for these bytes.
type Property = fn(&[u8]);

/// All of them, each under the name of its fuzz target.
pub const PROPERTIES: &[(&str, Property)] = &[
    ("frames", frames),
    ("live_hosts", live_hosts),
    ("messages", messages),
    ("typed", typed),
    ("worker_messages", worker_messages),
];

#[cfg(test)]
#[path = "../../fuzz/replay.rs"]
mod replay;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_property_holds_for_every_seed_and_what_is_like_it() {
        replay::hold(PROPERTIES, 200);
    }
}
