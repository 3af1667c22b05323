//! What may be said of two contenders: a ratio by block, and a word that is often "cannot tell".
//!
//! Never assumes an outcome, never calls a difference real from within one run. Must not know: charts, HTML. Beside it:
//! `claim.rs`, which decides what people say.

mod claim;

use crate::metrics::Metric;
use crate::sabotage::{self, Sabotage};
use crate::stats::{Ratio, paired_ratio};
use crate::study::{Point, Pool, counts};

pub use claim::{Decided, Ruling, decide};

/// Smaller differences are of no interest, however sure.
const SMALLEST_RATIO_THAT_MATTERS: f64 = 1.05;

/// What the blocks allow to be said.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    /// Fewer blocks than a verdict on the metric takes.
    TooFewBlocks {
        /// Blocks that have both.
        have: usize,
        /// Blocks it takes.
        needed: usize,
    },
    /// The interval leaves out "equal", and the ratio is large enough to matter.
    Different,
    /// The whole interval is within what does not matter.
    Equivalent,
    /// Neither.
    CannotTell,
}

impl Verdict {
    /// The end of a sentence.
    pub fn words(self) -> String {
        match self {
            Verdict::TooFewBlocks { have, needed } => {
                format!("too few blocks for a verdict ({have} of {needed}), so cannot tell")
            }
            Verdict::Different => "the two are different".into(),
            Verdict::Equivalent => "the two are equivalent within 5%".into(),
            Verdict::CannotTell => "cannot tell them apart".into(),
        }
    }
}

/// The verdict on a ratio.
pub fn judge(ratio: &Ratio, blocks_needed: usize) -> Verdict {
    let Some((lo, hi)) = ratio.interval.filter(|_| ratio.blocks >= blocks_needed) else {
        return Verdict::TooFewBlocks { have: ratio.blocks, needed: blocks_needed };
    };
    let matters = SMALLEST_RATIO_THAT_MATTERS;
    if lo > 1.0 / matters && hi < matters {
        Verdict::Equivalent
    } else if (lo > 1.0 || hi < 1.0) && (ratio.value > matters || ratio.value < 1.0 / matters) {
        Verdict::Different
    } else {
        Verdict::CannotTell
    }
}

/// How many times `a`'s value of a metric is `b`'s, over the blocks in which both count and have one.
pub fn compare(metric: &Metric, a: &Point<'_>, b: &Point<'_>) -> Option<Ratio> {
    compare_blocks(metric, &a.blocks, &b.blocks)
}

/// As [`compare`], of what each contender did in each block.
pub fn compare_blocks(metric: &Metric, a: &[Pool<'_>], b: &[Pool<'_>]) -> Option<Ratio> {
    let (a, b) = if sabotage::is(Sabotage::SwappedLabels) { (b, a) } else { (a, b) };
    let value = |blocks: &[Pool<'_>], block: u32| {
        let pool = blocks.iter().find(|pool| pool.cells.iter().any(|cell| cell.block == block && counts(cell)))?;
        metric.of_pool(pool).value()
    };
    let blocks = a.iter().flat_map(|pool| &pool.cells).map(|cell| cell.block);
    let pairs: Vec<(f64, f64)> = blocks.filter_map(|block| Some((value(a, block)?, value(b, block)?))).collect();
    if sabotage::is(Sabotage::BestOfN) {
        return paired_ratio(&best_of(&pairs));
    }
    paired_ratio(&pairs)
}

/// What must not be done: each block as good as the contender's best.
fn best_of(pairs: &[(f64, f64)]) -> Vec<(f64, f64)> {
    let best = pairs.iter().fold((f64::MAX, f64::MAX), |best, pair| (best.0.min(pair.0), best.1.min(pair.1)));
    vec![best; pairs.len()]
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ratio(value: f64, lo: f64, hi: f64, blocks: usize) -> Ratio {
        Ratio { value, interval: Some((lo, hi)), blocks }
    }

    #[test]
    fn verdicts_need_blocks_first() {
        let two = judge(&ratio(3.0, 2.9, 3.1, 2), 10);
        assert_eq!(two, Verdict::TooFewBlocks { have: 2, needed: 10 });
        assert!(two.words().contains("cannot tell"));
    }

    #[test]
    fn with_blocks_the_interval_decides() {
        assert_eq!(judge(&ratio(1.3, 1.2, 1.4, 10), 10), Verdict::Different);
        assert_eq!(judge(&ratio(0.7, 0.6, 0.8, 10), 10), Verdict::Different);
        assert_eq!(judge(&ratio(1.3, 0.9, 1.9, 10), 10), Verdict::CannotTell);
        assert_eq!(judge(&ratio(1.02, 1.01, 1.03, 10), 10), Verdict::Equivalent);
        assert_eq!(judge(&ratio(1.04, 1.01, 1.08, 10), 10), Verdict::CannotTell);
    }
}
