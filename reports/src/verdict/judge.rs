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
pub(crate) const MOST_BLOCKS: usize = 1_000;

/// What the blocks allow to be said.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
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
        /// Whether no number of blocks would: too far apart to be equivalent, and no farther than the floor.
        is_hidden: bool,
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
                format!("too few repetitions for a verdict ({have} of {needed}), so cannot tell")
            }
            Verdict::Different => "the two are different".into(),
            Verdict::Equivalent { within } => {
                format!("the two are equivalent within {:.0}%", (within - 1.0) * 100.0)
            }
            Verdict::Indistinguishable { decided_by: Some(blocks), .. } => {
                format!("cannot tell them apart; some {} repetitions would decide", format::count(blocks as u64))
            }
            Verdict::Indistinguishable { is_hidden: true, .. } => {
                "cannot tell them apart, nor would any number of repetitions with as much noise".into()
            }
            Verdict::Indistinguishable { .. } => {
                format!(
                    "cannot tell them apart; more than {} repetitions would decide",
                    format::count(MOST_BLOCKS as u64)
                )
            }
        }
    }
}

/// A verdict and how sure it is.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
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
    let ratios: Vec<_> = ratios.iter().map(|ratio| Some((*ratio, *floor, blocks_needed))).collect();
    judge_each(&ratios).into_iter().flatten().collect()
}

/// As [`judge_all`], each over a floor of its own and with a number of blocks of its own that a verdict takes.
pub(crate) fn judge_each(ratios: &[Option<(Ratio, Floor, usize)>]) -> Vec<Option<Judged>> {
    let p_value = |one: &Option<(Ratio, Floor, usize)>| {
        one.as_ref().and_then(|(ratio, _, needed)| ratio.p_value().filter(|_| ratio.blocks >= *needed))
    };
    let p_values: Vec<Option<f64>> = ratios.iter().map(p_value).collect();
    let decidable: Vec<f64> = p_values.iter().flatten().copied().collect();
    let adjusted = holm(&decidable);
    // A difference that was found stays one, whatever becomes of the others; what is left is held against all of it.
    let undecided = adjusted.iter().filter(|p| **p >= LEVEL).count();
    let mut adjusted = adjusted.into_iter();
    let judged = |(one, p): (&Option<(Ratio, Floor, usize)>, Option<f64>)| {
        let (ratio, floor, needed) = one.as_ref()?;
        let p_value = p.and_then(|_| adjusted.next());
        let verdict = match p_value {
            None => Verdict::TooFewBlocks { have: ratio.blocks, needed: *needed },
            Some(p) => decided(ratio, floor, p).unwrap_or_else(|| open(ratio, floor, undecided.max(1))),
        };
        Some(Judged { verdict, p_value })
    };
    ratios.iter().zip(p_values).map(judged).collect()
}

/// What it would take, where nothing is decided and as much is open of so many comparisons.
fn open(ratio: &Ratio, floor: &Floor, undecided: usize) -> Verdict {
    let would = |blocks: usize| {
        let more = ratio.with_blocks(blocks);
        more.p_value().is_some_and(|p| decided(&more, floor, p * undecided as f64).is_some())
    };
    let is_hidden = ratio.apart() >= SMALLEST_THAT_MATTERS && ratio.apart() <= floor.least();
    Verdict::Indistinguishable { decided_by: fewest(ratio.blocks, MOST_BLOCKS, would), is_hidden }
}

/// The least number above `low`, and not above `high`, from which on something holds; absent where it holds nowhere.
pub(crate) fn fewest(mut low: usize, mut high: usize, holds: impl Fn(usize) -> bool) -> Option<usize> {
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

/// Nothing where neither is so; `p` is adjusted.
fn decided(ratio: &Ratio, floor: &Floor, p: f64) -> Option<Verdict> {
    let (lo, hi) = ratio.interval_at(EQUIVALENCE_CONFIDENCE)?;
    let within = SMALLEST_THAT_MATTERS;
    if p < LEVEL && ratio.apart() > floor.at(ratio.blocks) {
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
        let floor = Floor::of(ratio(1.4, 0.001));
        let hidden = Verdict::Indistinguishable { decided_by: None, is_hidden: true };
        assert_eq!((judge(&ratio(1.3, 0.05), &floor, 10), judge(&ratio(1.1, 0.05), &floor, 10)), (hidden, hidden));
        assert_eq!(judge(&ratio(1.02, 0.01), &floor, 10), Verdict::Equivalent { within: 1.05 });
    }

    #[test]
    fn what_single_blocks_of_a_twin_hide_their_mean_tells() {
        // Twenty blocks, of which each is off by 5% or 7%: the mean of twenty is told from one.
        let around = |value: f64, spread: f64| {
            let pairs = [spread, -spread].into_iter().cycle().take(20).map(|off| (value * off.exp(), 1.0));
            paired_ratio(&pairs.collect::<Vec<_>>()).unwrap()
        };
        let floor = Floor::of(around(1.0, 0.07));
        assert!(floor.ratio < 1.05 + 1e-9, "{floor:?}");
        assert_eq!(judge(&around(1.08, 0.05), &floor, 20), Verdict::Different);
    }

    #[test]
    fn the_blocks_that_would_decide_do() {
        let Verdict::Indistinguishable { decided_by: Some(blocks), is_hidden: false } = verdict(1.3, 0.5) else {
            panic!()
        };
        let with = |blocks| judge(&ratio(1.3, 0.5).with_blocks(blocks), &Floor::default(), 10);
        assert_eq!(with(blocks), Verdict::Different);
        assert_ne!(with(blocks - 1), Verdict::Different);
        let on_the_edge = verdict(1.05, 0.2);
        assert_eq!(on_the_edge, Verdict::Indistinguishable { decided_by: None, is_hidden: true });
        assert!(on_the_edge.words().contains("nor would any number"));
        let beyond = verdict(1.06, 0.9);
        assert_eq!(beyond, Verdict::Indistinguishable { decided_by: None, is_hidden: false });
        assert!(beyond.words().contains("more than 1,000 repetitions would"));
    }

    #[test]
    fn the_blocks_that_would_decide_do_so_among_others_too() {
        let doubtful = ratio(1.1, 0.3);
        let six = |ratio: Ratio| judge_all(&[ratio; 6], &Floor::default(), 10)[0].verdict;
        let Verdict::Indistinguishable { decided_by: Some(blocks), .. } = six(doubtful) else { panic!() };
        assert_eq!(six(doubtful.with_blocks(blocks)), Verdict::Different);
        assert_ne!(six(doubtful.with_blocks(blocks - 1)), Verdict::Different);
        // Beside one that is different for sure there are five open questions, and not six.
        let beside =
            judge_all(&[[doubtful; 5].as_slice(), &[ratio(3.0, 0.01)]].concat(), &Floor::default(), 10)[0].verdict;
        let Verdict::Indistinguishable { decided_by: Some(fewer), .. } = beside else { panic!() };
        assert!(fewer < blocks, "{fewer} of {blocks}");
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
