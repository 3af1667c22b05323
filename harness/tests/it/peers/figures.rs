//! Medians, spreads and verdicts.

use crate::peers::figure::{RoundFigure, Target, TargetVerdict};

fn verdict(target: Target, rounds: &[f64]) -> TargetVerdict {
    target.verdict(&RoundFigure::of(rounds).unwrap())
}

#[test]
fn the_spread_of_few_rounds_is_all_of_them() {
    let figure = RoundFigure::of(&[3.0, 1.0, 2.0, 9.0, 4.0]).unwrap();
    assert_eq!((figure.median, figure.low, figure.high, figure.rounds), (3.0, 1.0, 9.0, 5));
    assert_eq!(RoundFigure::of(&[1.0, 2.0]).unwrap().median, 1.5);
    assert_eq!(RoundFigure::of(&[]), None);
}

#[test]
fn many_rounds_may_leave_out_their_ends() {
    // Of n fair coins at most one shows heads with probability 9/256 at n = 8 and 8/128 at n = 7.
    let up_to = |n: u32| RoundFigure::of(&(1..=n).map(f64::from).collect::<Vec<_>>()).unwrap();
    assert_eq!((up_to(7).low, up_to(7).high), (1.0, 7.0));
    assert_eq!((up_to(8).low, up_to(8).high), (2.0, 7.0));
    // The table of the sign test: 15 of 40 and their mirror image at 8%, 14 at 4%.
    assert_eq!((up_to(40).low, up_to(40).high), (15.0, 26.0));
}

#[test]
fn a_failed_round_counts_as_none() {
    let figure = RoundFigure::of(&[1.0, f64::NAN, 2.0, f64::INFINITY, 3.0, 4.0]).unwrap();
    assert_eq!((figure.rounds, figure.high), (4, 4.0));
    assert_eq!(Target::AtMost(9.0).verdict(&figure), TargetVerdict::CannotTell, "four rounds are too few");
}

#[test]
fn a_target_is_met_where_the_whole_spread_meets_it() {
    let rounds = [1.1, 1.2, 1.3, 1.4, 1.5];
    for (target, expected) in [
        (Target::AtLeast(1.1), TargetVerdict::Met),
        (Target::AtLeast(1.2), TargetVerdict::CannotTell),
        (Target::AtLeast(1.6), TargetVerdict::NotMet),
        (Target::AtMost(1.5), TargetVerdict::Met),
        (Target::AtMost(1.4), TargetVerdict::CannotTell),
        (Target::AtMost(1.0), TargetVerdict::NotMet),
    ] {
        assert_eq!(verdict(target, &rounds), expected, "{target}");
    }
}
