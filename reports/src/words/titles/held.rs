//! The title of a figure of connections that are held: in how much memory, and whose are dearer.
//!
//! Compared are slopes, what one more connection costs; what is said are the totals at the most connections, where these
//! are in the same order. Beside it: `compared.rs`.

use super::compared::{Conclusion, RankedEntry, measured, ranked, told};
use super::fact::Fact;
use super::name::{DisplayedName, told_of};
use super::title::Title;
use crate::format::{self, Unit};
use crate::metrics::Reading;
use crate::stats::Estimate;
use crate::verdict::Pair;

/// What one contender needs, all of whose connections were served.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct MemoryHeld {
    pub(crate) index: usize,
    pub(crate) name: DisplayedName,
    /// Whether the run is about it and one other.
    pub(crate) leads: bool,
    /// The most that were held.
    pub(crate) connections: f64,
    /// Memory with so many, in the unit of the figure.
    pub(crate) total: f64,
    /// Of one more.
    pub(crate) slope: Estimate,
}

pub(crate) fn held(helds: &[MemoryHeld], pairs: &[Pair], unit: Unit) -> Title {
    let entries: Vec<RankedEntry> = helds.iter().map(|held| entry(held, unit)).collect();
    let all = ranked(&entries);
    let about = told_of(all.iter().copied(), |entry| entry.leads);
    let of = |entry: &RankedEntry| helds.iter().find(|held| held.index == entry.index);
    let span = match all.as_slice() {
        [least, .., most] => format!("one more costs {}", Fact::span(&least.fact, &most.fact)),
        _ => String::new(),
    };
    let apart = |more: &RankedEntry, less: &RankedEntry| {
        let (most, least) = (of(more)?, of(less)?);
        Some(two(most, least, unit).and(measured(pairs)).and(if all.len() > 2 { span.clone() } else { String::new() }))
    };
    let open = || Title::of("Cannot tell apart what an idle connection costs").and(span.clone()).and(measured(pairs));
    let drawn = || Title::of("What held connections cost in memory");
    match told(&about, pairs) {
        Conclusion::Apart { more, less } => apart(more, less).unwrap_or_else(drawn),
        Conclusion::Estimates { more, less } if are_clear(more, less) => apart(more, less).unwrap_or_else(drawn),
        Conclusion::Estimates { .. } | Conclusion::CannotTell => open(),
        Conclusion::Alike { within } => Title::of("An idle connection costs the same memory with each")
            .and(span)
            .and(format!("the same within {:.0}%", (within - 1.0) * 100.0))
            .and(measured(pairs)),
        Conclusion::Alone(only) => of(only).map_or_else(drawn, |held| Title::of(one(held, unit))),
        Conclusion::Nothing => drawn(),
    }
}

fn entry(held: &MemoryHeld, unit: Unit) -> RankedEntry {
    let fact = Fact::new(Reading::from(Some(held.slope)), unit);
    RankedEntry { index: held.index, name: held.name.clone(), leads: held.leads, fact }
}

/// Whether the intervals of two slopes have nothing in common; one without an interval is not clear.
fn are_clear(more: &RankedEntry, less: &RankedEntry) -> bool {
    match (more.fact.interval(), less.fact.interval()) {
        (Some((lo, _)), Some((_, Some(hi)))) => lo > hi,
        _ => false,
    }
}

fn one(held: &MemoryHeld, unit: Unit) -> String {
    let connections = format::count(held.connections as u64);
    format!("{} held {connections} idle connections in {}", held.name.first(), unit.show(held.total))
}

fn two(most: &MemoryHeld, least: &MemoryHeld, unit: Unit) -> Title {
    let [dear, cheap] = [most, least].map(|held| unit.show(held.slope.value));
    let slopes = format!("An idle connection costs {dear} with {}, {cheap} with {}", most.name, least.name);
    let plain = format!("Per idle connection: {} {dear}, {} {cheap}", most.name, least.name);
    let totals = (most.connections == least.connections && most.total > least.total)
        .then(|| format!("{}, {} in {}", one(most, unit), least.name, unit.show(least.total)));
    Title::fitting(totals.into_iter().chain([slopes, plain]))
}

/// A slope with its interval.
pub(crate) fn show_slope(slope: &Estimate, unit: Unit) -> String {
    let value = unit.show(slope.value);
    format!("{value}{}", format::bracketed(slope.interval.map(|(lo, hi)| unit.range(lo, hi))))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::stats::paired_ratio;
    use crate::verdict::{Judged, Verdict};

    const KIB: f64 = 1_024.0;

    fn one_of(index: usize, name: &str, kib: f64, half_kib: f64) -> MemoryHeld {
        let slope = Estimate { value: kib * KIB, interval: Some(((kib - half_kib) * KIB, (kib + half_kib) * KIB)) };
        let total = 4.0 * KIB * KIB + slope.value * 10_000.0;
        MemoryHeld { index, name: DisplayedName::plain(name), leads: false, connections: 10_000.0, total, slope }
    }

    fn pair(times: f64, verdict: Verdict) -> Pair {
        let ratio = paired_ratio(&[(times, 1.0), (times, 1.0)]);
        Pair { a: 0, b: 1, ratio, judged: Some(Judged { verdict, p_value: None }) }
    }

    fn title(threads: f64, tasks: f64, half: f64, verdict: Verdict) -> Title {
        let helds = [one_of(0, "threads", threads, half), one_of(1, "tokio", tasks, half)];
        held(&helds, &[pair(threads / tasks, verdict)], Unit::Bytes)
    }

    #[test]
    fn a_difference_is_said_in_either_direction() {
        let expected = title(27.0, 2.0, 0.1, Verdict::Different);
        assert_eq!(expected.said, "Threads held 10,000 idle connections in 268 MiB, tokio in 23.5 MiB");
        let opposite = title(2.0, 27.0, 0.1, Verdict::Different);
        assert_eq!(opposite.said, "Tokio held 10,000 idle connections in 268 MiB, threads in 23.5 MiB");
        assert_eq!(opposite.beside, ["measured twice"]);
    }

    #[test]
    fn without_a_verdict_intervals_decide() {
        let few = Verdict::TooFewBlocks { have: 2, needed: 10 };
        assert!(title(27.0, 2.0, 0.1, few).said.ends_with("tokio in 23.5 MiB"));
        let overlap = title(3.0, 2.0, 1.0, few);
        assert_eq!(overlap.said, "Cannot tell apart what an idle connection costs");
        assert_eq!(overlap.beside, ["one more costs 2 to 3 KiB", "measured twice"]);
        let doubtful = Verdict::Indistinguishable { decided_by: Some(40), is_hidden: false };
        assert!(title(27.0, 2.0, 0.1, doubtful).said.starts_with("Cannot tell"));
        let same = title(2.0, 2.0, 0.1, Verdict::Equivalent { within: 1.05 });
        assert_eq!(same.said, "An idle connection costs the same memory with each");
        assert_eq!(same.beside[1], "the same within 5%");
    }

    #[test]
    fn one_alone_or_nobody_is_not_compared() {
        let alone = held(&[one_of(0, "threads", 27.0, 0.1)], &[], Unit::Bytes);
        assert_eq!(alone.said, "Threads held 10,000 idle connections in 268 MiB");
        assert_eq!(held(&[], &[], Unit::Bytes).said, "What held connections cost in memory");
    }

    #[test]
    fn other_counts_are_compared_by_what_one_more_costs() {
        let fewer = MemoryHeld { connections: 900.0, ..one_of(1, "tokio", 2.0, 0.1) };
        let title = held(&[one_of(0, "threads", 27.0, 0.1), fewer], &[pair(13.5, Verdict::Different)], Unit::Bytes);
        assert_eq!(title.said, "An idle connection costs 27 KiB with threads, 2 KiB with tokio");
    }
}
