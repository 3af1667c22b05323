//! Which of two figures is the greater, where the rounds can tell. Numbers in, a verdict out; the outcome is assumed
//! nowhere.

use reports::stats::paired_ratio;
use serde::Serialize;

use super::Spread;

/// What the first of two costs, beside the second.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Verdict {
    /// The first is dearer.
    More,
    /// The first is cheaper.
    Less,
    /// The rounds do not say.
    CannotTell,
}

/// How many times the second the first is.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Times {
    /// Geometric mean of the rounds' ratios.
    pub value: f64,
    /// Its 95% interval over the rounds; absent with one round.
    pub interval: Option<(f64, f64)>,
}

/// Compares round by round. Differences are told only where the middle halves of the rounds do not overlap *and* the
/// interval of the ratio excludes one: the first is about what is seen again and again, the second about how many rounds
/// there were. There is no ratio where a figure is not positive, as what is left of a subtraction may not be.
pub(super) fn compare(first: &Spread, second: &Spread) -> (Option<Times>, Verdict) {
    let pairs: Vec<(f64, f64)> = first.rounds.iter().copied().zip(second.rounds.iter().copied()).collect();
    let Ok(ratio) = paired_ratio(&pairs) else { return (None, Verdict::CannotTell) };
    let times = Some(Times { value: ratio.value, interval: ratio.interval });
    let verdict = match times.and_then(|times| times.interval) {
        _ if first.overlaps(second) => Verdict::CannotTell,
        Some((lo, _)) if lo > 1.0 => Verdict::More,
        Some((_, hi)) if hi < 1.0 => Verdict::Less,
        _ => Verdict::CannotTell,
    };
    (times, verdict)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn compared(first: &[f64], second: &[f64]) -> (Option<Times>, Verdict) {
        compare(&Spread::of(first).unwrap(), &Spread::of(second).unwrap())
    }

    #[test]
    fn what_is_clear_is_told_whichever_it_is() {
        let (dear, cheap) = ([10.0, 11.0, 10.5, 10.2], [1.0, 1.1, 1.0, 1.05]);
        let (times, verdict) = compared(&dear, &cheap);
        assert!((times.unwrap().value - 10.0).abs() < 0.5 && verdict == Verdict::More);
        let (times, verdict) = compared(&cheap, &dear);
        assert!((times.unwrap().value - 0.1).abs() < 0.005 && verdict == Verdict::Less);
    }

    #[test]
    fn what_overlaps_varies_or_was_seen_once_is_not_told() {
        assert_eq!(compared(&[1.0, 2.0, 3.0, 4.0], &[2.0, 3.0, 1.0, 4.0]).1, Verdict::CannotTell);
        // The middle halves are apart, and the interval of the ratio still reaches one.
        assert_eq!(compared(&[1.0, 20.0, 20.0], &[9.0, 9.0, 9.0]).1, Verdict::CannotTell);
        let (times, verdict) = compared(&[10.0], &[1.0]);
        assert_eq!((times.unwrap().interval, verdict), (None, Verdict::CannotTell));
    }

    #[test]
    fn nothing_left_after_a_subtraction_has_no_ratio() {
        assert_eq!(compared(&[5.0, 6.0], &[1.0, -0.5]), (None, Verdict::CannotTell));
    }
}
