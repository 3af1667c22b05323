//! What may be said of two contenders: a ratio by block, and a word that is often "cannot tell".
//!
//! Never assumes an outcome, never calls a difference real from within one run. Must not know: charts, HTML. Beside it:
//! `judge.rs` finds the word, `matrix.rs` compares all with all, `claim.rs` decides what people say.

mod claim;
mod floor;
mod judge;
mod matrix;

use std::collections::BTreeMap;

use crate::metrics::{Metric, Reading};
use crate::sabotage::{self, Sabotage};
use crate::stats::{Ratio, paired_ratio};
use crate::study::{Point, Pool, counts};

pub use claim::{Decided, Ruling, decide};
pub use floor::Floor;
pub use judge::{Judged, Verdict, judge, judge_all};
pub(crate) use matrix::PER_CONNECTION;
pub use matrix::{Compared, Matrix, Pair};

/// A value per block, by the number of the block; infinite where the block says no more than that it is too large to have
/// been measured.
pub(crate) type BlockValues = BTreeMap<u32, f64>;

/// How many times `a`'s value of a metric is `b`'s, over the blocks in which both count and have one.
pub fn compare(metric: &Metric, a: &Point<'_>, b: &Point<'_>) -> Option<Ratio> {
    compare_blocks(metric, &a.blocks, &b.blocks)
}

/// As [`compare`], of what each contender did in each block.
pub fn compare_blocks(metric: &Metric, a: &[Pool<'_>], b: &[Pool<'_>]) -> Option<Ratio> {
    ratio_of(&block_values(metric, a), &block_values(metric, b))
}

/// The values of the blocks that count and have one.
pub(crate) fn block_values(metric: &Metric, blocks: &[Pool<'_>]) -> BlockValues {
    let of_block = |pool: &Pool<'_>| {
        let cell = pool.cells.iter().find(|cell| counts(cell))?;
        let value = match metric.of_pool(pool) {
            Reading::Measured(value, _) => value,
            Reading::Beyond(_) => f64::INFINITY,
            Reading::TooFew(_) | Reading::Absent => return None,
        };
        Some((cell.block, value))
    };
    blocks.iter().filter_map(of_block).collect()
}

/// Absent where no block has both, or where one of them is too large to have been measured: leaving that block out would
/// make its contender better than it is.
pub(crate) fn ratio_of(a: &BlockValues, b: &BlockValues) -> Option<Ratio> {
    let pairs = paired(a, b);
    if pairs.iter().any(|(a, b)| a.is_infinite() || b.is_infinite()) {
        return None;
    }
    if sabotage::is(Sabotage::BestOfN) {
        return paired_ratio(&best_of(&pairs));
    }
    paired_ratio(&pairs)
}

/// The blocks that both have.
pub(crate) fn paired(a: &BlockValues, b: &BlockValues) -> Vec<(f64, f64)> {
    let (a, b) = if sabotage::is(Sabotage::SwappedLabels) { (b, a) } else { (a, b) };
    a.iter().filter_map(|(block, value)| Some((*value, *b.get(block)?))).collect()
}

/// What must not be done: each block as good as the contender's best.
fn best_of(pairs: &[(f64, f64)]) -> Vec<(f64, f64)> {
    let best = pairs.iter().fold((f64::MAX, f64::MAX), |best, pair| (best.0.min(pair.0), best.1.min(pair.1)));
    vec![best; pairs.len()]
}
