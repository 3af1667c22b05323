//! The title of a figure that compares contenders: facts with their numbers, and a difference only where verdicts carry it.
//!
//! Whatever the data say, a title is true of them: where they do not tell, it says so, or what is drawn. Pure functions
//! of readings and pairs. Must not know: pixels, HTML, which outcome anyone expects.

use itertools::Itertools;

use super::fact::Fact;
use super::name::{DisplayedName, told_of};
use super::title::Title;
use super::wording::{one, two};
use crate::format::{self, often};
use crate::metrics::Metric;
use crate::verdict::{Pair, Verdict};

/// More contenders than this are counted and not named.
const MOST_NAMED: usize = 3;

/// A contender as a title speaks of it.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct RankedEntry {
    /// Place in the run, as pairs know it.
    pub(crate) index: usize,
    pub(crate) name: DisplayedName,
    /// Whether the run is about it and one other. Where both have a number, the title is about these two.
    pub(crate) leads: bool,
    pub(crate) fact: Fact,
}

/// What may be said of several contenders.
#[derive(Debug, PartialEq)]
pub(super) enum Conclusion<'e> {
    /// Of all pairs that are different, the one that is most apart.
    Apart { more: &'e RankedEntry, less: &'e RankedEntry },
    /// Each is equivalent to each.
    Alike { within: f64 },
    /// Blocks enough, and no difference that they carry.
    CannotTell,
    /// Too few blocks for a verdict, or values that cannot be paired: estimates, from the lowest to the greatest.
    Estimates { more: &'e RankedEntry, less: &'e RankedEntry },
    /// One has a number, and nobody to be compared with.
    Alone(&'e RankedEntry),
    /// Nobody has.
    Nothing,
}

/// Entries with a number, the lowest first.
pub(super) fn ranked(entries: &[RankedEntry]) -> Vec<&RankedEntry> {
    let with_number = entries.iter().filter(|entry| entry.fact.is_known());
    with_number
        .sorted_by(|a, b| a.fact.order(&b.fact).unwrap_or(std::cmp::Ordering::Equal).then(a.index.cmp(&b.index)))
        .collect()
}

pub(super) fn told<'e>(ranked: &[&'e RankedEntry], pairs: &[Pair]) -> Conclusion<'e> {
    let (less, more) = match ranked {
        [] => return Conclusion::Nothing,
        [only] => return Conclusion::Alone(only),
        [less, .., more] => (*less, *more),
    };
    let place = |index: usize| ranked.iter().position(|entry| entry.index == index);
    let among = pairs.iter().filter(|pair| place(pair.a).is_some() && place(pair.b).is_some());
    let among: Vec<&Pair> = among.collect();
    let verdict = |pair: &&Pair| pair.judged.map(|judged| judged.verdict);
    let factor = |pair: &&Pair| pair.ratio.map_or(1.0, |ratio| ratio.apart());
    let different = among.iter().copied().filter(|pair| verdict(pair) == Some(Verdict::Different));
    if let Some(pair) = different.max_by(|a, b| factor(a).total_cmp(&factor(b))) {
        let more_is_first = pair.ratio.is_ok_and(|ratio| ratio.value > 1.0);
        let (more, less) = if more_is_first { (pair.a, pair.b) } else { (pair.b, pair.a) };
        return match (place(more), place(less)) {
            (Some(more), Some(less)) if more > less => Conclusion::Apart { more: ranked[more], less: ranked[less] },
            // Block by block one has more, all blocks together the other: no title says either.
            _ => Conclusion::CannotTell,
        };
    }
    let all = ranked.len() * (ranked.len() - 1) / 2;
    let within = among.iter().map(|pair| match verdict(pair) {
        Some(Verdict::Equivalent { within }) => Some(within),
        _ => None,
    });
    match within.collect::<Option<Vec<f64>>>() {
        Some(within) if within.len() == all => Conclusion::Alike { within: within.into_iter().fold(1.0, f64::max) },
        _ if among.iter().any(|pair| matches!(verdict(pair), Some(Verdict::Indistinguishable { .. }))) => {
            Conclusion::CannotTell
        }
        _ => Conclusion::Estimates { more, less },
    }
}

/// The title of a figure that compares contenders in one metric at one place, `at 8,000/s`, or nowhere in particular.
pub(crate) fn compared(at: &str, metric: &Metric, entries: &[RankedEntry], pairs: &[Pair]) -> Title {
    let all = ranked(entries);
    let about = told_of(all.iter().copied(), |entry| entry.leads);
    let (who, label) = (those(&about), metric.label);
    match told(&about, pairs) {
        Conclusion::Apart { more, less } => {
            two(metric, more, less).and(at).and(measured(pairs)).and(others(&all, more, less))
        }
        Conclusion::Estimates { more, less } if more.fact.say() != less.fact.say() => {
            two(metric, more, less).and(at).and(measured(pairs)).and(others(&all, more, less))
        }
        Conclusion::Estimates { .. } => {
            Title::of(format!("{who} showed the same {label}")).and(at).and(span(&all)).and(measured(pairs))
        }
        Conclusion::Alike { within } => {
            let within = format!("the same within {:.0}%", (within - 1.0) * 100.0);
            Title::of(format!("{who} were alike in {label}")).and(at).and(span(&all)).and(within).and(measured(pairs))
        }
        Conclusion::CannotTell => {
            let apart = format!("Cannot tell {} apart", those_inside(&about));
            Title::fitting([format!("{apart} in {label}"), apart]).and(at).and(span(&all)).and(measured(pairs))
        }
        Conclusion::Alone(only) => one(metric, only).and(at),
        Conclusion::Nothing => Title::of(format!("No valid {label}")).and(at),
    }
}

/// `5.33 to 5.49 ms`, or one number where all show the same.
fn span(ranked: &[&RankedEntry]) -> String {
    match ranked {
        [least, .., most] => Fact::span(&least.fact, &most.fact),
        [only] => only.fact.say(),
        [] => String::new(),
    }
}

/// `3 others in between` where the two that are named are the first and the last, or else how far all are apart.
pub(super) fn others(ranked: &[&RankedEntry], more: &RankedEntry, less: &RankedEntry) -> String {
    match ranked {
        [first, .., last] if ranked.len() > 2 => {
            let extremes = first.index == less.index && last.index == more.index;
            let others = format::counted(ranked.len() as u64 - 2, "other");
            if extremes {
                format!("{others} in between")
            } else {
                format!("all {} within {}", ranked.len(), span(ranked))
            }
        }
        _ => String::new(),
    }
}

/// By name, in the order of the run, where they are few, as a sentence begins; others may have no number, so it is never
/// "all".
fn those(about: &[&RankedEntry]) -> String {
    if about.len() > MOST_NAMED {
        return format!("{} servers", about.len());
    }
    let in_order = about.iter().sorted_by_key(|entry| entry.index);
    DisplayedName::list(&in_order.map(|entry| &entry.name).collect_vec())
}

/// As [`those`], in the middle of a sentence.
fn those_inside(about: &[&RankedEntry]) -> String {
    if about.len() > MOST_NAMED {
        return format!("{} servers", about.len());
    }
    format::list(about.iter().sorted_by_key(|entry| entry.index).map(|entry| &entry.name))
}

/// `measured once`; nothing where no pair says how often.
pub(crate) fn measured(pairs: &[Pair]) -> String {
    let most = pairs.iter().filter_map(|pair| pair.ratio.ok()).map(|ratio| ratio.blocks).max().unwrap_or(0);
    if most == 0 { String::new() } else { format!("measured {}", often(most)) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::format::Unit;
    use crate::metrics::{Certainty, Reading, metric};
    use crate::stats::paired_ratio;
    use crate::verdict::Judged;

    const MS: f64 = 1e6;

    fn of(index: usize, name: &str, reading: Reading, unit: Unit) -> RankedEntry {
        RankedEntry { index, name: DisplayedName::plain(name), leads: false, fact: Fact::new(reading, unit) }
    }

    fn entry(index: usize, name: &str, ms: f64) -> RankedEntry {
        of(index, name, Reading::Measured(ms * MS, Certainty::Unknown), Unit::Nanoseconds)
    }

    fn pair(a: usize, b: usize, times: f64, verdict: Verdict) -> Pair {
        let ratio = paired_ratio(&[(times, 1.0); 20]);
        Pair { a, b, ratio, judged: Some(Judged { verdict, p_value: None }) }
    }

    fn title(entries: &[RankedEntry], pairs: &[Pair]) -> Title {
        compared("at 8,000/s", metric("response_time_p99").unwrap(), entries, pairs)
    }

    fn said(entries: &[RankedEntry], pairs: &[Pair]) -> String {
        title(entries, pairs).said
    }

    const DOUBTFUL: Verdict = Verdict::Indistinguishable { decided_by: None, is_hidden: true };
    const FEW: Verdict = Verdict::TooFewBlocks { have: 2, needed: 20 };

    #[test]
    fn a_difference_is_said_in_either_direction() {
        let expected =
            title(&[entry(0, "threads", 9.0), entry(5, "tasks", 5.0)], &[pair(0, 5, 1.8, Verdict::Different)]);
        assert_eq!(expected.said, "Tasks answered 99% of requests within 5 ms, threads within 9 ms");
        assert_eq!(expected.beside, ["at 8,000/s", "measured 20 times"]);
        let opposite =
            said(&[entry(0, "threads", 5.0), entry(5, "tasks", 9.0)], &[pair(0, 5, 0.55, Verdict::Different)]);
        assert_eq!(opposite, "Threads answered 99% of requests within 5 ms, tasks within 9 ms");
    }

    #[test]
    fn a_raw_difference_without_a_verdict_is_an_estimate_or_none() {
        let entries = [entry(0, "threads", 9.0), entry(5, "tasks", 5.0)];
        let doubtful = title(&entries, &[pair(0, 5, 1.8, DOUBTFUL)]);
        assert_eq!(doubtful.said, "Cannot tell threads and tasks apart in p99 response time");
        assert_eq!(doubtful.beside, ["at 8,000/s", "5 to 9 ms", "measured 20 times"]);
        let few = title(&entries, &[pair(0, 5, 1.8, FEW)]);
        assert_eq!(few.said, "Tasks answered 99% of requests within 5 ms, threads within 9 ms");
        assert_eq!(few.beside, ["at 8,000/s", "measured 20 times"]);
        assert_eq!(title(&entries, &[]).beside, ["at 8,000/s"]);
    }

    #[test]
    fn the_same_is_said_to_be_the_same() {
        let alike = Verdict::Equivalent { within: 1.05 };
        let entries = [entry(0, "threads", 5.0), entry(5, "tasks", 5.1)];
        let same = title(&entries, &[pair(0, 5, 0.98, alike)]);
        assert_eq!(same.said, "Threads and tasks were alike in p99 response time");
        assert_eq!(same.beside, ["at 8,000/s", "5 to 5.10 ms", "the same within 5%", "measured 20 times"]);
        // Of three, two pairs that are equivalent do not make the third one so.
        let three = [entry(0, "a", 5.0), entry(1, "b", 5.1), entry(2, "c", 5.2)];
        let pairs = [pair(0, 1, 0.98, alike), pair(1, 2, 0.98, alike), pair(0, 2, 0.96, DOUBTFUL)];
        assert_eq!(said(&three, &pairs), "Cannot tell a, b and c apart in p99 response time");
        assert_eq!(title(&three, &pairs[..2]).beside.last().unwrap(), "1 other in between");
    }

    #[test]
    fn of_many_the_most_distant_that_differ_are_named() {
        let three = [entry(0, "a", 5.0), entry(1, "b", 6.0), entry(2, "c", 9.0)];
        let pairs =
            [pair(0, 1, 0.83, Verdict::Different), pair(1, 2, 0.67, Verdict::Different), pair(0, 2, 0.55, DOUBTFUL)];
        let two = title(&three, &pairs);
        assert_eq!(two.said, "B answered 99% of requests within 6 ms, c within 9 ms");
        assert_eq!(two.beside.last().unwrap(), "all 3 within 5 to 9 ms");
        let all = [pair(0, 1, 0.83, DOUBTFUL), pair(1, 2, 0.67, DOUBTFUL), pair(0, 2, 0.55, Verdict::Different)];
        assert_eq!(said(&three, &all), "A answered 99% of requests within 5 ms, c within 9 ms");
    }

    #[test]
    fn a_title_is_about_the_two_that_the_run_is_about() {
        let leading = |entry: RankedEntry| RankedEntry { leads: true, ..entry };
        let entries = [leading(entry(0, "threads", 6.0)), leading(entry(1, "tokio", 5.9)), entry(2, "rayon", 20.0)];
        let pairs = [pair(0, 1, 1.02, DOUBTFUL), pair(0, 2, 0.3, Verdict::Different)];
        let title = title(&entries, &pairs);
        assert_eq!(title.said, "Cannot tell threads and tokio apart in p99 response time");
        assert_eq!(title.beside[1], "5.90 to 20 ms", "the others are seen and counted under it");
        // Where one of them has no number, it is about all that have one.
        let without =
            [leading(of(0, "threads", Reading::Absent, Unit::Nanoseconds)), entries[1].clone(), entries[2].clone()];
        assert_eq!(said(&without, &[]), "Tokio answered 99% of requests within 5.90 ms, rayon within 20 ms");
    }

    #[test]
    fn blocks_that_contradict_their_sum_name_nobody() {
        let entries = [entry(0, "threads", 5.0), entry(5, "tasks", 9.0)];
        assert!(said(&entries, &[pair(0, 5, 1.8, Verdict::Different)]).starts_with("Cannot tell"));
    }

    #[test]
    fn one_alone_or_nobody_is_not_compared() {
        assert_eq!(said(&[entry(0, "threads", 9.0)], &[]), "Threads answered 99% of requests within 9 ms");
        let few = of(0, "threads", Reading::TooFew(100), Unit::Nanoseconds);
        assert_eq!(said(&[few], &[]), "No valid p99 response time");
    }

    #[test]
    fn what_is_beyond_the_timeout_is_more_than_any_number() {
        let beyond = |index, name| of(index, name, Reading::Beyond(1_000_000_000), Unit::Nanoseconds);
        let one = Pair { a: 0, b: 5, ratio: paired_ratio::<f64>(&[]), judged: None };
        assert_eq!(
            said(&[beyond(5, "tasks"), entry(0, "threads", 9.0)], &[one]),
            "Threads answered 99% within 9 ms, tasks not within 1 s"
        );
        assert_eq!(said(&[beyond(5, "tasks")], &[]), "Tasks took more than 1 s to answer 99% of requests");
        let both = [beyond(0, "threads"), beyond(5, "tasks")];
        assert_eq!(said(&both, &[one]), "Threads and tasks showed the same p99 response time");
    }
}
