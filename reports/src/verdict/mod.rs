//! What may be said of two contenders: a ratio by block, and a word that is often "cannot tell".
//!
//! Never assumes an outcome, never calls a difference real from within one run. Must not know: charts, HTML. Beside it:
//! `judge.rs` finds the word, `matrix.rs` compares all with all, `claim.rs` decides what people say, from what `evidence.rs`
//! gathers.

mod claim;
mod common_load;
mod evidence;
mod floor;
mod judge;
mod matrix;

use std::collections::BTreeMap;

use serde::{Serialize, Serializer};

use crate::metrics::Metric;
use crate::stats::{BlockValue, NoRatio, Ratio, paired_ratio};
use crate::study::{Point, Pool, counts};

pub use claim::{BoundedValue, Decided, Ruling, decide};
pub use evidence::{BLOCKS_FOR_A_CLAIM, ObservedValue};
pub use floor::Floor;
pub use judge::{Judged, Verdict, judge, judge_all};
pub(crate) use judge::{MOST_BLOCKS, fewest, judge_each};
pub use matrix::{Matrix, MatrixContender, Pair};
pub(crate) use matrix::{PER_CONNECTION, floor};

/// What each block that counts says, by the number of the block.
pub(crate) type BlockValues = BTreeMap<u32, BlockValue>;

/// How many times `a`'s value of a metric is `b`'s, over the blocks in which both count.
///
/// # Errors
/// Where some block has no positive number of one of them.
pub fn compare(metric: &Metric, a: &Point<'_>, b: &Point<'_>) -> Result<Ratio, NoRatio> {
    compare_blocks(metric, &a.blocks, &b.blocks)
}

/// As [`compare`], of what each contender did in each block.
///
/// # Errors
/// As [`compare`].
pub fn compare_blocks(metric: &Metric, a: &[Pool<'_>], b: &[Pool<'_>]) -> Result<Ratio, NoRatio> {
    ratio_of(&block_values(metric, a), &block_values(metric, b))
}

/// What the blocks that count say.
pub(crate) fn block_values(metric: &Metric, blocks: &[Pool<'_>]) -> BlockValues {
    let of_block = |pool: &Pool<'_>| {
        let cell = pool.cells.iter().find(|cell| counts(cell))?;
        Some((cell.block, metric.of_pool(pool).into()))
    };
    blocks.iter().filter_map(of_block).collect()
}

/// Whether any block has a number or a bound.
pub(crate) fn has_any(values: &BlockValues) -> bool {
    values.values().any(|value| *value != BlockValue::Missing)
}

/// Of the blocks in which both count.
pub(crate) fn ratio_of(a: &BlockValues, b: &BlockValues) -> Result<Ratio, NoRatio> {
    paired_ratio(&paired(a, b))
}

/// Writes a ratio as it is, or `no_ratio` with why there is none.
pub(crate) fn ratio_or_why<S: Serializer, W: Serialize>(
    ratio: &Result<Ratio, W>,
    serializer: S,
) -> Result<S::Ok, S::Error> {
    #[derive(Serialize)]
    struct Why<'a, W> {
        no_ratio: &'a W,
    }
    match ratio {
        Ok(ratio) => ratio.serialize(serializer),
        Err(no_ratio) => Why { no_ratio }.serialize(serializer),
    }
}

/// What [`ratio_or_why`] writes of a pair.
#[cfg(feature = "schema")]
#[derive(schemars::JsonSchema)]
#[serde(untagged)]
#[expect(dead_code, reason = "it is there for its schema")]
pub(crate) enum RatioOrWhy {
    /// The ratio.
    Ratio(crate::stats::Ratio),
    /// There is none.
    NoRatio {
        /// What stands against it.
        no_ratio: crate::stats::NoRatio,
    },
}

/// The blocks that both have.
pub(crate) fn paired(a: &BlockValues, b: &BlockValues) -> Vec<(BlockValue, BlockValue)> {
    a.iter().filter_map(|(block, value)| Some((*value, *b.get(block)?))).collect()
}
