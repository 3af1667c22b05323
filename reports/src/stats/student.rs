//! Means, medians and fitted lines with their intervals, p values, and how to judge several of these together.
//!
//! Intervals and p values are Student's (1908): few blocks say little of how they scatter, so the normal distribution would
//! give too narrow ones. The distribution itself is statrs'. Beside it: `ratio.rs`, which holds two contenders against each
//! other.

use statrs::distribution::{ContinuousCDF, StudentsT};

use super::BlockValue;

/// Of the intervals that are shown.
pub(super) const CONFIDENCE: f64 = 0.95;

/// The quantile of Student's t: how many standard errors to either side a two-sided interval of this confidence (0 to 1)
/// reaches.
pub(super) fn two_sided_t(freedom: f64, confidence: f64) -> f64 {
    of(freedom).inverse_cdf(0.5 + confidence / 2.0)
}

/// The two-sided p value of Student's t test: how likely it is that a mean which is zero is seen at least so many standard
/// errors away, on either side.
pub(super) fn two_sided_p(t: f64, freedom: f64) -> f64 {
    (2.0 * of(freedom).sf(t.abs())).min(1.0)
}

fn of(freedom: f64) -> StudentsT {
    StudentsT::new(0.0, 1.0, freedom).expect("freedom is positive")
}

/// What a sample says of a mean, a slope or a share.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Estimate {
    /// The best guess.
    pub value: f64,
    /// Its 95% interval; absent where nothing is left to judge the guess by: with one block, or a line through two points.
    pub interval: Option<(f64, f64)>,
}

impl Estimate {
    fn around(value: f64, half_width: Option<f64>) -> Estimate {
        Estimate { value, interval: half_width.map(|half| (value - half, value + half)) }
    }
}

/// The mean of some values and how they scatter: the standard deviation is the root of the sum of squared differences from
/// the mean over n - 1, and the standard error of the mean is that over the root of n.
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

/// The arithmetic mean: the sum over n, plus and minus t with n - 1 degrees of freedom times the standard error (Student
/// 1908). Absent without a value.
pub fn mean(values: &[f64]) -> Option<Estimate> {
    let MeanAndSpread { mean: value, error, .. } = MeanAndSpread::of(values);
    let half = error.map(|error| two_sided_t(values.len() as f64 - 1.0, CONFIDENCE) * error);
    (!values.is_empty()).then(|| Estimate::around(value, half))
}

/// The geometric mean: the mean of the logarithms and the ends of its interval, each taken back. Absent without a value, and
/// where one is not positive.
pub fn geometric_mean(values: &[f64]) -> Option<Estimate> {
    let logs = values.iter().map(|value| (*value > 0.0).then(|| value.ln())).collect::<Option<Vec<f64>>>()?;
    let mean = mean(&logs)?;
    // Rounding to the logarithm and back must not move what is the same in every block.
    if let Some(first) = values.first().filter(|first| values.iter().all(|value| value == *first)) {
        return Some(Estimate { value: *first, interval: mean.interval.map(|_| (*first, *first)) });
    }
    Some(Estimate { value: mean.value.exp(), interval: mean.interval.map(|(lo, hi)| (lo.exp(), hi.exp())) })
}

/// The median: the value in the middle, of an even number the mean of the two there. What is more than could be told ranks
/// behind all that could, and what is missing last.
pub fn median(values: impl IntoIterator<Item = BlockValue>) -> BlockValue {
    let rank = |value: &BlockValue| match value {
        BlockValue::Is(value) => (0, *value),
        BlockValue::Beyond(least) => (1, *least),
        BlockValue::Missing => (2, 0.0),
    };
    let mut values: Vec<BlockValue> = values.into_iter().collect();
    values.sort_by(|a, b| rank(a).0.cmp(&rank(b).0).then(rank(a).1.total_cmp(&rank(b).1)));
    let Some(upper) = values.get(values.len() / 2) else { return BlockValue::Missing };
    match (values[(values.len() - 1) / 2], *upper) {
        (BlockValue::Missing, _) | (_, BlockValue::Missing) => BlockValue::Missing,
        (BlockValue::Is(lower), BlockValue::Is(upper)) => BlockValue::Is(lower.midpoint(upper)),
        // The upper one is no less than the lower, and more than it could tell.
        (BlockValue::Is(lower) | BlockValue::Beyond(lower), BlockValue::Is(upper) | BlockValue::Beyond(upper)) => {
            BlockValue::Beyond(lower.midpoint(upper.max(lower)))
        }
    }
}

/// The line of least squares (Legendre 1805): its slope is the sum of (x - mean x)(y - mean y) over the sum of
/// (x - mean x)². The interval is t with n - 2 degrees of freedom times the standard error of the slope: the root of the mean
/// squared distance from the line, over n - 2, divided by the same sum. Absent with fewer than two different x.
pub fn fit(points: &[(f64, f64)]) -> Option<Estimate> {
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
    let freedom = n - 2.0;
    let half = (freedom > 0.0).then(|| two_sided_t(freedom, CONFIDENCE) * (squares / freedom / sxx).sqrt());
    Some(Estimate::around(value, half))
}

/// Holm's adjustment (1979): the least p value times their number, the next times one less, and so on, none below the one
/// before. It needs no independence, which comparisons with a common contender do not have. In the order of those given:
/// each is to be held against the level that one alone would be.
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
        assert_eq!(mean(&[5.0]), Some(Estimate { value: 5.0, interval: None }));
        let alike = geometric_mean(&[2_400.0f64.next_up(); 3]).unwrap();
        assert_eq!(alike.interval, Some((alike.value, 2_400.0f64.next_up())));
        assert_eq!((mean(&[]), geometric_mean(&[1.0, 0.0]), geometric_mean(&[])), (None, None, None));
    }

    #[test]
    fn a_line_is_found_exactly() {
        let points: Vec<_> = [0.0, 100.0, 500.0, 1_000.0, 5_000.0].map(|x| (x, 2_000.0 + 27.5 * x)).into();
        let slope = fit(&points).unwrap();
        let (lo, hi) = slope.interval.unwrap();
        assert!((slope.value - 27.5).abs() < 1e-9 && hi - lo < 1e-8, "{slope:?}");
    }

    #[test]
    fn the_interval_is_that_of_the_textbook() {
        // x = 1..5, y = 2, 4, 5, 4, 5: slope 0.6, standard error 0.28284, t(3) = 3.18245.
        let slope = fit(&[(1.0, 2.0), (2.0, 4.0), (3.0, 5.0), (4.0, 4.0), (5.0, 5.0)]).unwrap();
        assert!((slope.value - 0.6).abs() < 1e-12);
        assert!((slope.interval.unwrap().1 - slope.value - 0.900_13).abs() < 1e-4, "{slope:?}");
    }

    #[test]
    fn too_little_to_fit_is_no_slope() {
        assert_eq!(fit(&[]), None);
        assert_eq!(fit(&[(1.0, 2.0), (1.0, 3.0)]), None);
        assert_eq!(fit(&[(0.0, 1.0), (2.0, 5.0)]).unwrap().interval, None);
    }

    #[test]
    fn the_median_is_the_middle_and_what_could_not_be_told_ranks_last() {
        use BlockValue::{Beyond, Is, Missing};
        for (values, middle) in [
            (&[][..], Missing),
            (&[Is(7.0)][..], Is(7.0)),
            (&[Is(9.0), Is(1.0), Is(4.0), Is(3.0)][..], Is(3.5)),
            (&[Beyond(3.0), Is(9.0), Is(7.0)][..], Is(9.0)),
            (&[Beyond(3.0), Beyond(3.0), Is(7.0)][..], Beyond(3.0)),
            // One of the middle two is more than could be told, and no less than the other.
            (&[Is(10.0), Beyond(30.0)][..], Beyond(20.0)),
            (&[Is(10.0), Beyond(4.0)][..], Beyond(10.0)),
            (&[Is(10.0), Missing][..], Missing),
        ] {
            assert_eq!(median(values.iter().copied()), middle, "{values:?}");
        }
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
