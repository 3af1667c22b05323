//! A figure over rounds: its median, how far the rounds lie apart, and whether a target is met.
//!
//! Numbers in, numbers out. Verdicts between contenders of a run are drawn in `reports::stats`; here rounds are few, and
//! a target is met only where the spread as a whole is on its good side.

use reports::stats::interpolated;
use serde::Serialize;

/// Fewer rounds give a figure and no verdict: the range of five covers the median 15 times in 16.
const ROUNDS_FOR_A_VERDICT: usize = 5;

/// The share of cases in which the median may lie outside of the range that a verdict rests on.
const OUTSIDE: f64 = 0.1;

/// One figure per round, summed up.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub(crate) struct RoundFigure {
    pub(crate) median: f64,
    /// Lower end of the spread: the least of up to seven rounds; of more, as far in as the median is still covered.
    pub(crate) low: f64,
    /// Upper end, likewise.
    pub(crate) high: f64,
    pub(crate) rounds: usize,
}

impl RoundFigure {
    /// Of the rounds that gave a number; none where none did.
    pub(crate) fn of(rounds: &[f64]) -> Option<RoundFigure> {
        let mut sorted: Vec<f64> = rounds.iter().copied().filter(|value| value.is_finite()).collect();
        sorted.sort_by(f64::total_cmp);
        let (median, left_out) = (interpolated(&sorted, 0.5)?, left_out(sorted.len()));
        let (low, high) = (sorted[left_out], sorted[sorted.len() - 1 - left_out]);
        Some(RoundFigure { median, low, high, rounds: sorted.len() })
    }
}

/// How many rounds at either end the spread may leave out. The median lies below the k-th smallest of n independent
/// values as often as a fair coin shows fewer than k heads in n throws.
fn left_out(rounds: usize) -> usize {
    let (mut ways, mut fewer_heads, mut left_out) = (1.0, 0.0, 0);
    for heads in 0..rounds / 2 {
        fewer_heads += ways / 2f64.powi(rounds as i32);
        if 2.0 * fewer_heads > OUTSIDE {
            break;
        }
        left_out = heads;
        ways *= (rounds - heads) as f64 / (heads + 1) as f64;
    }
    left_out
}

/// What a figure should be.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum Target {
    AtLeast(f64),
    AtMost(f64),
}

/// How a figure stands to its target.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum TargetVerdict {
    Met,
    NotMet,
    /// The spread has the target within it, or there were too few rounds.
    CannotTell,
}

impl Target {
    pub(crate) fn verdict(self, figure: &RoundFigure) -> TargetVerdict {
        if figure.rounds < ROUNDS_FOR_A_VERDICT {
            return TargetVerdict::CannotTell;
        }
        let (met_by_all, met_by_none) = match self {
            Target::AtLeast(bound) => (figure.low >= bound, figure.high < bound),
            Target::AtMost(bound) => (figure.high <= bound, figure.low > bound),
        };
        match (met_by_all, met_by_none) {
            (true, _) => TargetVerdict::Met,
            (_, true) => TargetVerdict::NotMet,
            _ => TargetVerdict::CannotTell,
        }
    }
}

impl std::fmt::Display for Target {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Target::AtLeast(bound) => write!(f, ">= {bound}"),
            Target::AtMost(bound) => write!(f, "<= {bound}"),
        }
    }
}

impl std::fmt::Display for TargetVerdict {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            TargetVerdict::Met => "met",
            TargetVerdict::NotMet => "not met",
            TargetVerdict::CannotTell => "cannot tell",
        })
    }
}
