//! Student's t: intervals of a mean over blocks and of a fitted slope, p values, and how many of these are looked at
//! together. The distribution itself is statrs'.
//!
//! Holm's adjustment (1979) needs no independence, which comparisons with a common contender do not have. Beside it:
//! `ratio.rs`, which holds two contenders against each other.

use statrs::distribution::{ContinuousCDF, StudentsT};

/// Of the intervals that are shown.
pub(super) const CONFIDENCE: f64 = 0.95;

/// How many standard errors to either side a two-sided interval of this confidence (0 to 1) reaches.
pub(super) fn two_sided_t(freedom: f64, confidence: f64) -> f64 {
    of(freedom).inverse_cdf(0.5 + confidence / 2.0)
}

/// How likely it is that a mean which is zero is seen at least so many standard errors away, on either side.
pub(super) fn two_sided_p(t: f64, freedom: f64) -> f64 {
    (2.0 * of(freedom).sf(t.abs())).min(1.0)
}

fn of(freedom: f64) -> StudentsT {
    StudentsT::new(0.0, 1.0, freedom).expect("freedom is positive")
}

/// A mean over blocks.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Mean {
    /// The mean.
    pub value: f64,
    /// Its 95% interval; absent with one block.
    pub interval: Option<(f64, f64)>,
}

/// The mean of some values and how they scatter.
pub(super) struct MeanAndSpread {
    pub(super) mean: f64,
    /// Standard deviation of a value; absent with one.
    pub(super) spread: Option<f64>,
    /// Standard error of the mean; absent with one value.
    pub(super) error: Option<f64>,
}

impl MeanAndSpread {
    pub(super) fn of(values: &[f64]) -> MeanAndSpread {
        let n = values.len() as f64;
        let mean = values.iter().sum::<f64>() / n;
        let squares: f64 = values.iter().map(|value| (value - mean).powi(2)).sum();
        let of_several = |value: f64| (values.len() > 1).then_some(value.sqrt());
        MeanAndSpread { mean, spread: of_several(squares / (n - 1.0)), error: of_several(squares / (n - 1.0) / n) }
    }
}

/// The arithmetic mean; absent without a value.
pub fn mean(values: &[f64]) -> Option<Mean> {
    let MeanAndSpread { mean: value, error, .. } = MeanAndSpread::of(values);
    let half = error.map(|error| two_sided_t(values.len() as f64 - 1.0, CONFIDENCE) * error);
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

/// A fitted line.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Slope {
    /// y per x.
    pub value: f64,
    /// Half the width of the 95% interval; absent with two points, which leave nothing to judge the fit by.
    pub half_width: Option<f64>,
    /// y at x = 0.
    pub intercept: f64,
}

/// Fits a line through the points; absent with fewer than two different x.
pub fn fit(points: &[(f64, f64)]) -> Option<Slope> {
    let n = points.len() as f64;
    let mean_x = points.iter().map(|p| p.0).sum::<f64>() / n;
    let mean_y = points.iter().map(|p| p.1).sum::<f64>() / n;
    let sxx: f64 = points.iter().map(|p| (p.0 - mean_x).powi(2)).sum();
    if points.len() < 2 || sxx <= 0.0 {
        return None;
    }
    let sxy: f64 = points.iter().map(|p| (p.0 - mean_x) * (p.1 - mean_y)).sum();
    let value = sxy / sxx;
    let intercept = mean_y - value * mean_x;
    let squares: f64 = points.iter().map(|p| (p.1 - intercept - value * p.0).powi(2)).sum();
    let half_width = (points.len() > 2).then(|| {
        let freedom = n - 2.0;
        two_sided_t(freedom, CONFIDENCE) * (squares / freedom / sxx).sqrt()
    });
    Some(Slope { value, half_width, intercept })
}

/// The adjusted p values, in the order of those given: each is to be held against the level that one alone would be.
pub fn holm(p: &[f64]) -> Vec<f64> {
    let mut ascending: Vec<usize> = (0..p.len()).collect();
    ascending.sort_by(|&a, &b| p[a].total_cmp(&p[b]));
    let mut adjusted = vec![1.0; p.len()];
    let mut largest = 0.0_f64;
    for (rank, &place) in ascending.iter().enumerate() {
        largest = largest.max((p.len() - rank) as f64 * p[place]).min(1.0);
        adjusted[place] = largest;
    }
    adjusted
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_are_those_of_the_table() {
        assert!((two_sided_t(9.0, 0.95) - 2.262_157).abs() < 1e-5);
        assert!((two_sided_t(9.0, 0.90) - 1.833_113).abs() < 1e-5);
        assert!((two_sided_p(2.262_157, 9.0) - 0.05).abs() < 1e-5);
        assert!((two_sided_p(-3.249_836, 9.0) - 0.01).abs() < 1e-5);
        assert!(two_sided_p(f64::INFINITY, 9.0) == 0.0 && two_sided_p(0.0, 9.0) == 1.0);
    }

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

    #[test]
    fn a_line_is_found_exactly() {
        let points: Vec<_> = [0.0, 100.0, 500.0, 1_000.0, 5_000.0].map(|x| (x, 2_000.0 + 27.5 * x)).into();
        let slope = fit(&points).unwrap();
        assert!((slope.value - 27.5).abs() < 1e-9 && (slope.intercept - 2_000.0).abs() < 1e-6);
        assert!(slope.half_width.unwrap() < 1e-9);
    }

    #[test]
    fn the_interval_is_that_of_the_textbook() {
        // x = 1..5, y = 2, 4, 5, 4, 5: slope 0.6, standard error 0.28284, t(3) = 3.18245.
        let slope = fit(&[(1.0, 2.0), (2.0, 4.0), (3.0, 5.0), (4.0, 4.0), (5.0, 5.0)]).unwrap();
        assert!((slope.value - 0.6).abs() < 1e-12);
        assert!((slope.half_width.unwrap() - 0.900_13).abs() < 1e-4, "{slope:?}");
    }

    #[test]
    fn too_little_to_fit_is_no_slope() {
        assert_eq!(fit(&[]), None);
        assert_eq!(fit(&[(1.0, 2.0), (1.0, 3.0)]), None);
        assert_eq!(fit(&[(0.0, 1.0), (2.0, 5.0)]).unwrap().half_width, None);
    }

    #[test]
    fn values_are_those_of_the_textbook() {
        // As R's p.adjust(c(0.01, 0.04, 0.03, 0.005), "holm").
        let adjusted = holm(&[0.01, 0.04, 0.03, 0.005]);
        for (found, expected) in adjusted.iter().zip([0.03, 0.06, 0.06, 0.02]) {
            assert!((found - expected).abs() < 1e-12, "{adjusted:?}");
        }
    }

    #[test]
    fn one_comparison_alone_stays_as_it_is() {
        assert_eq!(holm(&[0.2]), [0.2]);
        assert_eq!(holm(&[0.9, 0.8]), [1.0, 1.0]);
        assert!(holm(&[]).is_empty());
    }
}
