//! How many times one contender's figure is another's, on the logarithm: of pairs of blocks, or of two samples of blocks
//! that are no pairs; or why there is no ratio.
//!
//! The replicate is a block, a fresh server process each: requests of one run resemble each other, so intervals from
//! within a run would call almost everything different. A ratio has no normal distribution, and its logarithm nearly has:
//! means, intervals and p values are of logarithms, and what is shown is taken back. Must not know: records, contenders.
//! Beside it: `student.rs`, the tests; `../words/titles/fact.rs`, which says why there is no ratio.

use serde::Serialize;

use super::student::{CONFIDENCE, MeanAndSpread, two_sided_p, two_sided_t};

/// A ratio over blocks.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Ratio {
    /// Geometric mean of the blocks' ratios.
    pub value: f64,
    /// Its 95% interval; absent with one block.
    pub interval: Option<(f64, f64)>,
    /// Blocks that had both.
    pub blocks: usize,
    /// Standard deviation of the logarithms of the blocks' ratios; absent with one block.
    pub spread: Option<f64>,
}

/// The ratio of pairs `(a, b)`, a block each, as `a / b`: the mean of ln(a / b), with Student's paired t interval.
///
/// # Errors
/// Where a block has no positive number on either side: it is not left out, so there is no ratio of the others.
pub fn paired_ratio<V: Into<BlockValue> + Copy>(pairs: &[(V, V)]) -> Result<Ratio, NoRatio> {
    let (first, second): (Vec<BlockValue>, Vec<BlockValue>) = pairs.iter().map(|&(a, b)| (a.into(), b.into())).unzip();
    let [first, second] = positive([&first, &second])?;
    let logs: Vec<f64> = first.iter().zip(second).map(|(a, b)| (a / b).ln()).collect();
    let MeanAndSpread { mean, spread, .. } = MeanAndSpread::of(&logs);
    Ok(Ratio::of(mean, spread, logs.len()))
}

impl Ratio {
    fn of(mean_log: f64, spread: Option<f64>, blocks: usize) -> Ratio {
        let ratio = Ratio { value: mean_log.exp(), interval: None, blocks, spread };
        Ratio { interval: ratio.interval_at(CONFIDENCE), ..ratio }
    }

    /// How many times the second is the first.
    pub fn inverse(self) -> Ratio {
        let interval = self.interval.map(|(lo, hi)| (1.0 / hi, 1.0 / lo));
        Ratio { value: 1.0 / self.value, interval, ..self }
    }

    /// Its interval of another confidence (0 to 1), the logarithm plus and minus t times its standard error; absent with one
    /// block.
    pub fn interval_at(&self, confidence: f64) -> Option<(f64, f64)> {
        let half = two_sided_t(self.freedom()?, confidence) * self.standard_error()?;
        Some(((self.value.ln() - half).exp(), (self.value.ln() + half).exp()))
    }

    /// How likely blocks as far from equal as these are where the two are the same; absent with one block.
    pub fn p_value(&self) -> Option<f64> {
        let (distance, error) = (self.value.ln().abs(), self.standard_error()?);
        // Blocks that are all alike to the last digit say the same of any number of blocks.
        let t = if distance == 0.0 { 0.0 } else { distance / error };
        Some(two_sided_p(t, self.freedom()?))
    }

    /// How many times the larger of the two is the smaller: 1 or more.
    pub fn apart(&self) -> f64 {
        self.value.max(1.0 / self.value)
    }

    /// The same ratio and spread as if there had been so many blocks.
    pub(crate) fn with_blocks(&self, blocks: usize) -> Ratio {
        let ratio = Ratio { blocks, ..*self };
        Ratio { interval: ratio.interval_at(CONFIDENCE), ..ratio }
    }

    fn freedom(&self) -> Option<f64> {
        Some(self.blocks).filter(|blocks| *blocks > 1).map(|blocks| blocks as f64 - 1.0)
    }

    fn standard_error(&self) -> Option<f64> {
        Some(self.spread? / (self.blocks as f64).sqrt())
    }
}

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
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
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
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
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

/// The ratio of `a` to `b`, values of blocks that have nothing to do with one another: the difference of the means of their
/// logarithms, with Welch's interval (1947), whose standard error is the root of the sum of both squared. The degrees of
/// freedom are those of the smaller sample, never more than Welch and Satterthwaite allow: the interval may be a little too
/// wide, and is never too narrow. `blocks` is the number of the smaller sample. Without an interval where one has a single
/// block.
///
/// # Errors
/// Where a block of either has no positive number: it is not left out, so there is no ratio of the others.
pub fn unpaired_ratio<V: Into<BlockValue> + Copy>(a: &[V], b: &[V]) -> Result<Ratio, NoRatio> {
    let [a, b] = [a, b].map(|side| side.iter().map(|value| (*value).into()).collect::<Vec<BlockValue>>());
    let logs = positive([&a, &b])?.map(|values| values.iter().map(|value| value.ln()).collect::<Vec<f64>>());
    let blocks = logs[0].len().min(logs[1].len());
    let [a, b] = logs.map(|logs| MeanAndSpread::of(&logs));
    let error = a.error.zip(b.error).map(|(a, b)| a.hypot(b));
    // The spread of as many pairs as would give a mean with the same error.
    let spread = error.map(|error| error * (blocks as f64).sqrt());
    Ok(Ratio::of(a.mean - b.mean, spread, blocks))
}

#[cfg(test)]
mod tests {
    use super::BlockValue::{Beyond, Is, Missing};
    use super::*;

    #[test]
    fn swapped_labels_flip_the_ratio_exactly() {
        let pairs = [(2.0, 1.0), (2.4, 1.1), (1.9, 1.0)];
        let there = paired_ratio(&pairs).unwrap();
        let back = paired_ratio(&pairs.map(|(a, b)| (b, a))).unwrap();
        let ((lo, hi), (back_lo, back_hi)) = (there.interval.unwrap(), back.interval.unwrap());
        assert!((there.value * back.value - 1.0).abs() < 1e-12 && (there.inverse().value - back.value).abs() < 1e-12);
        assert!((lo * back_hi - 1.0).abs() < 1e-12 && (hi * back_lo - 1.0).abs() < 1e-12);
        assert!((there.p_value().unwrap() - back.p_value().unwrap()).abs() < 1e-12);
    }

    #[test]
    fn two_blocks_give_a_wide_interval_and_one_gives_none() {
        // Logarithms ln 2 and ln 4: mean ln(sqrt 8), half width t(1) * sd / sqrt 2 = 12.706 * ln 2 / 2.
        let two = paired_ratio(&[(2.0, 1.0), (4.0, 1.0)]).unwrap();
        let (lo, hi) = two.interval.unwrap();
        assert!((two.value - 8f64.sqrt()).abs() < 1e-12);
        assert!(((hi / lo).ln() - 12.706_2 * 2f64.ln()).abs() < 1e-3, "{lo} {hi}");
        let one = paired_ratio(&[(3.0, 1.0)]).unwrap();
        assert_eq!((one.interval, one.p_value()), (None, None));
        assert_eq!(paired_ratio::<f64>(&[]), no_ratio(WhyNoRatio::NoBlocks, [0, 0], [0, 0]));
    }

    #[test]
    fn a_block_with_a_zero_is_no_block_less_but_no_ratio() {
        let refused = paired_ratio(&[(3.0, 1.0), (2.9, 0.0), (3.1, 1.0)]);
        assert_eq!(refused, no_ratio(WhyNoRatio::NotPositive, [0, 1], [3, 3]));
    }

    fn no_ratio<T>(why: WhyNoRatio, blocks: [usize; 2], of: [usize; 2]) -> Result<T, NoRatio> {
        Err(NoRatio { why, blocks, of })
    }

    #[test]
    fn the_p_value_agrees_with_the_interval() {
        // Logarithms 0.1, 0.2, 0.3, 0.4: t = 3.873 with 3 degrees of freedom.
        let logs = [0.1f64, 0.2, 0.3, 0.4].map(|d| (d.exp(), 1.0));
        let ratio = paired_ratio(&logs).unwrap();
        let p = ratio.p_value().unwrap();
        assert!((p - 0.030_466).abs() < 1e-4, "{p}");
        let touching = ratio.interval_at(1.0 - p).unwrap();
        assert!((touching.0 - 1.0).abs() < 1e-6, "{touching:?}");
    }

    #[test]
    fn blocks_that_never_differ_are_certain() {
        let p = |ratio: f64| paired_ratio(&[(ratio, 1.0); 4]).unwrap().p_value().unwrap();
        assert_eq!((p(1.0), p(2.0)), (1.0, 0.0));
    }

    #[test]
    fn what_has_no_logarithm_is_counted_and_not_dropped() {
        let zeros = positive([&[Is(1.0), Is(2.0), Is(3.0)], &[Is(1.0), Is(0.0), Is(-1.0)]]);
        assert_eq!(zeros, no_ratio(WhyNoRatio::NotPositive, [0, 2], [3, 3]));
        let missing = positive([&[Missing, Is(0.0)], &[Beyond(1e9), Missing]]);
        assert_eq!(missing, no_ratio(WhyNoRatio::Missing, [1, 1], [2, 2]));
        assert_eq!(positive([&[Beyond(1e9)], &[Is(0.0)]]), no_ratio(WhyNoRatio::Beyond, [1, 0], [1, 1]));
        assert_eq!(positive([&[], &[Is(1.0)]]), no_ratio(WhyNoRatio::NoBlocks, [0, 0], [0, 1]));
        let endless = positive([&[f64::NAN.into()], &[f64::INFINITY.into()]]);
        assert_eq!(endless, no_ratio(WhyNoRatio::Missing, [1, 1], [1, 1]));
        assert_eq!(positive([&[Is(f64::NAN)], &[Is(1.0)]]), no_ratio(WhyNoRatio::NotPositive, [1, 0], [1, 1]));
    }

    #[test]
    fn who_has_more_is_plain_where_only_the_other_has_nothing_in_any_block() {
        let more = |first: [f64; 2], second: [f64; 2]| {
            positive([&first.map(Is), &second.map(Is)]).unwrap_err().first_has_more()
        };
        assert_eq!(more([1.0, 2.0], [0.0, 0.0]), Some(true));
        assert_eq!(more([0.0, 0.0], [5.0, 1.0]), Some(false));
        assert_eq!((more([1.0, 2.0], [0.0, 1.0]), more([0.0, 0.0], [0.0, 0.0])), (None, None));
    }

    #[test]
    fn two_samples_give_the_interval_of_the_smaller_ones_freedom() {
        // Logarithms 0.1, 0.3 (error 0.1) and 0, 0.1, 0.2 (error 0.0577): 0.1 +- t(1) * 0.1155.
        let values = |logs: &[f64]| logs.iter().map(|log| log.exp()).collect::<Vec<_>>();
        let ratio = unpaired_ratio(&values(&[0.1, 0.3]), &values(&[0.0, 0.1, 0.2])).unwrap();
        assert!((ratio.value - 0.1f64.exp()).abs() < 1e-12 && ratio.blocks == 2);
        let (lo, hi) = ratio.interval.unwrap();
        assert!(((hi / lo).ln() / 2.0 - 12.706_2 * 0.115_470).abs() < 1e-4, "{lo} {hi}");
    }

    #[test]
    fn one_block_has_no_interval_and_none_no_ratio() {
        let one = unpaired_ratio(&[2.0], &[1.0, 1.1]).unwrap();
        assert_eq!((one.interval, one.p_value(), one.blocks), (None, None, 1));
        assert_eq!(unpaired_ratio(&[], &[1.0]), no_ratio(WhyNoRatio::NoBlocks, [0, 0], [0, 1]));
        let with_zero = unpaired_ratio(&[2.0, 0.0], &[1.0, 1.1, 1.2]);
        assert_eq!(with_zero, no_ratio(WhyNoRatio::NotPositive, [1, 0], [2, 3]));
    }
}
