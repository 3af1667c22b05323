//! How many times one run's figure is another's where their blocks are no pairs: two samples of logarithms.
//!
//! Source: Welch 1947. The degrees of freedom are those of the smaller sample, which is never more than what Welch and
//! Satterthwaite allow: the interval may be a little too wide, and is never too narrow. Beside it: `ratio.rs`, pairs.

use super::block::{BlockValue, NoRatio, positive};
use super::ratio::{CONFIDENCE, Ratio};

/// The ratio of `a` to `b`, values of blocks that have nothing to do with one another. `blocks` is the number of the
/// smaller sample. Without an interval where one has a single block.
///
/// # Errors
/// Where a block of either has no positive number: it is not left out, so there is no ratio of the others.
pub fn unpaired_ratio<V: Into<BlockValue> + Copy>(a: &[V], b: &[V]) -> Result<Ratio, NoRatio> {
    let [a, b] = [a, b].map(|side| side.iter().map(|value| (*value).into()).collect::<Vec<BlockValue>>());
    let [a, b] = positive([&a, &b])?.map(|values| Sample::of(&values));
    let blocks = a.blocks.min(b.blocks);
    let error = a.error.zip(b.error).map(|(a, b)| a.hypot(b));
    // The spread of as many pairs as would give a mean with the same error.
    let spread = error.map(|error| error * (blocks as f64).sqrt());
    let ratio = Ratio { value: (a.mean - b.mean).exp(), interval: None, blocks, spread };
    Ok(Ratio { interval: ratio.interval_at(CONFIDENCE), ..ratio })
}

/// Logarithms.
struct Sample {
    blocks: usize,
    mean: f64,
    /// Of the mean; absent with one block.
    error: Option<f64>,
}

impl Sample {
    fn of(values: &[f64]) -> Sample {
        let logs: Vec<f64> = values.iter().map(|value| value.ln()).collect();
        let n = logs.len() as f64;
        let mean = logs.iter().sum::<f64>() / n;
        let squares = logs.iter().map(|log| (log - mean).powi(2)).sum::<f64>();
        let error = (logs.len() > 1).then(|| (squares / (n - 1.0) / n).sqrt());
        Sample { blocks: logs.len(), mean, error }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

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
        assert_eq!(unpaired_ratio(&[], &[1.0]).unwrap_err().of, [0, 1]);
        assert_eq!(unpaired_ratio(&[2.0, 0.0], &[1.0, 1.1, 1.2]).unwrap_err().blocks, [1, 0]);
    }
}
