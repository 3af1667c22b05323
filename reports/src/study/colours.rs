//! Whose colour is whose: one for each contender, the same in all pictures of a run, and in every run where it has its own.
//!
//! Must not know: what a colour looks like; the style sheet has them by number. Beside it: `mod.rs`.

use std::collections::BTreeMap;

use crate::record::{ContenderRecord, Manifest};

/// How many there are.
pub(crate) const COLOURS: usize = 6;

/// Those of the two that a run is about, in every run: an orange and a blue that differ for nearly every eye, and in grey.
const PROTAGONISTS: [usize; 2] = [2, 5];

/// The colour of each contender, in the order of the run: its own where it has one, the same in every run. The two that a run
/// is about have theirs first, whether they have their own or not. Any other whose own is taken in one of its experiments, or who
/// has none, gets the first that no contender of these has yet or, where all are taken, the one that fewest of these have.
pub(crate) fn colours(manifest: &Manifest) -> Vec<usize> {
    // A twin is never drawn.
    let meet = |a: &ContenderRecord, b: &ContenderRecord| {
        let drawn = a.twin_of.is_none() && b.twin_of.is_none();
        drawn && manifest.experiments.iter().any(|experiment| experiment.has(a) && experiment.has(b))
    };
    let of_two = protagonists_colours(manifest);
    let mut colours: Vec<Option<usize>> =
        manifest.contenders.iter().map(|contender| of_two.get(contender.label.as_str()).copied()).collect();
    let with_own = manifest.contenders.iter().enumerate().filter_map(|(place, it)| Some((place, it, own_colour(it)?)));
    for (place, contender, own) in with_own {
        let others = manifest.contenders.iter().zip(&colours);
        let is_taken = others.into_iter().any(|(other, colour)| *colour == Some(own) && meet(contender, other));
        if colours[place].is_none() && !is_taken {
            colours[place] = Some(own);
        }
    }
    for (place, contender) in manifest.contenders.iter().enumerate() {
        if colours[place].is_some() {
            continue;
        }
        let mut taken = [0; COLOURS];
        for (other, colour) in manifest.contenders.iter().zip(&colours) {
            colour.iter().for_each(|colour| taken[*colour] += usize::from(meet(contender, other)));
        }
        colours[place] = (0..COLOURS).min_by_key(|colour| taken[*colour]);
    }
    colours.into_iter().map(Option::unwrap_or_default).collect()
}

fn own_colour(contender: &ContenderRecord) -> Option<usize> {
    contender.display.as_ref()?.colour.filter(|colour| *colour < COLOURS)
}

/// Of the two that a run is about, by their labels: their own where those differ.
fn protagonists_colours(manifest: &Manifest) -> BTreeMap<&str, usize> {
    let Some(two) = &manifest.protagonists else { return BTreeMap::new() };
    let own = two.each_ref().map(|label| own_colour(manifest.contenders.iter().find(|it| it.label == *label)?));
    let colours = match own {
        [Some(first), Some(second)] if first != second => [first, second],
        _ => PROTAGONISTS,
    };
    two.iter().map(String::as_str).zip(colours).collect()
}
