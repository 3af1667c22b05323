//! How many times one contender's figure is another's, paired by block on the logarithm.
//!
//! The replicate is a block, a fresh server process each: requests of one run resemble each other, so intervals from
//! within a run would call almost everything different.

use super::slope::two_sided_t;

/// A ratio over blocks.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Ratio {
    /// Geometric mean of the blocks' ratios.
    pub value: f64,
    /// Its 95% interval; absent with one block.
    pub interval: Option<(f64, f64)>,
    /// Blocks that had both.
    pub blocks: usize,
}

/// The ratio of each pair `(a, b)`, a block each, as `a / b`. Absent without a pair of positive numbers.
pub fn paired_ratio(pairs: &[(f64, f64)]) -> Option<Ratio> {
    let logs: Vec<f64> = pairs.iter().filter(|(a, b)| *a > 0.0 && *b > 0.0).map(|(a, b)| (a / b).ln()).collect();
    if logs.is_empty() {
        return None;
    }
    let n = logs.len() as f64;
    let mean = logs.iter().sum::<f64>() / n;
    let interval = (logs.len() > 1).then(|| {
        let variance = logs.iter().map(|d| (d - mean).powi(2)).sum::<f64>() / (n - 1.0);
        let half = two_sided_t(n - 1.0) * (variance / n).sqrt();
        ((mean - half).exp(), (mean + half).exp())
    });
    Some(Ratio { value: mean.exp(), interval, blocks: logs.len() })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn swapped_labels_flip_the_ratio_exactly() {
        let pairs = [(2.0, 1.0), (2.4, 1.1), (1.9, 1.0)];
        let there = paired_ratio(&pairs).unwrap();
        let back = paired_ratio(&pairs.map(|(a, b)| (b, a))).unwrap();
        let ((lo, hi), (back_lo, back_hi)) = (there.interval.unwrap(), back.interval.unwrap());
        assert!((there.value * back.value - 1.0).abs() < 1e-12);
        assert!((lo * back_hi - 1.0).abs() < 1e-12 && (hi * back_lo - 1.0).abs() < 1e-12);
    }

    #[test]
    fn two_blocks_give_a_wide_interval_and_one_gives_none() {
        // Logarithms ln 2 and ln 4: mean ln(sqrt 8), half width t(1) * sd / sqrt 2 = 12.706 * ln 2 / 2.
        let two = paired_ratio(&[(2.0, 1.0), (4.0, 1.0)]).unwrap();
        let (lo, hi) = two.interval.unwrap();
        assert!((two.value - 8f64.sqrt()).abs() < 1e-12);
        assert!(((hi / lo).ln() - 12.706_2 * 2f64.ln()).abs() < 1e-3, "{lo} {hi}");
        assert_eq!(paired_ratio(&[(3.0, 1.0)]).unwrap().interval, None);
        assert_eq!(paired_ratio(&[(0.0, 1.0)]), None);
    }
}
