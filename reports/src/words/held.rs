//! The title of a figure of connections that are held: in how much memory, and whose are dearer.
//!
//! Compared are slopes, what one more connection costs; what is said are the totals at the most connections, where these
//! are in the same order. Beside it: `compared.rs`.

use super::compared::{Conclusion, RankedEntry, no_verdict, others_between, ranked, told};
use crate::format::{self, Unit};
use crate::metrics::{Certainty, Reading};
use crate::stats::Slope;
use crate::verdict::Pair;

/// What one contender needs, all of whose connections were served.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct MemoryHeld<'a> {
    pub(crate) index: usize,
    pub(crate) label: &'a str,
    /// The most that were held.
    pub(crate) connections: f64,
    /// Memory with so many, in the unit of the figure.
    pub(crate) total: f64,
    /// Of one more.
    pub(crate) slope: Slope,
}

pub(crate) fn held(helds: &[MemoryHeld<'_>], pairs: &[Pair], unit: Unit) -> String {
    let entry = |held: &MemoryHeld<'_>| {
        let Slope { value, half_width, .. } = held.slope;
        let interval = half_width.map(|half| Certainty::WithinRun { lo: value - half, hi: Some(value + half) });
        let reading = Reading::Measured(value, interval.unwrap_or(Certainty::Unknown));
        RankedEntry { index: held.index, label: "", reading }
    };
    let entries: Vec<RankedEntry<'_>> = helds.iter().map(entry).collect();
    let ranked = ranked(&entries);
    let of = |entry: &RankedEntry<'_>| helds.iter().find(|held| held.index == entry.index);
    let neutral = |why: &str| match (ranked.first().and_then(|e| of(e)), ranked.last().and_then(|e| of(e))) {
        (Some(least), Some(most)) => format!(
            "One more idle connection costs from {} ({}) to {} ({}){why}",
            unit.show(least.slope.value),
            least.label,
            unit.show(most.slope.value),
            most.label
        ),
        _ => "What held connections cost in memory".into(),
    };
    match told(&ranked, pairs) {
        Conclusion::Apart { more, less } => match of(more).zip(of(less)) {
            Some((most, least)) => format!("{}{}", two(most, least, unit), others_between(&ranked, more, less)),
            None => neutral(""),
        },
        Conclusion::NoVerdict => match (ranked.last(), ranked.first()) {
            (Some(more), Some(less)) if are_clear(more, less) => match of(more).zip(of(less)) {
                Some((most, least)) => {
                    let between = others_between(&ranked, more, less);
                    format!("{}{between} ({})", two(most, least, unit), no_verdict(pairs))
                }
                None => neutral(""),
            },
            _ => neutral(": cannot tell them apart"),
        },
        Conclusion::Alike { within } => neutral(&format!(", the same within {:.0}%", (within - 1.0) * 100.0)),
        Conclusion::CannotTell => neutral(": cannot tell them apart"),
        Conclusion::Alone(only) => of(only).map_or_else(|| neutral(""), |held| one(held, unit)),
        Conclusion::Nothing => "What held connections cost in memory".into(),
    }
}

/// Whether the intervals of two slopes have nothing in common; one without an interval is not clear.
fn are_clear(more: &RankedEntry<'_>, less: &RankedEntry<'_>) -> bool {
    match (more.reading.certainty().interval(), less.reading.certainty().interval()) {
        (Some((lo, _)), Some((_, Some(hi)))) => lo > hi,
        _ => false,
    }
}

fn one(held: &MemoryHeld<'_>, unit: Unit) -> String {
    format!(
        "{} holds {} idle connections in {}",
        held.label,
        format::count(held.connections as u64),
        unit.show(held.total)
    )
}

fn two(most: &MemoryHeld<'_>, least: &MemoryHeld<'_>, unit: Unit) -> String {
    if most.connections == least.connections && most.total > least.total {
        format!("{}, {} in {}", one(most, unit), least.label, unit.show(least.total))
    } else {
        let [dear, cheap] = [most, least].map(|held| unit.show(held.slope.value));
        format!("One more idle connection costs {dear} with {}, {cheap} with {}", most.label, least.label)
    }
}

/// A slope with its interval.
pub(crate) fn show_slope(slope: &Slope, unit: Unit) -> String {
    let value = unit.show(slope.value);
    match slope.half_width {
        Some(half) => format!("{value} ({})", unit.range(slope.value - half, slope.value + half)),
        None => value,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::stats::paired_ratio;
    use crate::verdict::{Judged, Verdict};

    const KIB: f64 = 1_024.0;

    fn one_of(index: usize, label: &str, kib: f64, half_kib: f64) -> MemoryHeld<'_> {
        let slope = Slope { value: kib * KIB, half_width: Some(half_kib * KIB), intercept: 4.0 * KIB * KIB };
        MemoryHeld { index, label, connections: 10_000.0, total: slope.intercept + slope.value * 10_000.0, slope }
    }

    fn pair(times: f64, verdict: Verdict) -> Pair {
        let ratio = paired_ratio(&[(times, 1.0), (times, 1.0)]);
        Pair { a: 0, b: 1, ratio, judged: Some(Judged { verdict, p_value: None }) }
    }

    fn said(threaded: f64, tasks: f64, half: f64, verdict: Verdict) -> String {
        let helds = [one_of(0, "threaded", threaded, half), one_of(1, "async-multi", tasks, half)];
        held(&helds, &[pair(threaded / tasks, verdict)], Unit::Bytes)
    }

    #[test]
    fn a_difference_is_said_in_either_direction() {
        let expected = said(27.0, 2.0, 0.1, Verdict::Different);
        assert_eq!(expected, "threaded holds 10,000 idle connections in 268 MiB, async-multi in 23.5 MiB");
        let opposite = said(2.0, 27.0, 0.1, Verdict::Different);
        assert_eq!(opposite, "async-multi holds 10,000 idle connections in 268 MiB, threaded in 23.5 MiB");
    }

    #[test]
    fn without_a_verdict_intervals_decide_and_it_is_said() {
        let few = Verdict::TooFewBlocks { have: 2, needed: 10 };
        assert!(said(27.0, 2.0, 0.1, few).ends_with("async-multi in 23.5 MiB (2 blocks, no verdict)"));
        let overlap = said(3.0, 2.0, 1.0, few);
        assert_eq!(
            overlap,
            "One more idle connection costs from 2 KiB (async-multi) to 3 KiB (threaded): cannot tell them apart"
        );
        let doubtful = Verdict::Indistinguishable { decided_by: Some(40), is_hidden: false };
        assert!(said(27.0, 2.0, 0.1, doubtful).ends_with(": cannot tell them apart"));
        assert!(said(2.0, 2.0, 0.1, Verdict::Equivalent { within: 1.05 }).ends_with(", the same within 5%"));
    }

    #[test]
    fn one_alone_or_nobody_is_not_compared() {
        let alone = held(&[one_of(0, "threaded", 27.0, 0.1)], &[], Unit::Bytes);
        assert_eq!(alone, "threaded holds 10,000 idle connections in 268 MiB");
        assert_eq!(held(&[], &[], Unit::Bytes), "What held connections cost in memory");
    }

    #[test]
    fn other_counts_are_compared_by_what_one_more_costs() {
        let fewer = MemoryHeld { connections: 900.0, ..one_of(1, "async-multi", 2.0, 0.1) };
        let said = held(&[one_of(0, "threaded", 27.0, 0.1), fewer], &[pair(13.5, Verdict::Different)], Unit::Bytes);
        assert_eq!(said, "One more idle connection costs 27 KiB with threaded, 2 KiB with async-multi");
    }
}
