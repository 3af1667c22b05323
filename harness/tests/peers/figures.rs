//! Medians, spreads and verdicts.

use crate::figure::{Figure, Target, Verdict};

fn verdict(target: Target, rounds: &[f64]) -> Verdict {
    target.verdict(&Figure::of(rounds).unwrap())
}

#[test]
fn the_spread_of_few_rounds_is_all_of_them() {
    let figure = Figure::of(&[3.0, 1.0, 2.0, 9.0, 4.0]).unwrap();
    assert_eq!((figure.median, figure.low, figure.high, figure.rounds), (3.0, 1.0, 9.0, 5));
    assert_eq!(Figure::of(&[1.0, 2.0]).unwrap().median, 1.5);
    assert_eq!(Figure::of(&[]), None);
}

#[test]
fn many_rounds_may_leave_out_their_ends() {
    // Of n fair coins at most one shows heads with probability 9/256 at n = 8 and 8/128 at n = 7.
    let up_to = |n: u32| Figure::of(&(1..=n).map(f64::from).collect::<Vec<_>>()).unwrap();
    assert_eq!((up_to(7).low, up_to(7).high), (1.0, 7.0));
    assert_eq!((up_to(8).low, up_to(8).high), (2.0, 7.0));
    // The table of the sign test: 15 of 40 and their mirror image at 8%, 14 at 4%.
    assert_eq!((up_to(40).low, up_to(40).high), (15.0, 26.0));
}

#[test]
fn a_failed_round_counts_as_none() {
    let figure = Figure::of(&[1.0, f64::NAN, 2.0, f64::INFINITY, 3.0, 4.0]).unwrap();
    assert_eq!((figure.rounds, figure.high), (4, 4.0));
    assert_eq!(Target::AtMost(9.0).verdict(&figure), Verdict::CannotTell, "four rounds are too few");
}

#[test]
fn a_target_is_met_where_the_whole_spread_meets_it() {
    let rounds = [1.1, 1.2, 1.3, 1.4, 1.5];
    for (target, expected) in [
        (Target::AtLeast(1.1), Verdict::Met),
        (Target::AtLeast(1.2), Verdict::CannotTell),
        (Target::AtLeast(1.6), Verdict::NotMet),
        (Target::AtMost(1.5), Verdict::Met),
        (Target::AtMost(1.4), Verdict::CannotTell),
        (Target::AtMost(1.0), Verdict::NotMet),
    ] {
        assert_eq!(verdict(target, &rounds), expected, "{target}");
    }
}
