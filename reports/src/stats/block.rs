//! What one block says of one figure, and why figures of several blocks may make no ratio.
//!
//! A block is a fresh server process, the replicate of everything that is compared. Must not know: records, contenders.
//! Beside it: `ratio.rs` and `welch.rs`, which take the logarithms.

use serde::Serialize;

/// What a block that counts says of a figure.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum BlockValue {
    /// This number.
    Is(f64),
    /// More than this, and nobody knows how much more.
    Beyond(f64),
    /// Nothing: too few samples, or nothing to take it from.
    Missing,
}

impl From<f64> for BlockValue {
    fn from(value: f64) -> BlockValue {
        if value.is_finite() { BlockValue::Is(value) } else { BlockValue::Missing }
    }
}

/// Why figures make no ratio. A block that has none is not left out: that would choose blocks by their result.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct NoRatio {
    /// What stands against it.
    pub why: WhyNoRatio,
    /// In so many blocks of the first and of the second.
    pub blocks: [usize; 2],
    /// Of so many.
    pub of: [usize; 2],
}

/// What stands against a ratio.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum WhyNoRatio {
    /// No block counts for both.
    NoBlocks,
    /// A block that counts has no value.
    Missing,
    /// A block says only that it is more than could be measured.
    Beyond,
    /// A block has zero or less, of which there is no logarithm.
    NotPositive,
}

impl NoRatio {
    /// The same of the second held against the first.
    pub fn inverse(self) -> NoRatio {
        let [[a, b], [of_a, of_b]] = [self.blocks, self.of];
        NoRatio { blocks: [b, a], of: [of_b, of_a], ..self }
    }

    /// Whether one side has a positive number in every block and the other in none: then who has more is plain, although
    /// no ratio says how much. True where it is the first that has more.
    pub fn first_has_more(&self) -> Option<bool> {
        let all = |side: usize| self.of[side] > 0 && self.blocks[side] == self.of[side];
        match (self.why, self.blocks) {
            (WhyNoRatio::NotPositive, [0, _]) if all(1) => Some(true),
            (WhyNoRatio::NotPositive, [_, 0]) if all(0) => Some(false),
            _ => None,
        }
    }

    /// Why there is none and what was there instead, the two called so: `no ratio, zero or less in 3 of 10 blocks of
    /// base`.
    pub fn words(&self, names: [&str; 2]) -> String {
        let what = match self.why {
            WhyNoRatio::NoBlocks => return "no ratio, no block has a valid cell of both".to_owned(),
            WhyNoRatio::Missing => "no value",
            WhyNoRatio::Beyond => "more than could be measured",
            WhyNoRatio::NotPositive => "zero or less",
        };
        let sides = [0, 1].into_iter().filter(|side| self.blocks[*side] > 0);
        let sides = sides.map(|side| match (self.blocks[side], self.of[side]) {
            (1, 1) => format!("in the one block of {}", names[side]),
            (some, all) if some == all => format!("in all {all} blocks of {}", names[side]),
            (some, all) => format!("in {some} of {all} blocks of {}", names[side]),
        });
        format!("no ratio, {what} {}", sides.collect::<Vec<_>>().join(" and "))
    }
}

/// The numbers of the blocks of either side, all positive, or why they make no ratio.
pub(super) fn positive(sides: [&[BlockValue]; 2]) -> Result<[Vec<f64>; 2], NoRatio> {
    let of = sides.map(<[BlockValue]>::len);
    if of.contains(&0) {
        return Err(NoRatio { why: WhyNoRatio::NoBlocks, blocks: [0, 0], of });
    }
    for why in [WhyNoRatio::Missing, WhyNoRatio::Beyond, WhyNoRatio::NotPositive] {
        let is_so = |value: &&BlockValue| match (why, value) {
            (WhyNoRatio::Missing, BlockValue::Missing) | (WhyNoRatio::Beyond, BlockValue::Beyond(_)) => true,
            (WhyNoRatio::NotPositive, BlockValue::Is(value)) => value.is_nan() || *value <= 0.0,
            _ => false,
        };
        let blocks = sides.map(|side| side.iter().filter(is_so).count());
        if blocks != [0, 0] {
            return Err(NoRatio { why, blocks, of });
        }
    }
    let number = |value: &BlockValue| match value {
        BlockValue::Is(value) => Some(*value),
        BlockValue::Beyond(_) | BlockValue::Missing => None,
    };
    Ok(sides.map(|side| side.iter().filter_map(number).collect()))
}

#[cfg(test)]
mod tests {
    use super::BlockValue::{Beyond, Is, Missing};
    use super::*;

    fn refused(first: &[BlockValue], second: &[BlockValue]) -> NoRatio {
        positive([first, second]).unwrap_err()
    }

    #[test]
    fn what_has_no_logarithm_is_counted_and_not_dropped() {
        let zeros = refused(&[Is(1.0), Is(2.0), Is(3.0)], &[Is(1.0), Is(0.0), Is(-1.0)]);
        assert_eq!(zeros, NoRatio { why: WhyNoRatio::NotPositive, blocks: [0, 2], of: [3, 3] });
        assert_eq!(zeros.words(["new", "base"]), "no ratio, zero or less in 2 of 3 blocks of base");
        let missing = refused(&[Missing, Is(0.0)], &[Beyond(1e9), Missing]);
        assert_eq!(missing.words(["a", "b"]), "no ratio, no value in 1 of 2 blocks of a and in 1 of 2 blocks of b");
        let beyond = refused(&[Beyond(1e9)], &[Is(0.0)]);
        assert_eq!(beyond.words(["a", "b"]), "no ratio, more than could be measured in the one block of a");
        assert_eq!(refused(&[], &[Is(1.0)]).why, WhyNoRatio::NoBlocks);
        assert_eq!(refused(&[f64::NAN.into()], &[f64::INFINITY.into()]).why, WhyNoRatio::Missing);
        assert_eq!(refused(&[Is(f64::NAN)], &[Is(1.0)]).why, WhyNoRatio::NotPositive);
    }

    #[test]
    fn who_has_more_is_plain_where_only_the_other_has_nothing_in_any_block() {
        assert_eq!(refused(&[Is(1.0), Is(2.0)], &[Is(0.0), Is(0.0)]).first_has_more(), Some(true));
        assert_eq!(refused(&[Is(0.0), Is(0.0)], &[Is(5.0), Is(1.0)]).first_has_more(), Some(false));
        assert_eq!(refused(&[Is(1.0), Is(2.0)], &[Is(0.0), Is(1.0)]).first_has_more(), None);
        assert_eq!(refused(&[Is(0.0)], &[Is(0.0)]).first_has_more(), None);
    }
}
