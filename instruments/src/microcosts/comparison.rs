//! What rounds say together, and which of two figures is the greater, where the rounds can tell. Numbers in, a verdict out;
//! the outcome is assumed nowhere.

use reports::stats::{Ratio, interpolated, paired_ratio};
use serde::{Serialize, Serializer};

use super::{Operation, Runner};

/// Whose figure it is, and the figure.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Side {
    /// Whose; absent where it is the same for all.
    #[serde(rename = "name", serialize_with = "by_name")]
    pub runner: Option<Runner>,
    /// Nanoseconds for one, over rounds.
    pub spread_ns: RoundSpread,
}

impl Side {
    /// Whose, in words.
    pub fn name(&self) -> &'static str {
        self.runner.map_or("either", Runner::name)
    }
}

/// What a row is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RowSubject {
    /// An operation as it was measured.
    Measured(Operation),
    /// What is left of a hand-off over a socket.
    WithoutSystemCalls,
    /// One ready connection against all of them.
    Amortised,
}

impl RowSubject {
    /// What it is called in tables.
    pub fn name(self) -> &'static str {
        match self {
            RowSubject::Measured(operation) => operation.name(),
            RowSubject::WithoutSystemCalls => "the same, less these calls",
            RowSubject::Amortised => "one ready, then all",
        }
    }
}

impl Serialize for RowSubject {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.name())
    }
}

fn by_name<S: Serializer>(runner: &Option<Runner>, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(runner.map_or("either", Runner::name))
}

/// What the first of two costs, beside the second.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum CostVerdict {
    /// The first is dearer.
    More,
    /// The first is cheaper.
    Less,
    /// The rounds do not say.
    CannotTell,
}

/// Compares round by round. Differences are told only where the middle halves of the rounds do not overlap *and* the
/// interval of the ratio excludes one: the first is about what is seen again and again, the second about how many rounds
/// there were. There is no ratio where a figure is not positive, as what is left of a subtraction may not be.
pub(super) fn compare(first: &RoundSpread, second: &RoundSpread) -> (Option<Ratio>, CostVerdict) {
    let pairs: Vec<(f64, f64)> = first.rounds.iter().copied().zip(second.rounds.iter().copied()).collect();
    let Ok(ratio) = paired_ratio(&pairs) else { return (None, CostVerdict::CannotTell) };
    let verdict = match ratio.interval {
        _ if first.overlaps(second) => CostVerdict::CannotTell,
        Some((lo, _)) if lo > 1.0 => CostVerdict::More,
        Some((_, hi)) if hi < 1.0 => CostVerdict::Less,
        _ => CostVerdict::CannotTell,
    };
    (Some(ratio), verdict)
}

/// A figure over rounds.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct RoundSpread {
    /// The middle round, or the mean of the two in the middle.
    pub median: f64,
    /// A quarter of the rounds are at or below it, interpolated.
    pub lower_quartile: f64,
    /// Three quarters are.
    pub upper_quartile: f64,
    /// The least of all rounds.
    pub least: f64,
    /// The greatest.
    pub most: f64,
    /// The rounds themselves, in the order in which they were taken.
    pub rounds: Vec<f64>,
}

impl RoundSpread {
    /// Absent without a round.
    pub fn of(rounds: &[f64]) -> Option<RoundSpread> {
        let mut sorted = rounds.to_vec();
        sorted.sort_by(f64::total_cmp);
        Some(RoundSpread {
            median: interpolated(&sorted, 0.5)?,
            lower_quartile: interpolated(&sorted, 0.25)?,
            upper_quartile: interpolated(&sorted, 0.75)?,
            least: *sorted.first()?,
            most: *sorted.last()?,
            rounds: rounds.to_vec(),
        })
    }

    /// Whether the middle halves of the rounds have a value in common.
    pub fn overlaps(&self, other: &RoundSpread) -> bool {
        self.lower_quartile <= other.upper_quartile && other.lower_quartile <= self.upper_quartile
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn compared(first: &[f64], second: &[f64]) -> (Option<Ratio>, CostVerdict) {
        compare(&RoundSpread::of(first).unwrap(), &RoundSpread::of(second).unwrap())
    }

    #[test]
    fn what_is_clear_is_told_whichever_it_is() {
        let (dear, cheap) = ([10.0, 11.0, 10.5, 10.2], [1.0, 1.1, 1.0, 1.05]);
        let (times, verdict) = compared(&dear, &cheap);
        assert!((times.unwrap().value - 10.0).abs() < 0.5 && verdict == CostVerdict::More);
        let (times, verdict) = compared(&cheap, &dear);
        assert!((times.unwrap().value - 0.1).abs() < 0.005 && verdict == CostVerdict::Less);
    }

    #[test]
    fn what_overlaps_varies_or_was_seen_once_is_not_told() {
        assert_eq!(compared(&[1.0, 2.0, 3.0, 4.0], &[2.0, 3.0, 1.0, 4.0]).1, CostVerdict::CannotTell);
        // The middle halves are apart, and the interval of the ratio still reaches one.
        assert_eq!(compared(&[1.0, 20.0, 20.0], &[9.0, 9.0, 9.0]).1, CostVerdict::CannotTell);
        let (times, verdict) = compared(&[10.0], &[1.0]);
        assert_eq!((times.unwrap().interval, verdict), (None, CostVerdict::CannotTell));
    }

    #[test]
    fn nothing_left_after_a_subtraction_has_no_ratio() {
        assert_eq!(compared(&[5.0, 6.0], &[1.0, -0.5]), (None, CostVerdict::CannotTell));
    }

    #[test]
    fn median_and_quartiles_are_those_of_the_textbook() {
        let spread = RoundSpread::of(&[9.0, 1.0, 5.0, 3.0, 7.0]).unwrap();
        assert_eq!([spread.least, spread.lower_quartile, spread.median], [1.0, 3.0, 5.0]);
        assert_eq!([spread.upper_quartile, spread.most], [7.0, 9.0]);
        assert_eq!(spread.rounds, [9.0, 1.0, 5.0, 3.0, 7.0]);
        assert_eq!(RoundSpread::of(&[1.0, 2.0, 3.0, 4.0]).unwrap().median, 2.5);
        assert_eq!(RoundSpread::of(&[]), None);
    }

    #[test]
    fn one_wild_round_shows_in_the_extremes_and_many_in_the_quartiles() {
        let one = RoundSpread::of(&[1.0, 1.0, 1.0, 1.0, 50.0]).unwrap();
        assert_eq!((one.upper_quartile, one.most), (1.0, 50.0));
        let many = RoundSpread::of(&[1.0, 40.0, 1.0, 45.0, 50.0]).unwrap();
        assert_eq!((many.lower_quartile, many.upper_quartile), (1.0, 45.0));
    }

    #[test]
    fn overlap_goes_both_ways() {
        let [low, high] = [[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]].map(|rounds| RoundSpread::of(&rounds).unwrap());
        let middle = RoundSpread::of(&[2.0, 4.5, 6.0]).unwrap();
        assert!(!low.overlaps(&high) && !high.overlaps(&low));
        assert!(middle.overlaps(&high) && high.overlaps(&middle) && low.overlaps(&low));
    }
}
