//! What is seen in a figure, as its title says it: facts with their numbers, and a difference only where verdicts carry it.
//!
//! Whatever the data say, a title is true of them: where they do not tell, it says so, or what is drawn. Pure functions
//! of readings and pairs. Must not know: pixels, HTML, which outcome anyone expects. Beside it: `words.rs` (a metric as
//! a verb), and a file per kind of figure: `climb.rs`, `held.rs`, `objective.rs`, `parts.rs`.

mod climb;
mod held;
mod objective;
mod parts;
mod words;

use crate::format;
use crate::metrics::{Metric, Reading};
use crate::verdict::{Pair, Verdict};

pub(crate) use climb::{Climb, Step, climbed};
pub(crate) use held::{Held, held};
pub(crate) use objective::{Carried, carried};
pub(crate) use parts::largest_parts;

/// More contenders than this are counted and not named.
const MOST_NAMED: usize = 3;

/// A contender as a title speaks of it.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Entry<'a> {
    /// Place in the run, as pairs know it.
    pub(crate) index: usize,
    pub(crate) label: &'a str,
    pub(crate) reading: Reading,
}

impl Entry<'_> {
    /// For an order in which what is too large to be measured is the greatest; absent without a number.
    fn rank(&self) -> Option<(bool, f64)> {
        match self.reading {
            Reading::Measured(value, _) => Some((false, value)),
            Reading::Beyond(least) => Some((true, least as f64)),
            Reading::TooFew(_) | Reading::Absent => None,
        }
    }
}

/// What may be said of several contenders.
#[derive(Debug, PartialEq)]
enum Told<'e, 'a> {
    /// Of all pairs that are different, the one that is most apart.
    Apart { more: &'e Entry<'a>, less: &'e Entry<'a> },
    /// Each is equivalent to each.
    Alike { within: f64 },
    /// Blocks enough, and no difference that they carry.
    CannotTell,
    /// Too few blocks for a verdict, or values that cannot be paired.
    NoVerdict,
    /// One has a number, and nobody to be compared with.
    Alone(&'e Entry<'a>),
    /// Nobody has.
    Nothing,
}

/// Entries with a number, the lowest first.
fn ranked<'e, 'a>(entries: &'e [Entry<'a>]) -> Vec<&'e Entry<'a>> {
    let mut ranked: Vec<((bool, f64), &Entry<'_>)> = entries.iter().filter_map(|e| Some((e.rank()?, e))).collect();
    ranked.sort_by(|(a, x), (b, y)| a.0.cmp(&b.0).then(a.1.total_cmp(&b.1)).then(x.index.cmp(&y.index)));
    ranked.into_iter().map(|(_, entry)| entry).collect()
}

fn told<'e, 'a>(ranked: &[&'e Entry<'a>], pairs: &[Pair]) -> Told<'e, 'a> {
    match ranked {
        [] => return Told::Nothing,
        [only] => return Told::Alone(only),
        _ => {}
    }
    let place = |index: usize| ranked.iter().position(|entry| entry.index == index);
    let among = pairs.iter().filter(|pair| place(pair.a).is_some() && place(pair.b).is_some());
    let among: Vec<&Pair> = among.collect();
    let verdict = |pair: &&Pair| pair.judged.map(|judged| judged.verdict);
    let factor = |pair: &&Pair| pair.ratio.map_or(1.0, |ratio| ratio.value.max(1.0 / ratio.value));
    let different = among.iter().copied().filter(|pair| verdict(pair) == Some(Verdict::Different));
    if let Some(pair) = different.max_by(|a, b| factor(a).total_cmp(&factor(b))) {
        let more_is_first = pair.ratio.is_ok_and(|ratio| ratio.value > 1.0);
        let (more, less) = if more_is_first { (pair.a, pair.b) } else { (pair.b, pair.a) };
        return match (place(more), place(less)) {
            (Some(more), Some(less)) if more > less => Told::Apart { more: ranked[more], less: ranked[less] },
            // Block by block one has more, all blocks together the other: no title says either.
            _ => Told::CannotTell,
        };
    }
    let all = ranked.len() * (ranked.len() - 1) / 2;
    let within = among.iter().map(|pair| match verdict(pair) {
        Some(Verdict::Equivalent { within }) => Some(within),
        _ => None,
    });
    match within.collect::<Option<Vec<f64>>>() {
        Some(within) if within.len() == all => Told::Alike { within: within.into_iter().fold(1.0, f64::max) },
        _ if among.iter().any(|pair| matches!(verdict(pair), Some(Verdict::Indistinguishable { .. }))) => {
            Told::CannotTell
        }
        _ => Told::NoVerdict,
    }
}

/// The title of a figure that compares contenders in one metric at one place, `At 8,000/s`, or nowhere in particular.
pub(crate) fn compared(at: &str, metric: &Metric, entries: &[Entry<'_>], pairs: &[Pair]) -> String {
    let ranked = ranked(entries);
    let show = |entry: &Entry<'_>| entry.reading.say(metric.unit);
    let span = || span(metric, &ranked);
    let said = match told(&ranked, pairs) {
        Told::Apart { more, less } => {
            let rest = others_between(&ranked, more, less);
            format!("{}{rest}", words::two(metric, (more.label, &show(more)), (less.label, &show(less))))
        }
        Told::Alike { within } => {
            let within = (within - 1.0) * 100.0;
            format!("{} are the same within {within:.0}% in {}: {}", those(&ranked), metric.label, span())
        }
        Told::CannotTell => {
            format!("{} cannot tell {} apart in {}: {}", blocks(pairs), those(&ranked), metric.label, span())
        }
        Told::NoVerdict => match (ranked.first(), ranked.last()) {
            (Some(less), Some(more)) if show(less) != show(more) => {
                let said = words::two(metric, (more.label, &show(more)), (less.label, &show(less)));
                format!("{said}{} ({})", others_between(&ranked, more, less), no_verdict(pairs))
            }
            _ => format!("{} show the same {}: {}", those(&ranked), metric.label, span()),
        },
        Told::Alone(only) => words::one(metric, only.label, &show(only)),
        Told::Nothing => format!("no contender has a valid number for the {}", metric.label),
    };
    match at {
        // A label is a name, and keeps its small letters.
        "" if ranked.iter().any(|entry| said.starts_with(entry.label)) => said,
        "" => format::capitalised(&said),
        at => format!("{at}, {said}"),
    }
}

/// `5.33 to 5.49 ms`, or one number where all show the same.
fn span(metric: &Metric, ranked: &[&Entry<'_>]) -> String {
    let (Some(least), Some(most)) = (ranked.first(), ranked.last()) else { return "-".into() };
    let (lo, hi) = (least.reading.say(metric.unit), most.reading.say(metric.unit));
    match (least.reading.value(), most.reading.value()) {
        _ if lo == hi => lo,
        (Some(least), Some(most)) => metric.unit.range(least, most),
        _ => format!("{lo} to {hi}"),
    }
}

/// `, 3 others between`, where the two that are named are the first and the last.
fn others_between(ranked: &[&Entry<'_>], more: &Entry<'_>, less: &Entry<'_>) -> String {
    let extremes = ranked.first().is_some_and(|first| first.index == less.index)
        && ranked.last().is_some_and(|last| last.index == more.index);
    match ranked.len() {
        1..=2 => String::new(),
        all if extremes => format!(", {} between", format::counted(all as u64 - 2, "other")),
        _ => String::new(),
    }
}

/// By name, in the order of the run, where they are few; others may have no number, so it is never "all".
fn those(ranked: &[&Entry<'_>]) -> String {
    if ranked.len() > MOST_NAMED {
        return format!("{} contenders", ranked.len());
    }
    let mut named = ranked.to_vec();
    named.sort_by_key(|entry| entry.index);
    format::list(&named.iter().map(|entry| entry.label).collect::<Vec<_>>())
}

fn most_blocks(pairs: &[Pair]) -> u64 {
    pairs.iter().filter_map(|pair| pair.ratio.ok()).map(|ratio| ratio.blocks as u64).max().unwrap_or(0)
}

fn blocks(pairs: &[Pair]) -> String {
    format::counted(most_blocks(pairs), "block")
}

/// `2 blocks, no verdict`.
pub(super) fn no_verdict(pairs: &[Pair]) -> String {
    if most_blocks(pairs) == 0 { "no verdict".into() } else { format!("{}, no verdict", blocks(pairs)) }
}

#[cfg(test)]
mod tests;
