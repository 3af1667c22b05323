//! Which contender has which colour, and with it which dash and marker: the same throughout a report, and not that of
//! another in the same figure, as far as there are enough. Must not know: what the colours are.

use crate::record::{ContenderRecord, Manifest};

/// How many there are.
pub(crate) const COLOURS: usize = 6;

/// The colour of each contender, in the order of the run: the first that no earlier contender of one of its experiments
/// has or, where all are taken, the one that fewest of these have.
pub(crate) fn colours(manifest: &Manifest) -> Vec<usize> {
    // A twin is never drawn.
    let meet = |a: &ContenderRecord, b: &ContenderRecord| {
        let drawn = a.twin_of.is_none() && b.twin_of.is_none();
        drawn && manifest.experiments.iter().any(|experiment| experiment.has(a) && experiment.has(b))
    };
    let mut colours: Vec<usize> = Vec::new();
    for contender in &manifest.contenders {
        let mut taken = [0; COLOURS];
        for (other, colour) in manifest.contenders.iter().zip(&colours) {
            taken[*colour] += usize::from(meet(contender, other));
        }
        colours.push((0..COLOURS).min_by_key(|colour| taken[*colour]).unwrap_or(0));
    }
    colours
}
