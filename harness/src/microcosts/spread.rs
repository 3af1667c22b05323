//! What rounds say together. Numbers in, numbers out.

use serde::Serialize;

/// A figure over rounds.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Spread {
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

impl Spread {
    /// Absent without a round.
    pub fn of(rounds: &[f64]) -> Option<Spread> {
        let mut sorted = rounds.to_vec();
        sorted.sort_by(f64::total_cmp);
        Some(Spread {
            median: at(&sorted, 0.5)?,
            lower_quartile: at(&sorted, 0.25)?,
            upper_quartile: at(&sorted, 0.75)?,
            least: *sorted.first()?,
            most: *sorted.last()?,
            rounds: rounds.to_vec(),
        })
    }

    /// Whether the middle halves of the rounds have a value in common.
    pub fn overlaps(&self, other: &Spread) -> bool {
        self.lower_quartile <= other.upper_quartile && other.lower_quartile <= self.upper_quartile
    }
}

/// Between the two nearest ranks in proportion.
fn at(sorted: &[f64], share: f64) -> Option<f64> {
    let rank = share * (sorted.len().checked_sub(1)?) as f64;
    let (below, above) = (sorted[rank.floor() as usize], sorted[rank.ceil() as usize]);
    Some(below + (above - below) * rank.fract())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn median_and_quartiles_are_those_of_the_textbook() {
        let spread = Spread::of(&[9.0, 1.0, 5.0, 3.0, 7.0]).unwrap();
        assert_eq!([spread.least, spread.lower_quartile, spread.median], [1.0, 3.0, 5.0]);
        assert_eq!([spread.upper_quartile, spread.most], [7.0, 9.0]);
        assert_eq!(spread.rounds, [9.0, 1.0, 5.0, 3.0, 7.0]);
        assert_eq!(Spread::of(&[1.0, 2.0, 3.0, 4.0]).unwrap().median, 2.5);
        assert_eq!(Spread::of(&[]), None);
    }

    #[test]
    fn one_wild_round_shows_in_the_extremes_and_many_in_the_quartiles() {
        let one = Spread::of(&[1.0, 1.0, 1.0, 1.0, 50.0]).unwrap();
        assert_eq!((one.upper_quartile, one.most), (1.0, 50.0));
        let many = Spread::of(&[1.0, 40.0, 1.0, 45.0, 50.0]).unwrap();
        assert_eq!((many.lower_quartile, many.upper_quartile), (1.0, 45.0));
    }

    #[test]
    fn overlap_goes_both_ways() {
        let [low, high] = [[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]].map(|rounds| Spread::of(&rounds).unwrap());
        let middle = Spread::of(&[2.0, 4.5, 6.0]).unwrap();
        assert!(!low.overlaps(&high) && !high.overlaps(&low));
        assert!(middle.overlaps(&high) && high.overlaps(&middle) && low.overlaps(&low));
    }
}
