//! Which square of a grid to measure next: all of them coarsely first, then those at the border between the two.
//!
//! The order looks at who leads, and when a square is done looks at how many pairs it has and how precise they are, never
//! at whether they differ: measuring on until a difference shows would find one everywhere. Pure.

use reports::stats::{Ratio, paired_ratio};

/// Pairs that every square gets before any gets more.
pub(super) const COARSE: u32 = 3;

/// Half of the interval, as a factor, from which on more pairs add nothing that matters.
const PRECISE: f64 = 1.03;

/// The most pairs of a square.
const MOST: u32 = 40;

/// A square that was tried so often without a valid pair is left alone.
const MOST_TRIES_WITHOUT_A_PAIR: u32 = 4;

/// What is known of a square.
#[derive(Debug, Clone, Default, PartialEq)]
pub(super) struct SquareSoFar {
    /// How often it was measured, for nothing or not.
    pub(super) tried: u32,
    /// The two values of each block that has both.
    pub(super) pairs: Vec<(f64, f64)>,
}

impl SquareSoFar {
    fn ratio(&self) -> Option<Ratio> {
        paired_ratio(&self.pairs).ok()
    }

    fn leads(&self) -> Option<bool> {
        self.ratio().map(|ratio| ratio.value > 1.0)
    }

    fn is_precise(&self) -> bool {
        let interval = self.ratio().and_then(|ratio| ratio.interval);
        interval.is_some_and(|(lo, hi)| (hi / lo).sqrt() < PRECISE)
    }

    fn is_done(&self, enough: u32) -> bool {
        let given_up = self.pairs.is_empty() && self.tried >= MOST_TRIES_WITHOUT_A_PAIR;
        given_up || self.tried >= MOST || (self.pairs.len() >= enough as usize && self.is_precise())
    }
}

/// A grid of squares, row by row.
#[derive(Debug)]
pub(super) struct Squares {
    pub(super) known: Vec<SquareSoFar>,
    pub(super) columns: usize,
    /// Pairs that a verdict takes.
    pub(super) enough: u32,
}

impl Squares {
    /// The squares that are worth another pair, the most urgent first; of equals the one that was tried less, then the one
    /// that comes first in `among_equals`, which holds each place once.
    pub(super) fn urgent(&self, among_equals: &[usize]) -> Vec<usize> {
        let mut open: Vec<usize> =
            among_equals.iter().copied().filter(|place| !self.known[*place].is_done(self.enough)).collect();
        open.sort_by_key(|place| self.urgency(*place));
        open
    }

    fn urgency(&self, place: usize) -> (u32, u32) {
        let SquareSoFar { tried, pairs, .. } = &self.known[place];
        let rank = match (pairs.len() as u32, self.is_at_the_border(place)) {
            _ if *tried < COARSE => 0,
            (pairs, true) if pairs < self.enough => 1,
            (pairs, false) if pairs < self.enough => 2,
            (_, true) => 3,
            (_, false) => 4,
        };
        (rank, *tried)
    }

    /// Whether another leads in a square beside, above or below.
    fn is_at_the_border(&self, place: usize) -> bool {
        let (row, column) = (place / self.columns, place % self.columns);
        let beside = [
            (column > 0).then(|| place - 1),
            (column + 1 < self.columns).then_some(place + 1),
            (row > 0).then(|| place - self.columns),
            Some(place + self.columns),
        ];
        let leads = self.known[place].leads();
        let known = beside.into_iter().flatten().filter_map(|other| self.known.get(other));
        leads.is_some() && known.filter_map(SquareSoFar::leads).any(|other| Some(other) != leads)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn squares(ratios: &[f64], columns: usize) -> Squares {
        let known = ratios.iter().map(|ratio| known(*ratio, COARSE, 1.2)).collect();
        Squares { known, columns, enough: 10 }
    }

    /// So many pairs of this ratio, spread by a factor.
    fn known(ratio: f64, pairs: u32, spread: f64) -> SquareSoFar {
        let pair = |number: u32| (ratio * if number.is_multiple_of(2) { spread } else { 1.0 / spread }, 1.0);
        SquareSoFar { tried: pairs, pairs: (0..pairs).map(pair).collect() }
    }

    fn in_order(squares: &Squares) -> Vec<usize> {
        squares.urgent(&(0..squares.known.len()).collect::<Vec<_>>())
    }

    #[test]
    fn every_square_is_seen_coarsely_before_any_is_refined() {
        let mut squares = squares(&[2.0, 0.5, 2.0, 2.0], 2);
        squares.known[3] = SquareSoFar { tried: 2, ..known(2.0, 2, 1.2) };
        assert_eq!(in_order(&squares)[0], 3);
    }

    #[test]
    fn squares_where_the_leader_changes_come_first() {
        // Threads lead in the first two columns, tasks in the third.
        let squares = squares(&[2.0, 2.0, 0.5, 2.0, 2.0, 0.5], 3);
        assert_eq!(in_order(&squares), [1, 2, 4, 5, 0, 3]);
        // The end of a row and the beginning of the next are no neighbours.
        assert!(!squares.is_at_the_border(3));
    }

    #[test]
    fn a_border_square_with_enough_pairs_lets_the_others_have_theirs() {
        let mut squares = squares(&[2.0, 0.5, 0.5], 3);
        squares.known[0] = known(2.0, 12, 1.3);
        assert_eq!(in_order(&squares), [1, 2, 0]);
    }

    #[test]
    fn a_square_is_done_when_it_is_precise_whatever_it_says() {
        for ratio in [1.0, 1.02, 5.0] {
            let mut squares = squares(&[ratio], 1);
            squares.known[0] = known(ratio, 10, 1.01);
            assert!(in_order(&squares).is_empty(), "{ratio}");
            squares.known[0] = known(ratio, 10, 1.2);
            assert_eq!(in_order(&squares), [0], "{ratio}");
            squares.known[0] = known(ratio, MOST, 1.5);
            assert!(in_order(&squares).is_empty(), "{ratio}");
        }
    }

    #[test]
    fn a_square_without_a_valid_pair_is_given_up() {
        let mut squares = squares(&[1.0], 1);
        squares.known[0] = SquareSoFar { tried: MOST_TRIES_WITHOUT_A_PAIR, pairs: vec![] };
        assert!(in_order(&squares).is_empty());
    }
}
