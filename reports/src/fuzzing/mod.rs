//! What must hold whoever wrote a record, a histogram or a gate: each property takes bytes, and panics where it does not
//! hold. Fuzzers look for such bytes for hours (`fuzz/`), the test at the end of this file for seconds: with the same
//! functions, on the inputs in `fuzz/seeds/`. In no other build.
//!
//! `records.rs` is about files and histograms, `runs.rs` renders runs whose every number may be wrong.

mod records;
mod runs;

pub use records::{gates, histogram_texts, histograms, records, site_entries};
pub use runs::runs;

/// Panics where it does not hold for these bytes.
type Property = fn(&[u8]);

/// All of them, each under the name of its fuzz target.
pub const PROPERTIES: &[(&str, Property)] = &[
    ("gates", gates),
    ("histogram_texts", histogram_texts),
    ("histograms", histograms),
    ("records", records),
    ("runs", runs),
    ("site_entries", site_entries),
];

#[cfg(test)]
#[path = "../../../fuzz/replay.rs"]
mod replay;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_property_holds_for_every_seed_and_what_is_like_it() {
        // Rendering a run takes a good part of a second in a build for tests.
        let (slow, quick): (Vec<_>, Vec<_>) = PROPERTIES.iter().copied().partition(|(name, _)| *name == "runs");
        replay::hold(&quick, 200);
        replay::hold(&slow, 8);
    }
}
