//! What must hold whatever a server or the kernel says: each property takes bytes, and panics where it
//! does not hold. Fuzzers look for such bytes for hours (`fuzz/`), the test at the end of this file for seconds: with the
//! same functions, on the inputs in `fuzz/seeds/`. In no other build. The properties stand beside what they are about, in
//! modules called `fuzzed`.

pub use crate::load::fuzzed::{pages, replies};
pub use crate::observe::fuzzed::{netlink, proc};

/// Panics where it does not hold for these bytes.
type Property = fn(&[u8]);

/// All of them, each under the name of its fuzz target.
pub const PROPERTIES: &[(&str, Property)] =
    &[("netlink", netlink), ("pages", pages), ("proc", proc), ("replies", replies)];

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
