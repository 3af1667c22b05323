//! The title of a figure that compares contenders: facts with their numbers, and a difference only where verdicts carry it.
//!
//! Whatever the data say, a title is true of them: where they do not tell, it says so, or what is drawn. Pure functions
//! of readings and pairs. Must not know: pixels, HTML, which outcome anyone expects.

use itertools::Itertools;

use crate::format;
use crate::metrics::{Metric, Reading};
use crate::verdict::{Pair, Verdict};

/// More contenders than this are counted and not named.
const MOST_NAMED: usize = 3;

/// A contender as a title speaks of it.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct RankedEntry<'a> {
    /// Place in the run, as pairs know it.
    pub(crate) index: usize,
    pub(crate) label: &'a str,
    pub(crate) reading: Reading,
}

impl RankedEntry<'_> {
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
pub(super) enum Conclusion<'e, 'a> {
    /// Of all pairs that are different, the one that is most apart.
    Apart { more: &'e RankedEntry<'a>, less: &'e RankedEntry<'a> },
    /// Each is equivalent to each.
    Alike { within: f64 },
    /// Blocks enough, and no difference that they carry.
    CannotTell,
    /// Too few blocks for a verdict, or values that cannot be paired.
    NoVerdict,
    /// One has a number, and nobody to be compared with.
    Alone(&'e RankedEntry<'a>),
    /// Nobody has.
    Nothing,
}

/// Entries with a number, the lowest first.
pub(super) fn ranked<'e, 'a>(entries: &'e [RankedEntry<'a>]) -> Vec<&'e RankedEntry<'a>> {
    let mut ranked: Vec<((bool, f64), &RankedEntry<'_>)> =
        entries.iter().filter_map(|e| Some((e.rank()?, e))).collect();
    ranked.sort_by(|(a, x), (b, y)| a.0.cmp(&b.0).then(a.1.total_cmp(&b.1)).then(x.index.cmp(&y.index)));
    ranked.into_iter().map(|(_, entry)| entry).collect()
}

pub(super) fn told<'e, 'a>(ranked: &[&'e RankedEntry<'a>], pairs: &[Pair]) -> Conclusion<'e, 'a> {
    match ranked {
        [] => return Conclusion::Nothing,
        [only] => return Conclusion::Alone(only),
        _ => {}
    }
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
        _ => Conclusion::NoVerdict,
    }
}

/// The title of a figure that compares contenders in one metric at one place, `At 8,000/s`, or nowhere in particular.
pub(crate) fn compared(at: &str, metric: &Metric, entries: &[RankedEntry<'_>], pairs: &[Pair]) -> String {
    let ranked = ranked(entries);
    let show = |entry: &RankedEntry<'_>| entry.reading.say(metric.unit);
    let span = || span(metric, &ranked);
    let said = match told(&ranked, pairs) {
        Conclusion::Apart { more, less } => {
            let rest = others_between(&ranked, more, less);
            format!("{}{rest}", two(metric, (more.label, &show(more)), (less.label, &show(less))))
        }
        Conclusion::Alike { within } => {
            let within = (within - 1.0) * 100.0;
            format!("{} are the same within {within:.0}% in {}: {}", those(&ranked), metric.label, span())
        }
        Conclusion::CannotTell => {
            format!("{} cannot tell {} apart in {}: {}", blocks(pairs), those(&ranked), metric.label, span())
        }
        Conclusion::NoVerdict => match (ranked.first(), ranked.last()) {
            (Some(less), Some(more)) if show(less) != show(more) => {
                let said = two(metric, (more.label, &show(more)), (less.label, &show(less)));
                format!("{said}{} ({})", others_between(&ranked, more, less), no_verdict(pairs))
            }
            _ => format!("{} show the same {}: {}", those(&ranked), metric.label, span()),
        },
        Conclusion::Alone(only) => one(metric, only.label, &show(only)),
        Conclusion::Nothing => format!("no contender has a valid number for the {}", metric.label),
    };
    match at {
        // A label is a name, and keeps its small letters.
        "" if ranked.iter().any(|entry| said.starts_with(entry.label)) => said,
        "" => format::capitalised(&said),
        at => format!("{at}, {said}"),
    }
}

/// `5.33 to 5.49 ms`, or one number where all show the same.
fn span(metric: &Metric, ranked: &[&RankedEntry<'_>]) -> String {
    let (Some(least), Some(most)) = (ranked.first(), ranked.last()) else { return "-".into() };
    let (lo, hi) = (least.reading.say(metric.unit), most.reading.say(metric.unit));
    match (least.reading.value(), most.reading.value()) {
        _ if lo == hi => lo,
        (Some(least), Some(most)) => metric.unit.range(least, most),
        _ => format!("{lo} to {hi}"),
    }
}

/// `, 3 others between`, where the two that are named are the first and the last.
pub(super) fn others_between(ranked: &[&RankedEntry<'_>], more: &RankedEntry<'_>, less: &RankedEntry<'_>) -> String {
    let extremes = ranked.first().is_some_and(|first| first.index == less.index)
        && ranked.last().is_some_and(|last| last.index == more.index);
    match ranked.len() {
        1..=2 => String::new(),
        all if extremes => format!(", {} between", format::counted(all as u64 - 2, "other")),
        _ => String::new(),
    }
}

/// By name, in the order of the run, where they are few; others may have no number, so it is never "all".
fn those(ranked: &[&RankedEntry<'_>]) -> String {
    if ranked.len() > MOST_NAMED {
        return format!("{} contenders", ranked.len());
    }
    format::list(&ranked.iter().sorted_by_key(|entry| entry.index).map(|entry| entry.label).collect_vec())
}

fn most_blocks(pairs: &[Pair]) -> u64 {
    pairs.iter().filter_map(|pair| pair.ratio.ok()).map(|ratio| ratio.blocks as u64).max().unwrap_or(0)
}

fn blocks(pairs: &[Pair]) -> String {
    format::counted(most_blocks(pairs), "block")
}

/// `2 blocks, no verdict`.
pub(crate) fn no_verdict(pairs: &[Pair]) -> String {
    if most_blocks(pairs) == 0 { "no verdict".into() } else { format!("{}, no verdict", blocks(pairs)) }
}

/// What stands before the number and after it.
const VERBS: [(&str, &str, &str); 13] = [
    ("response_time_p50", "takes", " to answer half of the requests"),
    ("response_time_p90", "takes", " to answer 90 of 100 requests"),
    ("response_time_p99", "takes", " to answer 99 of 100 requests"),
    ("response_time_p999", "takes", " to answer 999 of 1,000 requests"),
    ("achieved_rps", "serves", ""),
    ("cpu_per_request", "spends", " of CPU time on a request"),
    ("cpu_per_connection", "spends", " of CPU time on a connection"),
    ("peak_threads", "runs up to", " threads"),
    ("success", "answers", " of the requests"),
    ("probe_success", "answers", " of the probe's requests"),
    ("probe_p50", "takes", " to answer half of the probe's requests"),
    ("worst_connection_p99", "takes", " to answer 99 of 100 requests of the client it serves worst"),
    ("probe_p99", "takes", " to answer 99 of 100 of the probe's requests"),
];

fn verb(metric: &Metric) -> Option<(&'static str, &'static str)> {
    VERBS.iter().find(|(name, ..)| *name == metric.name).map(|(_, before, after)| (*before, *after))
}

/// `threaded spends 46.9 µs of CPU time on a request`.
fn one(metric: &Metric, who: &str, value: &str) -> String {
    match verb(metric) {
        Some((before, after)) => format!("{who} {before} {value}{after}"),
        None => format!("{}: {value} with {who}", metric.label),
    }
}

/// `threaded spends 46.9 µs of CPU time on a request, async-multi 29.7 µs`.
fn two(metric: &Metric, first: (&str, &str), second: (&str, &str)) -> String {
    let (who, value) = second;
    let repeated = match verb(metric) {
        Some((before, _)) if before.ends_with(" up to") => "up to ",
        Some(_) => "",
        None => return format!("{}, {value} with {who}", one(metric, first.0, first.1)),
    };
    format!("{}, {who} {repeated}{value}", one(metric, first.0, first.1))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::metrics::{Certainty, metric};
    use crate::stats::paired_ratio;
    use crate::verdict::Judged;

    const MS: f64 = 1e6;

    fn entry(index: usize, label: &str, ms: f64) -> RankedEntry<'_> {
        RankedEntry { index, label, reading: Reading::Measured(ms * MS, Certainty::Unknown) }
    }

    fn pair(a: usize, b: usize, times: f64, verdict: Verdict) -> Pair {
        let ratio = paired_ratio(&[(times, 1.0); 20]);
        Pair { a, b, ratio, judged: Some(Judged { verdict, p_value: None }) }
    }

    fn said(entries: &[RankedEntry<'_>], pairs: &[Pair]) -> String {
        compared("At 8,000/s", metric("response_time_p99").unwrap(), entries, pairs)
    }

    const DOUBTFUL: Verdict = Verdict::Indistinguishable { decided_by: None, is_hidden: true };
    const FEW: Verdict = Verdict::TooFewBlocks { have: 2, needed: 20 };

    #[test]
    fn a_difference_is_said_in_either_direction() {
        let expected =
            said(&[entry(0, "threaded", 9.0), entry(5, "tasks", 5.0)], &[pair(0, 5, 1.8, Verdict::Different)]);
        assert_eq!(expected, "At 8,000/s, threaded takes 9 ms to answer 99 of 100 requests, tasks 5 ms");
        let opposite =
            said(&[entry(0, "threaded", 5.0), entry(5, "tasks", 9.0)], &[pair(0, 5, 0.55, Verdict::Different)]);
        assert_eq!(opposite, "At 8,000/s, tasks takes 9 ms to answer 99 of 100 requests, threaded 5 ms");
    }

    #[test]
    fn a_raw_difference_without_a_verdict_is_none() {
        let entries = [entry(0, "threaded", 9.0), entry(5, "tasks", 5.0)];
        assert_eq!(
            said(&entries, &[pair(0, 5, 1.8, DOUBTFUL)]),
            "At 8,000/s, 20 blocks cannot tell threaded and tasks apart in p99 response time: 5 to 9 ms"
        );
        assert_eq!(
            said(&entries, &[pair(0, 5, 1.8, FEW)]),
            "At 8,000/s, threaded takes 9 ms to answer 99 of 100 requests, tasks 5 ms (20 blocks, no verdict)"
        );
        assert!(said(&entries, &[]).ends_with("tasks 5 ms (no verdict)"));
    }

    #[test]
    fn the_same_is_said_to_be_the_same() {
        let alike = Verdict::Equivalent { within: 1.05 };
        let entries = [entry(0, "threaded", 5.0), entry(5, "tasks", 5.1)];
        assert_eq!(
            said(&entries, &[pair(0, 5, 0.98, alike)]),
            "At 8,000/s, threaded and tasks are the same within 5% in p99 response time: 5 to 5.10 ms"
        );
        // Of three, two pairs that are equivalent do not make the third one so.
        let three = [entry(0, "a", 5.0), entry(1, "b", 5.1), entry(2, "c", 5.2)];
        let pairs = [pair(0, 1, 0.98, alike), pair(1, 2, 0.98, alike), pair(0, 2, 0.96, DOUBTFUL)];
        assert!(said(&three, &pairs).contains("cannot tell a, b and c apart"));
        assert!(said(&three, &pairs[..2]).ends_with("1 other between (20 blocks, no verdict)"));
    }

    #[test]
    fn of_many_the_most_distant_that_differ_are_named() {
        let three = [entry(0, "a", 5.0), entry(1, "b", 6.0), entry(2, "c", 9.0)];
        let pairs =
            [pair(0, 1, 0.83, Verdict::Different), pair(1, 2, 0.67, Verdict::Different), pair(0, 2, 0.55, DOUBTFUL)];
        assert_eq!(said(&three, &pairs), "At 8,000/s, c takes 9 ms to answer 99 of 100 requests, b 6 ms");
        let all = [pair(0, 1, 0.83, DOUBTFUL), pair(1, 2, 0.67, DOUBTFUL), pair(0, 2, 0.55, Verdict::Different)];
        assert!(said(&three, &all).ends_with("a 5 ms, 1 other between"));
    }

    #[test]
    fn blocks_that_contradict_their_sum_name_nobody() {
        let entries = [entry(0, "threaded", 5.0), entry(5, "tasks", 9.0)];
        assert!(said(&entries, &[pair(0, 5, 1.8, Verdict::Different)]).contains("cannot tell"));
    }

    #[test]
    fn one_alone_or_nobody_is_not_compared() {
        let alone = said(&[entry(0, "threaded", 9.0)], &[]);
        assert_eq!(alone, "At 8,000/s, threaded takes 9 ms to answer 99 of 100 requests");
        let few = RankedEntry { reading: Reading::TooFew(100), ..entry(0, "threaded", 9.0) };
        assert_eq!(said(&[few], &[]), "At 8,000/s, no contender has a valid number for the p99 response time");
        assert_eq!(
            compared("", metric("response_time_p99").unwrap(), &[], &[]),
            "No contender has a valid number for the p99 response time"
        );
    }

    #[test]
    fn beyond_the_timeout_is_more_than_any_number() {
        let beyond = RankedEntry { reading: Reading::Beyond(1_000_000_000), ..entry(5, "tasks", 0.0) };
        let one = Pair { a: 0, b: 5, ratio: paired_ratio::<f64>(&[]), judged: None };
        assert_eq!(
            said(&[beyond, entry(0, "threaded", 9.0)], &[one]),
            "At 8,000/s, tasks takes more than 1 s to answer 99 of 100 requests, threaded 9 ms (no verdict)"
        );
    }

    #[test]
    fn every_verb_is_of_a_metric() {
        VERBS.iter().for_each(|(name, ..)| assert!(metric(name).is_some(), "{name}"));
    }

    #[test]
    fn a_metric_without_a_verb_is_named() {
        let switches = metric("switches_per_request").unwrap();
        assert_eq!(two(switches, ("a", "4"), ("b", "2")), "context switches per request: 4 with a, 2 with b");
        let p99 = metric("response_time_p99").unwrap();
        assert_eq!(two(p99, ("a", "4 ms"), ("b", "2 ms")), "a takes 4 ms to answer 99 of 100 requests, b 2 ms");
    }
}
