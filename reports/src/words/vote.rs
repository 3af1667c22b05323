//! A row of a scorecard as a vote: the answers that a room can choose from, and which of them turned out right.
//!
//! They are the same for every row and lie as on the scorecard's axis, so that they give nothing away. Must not know: HTML.
//! Beside it: `scorecard.rs`, what the row asks; `answer.rs`, what is said when it is known.

use crate::scorecard::{RowVerdict, ScorecardRow};

/// What divides a little from a lot.
const A_LOT: f64 = 2.0;

/// From the first far ahead to the second far ahead.
pub(crate) fn choices([first, second]: [&str; 2]) -> [String; 5] {
    [
        format!("{first}, by more than 2×"),
        format!("{first}, by less"),
        "alike".into(),
        format!("{second}, by less"),
        format!("{second}, by more than 2×"),
    ]
}

/// Which of them are right: two where a lower bound leaves both; none where it can't be told.
pub(crate) fn right(row: &ScorecardRow) -> [bool; 5] {
    let mut right = [false; 5];
    match row.verdict {
        RowVerdict::Alike { .. } => right[2] = true,
        RowVerdict::Better { who, times, at_least } => {
            let (little, much) = if who == 0 { (1, 0) } else { (3, 4) };
            right[much] = times > A_LOT || at_least;
            right[little] = times <= A_LOT;
        }
        RowVerdict::CannotTell(_) => {}
    }
    right
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scorecard::Undecided;
    use crate::words::scorecard::tests::{CPU, better, row};

    #[test]
    fn a_lower_bound_may_leave_two_answers_right() {
        let of = |verdict| {
            let right = right(&row(CPU, verdict));
            ('A'..).zip(right).filter(|(_, right)| *right).map(|(letter, _)| letter).collect::<String>()
        };
        assert_eq!([better(0, 464.0), better(0, 1.5), better(1, 1.14), better(1, 15.0)].map(of), ["A", "B", "D", "E"]);
        assert_eq!(of(RowVerdict::Better { who: 1, times: 1.87, at_least: true }), "DE");
        assert_eq!(of(RowVerdict::Alike { within: 1.05 }), "C");
        assert_eq!(of(RowVerdict::CannotTell(Undecided::NoLimit)), "");
    }
}
