//! From ratios to words: different, equivalent, or neither yet.
//!
//! A difference counts where chance does not explain it, all comparisons made together considered, and where it is larger
//! than what the machine shows between a contender and itself. Must not know: records, contenders. Beside it:
//! `floor.rs`, which says how much that is.

use serde::Serialize;

use super::Floor;
use super::floor::SMALLEST_THAT_MATTERS;
use crate::format;
use crate::stats::{Ratio, holm};

/// How likely a difference may be mere chance, over all comparisons made together.
const LEVEL: f64 = 0.05;

/// An interval that leaves out the level on either side: two one-sided tests for equivalence.
const EQUIVALENCE_CONFIDENCE: f64 = 1.0 - 2.0 * LEVEL;

/// No more blocks than this are thought of.
const MOST_BLOCKS: usize = 1_000;

/// What the blocks allow to be said.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case", tag = "verdict")]
pub enum Verdict {
    /// Fewer blocks than a verdict on the metric takes.
    TooFewBlocks {
        /// Blocks that have both.
        have: usize,
        /// Blocks it takes.
        needed: usize,
    },
    /// Chance does not explain it, and it is larger than the floor.
    Different,
    /// The difference is too small to matter, for sure. A noisy machine makes nothing equivalent: what it hides can't be
    /// told.
    Equivalent {
        /// The largest ratio that does not matter.
        within: f64,
    },
    /// Neither.
    Indistinguishable {
        /// Blocks that would tell if ratio and spread stayed as they are; absent beyond a thousand.
        decided_by: Option<usize>,
    },
}

impl Verdict {
    /// Whether there were blocks enough for one.
    pub fn is_one(self) -> bool {
        !matches!(self, Verdict::TooFewBlocks { .. })
    }

    /// The end of a sentence.
    pub fn words(self) -> String {
        match self {
            Verdict::TooFewBlocks { have, needed } => {
                format!("too few blocks for a verdict ({have} of {needed}), so cannot tell")
            }
            Verdict::Different => "the two are different".into(),
            Verdict::Equivalent { within } => {
                format!("the two are equivalent within {:.0}%", (within - 1.0) * 100.0)
            }
            Verdict::Indistinguishable { decided_by: Some(blocks) } => {
                format!("cannot tell them apart; some {} blocks would decide", format::count(blocks as u64))
            }
            Verdict::Indistinguishable { decided_by: None } => {
                "cannot tell them apart, nor would any number of blocks with as much noise".into()
            }
        }
    }
}

/// A verdict and how sure it is.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Judged {
    /// What may be said.
    pub verdict: Verdict,
    /// How likely it is to see two that are the same as far apart, adjusted for all comparisons made together; absent with
    /// too few blocks.
    pub p_value: Option<f64>,
}

/// The verdict on a ratio that is compared alone.
pub fn judge(ratio: &Ratio, floor: &Floor, blocks_needed: usize) -> Verdict {
    judge_all(&[*ratio], floor, blocks_needed)[0].verdict
}

/// The verdicts on ratios that are looked at together: the more there are, the clearer each must be to be called
/// different. Those with too few blocks are no part of that.
pub fn judge_all(ratios: &[Ratio], floor: &Floor, blocks_needed: usize) -> Vec<Judged> {
    let p_values = ratios.iter().map(|ratio| ratio.p_value().filter(|_| ratio.blocks >= blocks_needed));
    let p_values: Vec<Option<f64>> = p_values.collect();
    let decidable: Vec<f64> = p_values.iter().flatten().copied().collect();
    let mut adjusted = holm(&decidable).into_iter();
    let judged = |(ratio, p): (&Ratio, Option<f64>)| match p.and_then(|p| Some((p, adjusted.next()?))) {
        None => {
            let verdict = Verdict::TooFewBlocks { have: ratio.blocks, needed: blocks_needed };
            Judged { verdict, p_value: None }
        }
        Some((p, adjusted)) => {
            let comparisons = if p > 0.0 { (adjusted / p).max(1.0) } else { 1.0 };
            Judged { verdict: decide(ratio, floor, comparisons), p_value: Some(adjusted) }
        }
    };
    ratios.iter().zip(p_values).map(judged).collect()
}

fn decide(ratio: &Ratio, floor: &Floor, comparisons: f64) -> Verdict {
    decided(ratio, floor, comparisons).unwrap_or_else(|| {
        let would = |blocks: usize| decided(&ratio.with_blocks(blocks), floor, comparisons).is_some();
        Verdict::Indistinguishable { decided_by: fewest(ratio.blocks, MOST_BLOCKS, would) }
    })
}

/// The least number above `low`, and not above `high`, from which on something holds; absent where it holds nowhere.
fn fewest(mut low: usize, mut high: usize, holds: impl Fn(usize) -> bool) -> Option<usize> {
    if low >= high || !holds(high) {
        return None;
    }
    while high - low > 1 {
        let middle = low.midpoint(high);
        if holds(middle) {
            high = middle;
        } else {
            low = middle;
        }
    }
    Some(high)
}

/// Nothing where neither is so.
fn decided(ratio: &Ratio, floor: &Floor, comparisons: f64) -> Option<Verdict> {
    let p = (ratio.p_value()? * comparisons).min(1.0);
    let (lo, hi) = ratio.interval_at(EQUIVALENCE_CONFIDENCE)?;
    let within = SMALLEST_THAT_MATTERS;
    if p < LEVEL && ratio.value.max(1.0 / ratio.value) > floor.ratio {
        Some(Verdict::Different)
    } else if lo > 1.0 / within && hi < within {
        Some(Verdict::Equivalent { within })
    } else {
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::stats::paired_ratio;

    /// Ten blocks that scatter by `spread` around a ratio.
    fn ratio(value: f64, spread: f64) -> Ratio {
        let around = |sign: f64| (value * (sign * spread).exp(), 1.0);
        let pairs: Vec<_> = [1.0, -1.0].into_iter().cycle().take(10).map(around).collect();
        paired_ratio(&pairs).unwrap()
    }

    fn verdict(value: f64, spread: f64) -> Verdict {
        judge(&ratio(value, spread), &Floor::default(), 10)
    }

    #[test]
    fn verdicts_need_blocks_first() {
        let two = judge(&paired_ratio(&[(3.0, 1.0), (2.9, 1.0)]).unwrap(), &Floor::default(), 10);
        assert_eq!(two, Verdict::TooFewBlocks { have: 2, needed: 10 });
        assert!(two.words().contains("cannot tell"));
    }

    #[test]
    fn with_blocks_chance_and_floor_decide() {
        assert_eq!(verdict(1.3, 0.05), Verdict::Different);
        assert_eq!(verdict(0.7, 0.05), Verdict::Different);
        assert_eq!(verdict(1.02, 0.01), Verdict::Equivalent { within: 1.05 });
        assert!(matches!(verdict(1.3, 0.5), Verdict::Indistinguishable { .. }));
    }

    #[test]
    fn a_sure_difference_below_the_floor_is_none() {
        let floor = Floor { ratio: 1.4, blocks: 10 };
        let hidden = Verdict::Indistinguishable { decided_by: None };
        assert_eq!((judge(&ratio(1.3, 0.05), &floor, 10), judge(&ratio(1.1, 0.05), &floor, 10)), (hidden, hidden));
        assert_eq!(judge(&ratio(1.02, 0.01), &floor, 10), Verdict::Equivalent { within: 1.05 });
    }

    #[test]
    fn the_blocks_that_would_decide_do() {
        let Verdict::Indistinguishable { decided_by: Some(blocks) } = verdict(1.3, 0.5) else { panic!() };
        let with = |blocks| decided(&ratio(1.3, 0.5).with_blocks(blocks), &Floor::default(), 1.0);
        assert_eq!((with(blocks), with(blocks - 1)), (Some(Verdict::Different), None));
        let on_the_edge = verdict(1.05, 0.2);
        assert_eq!(on_the_edge, Verdict::Indistinguishable { decided_by: None });
    }

    #[test]
    fn the_more_comparisons_the_clearer_each_must_be() {
        let doubtful = ratio(1.2, 0.2);
        assert!(doubtful.p_value().unwrap() < LEVEL && doubtful.p_value().unwrap() > LEVEL / 15.0);
        assert_eq!(judge(&doubtful, &Floor::default(), 10), Verdict::Different);
        let together = judge_all(&[doubtful; 15], &Floor::default(), 10);
        let doubted = |judged: &Judged| matches!(judged.verdict, Verdict::Indistinguishable { .. });
        assert!(together.iter().all(doubted), "{together:?}");
    }

    #[test]
    fn comparisons_without_blocks_do_not_make_the_others_harder() {
        let two = paired_ratio(&[(3.0, 1.0), (2.9, 1.0)]).unwrap();
        let mut ratios = vec![two; 14];
        ratios.push(ratio(1.2, 0.2));
        assert_eq!(judge_all(&ratios, &Floor::default(), 10)[14].verdict, Verdict::Different);
    }
}
