//! The mean of the blocks of one contender, with Student's interval.
//!
//! Beside it: `ratio.rs`, which holds two contenders against each other.

use super::ratio::CONFIDENCE;
use super::student::two_sided_t;

/// A mean over blocks.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Mean {
    /// The mean.
    pub value: f64,
    /// Its 95% interval; absent with one block.
    pub interval: Option<(f64, f64)>,
}

/// The arithmetic mean; absent without a value.
pub fn mean(values: &[f64]) -> Option<Mean> {
    let n = values.len() as f64;
    let value = values.iter().sum::<f64>() / n;
    let squares: f64 = values.iter().map(|other| (other - value).powi(2)).sum();
    let half = (values.len() > 1).then(|| two_sided_t(n - 1.0, CONFIDENCE) * (squares / (n - 1.0) / n).sqrt());
    (!values.is_empty()).then(|| Mean { value, interval: half.map(|half| (value - half, value + half)) })
}

/// The geometric mean, with an interval on the logarithms; absent without a value, and where one is not positive.
pub fn geometric_mean(values: &[f64]) -> Option<Mean> {
    let logs = values.iter().map(|value| (*value > 0.0).then(|| value.ln())).collect::<Option<Vec<f64>>>()?;
    let mean = mean(&logs)?;
    // Rounding to the logarithm and back must not move what is the same in every block.
    if let Some(first) = values.first().filter(|first| values.iter().all(|value| value == *first)) {
        return Some(Mean { value: *first, interval: mean.interval.map(|_| (*first, *first)) });
    }
    Some(Mean { value: mean.value.exp(), interval: mean.interval.map(|(lo, hi)| (lo.exp(), hi.exp())) })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn three_blocks_give_the_interval_of_the_textbook() {
        // Mean 2, spread 1: half width t(2) / sqrt 3 = 4.3027 / 1.7321.
        let three = mean(&[1.0, 2.0, 3.0]).unwrap();
        let (lo, hi) = three.interval.unwrap();
        assert!(three.value == 2.0 && (hi - lo - 2.0 * 2.484_1).abs() < 1e-3, "{lo} {hi}");
        let geometric = geometric_mean(&[1.0, 10.0, 100.0]).unwrap();
        assert!((geometric.value - 10.0).abs() < 1e-9 && geometric.interval.unwrap().0 > 0.0);
    }

    #[test]
    fn one_block_has_no_interval_and_a_zero_no_logarithm() {
        assert_eq!(mean(&[5.0]), Some(Mean { value: 5.0, interval: None }));
        let alike = geometric_mean(&[2_400.0f64.next_up(); 3]).unwrap();
        assert_eq!(alike.interval, Some((alike.value, 2_400.0f64.next_up())));
        assert_eq!((mean(&[]), geometric_mean(&[1.0, 0.0]), geometric_mean(&[])), (None, None, None));
    }
}
