//! How many times one contender's figure is another's, paired by block on the logarithm.
//!
//! The replicate is a block, a fresh server process each: requests of one run resemble each other, so intervals from
//! within a run would call almost everything different.

use serde::Serialize;

use super::block::{BlockValue, NoRatio, positive};
use super::student::{two_sided_p, two_sided_t};

/// Of the intervals that are shown.
pub(super) const CONFIDENCE: f64 = 0.95;

/// A ratio over blocks.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
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

/// The ratio of each pair `(a, b)`, a block each, as `a / b`.
///
/// # Errors
/// Where a block has no positive number on either side: it is not left out, so there is no ratio of the others.
pub fn paired_ratio<V: Into<BlockValue> + Copy>(pairs: &[(V, V)]) -> Result<Ratio, NoRatio> {
    let first: Vec<BlockValue> = pairs.iter().map(|(a, _)| (*a).into()).collect();
    let second: Vec<BlockValue> = pairs.iter().map(|(_, b)| (*b).into()).collect();
    let [first, second] = positive([&first, &second])?;
    let logs: Vec<f64> = first.iter().zip(second).map(|(a, b)| (a / b).ln()).collect();
    let n = logs.len() as f64;
    let mean = logs.iter().sum::<f64>() / n;
    let spread = (logs.len() > 1).then(|| (logs.iter().map(|d| (d - mean).powi(2)).sum::<f64>() / (n - 1.0)).sqrt());
    let ratio = Ratio { value: mean.exp(), interval: None, blocks: logs.len(), spread };
    Ok(Ratio { interval: ratio.interval_at(CONFIDENCE), ..ratio })
}

impl Ratio {
    /// How many times the second is the first.
    pub fn inverse(self) -> Ratio {
        let interval = self.interval.map(|(lo, hi)| (1.0 / hi, 1.0 / lo));
        Ratio { value: 1.0 / self.value, interval, ..self }
    }

    /// Its interval of another confidence (0 to 1); absent with one block.
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::stats::WhyNoRatio;

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
        assert_eq!(paired_ratio::<f64>(&[]).unwrap_err().why, WhyNoRatio::NoBlocks);
    }

    #[test]
    fn a_block_with_a_zero_is_no_block_less_but_no_ratio() {
        let refused = paired_ratio(&[(3.0, 1.0), (2.9, 0.0), (3.1, 1.0)]).unwrap_err();
        assert_eq!(refused, NoRatio { why: WhyNoRatio::NotPositive, blocks: [0, 1], of: [3, 3] });
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
}
